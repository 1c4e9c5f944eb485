//! A profile as seen at the end of one day: nothing later than that day shows, whether the day is past or yet to come.

use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::event::{INTERACTION_KINDS, Interaction};
use crate::engine::money::Money;
use crate::engine::rfm::habits::Habits;
use crate::engine::rfm::ledger::Window;
use crate::engine::rfm::loyalty::Account;
use crate::engine::rfm::number::Number;
use crate::engine::rfm::open::for_each_day;
use crate::engine::rfm::profile::Profile;
use crate::engine::rfm::settled::{KindCount, Rhythm, Totals, fold_day};

/// What features are made of.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The day at whose end this is seen.
    pub day: Day,
    /// Rhythm of the purchase days up to `day`.
    pub rhythm: Option<Rhythm>,
    /// Sums over the life up to `day`.
    pub totals: Totals,
    /// Satisfaction in the last survey, 0 to 1.
    pub survey: Option<f32>,
    /// The day and the satisfaction of the last survey or review.
    pub answered: Option<(Day, f32)>,
    /// The day and the cause of the last note.
    pub noted: Option<(Day, Tag)>,
    /// The last complaint without a purchase after it.
    complained: Option<Day>,
    /// Interactions folded up to `day`, by kind; `None` where there never was one.
    kinds: Option<Box<[KindCount; INTERACTION_KINDS]>>,
}

/// What interactions tell on a day, or by the day: decayed counts, weighed together.
#[derive(Clone, Copy, Debug)]
pub struct Heard<T> {
    /// Visits, views and logins, half-lives 7, 30 and 90 days.
    pub attention: [T; 3],
    /// Carts and checkouts, 30 days.
    pub intent: T,
    /// Messages opened and clicked, 30 days.
    pub opened: T,
    /// Messages sent and not opened, 30 days.
    pub ignored: T,
    /// Unsubscriptions, 90 days, at most 1.
    pub unsubscribed: T,
    /// Support contacts and complaints, 30 days.
    pub support: T,
    /// 1 while a complaint is open.
    pub complaint_open: T,
    /// Satisfaction in the last survey less 0.5; 0 without one.
    pub satisfaction: T,
}

/// A complaint that nobody speaks of any more counts as closed after this many days.
const COMPLAINT_OPEN_DAYS: i32 = 90;

impl View {
    /// Decayed interaction counts at the end of the day, by kind and half-life.
    pub fn interactions(&self) -> [[f32; 3]; INTERACTION_KINDS] {
        self.kinds.as_ref().map_or([[0.0; 3]; INTERACTION_KINDS], |kinds| kinds.map(|kind| kind.at(self.day)))
    }

    /// Whether a complaint is open: no purchase since, and not older than 90 days.
    pub fn complaint_open(&self) -> bool {
        self.complains(self.day)
    }

    /// Whether a complaint is open at the end of `day`.
    fn complains(&self, day: Day) -> bool {
        self.complained.is_some_and(|since| (0..COMPLAINT_OPEN_DAYS).contains(&day.since(since)))
    }

    /// What interactions tell at the end of `day`, or of that and the following days, if nothing more happens.
    pub fn heard<T: Number>(&self, day: Day) -> Heard<T> {
        let none = T::same(0.0);
        let open = if self.complained.is_some() {
            T::by_day(|days| f64::from(u8::from(self.complains(day.plus(days)))))
        } else {
            none
        };
        let told = Heard {
            attention: [none; 3],
            intent: none,
            opened: none,
            ignored: none,
            unsubscribed: none,
            support: none,
            complaint_open: open,
            satisfaction: T::same(self.survey.map_or(0.0, |satisfaction| f64::from(satisfaction) - 0.5)),
        };
        let Some(kinds) = &self.kinds else { return told };
        let [visit, product_view, cart, checkout, login, sent, opened, clicked, unsubscribed, support, complaint, ..] =
            kinds.as_ref();
        let count = |kind: &KindCount, half: usize, days: i32| f64::from(kind.left(half, day.plus(days)));
        let sum = |kinds: &[&KindCount], half: usize| {
            if kinds.iter().all(|kind| kind.total == 0) {
                return none;
            }
            T::by_day(|days| kinds.iter().map(|kind| count(kind, half, days)).sum())
        };
        let attention = [visit, product_view, login];
        Heard {
            attention: [0, 1, 2].map(|half| sum(&attention, half)),
            intent: sum(&[cart, checkout], 1),
            opened: sum(&[opened, clicked], 1),
            ignored: T::by_day(|days| (count(sent, 1, days) - count(opened, 1, days)).max(0.0)),
            unsubscribed: T::by_day(|days| count(unsubscribed, 2, days).min(1.0)),
            support: sum(&[support, complaint], 1),
            ..told
        }
    }

