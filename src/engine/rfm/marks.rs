//! What a customer last said on a matter: surveys, reviews, complaints, causes, opt-outs.
//!
//! As many statements are kept as a view of any open day needs, so the order of arrival does not show.

use crate::engine::customer::Tag;
use crate::engine::day::{Day, Millis};
use crate::engine::event::{Event, Interaction};

/// A value with the event that set it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark<T> {
    /// When it was said.
    pub time: Millis,
    /// The local day of `time`.
    pub day: Day,
    /// Tag of the event, which decides between two of the same instant.
    pub tag: Tag,
    /// What was said.
    pub value: T,
}

impl<T> Mark<T> {
    /// What an event says.
    pub const fn of(event: &Event<'_>, value: T) -> Self {
        Self { time: event.time, day: event.day, tag: event.tag, value }
    }

    /// What decides which of two statements is the later.
    pub const fn order(&self) -> (Millis, Tag) {
        (self.time, self.tag)
    }
}

/// The statements on one matter: the newest of each open day, and the newest before them; ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct Statements<T>(pub Vec<Mark<T>>);

impl<T> Default for Statements<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Statements<T> {
    /// Takes a statement in.
    pub fn say(&mut self, new: Mark<T>) {
        let at = self.0.partition_point(|known| known.day < new.day);
        match self.0.get_mut(at) {
            Some(known) if known.day == new.day => {
                if known.order() < new.order() {
                    *known = new;
                }
            }
            _ => self.0.insert(at, new),
        }
    }

    /// The last statement up to the end of `day`.
    pub fn at(&self, day: Day) -> Option<&Mark<T>> {
        self.0.iter().rev().find(|mark| mark.day <= day)
    }

    /// Up to `day` nothing can come any more: only the last statement of that time is still needed.
    pub fn settle(&mut self, day: Day) {
        let settled = self.0.partition_point(|mark| mark.day <= day);
        self.0.drain(..settled.saturating_sub(1));
    }

    /// Takes in what was said under another id.
    fn merge(&mut self, other: &Self)
    where
        T: Copy,
    {
        other.0.iter().for_each(|mark| self.say(*mark));
    }

    /// Erases what was said up to the end of `day`.
    pub fn forget(&mut self, day: Day) {
        self.0.retain(|mark| mark.day > day);
    }
}

/// What is kept as a state rather than as a count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    /// Satisfaction in surveys, 0 to 1.
    pub survey: Statements<f32>,
    /// Ratings in reviews, 0 to 1.
    pub review: Statements<f32>,
    /// Complaints.
    pub complaint: Statements<()>,
    /// Cause codes noted.
    pub cause: Statements<Tag>,
    /// The last opt-out.
    pub opt_out: Option<Mark<()>>,
}

impl Marks {
    /// Takes in what an interaction says.
    pub fn hear(&mut self, event: &Event<'_>, interaction: Interaction<'_>) {
        match interaction {
            Interaction::Survey { satisfaction } => self.survey.say(Mark::of(event, satisfaction)),
            Interaction::Review { rating } => self.review.say(Mark::of(event, rating)),
            Interaction::Complaint => self.complaint.say(Mark::of(event, ())),
            Interaction::Note { cause } => self.cause.say(Mark::of(event, Tag::of(cause))),
            Interaction::Visit
            | Interaction::ProductView
            | Interaction::Cart
            | Interaction::Checkout
            | Interaction::Login
            | Interaction::MessageSent
            | Interaction::MessageOpened
            | Interaction::MessageClicked
            | Interaction::Unsubscribed
            | Interaction::SupportContact
            | Interaction::Loyalty { .. } => {}
        }
    }

    /// Remembers an opt-out if it is the newest.
    pub fn opt_out(&mut self, new: Mark<()>) {
        if self.opt_out.is_none_or(|known| known.order() < new.order()) {
            self.opt_out = Some(new);
        }
    }

    /// Takes in what was said under another id.
    pub fn merge(&mut self, other: &Self) {
        self.survey.merge(&other.survey);
        self.review.merge(&other.review);
        self.complaint.merge(&other.complaint);
        self.cause.merge(&other.cause);
        if let Some(mark) = other.opt_out {
            self.opt_out(mark);
        }
    }

    /// Up to `day` nothing can come any more.
    pub fn settle(&mut self, day: Day) {
        self.survey.settle(day);
        self.review.settle(day);
        self.complaint.settle(day);
        self.cause.settle(day);
    }

    /// Erases what was said up to the end of `day`, and an opt-out up to `time`.
    pub fn forget(&mut self, time: Millis, day: Day) {
        self.survey.forget(day);
        self.review.forget(day);
        self.complaint.forget(day);
        self.cause.forget(day);
        self.opt_out = self.opt_out.filter(|mark| mark.time > time);
    }
}
