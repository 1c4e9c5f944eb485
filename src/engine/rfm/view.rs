//! A profile as seen at the end of one day: nothing later than that day shows, whether the day is past or yet to come.

use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::event::{INTERACTION_KINDS, Interaction};
use crate::engine::money::Money;
use crate::engine::rfm::habits::Habits;
use crate::engine::rfm::ledger::Window;
use crate::engine::rfm::loyalty::Account;
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
    /// Decayed interaction counts at the end of `day`, by kind and half-life.
    pub interactions: [[f32; 3]; INTERACTION_KINDS],
    /// Satisfaction in the last survey, 0 to 1.
    pub survey: Option<f32>,
    /// The day and the satisfaction of the last survey or review.
    pub answered: Option<(Day, f32)>,
    /// The day and the cause of the last note.
    pub noted: Option<(Day, Tag)>,
    /// Whether a complaint is open: no purchase since, and not older than 90 days.
    pub complaint_open: bool,
    /// The last complaint without a purchase after it.
    complained: Option<Day>,
    /// The folds that `interactions` are read off; `None` where there never was one.
    kinds: Option<Box<[KindCount; INTERACTION_KINDS]>>,
}

/// A complaint that nobody speaks of any more counts as closed after this many days.
const COMPLAINT_OPEN_DAYS: i32 = 90;

impl View {
    /// The same customer at the end of a later day if nothing more happens.
    pub fn move_to(&mut self, day: Day) {
        self.day = day;
        self.complaint_open = self.complained.is_some_and(|since| (0..COMPLAINT_OPEN_DAYS).contains(&day.since(since)));
        if let Some(kinds) = &self.kinds {
            for (out, kind) in self.interactions.iter_mut().zip(kinds.iter()) {
                *out = if kind.total > 0 { kind.at(day) } else { [0.0; 3] };
            }
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
        self.move_to(day);
    }

    /// The same view had nothing been heard from the customer but purchases.
    #[must_use]
    pub fn without_interactions(&self) -> Self {
        Self {
            interactions: [[0.0; 3]; INTERACTION_KINDS],
            survey: None,
            answered: None,
            noted: None,
            complaint_open: false,
            complained: None,
            kinds: None,
            ..*self
        }
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
        self.view_of(day, rhythm, totals)
    }

    /// The view at the end of `day`, of which the money is known already.
    pub fn view_of(&self, day: Day, rhythm: Option<Rhythm>, totals: Totals) -> View {
        let (survey, review) = (self.marks.survey.at(day), self.marks.review.at(day));
        let answered =
            survey.into_iter().chain(review).max_by_key(|mark| mark.order()).map(|mark| (mark.day, mark.value));
        let noted = self.marks.cause.at(day).map(|mark| (mark.day, mark.value));
        let survey = survey.map(|mark| mark.value);
        let complained = self.marks.complaint.at(day).map(|mark| mark.day);
        let complained = complained.filter(|at| rhythm.is_none_or(|rhythm| rhythm.last <= *at));
        let silent = self.kinds.is_empty() && self.counts.is_empty();
        let mut view = View {
            day,
            rhythm,
            totals,
            interactions: [[0.0; 3]; INTERACTION_KINDS],
            survey,
            answered,
            noted,
            complaint_open: false,
            complained,
            kinds: (!silent).then(|| Box::new(self.folded_kinds(day))),
        };
        view.move_to(day);
        view
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