    /// The same view had one more interaction been heard on its day; complaints apart, which nobody hopes for.
    pub fn hear(&mut self, interaction: &Interaction<'_>) {
        let day = self.day;
        let kinds = self.kinds.get_or_insert_with(|| Box::new([KindCount::none(0, day); INTERACTION_KINDS]));
        if let Some(slot) = kinds.get_mut(usize::from(interaction.kind())) {
            if slot.total == 0 {
                *slot = KindCount::none(interaction.kind(), day);
            }
            slot.fold(day, 1);
        }
        if let Interaction::Survey { satisfaction } = interaction {
            self.survey = Some(*satisfaction);
            self.answered = Some((day, *satisfaction));
        }
    }

    /// The same view with the counts of interactions: what heads that look at them need, and alerts tell.
    #[must_use]
    pub fn with_interactions(self, profile: &Profile) -> Self {
        let silent = profile.kinds.is_empty() && profile.counts.is_empty();
        let kinds = (!silent).then(|| Box::new(profile.folded_kinds(self.day)));
        Self { kinds, ..self }
    }

    /// The last purchase day.
    pub fn last(&self) -> Option<Day> {
        self.rhythm.as_ref().map(|rhythm| rhythm.last)
    }

    /// Days of silence at the end of `day`; `None` where no purchase stands.
    pub fn silence_days(&self) -> Option<i32> {
        self.rhythm.as_ref().map(|rhythm| self.day.since(rhythm.last))
    }
}

impl Profile {
    /// The rhythm and sums at the end of `day`.
    pub fn money_at(&self, day: Day, lateness_days: i32) -> (Option<Rhythm>, Totals) {
        let (mut rhythm, mut totals) = (self.rhythm, self.totals);
        for_each_day(&self.orders, day, lateness_days, |sums| fold_day(&mut rhythm, &mut totals, &sums));
        (rhythm, totals)
    }

    /// The view at the end of `day`.
    pub fn view(&self, day: Day, lateness_days: i32) -> View {
        let (rhythm, totals) = self.money_at(day, lateness_days);
        self.unheard_view(day, rhythm, totals).with_interactions(self)
    }

    /// The view at the end of `day`, of which the money is known already, without counts of interactions.
    pub fn unheard_view(&self, day: Day, rhythm: Option<Rhythm>, totals: Totals) -> View {
        let (survey, review) = (self.marks.survey.at(day), self.marks.review.at(day));
        let answered =
            survey.into_iter().chain(review).max_by_key(|mark| mark.order()).map(|mark| (mark.day, mark.value));
        let noted = self.marks.cause.at(day).map(|mark| (mark.day, mark.value));
        let survey = survey.map(|mark| mark.value);
        let complained = self.marks.complaint.at(day).map(|mark| mark.day);
        let complained = complained.filter(|at| rhythm.is_none_or(|rhythm| rhythm.last <= *at));
        View { day, rhythm, totals, survey, answered, noted, complained, kinds: None }
    }

    fn folded_kinds(&self, day: Day) -> [KindCount; INTERACTION_KINDS] {
        let mut kinds = [KindCount::none(0, day); INTERACTION_KINDS];
        for kind in &self.kinds {
            if let Some(slot) = kinds.get_mut(usize::from(kind.kind)) {
                *slot = *kind;
            }
        }
        for count in self.counts.iter().take_while(|count| count.day <= day) {
            if let Some(slot) = kinds.get_mut(usize::from(count.kind)) {
                if slot.total == 0 {
                    *slot = KindCount::none(count.kind, count.day);
                }
                slot.fold(count.day, count.count);
            }
        }
        kinds
    }

    /// Exact sums over the `days` days up to and including `until`.
    pub fn window(&self, until: Day, days: i32, lateness_days: i32) -> Window {
        let oldest = until.plus(-days);
        let mut window = Window::default();
        for day in self.ledger.iter().filter(|day| day.day > oldest && day.day <= until) {
            window.add(day);
        }
        for_each_day(&self.orders, until, lateness_days, |day| {
            if day.day > oldest {
                window.add(&day);
            }
        });
        window
    }

    /// The loyalty account at the end of `day`.
    pub fn account_at(&self, day: Day) -> Account {
        self.loyalty.as_ref().map(|loyalty| loyalty.at(day)).unwrap_or_default()
    }

    /// What the purchases up to the end of `day` were like.
    pub fn habits_at(&self, day: Day) -> Habits {
        let mut habits = self.habits.unwrap_or_default();
        let known = self.orders.partition_point(|order| order.day <= day);
        for orders in self.orders.get(..known).unwrap_or_default().chunk_by(|a, b| a.day == b.day) {
            if let Some(first) = orders.first() {
                habits.fold(first.day, orders, &self.counts);
            }
        }
        habits
    }

    /// Purchases, gross and net of the days from `from` to `until`, both included.
    pub fn between(&self, from: Day, until: Day, lateness_days: i32) -> Window {
        self.window(until, until.since(from) + 1, lateness_days)
    }

    /// Net spend of the 365 days up to `until`, never below zero: what value at risk and tiers go by.
    pub fn net_year(&self, until: Day, lateness_days: i32) -> Money {
        self.window(until, 365, lateness_days).net.max(Money::ZERO)
    }
}
