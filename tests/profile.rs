//! The profile does not know in which order its events came, nor that some came twice; the changelog gives it back.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

mod support;

use std::collections::BTreeSet;

use churnwatch::engine::alerting::policy::Policy;
use churnwatch::engine::customer::Tag;
use churnwatch::engine::day::{Day, Millis};
use churnwatch::engine::event::{Body, Event, Interaction, Manner};
use churnwatch::engine::money::Money;
use churnwatch::engine::packed::bytes::{Reader, Writer};
use churnwatch::engine::packed::customer::Customer;
use churnwatch::engine::packed::customer::{pack, unpack};
use churnwatch::engine::state::State;
use churnwatch::engine::step::Input;
use churnwatch::wire::changelog::{ChangelogFault, read_customer, write_customer};
use proptest::prelude::{ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use support::model::engine;

const DAY_MILLIS: i64 = 86_400_000;
const START: i32 = 20_000;

/// One event of the only customer: day, minute of the day, what.
type Told = (i32, i64, Body<'static>);

/// Names of channels, categories and causes.
const NAMES: [&str; 6] = ["price", "quality", "delivery", "store", "online", "phone"];

fn manner() -> impl Strategy<Value = Manner<'static>> {
    let name = || prop::option::of((0_usize..6).prop_map(|at| NAMES.get(at).copied().unwrap_or_default()));
    (name(), name(), any::<bool>(), prop::option::of(0_u8..24))
        .prop_map(|(channel, category, discounted, hour)| Manner { channel, category, discounted, hour })
}

fn body() -> impl Strategy<Value = Body<'static>> {
    let order = prop::option::of((0_u64..6).prop_map(Tag::from_bits));
    let amount = (0_i64..50_000).prop_map(Money);
    let interaction = prop_oneof![
        (0_usize..11).prop_map(|at| {
            let plain = [
                Interaction::Visit,
                Interaction::ProductView,
                Interaction::Cart,
                Interaction::Checkout,
                Interaction::Login,
                Interaction::MessageSent,
                Interaction::MessageOpened,
                Interaction::MessageClicked,
                Interaction::Unsubscribed,
                Interaction::SupportContact,
                Interaction::Complaint,
            ];
            plain.get(at).copied().unwrap_or(Interaction::Visit)
        }),
        (0_u8..5).prop_map(|stars| Interaction::Review { rating: f32::from(stars) / 4.0 }),
        (0_u8..11).prop_map(|score| Interaction::Survey { satisfaction: f32::from(score) / 10.0 }),
        (-50_i64..200, prop::option::of(0_i32..250))
            .prop_map(|(points, after)| Interaction::Loyalty { points, expires: after.map(|day| Day(START + day)) }),
        (0_usize..3).prop_map(|at| Interaction::Note { cause: NAMES.get(at).copied().unwrap_or_default() }),
    ];
    prop_oneof![
        5 => (order.clone(), amount.clone(), manner()).prop_map(|(order, amount, manner)| Body::Purchase { order, amount, manner }),
        2 => (order.clone(), amount).prop_map(|(order, amount)| Body::Refund { order, amount: Some(amount) }),
        1 => (0_u64..6).prop_map(|order| Body::Refund { order: Some(Tag::from_bits(order)), amount: None }),
        8 => interaction.prop_map(Body::Interaction),
        1 => any::<bool>().prop_map(|_| Body::OptOut),
        1 => any::<bool>().prop_map(|_| Body::Forget),
        1 => any::<u128>().prop_map(|episode| Body::Contacted { episode, action: "call" }),
        1 => any::<bool>().prop_map(|_| Body::Identity { alias: "anna" }),
    ]
}

/// Events over `days` days, each with how many days late it comes, at most `lateness − 1`.
fn story(lateness: i32) -> impl Strategy<Value = Vec<(Told, i32, bool)>> {
    let told = (0..160_i32, 0..1_440_i64, body());
    prop::collection::vec((told, 0..lateness, any::<bool>()), 1..60)
}

fn event(number: usize, (day, minute, body): &Told) -> Event<'static> {
    let day = START + day;
    let time = Millis(i64::from(day) * DAY_MILLIS + minute * 60_000);
    Event { tag: Tag::from_bits(1_000 + number as u64), customer: "ann", time, day: Day(day), body: *body }
}

