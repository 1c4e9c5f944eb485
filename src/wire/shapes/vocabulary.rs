//! Closed sets of words. Where the engine has the list, the schema is made from the engine's list.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::{Cause, Suppression, Transition, Withdrawal};
use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::value::Tier;
use crate::engine::event::{INTERACTION_NAMES, Reason};
use crate::engine::rfm::features::Group;
use crate::engine::rfm::style::Style;
use crate::wire::json_field::KNOWN;

/// A closed set of words.
pub trait Vocabulary {
    /// Name of the set in a schema.
    const NAME: &'static str;
    /// What the words tell.
    const MEANING: &'static str;

    /// All of them.
    fn words() -> Vec<&'static str>;

    /// This one.
    fn word(&self) -> &'static str;
}

/// One word of a closed set, as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<T>(pub T);

impl<T: Vocabulary> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<T: Vocabulary> JsonSchema for Word<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"description": T::MEANING, "type": "string", "enum": T::words()})
    }
}

/// The band of an episode, which is never low.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpisodeBand(pub Band);

/// A type of event that would end an open warning well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clearing(pub &'static str);

/// Weekday or weekend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week(pub &'static str);

/// A part of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayPart(pub &'static str);

/// A field of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldName(pub &'static str);

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The customer came back, or an event calmed the score.
    Resolved,
    /// The silence exceeded the horizon: this is churn.
    Lapsed,
    /// There is nobody to warn about any more.
    Withdrawn,
}

/// Why an episode ended, where there are several ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndingCause {
    /// Resolved: a purchase; the customer is won back.
    Purchase,
    /// Resolved: an event, never time, took the score below the exit threshold.
    Score,
    /// Withdrawn: the customer wants no more messages.
    OptOut,
    /// Withdrawn: the customer was erased.
    Erasure,
    /// Withdrawn: the id is another name of a customer who goes on under the other.
    Merged,
}

impl Ending {
    /// The ending that a transition is; `None` while the episode goes on.
    pub const fn of(transition: Transition) -> Option<Self> {
        match transition {
            Transition::Opened | Transition::Escalated => None,
            Transition::Resolved(_) => Some(Self::Resolved),
            Transition::Lapsed => Some(Self::Lapsed),
            Transition::Withdrawn(_) => Some(Self::Withdrawn),
        }
    }
}

impl EndingCause {
    /// The cause that a transition names.
    pub const fn of(transition: Transition) -> Option<Self> {
        match transition {
            Transition::Opened | Transition::Escalated | Transition::Lapsed => None,
            Transition::Resolved(Cause::Purchase { .. }) => Some(Self::Purchase),
            Transition::Resolved(Cause::Score) => Some(Self::Score),
            Transition::Withdrawn(Withdrawal::OptOut) => Some(Self::OptOut),
            Transition::Withdrawn(Withdrawal::Erasure) => Some(Self::Erasure),
            Transition::Withdrawn(Withdrawal::Merged) => Some(Self::Merged),
        }
    }
}

macro_rules! vocabularies {
    ($($set:ty, $name:literal, $meaning:literal, $words:expr, $word:expr;)*) => {$(
        impl Vocabulary for $set {
            const NAME: &'static str = $name;
            const MEANING: &'static str = $meaning;

            fn words() -> Vec<&'static str> {
                $words.into_iter().collect()
            }

            fn word(&self) -> &'static str {
                let word: fn($set) -> &'static str = $word;
                word(*self)
            }
        }
    )*};
}

vocabularies! {
    Band, "Band", "How near the customer is to churn, by the silence score.",
        Band::ALL.map(Band::name), Band::name;
    EpisodeBand, "EpisodeBand", "The band of a warning: how near the customer is to churn.",
        Band::ALL.into_iter().filter(|band| *band != Band::Low).map(Band::name), |band| band.0.name();
    Tier, "Tier", "Value tier, by the net spend of 365 days.",
        Tier::ALL.map(Tier::name), Tier::name;
    Arm, "Arm", "Side of the experiment: treated (the CRM hears of the warning) or holdout (only the outcomes topic does).",
        [Arm::Treated, Arm::Holdout].map(Arm::name), Arm::name;
    Style, "Style", "How the customer decides.",
        Style::ALL.map(Style::name), Style::name;
    Group, "ReasonCode", "What part of the customer's story a reason tells.",
        Group::ALL.map(Group::code), Group::code;
    Suppression, "Suppression", "Why no warning is open although the score is at or above the watch threshold.",
        Suppression::ALL.map(Suppression::name), Suppression::name;
    Reason, "Reason", "Why a record could not be used.",
        Reason::ALL.map(Reason::words), Reason::words;
    Clearing, "Clearing", "A type of event.",
        std::iter::once("purchase").chain(INTERACTION_NAMES), |kind| kind.0;
    Week, "Week", "Part of the week, by the local date.",
        ["weekday", "weekend"], |part| part.0;
    DayPart, "DayPart", "Part of the local day: night is 0 to 6 o'clock, morning to 12, afternoon to 18, evening to 24.",
        ["night", "morning", "afternoon", "evening"], |part| part.0;
    FieldName, "FieldName", "A field of an event.",
        KNOWN, |field| field.0;
}
