//! What is understood of a customer against a plain oracle: every count again from all events, whatever order they came in.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::{BTreeMap, BTreeSet};

use churnwatch::engine::customer::Tag;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::event::{Body, Event, Interaction, Manner};
use churnwatch::engine::money::Money;
use churnwatch::engine::rfm::cause::cause;
use churnwatch::engine::rfm::deliberation::style;
use churnwatch::engine::rfm::frequent::Frequent;
use churnwatch::engine::rfm::loyalty::Lot;
use churnwatch::engine::rfm::preferences::{Preference, Preferences};
use churnwatch::engine::rfm::profile::Profile;
use churnwatch::engine::rfm::style::Style;
use churnwatch::shop::event_json::{customer_number, write_json};
use churnwatch::shop::generator::{Shop, ShopSettings};
use churnwatch::shop::taste::{Decides, Taste};
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

const DAY_MILLIS: i64 = 86_400_000;
const START: i32 = 20_000;
const CHANNELS: [&str; 3] = ["store", "online", "phone"];
const CATEGORIES: [&str; 4] = ["shoes", "books", "toys", "food"];
const CAUSES: [&str; 3] = ["price", "quality", "delivery"];

/// Day, minute of the day, what, how many days late it comes, whether it comes twice.
type Told = (i32, i64, Body<'static>, i32, bool);

fn named<const N: usize>(names: [&'static str; N]) -> impl Strategy<Value = Option<&'static str>> {
    prop::option::of((0..N).prop_map(move |at| names[at]))
}

fn body() -> impl Strategy<Value = Body<'static>> {
    let manner = (named(CHANNELS), named(CATEGORIES), any::<bool>(), prop::option::of(0_u8..24))
        .prop_map(|(channel, category, discounted, hour)| Manner { channel, category, discounted, hour });
    let order = || prop::option::of((0_u64..6).prop_map(Tag::from_bits));
    prop_oneof![
        5 => (order(), 1_i64..50_000, manner)
            .prop_map(|(order, amount, manner)| Body::Purchase { order, amount: Money(amount), manner }),
        1 => (order(), 1_i64..50_000).prop_map(|(order, amount)| Body::Refund { order, amount: Some(Money(amount)) }),
        1 => (0_u64..6).prop_map(|order| Body::Refund { order: Some(Tag::from_bits(order)), amount: None }),
        6 => any::<bool>().prop_map(|_| Body::Interaction(Interaction::ProductView)),
        1 => any::<bool>().prop_map(|_| Body::Interaction(Interaction::Visit)),
        1 => any::<bool>().prop_map(|_| Body::Interaction(Interaction::Complaint)),
        1 => (0_u8..5).prop_map(|stars| Body::Interaction(Interaction::Review { rating: f32::from(stars) / 4.0 })),
        1 => (0_u8..11)
            .prop_map(|score| Body::Interaction(Interaction::Survey { satisfaction: f32::from(score) / 10.0 })),
        3 => (-300_i64..200, prop::option::of(0_i32..10)).prop_map(|(points, expires)| {
            // Ten expiry days in all, so that none must be merged.
            let expires = expires.map(|number| Day(START + 20 + number * 30));
            Body::Interaction(Interaction::Loyalty { points, expires })
        }),
        1 => (0_usize..3).prop_map(|at| Body::Interaction(Interaction::Note { cause: CAUSES[at] })),
    ]
}

fn story(lateness: i32) -> impl Strategy<Value = Vec<Told>> {
    prop::collection::vec((0..260_i32, 0..1_440_i64, body(), 0..lateness, any::<bool>()), 1..90)
}

fn events(story: &[Told]) -> Vec<Event<'static>> {
    let event = |(at, (day, minute, body, _, _)): (usize, &Told)| {
        let day = START + day;
        let time = Millis(i64::from(day) * DAY_MILLIS + minute * 60_000);
        Event { tag: Tag::from_bits(1_000 + at as u64), customer: "ann", time, day: Day(day), body: *body }
    };
    story.iter().enumerate().map(event).collect()
}

/// The profile when each event comes as late as the story says, some twice.
fn profile(story: &[Told], lateness: i32) -> Profile {
    let mut arriving: Vec<(Event<'_>, i32, bool)> =
        events(story).into_iter().zip(story).map(|(event, told)| (event, told.3, told.4)).collect();
    arriving.sort_by_key(|(event, late, _)| (event.day.plus(*late), event.tag));
    let mut profile = Profile::default();
    for (event, _, twice) in arriving {
        profile.apply(&event, lateness);
        // Of interactions only the newest are known one by one.
        if twice && !matches!(event.body, Body::Interaction(_)) {
            profile.apply(&event, lateness);
        }
    }
    profile
}

fn same_names<const N: usize>(counted: &Frequent<N>, plain: &BTreeMap<&str, u16>) -> bool {
    let counted: BTreeMap<Tag, (u16, u16)> =
        counted.used().map(|counter| (counter.tag(), (counter.count, counter.error))).collect();
    counted == plain.iter().map(|(name, count)| (Tag::of(name), (*count, 0))).collect()
}

/// Compares everything at the end of `day`.
fn compare(profile: &Profile, all: &[Event<'_>], day: Day, lateness: i32) -> Result<(), String> {
    let known: Vec<&Event<'_>> = all.iter().filter(|event| event.day <= day).collect();
    let habits = profile.habits_at(day);
    let check = |what: &str, same: bool| if same { Ok(()) } else { Err(format!("{what}: {habits:?}")) };

    let bought: Vec<(Day, &Manner<'_>)> = known
        .iter()
        .filter_map(|event| match &event.body {
            Body::Purchase { manner, .. } => Some((event.day, manner)),
            _ => None,
        })
        .collect();
    let count = |wanted: &dyn Fn(Day, &Manner<'_>) -> bool| {
        bought.iter().filter(|(day, manner)| wanted(*day, manner)).count() as u16
    };
    // 1970-01-01 was a Thursday.
    let weekend = |day: Day| [2, 3].contains(&day.0.rem_euclid(7));
    check("week", habits.week == [count(&|day, _| !weekend(day)), count(&|day, _| weekend(day))])?;
    for (part, hours) in [(0_u8, 0..6_u8), (1, 6..12), (2, 12..18), (3, 18..24)] {
        let in_part = count(&|_, manner| manner.hour.is_some_and(|hour| hours.contains(&hour)));
        check("day part", habits.day_parts[usize::from(part)] == in_part)?;
    }
    let (mut channels, mut categories) = (BTreeMap::new(), BTreeMap::new());
    for (_, manner) in &bought {
        for (name, counts) in [(manner.channel, &mut channels), (manner.category, &mut categories)] {
            if let Some(name) = name {
                *counts.entry(name).or_insert(0) += 1;
            }
        }
    }
    check("channels", same_names(&habits.channels, &channels))?;
    check("categories", same_names(&habits.categories, &categories))?;
    check("discounts", habits.discounted == count(&|_, manner| manner.discounted))?;
    let returns = known.iter().filter(|event| matches!(event.body, Body::Refund { .. })).count();
    check("returns", usize::from(habits.returns) == returns)?;

    let days: BTreeSet<Day> = bought.iter().map(|(day, _)| *day).collect();
    let (mut viewed, mut views, mut delay, mut previous) = (0_u16, 0_u32, 0_u32, Day(i32::MIN));
    for bought_on in &days {
        let led: Vec<Day> = known
            .iter()
            .filter(|event| matches!(event.body, Body::Interaction(Interaction::ProductView)))
            .map(|event| event.day)
            .filter(|at| *at > previous && at.since(*bought_on) > -30 && at <= bought_on)
            .collect();
        if let Some(first) = led.iter().min() {
            viewed += 1;
            views += led.len() as u32;
            delay += bought_on.since(*first) as u32;
        }
        previous = *bought_on;
    }
    check("views", (habits.viewed_days, habits.views, habits.delay_days) == (viewed, views, delay))?;

    account(profile, &known, day)?;
    let view = profile.view(day, lateness);
    let latest = |wanted: &dyn Fn(&Event<'_>) -> bool| {
        known.iter().filter(|event| wanted(event)).max_by_key(|event| (event.time, event.tag)).copied()
    };
    let noted = latest(&|event| matches!(event.body, Body::Interaction(Interaction::Note { .. })));
    let answered = latest(&|event| {
        matches!(event.body, Body::Interaction(Interaction::Survey { .. } | Interaction::Review { .. }))
    });
    let recent = |event: &Event<'_>| day.since(event.day) < 90;
    let last = view.last();
    let expected = match (noted.map(|event| (event, event.body)), answered.map(|event| (event, event.body))) {
        (Some((event, Body::Interaction(Interaction::Note { cause }))), _)
            if recent(event) && last.is_none_or(|last| last <= event.day) =>
        {
            Some(cause)
        }
        _ if view.complaint_open() => Some("complaint"),
        (
            _,
            Some((
                event,
                Body::Interaction(Interaction::Survey { satisfaction: said } | Interaction::Review { rating: said }),
            )),
        ) if recent(event) && said < 0.4 => Some("dissatisfied"),
        _ => None,
    };
    check("cause", cause(&view) == expected.map(Tag::of))
}

/// The loyalty account, day after day from the first.
fn account(profile: &Profile, known: &[&Event<'_>], day: Day) -> Result<(), String> {
    let (mut balance, mut lots) = (0_i64, BTreeMap::<Day, i64>::new());
    for today in (START..=day.0).map(Day) {
        let mut spent = 0;
        for event in known.iter().filter(|event| event.day == today) {
            if let Body::Interaction(Interaction::Loyalty { points, expires }) = event.body {
                balance += points;
                spent += (-points).max(0);
                if let Some(expires) = expires.filter(|expires| points > 0 && *expires >= today) {
                    *lots.entry(expires).or_default() += points;
                }
            }
        }
        for (expires, left) in &mut lots {
            if today.since(*expires) <= 35 {
                let taken = spent.min(*left);
                *left -= taken;
                spent -= taken;
            }
        }
    }
    let next = lots.iter().find(|(expires, left)| **expires > day && **left > 0);
    let next = next.map(|(expires, points)| Lot { expires: *expires, points: *points });
    let account = profile.account_at(day);
    if (account.balance, account.expiring_next(day)) == (balance, next) {
        Ok(())
    } else {
        Err(format!("points: {account:?}, not {balance} and {next:?}"))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_count_is_what_all_events_say(story in story(35), back in 0_i32..34, on in 0_i32..120) {
        let (profile, all) = (profile(&story, 35), events(&story));
        for day in [profile.newest.plus(-back), profile.newest, profile.newest.plus(on)] {
            let compared = compare(&profile, &all, day, 35);
            prop_assert!(compared.is_ok(), "{}", compared.unwrap_err());
        }
    }

    #[test]
    fn also_with_a_short_lateness(story in story(4)) {
        let (profile, all) = (profile(&story, 4), events(&story));
        prop_assert_eq!(compare(&profile, &all, profile.newest, 4), Ok(()));
    }
}

/// What was found of one liking: of customers who have it, of those who have none, and of those with too little evidence.
#[derive(Default)]
struct Found {
    right: u32,
    wrong: u32,
    unclear: u32,
    imagined: u32,
    indifferent: u32,
}

impl Found {
    fn add<T: PartialEq>(&mut self, liked: Option<T>, found: Option<T>) {
        match (liked, found) {
            (Some(liked), Some(found)) if liked == found => self.right += 1,
            (Some(_), Some(_)) => self.wrong += 1,
            (Some(_), None) => self.unclear += 1,
            (None, Some(_)) => self.imagined += 1,
            (None, None) => self.indifferent += 1,
        }
    }

    /// Prints the figures; gives the shares of customers with the liking found right, and without it told one.
    fn shares(&self, what: &str) -> (f64, f64) {
        let Self { right, wrong, unclear, imagined, indifferent } = *self;
        println!(
            "{what}: {right} right, {wrong} wrong, {unclear} unclear; without it {imagined} told one, {indifferent} none"
        );
        let share = |part: u32, of: u32| f64::from(part) / f64::from(of.max(1));
        (share(right, right + wrong + unclear), share(imagined, imagined + indifferent))
    }
}

fn favourite<T>(preference: Preference<T>) -> Option<T> {
    preference.favourite.map(|favourite| favourite.value)
}

const END: Day = Day(20_454);
const PARTS: [&str; 4] = ["night", "morning", "afternoon", "evening"];

/// Plays a shop whose customers have habits in everything; hands each one over on the day that it leaves.
fn habitual_shop(mut leaves: impl FnMut(&Taste, &Profile, Day)) -> Vec<(Taste, Profile)> {
    let (rules, mut scratch) = (EventRules::plain(Currency::CNY), Scratch::default());
    let mut shop = Shop::with_habits(ShopSettings { customers: 2_000, days: 700, seed: 11, end: END });
    let left: Vec<Option<Day>> = shop.truth().collect();
    let tastes = shop.tastes().to_vec();
    let mut profiles: Vec<Profile> = tastes.iter().map(|_| Profile::default()).collect();
    let (mut value, wall) = (Vec::new(), Millis(i64::MAX / 2));
    loop {
        let today = shop.next_date();
        let Some(day) = shop.next_day() else { break };
        for event in day {
            value.clear();
            write_json(event, "CNY", &mut value);
            let key = format!("c{:07}", event.customer);
            let raw = RawRecord::new(Some(key.as_bytes()), Some(&value), wall);
            let parsed = parse(&rules, &raw, wall, &mut scratch).unwrap();
            profiles[customer_number(&key).unwrap() as usize].apply(&parsed.event, 35);
        }
        for (at, _) in left.iter().enumerate().filter(|(_, left)| **left == Some(today)) {
            leaves(&tastes[at], &profiles[at], today);
        }
    }
    tastes.into_iter().zip(profiles).collect()
}

#[test]
fn the_habits_of_generated_customers_are_found_and_none_without_evidence() {
    let mut causes = Found::default();
    let customers = habitual_shop(|taste, profile, day| {
        let view = profile.view(day, 35);
        // A complaint of the same days is a cause of its own.
        if view.last().is_some() && !view.complaint_open() {
            let own = ["complaint", "dissatisfied"].map(Tag::of);
            causes.add(taste.cause.map(Tag::of), cause(&view).filter(|cause| !own.contains(cause)));
        }
    });
    let (mut channel, mut category, mut week, mut part) =
        (Found::default(), Found::default(), Found::default(), Found::default());
    let mut styles = Found::default();
    let mut too_few = 0;
    for (taste, profile) in &customers {
        let habits = profile.habits_at(END);
        let found = Preferences::of(&habits);
        let any = [favourite(found.channel).is_some(), favourite(found.category).is_some()].contains(&true)
            || favourite(found.week).or(favourite(found.day_part)).is_some();
        if habits.purchases < 5 {
            too_few += 1;
            assert!(!any, "{found:?}");
        }
        if habits.purchases < 3 {
            assert_eq!(style(&habits), Style::Unknown);
        }
        if habits.purchases >= 10 {
            channel.add(taste.channel.map(Tag::of), favourite(found.channel));
            let name = taste.category.map(|number| Tag::of(&format!("cat-{number}")));
            category.add(name, favourite(found.category));
            week.add(
                taste.weekend.filter(|weekend| *weekend).map(|_| "weekend"),
                favourite(found.week).filter(|side| *side == "weekend"),
            );
            part.add(taste.day_part.map(|part| PARTS[usize::from(part)]), favourite(found.day_part));
            let decides = taste.decides.map(|decides| match decides {
                Decides::Slowly => Style::Rational,
                Decides::AtOnce => Style::Impulsive,
            });
            styles.add(decides, Some(style(&habits)).filter(|style| *style != Style::Unknown));
        }
    }
    println!("{too_few} of {} customers have too few purchases and no preference", customers.len());
    assert!(too_few > 100);
    for (what, found) in
        [("channel", &channel), ("category", &category), ("weekend", &week), ("day part", &part), ("cause", &causes)]
    {
        let (right, imagined) = found.shares(what);
        assert!(right >= 0.9 && imagined <= 0.1, "{what}: {right:.3} right, {imagined:.3} imagined");
    }
    let (right, _) = styles.shares("style");
    assert!(right >= 0.9, "style: {right:.3} right");
    assert_eq!(styles.wrong, 0);
}