/// The profile after the events in this order, as text that shows every bit.
fn profile(events: &[Event<'_>], lateness_days: i32) -> String {
    let mut engine = engine(Policy { lateness_days, ..Policy::default() });
    let mut effects = Vec::new();
    for event in events {
        engine.step(Input::Event { event, topic: 0, settles: event.day.plus(-1) }, &mut effects);
    }
    let profiles: Vec<_> = engine.state().iter().map(|(_, customer)| customer.profile).collect();
    format!("{profiles:#?}")
}

/// Whether a duplicate of the event, coming right after it, is one that the profile promises to see.
fn promised(event: &Event<'_>, before: &[Event<'_>]) -> bool {
    match event.body {
        Body::Interaction(_) => {
            let others = before.iter().filter(|other| matches!(other.body, Body::Interaction(_)));
            let newer: BTreeSet<_> = others
                .filter(|other| (other.time, other.tag) > (event.time, event.tag))
                .map(|other| other.tag)
                .collect();
            newer.len() < 8
        }
        Body::Purchase { .. }
        | Body::Refund { .. }
        | Body::Contacted { .. }
        | Body::OptOut
        | Body::Identity { .. }
        | Body::Merge { .. }
        | Body::Merged { .. }
        | Body::Forget => true,
    }
}

fn same_in_any_order(story: &[(Told, i32, bool)], lateness: i32) -> (String, String) {
    let events: Vec<(Event<'_>, i32, bool)> =
        story.iter().enumerate().map(|(at, (told, late, twice))| (event(at, told), *late, *twice)).collect();
    let mut sorted: Vec<Event<'_>> = events.iter().map(|(event, _, _)| *event).collect();
    sorted.sort_by_key(|event| (event.time, event.tag));
    let mut late = events;
    late.sort_by_key(|(event, late, _)| (event.day.plus(*late), event.tag));
    let mut arriving = Vec::new();
    for (event, _, twice) in late {
        arriving.push(event);
        if twice && promised(&event, &arriving) {
            arriving.push(event);
        }
    }
    (profile(&sorted, lateness), profile(&arriving, lateness))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_within_the_lateness_gives_the_same_profile(story in story(35)) {
        let (sorted, arriving) = same_in_any_order(&story, 35);
        prop_assert_eq!(sorted, arriving);
    }

    #[test]
    fn also_with_a_short_lateness(story in story(5)) {
        let (sorted, arriving) = same_in_any_order(&story, 5);
        prop_assert_eq!(sorted, arriving);
    }

    #[test]
    fn the_changelog_gives_every_bit_back(story in story(35)) {
        let mut engine = engine(Policy::default());
        let mut effects = Vec::new();
        let mut events: Vec<Event<'_>> = story.iter().enumerate().map(|(at, (told, _, _))| event(at, told)).collect();
        events.sort_by_key(|event| event.time);
        for (at, event) in events.iter().enumerate() {
            engine.step(Input::Event { event, topic: 0, settles: event.day.plus(-1) }, &mut effects);
            if at % 9 == 5 {
                let day = engine.clock().open_day().unwrap_or(event.day);
                engine.step(Input::Close { day, stale: false, budget: 10 }, &mut effects);
            }
        }
        let (mut writer, mut bytes, mut names) = (Writer::default(), Vec::new(), Vec::new());
        let mut back = Customer::default();
        for (_, customer) in engine.state().iter() {
            writer.begin();
            pack(&mut writer, &customer.profile, &customer.standing);
            bytes.clear();
            write_customer(writer.bytes(), &mut bytes);
            let reader = Reader::begin(read_customer(&bytes).unwrap(), &mut names);
            unpack(reader, &mut back.profile, &mut back.standing).unwrap();
            let told = (&customer.profile, &customer.standing);
            prop_assert_eq!(format!("{:?}", (&back.profile, &back.standing)), format!("{told:?}"));
            for end in 1..bytes.len() {
                let cut = Reader::begin(bytes.get(1..end).unwrap(), &mut names);
                prop_assert!(unpack(cut, &mut back.profile, &mut back.standing).is_none(), "cut after {} bytes", end);
            }
        }
    }
}

#[test]
fn another_release_s_or_a_broken_changelog_is_refused_with_a_sentence() {
    let other = read_customer(&[9, 1, 2, 3]).unwrap_err();
    assert_eq!(other, ChangelogFault::Other { what: "a profile", found: 9 });
    assert!(other.to_string().contains("start the release that wrote it"));
    assert_eq!(read_customer(&[]).unwrap_err(), ChangelogFault::Broken { what: "a profile" });
    assert_eq!(State::new().restore("ann", &[255]), None);
}
