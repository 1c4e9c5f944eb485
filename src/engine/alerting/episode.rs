//! The life of a warning, and what a customer's closes have led to so far.
//!
//! A close is idempotent here: run twice on the same profile it changes nothing the second time.

use uuid::Uuid;

use crate::engine::alerting::band::{Band, Thresholds};
use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::playbook::Recommended;
use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::money::Money;

/// An open episode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// The day it opened.
    pub opened: Day,
    /// Last purchase day at the opening: only a later purchase wins the customer back.
    pub last_purchase: Day,
    /// Highest band so far; each is announced once.
    pub band: Band,
    /// Tier at the opening.
    pub tier: Tier,
    /// Side of the experiment.
    pub arm: Arm,
    /// Whether anybody hears of it (not during a backfill).
    pub published: bool,
    /// Value at risk at the opening.
    pub value_at_risk: Money,
    /// Probability of being treated that the arm was drawn with.
    pub propensity: f64,
    /// The silence score at the opening.
    pub score: f64,
    /// What the playbook recommended.
    pub recommended: Option<Recommended>,
}

/// What is to be measured of a published episode, open or ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PendingOutcome {
    /// The day the episode opened.
    pub opened: Day,
    /// First day whose purchases count: the day after a close's opening, the same day for an immediate one.
    pub counts_from: Day,
    /// Band at the opening.
    pub band: Band,
    /// Tier at the opening.
    pub tier: Tier,
    /// Side of the experiment.
    pub arm: Arm,
    /// Whether somebody got in touch.
    pub contacted: bool,
    /// Probability of being treated that the arm was drawn with.
    pub propensity: f64,
    /// Segment at the opening, by its name's tag.
    pub segment: Option<Tag>,
    /// What the playbook recommended.
    pub recommended: Option<Recommended>,
}

/// An episode that the CRM heard of and that has ended: what the next one is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    /// The day it opened.
    pub opened: Day,
    /// The day it ended.
    pub ended: Day,
    /// How it ended.
    pub ending: Transition,
    /// Highest band.
    pub band: Band,
    /// The silence score at the opening.
    pub score: f64,
    /// Value at risk at the opening.
    pub value_at_risk: Money,
}

/// Where a customer stands after the closes so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Band at the last close; `None` before the first and after a lapse.
    pub band: Option<Band>,
    /// Tier at the last close that scored the customer.
    pub tier: Option<Tier>,
    /// First close of the present run at or above the watch threshold.
    pub above_since: Option<Day>,
    /// The open episode.
    pub episode: Option<Episode>,
    /// The outcome still to be measured.
    pub pending: Option<PendingOutcome>,
    /// When the last episode ended; its cooldown runs from here, the same in both arms.
    pub ended: Option<Day>,
    /// The day that the newest published episode opened: the CRM may speak of it long after.
    pub last_opened: Option<Day>,
    /// The last episode that the CRM heard of to its end.
    pub told: Option<Told>,
    /// An event took the score of the open episode below the exit threshold; the close of this day acts on it.
    pub calmed: Option<Day>,
    /// A purchase came that the close of this day tells of.
    pub purchased: Option<Day>,
    /// The [`InForce::generation`](crate::engine::promotion::InForce) at the last close that looked at the customer.
    pub generation: u8,
    /// Segment at the last close, by its name's tag; `None` before the first and without a purchase.
    pub segment: Option<Tag>,
}

impl Standing {
    /// Band and run above the watch threshold after a close of `day` with this silence score.
    #[must_use]
    pub fn after(&self, thresholds: &Thresholds, day: Day, score: f64) -> Self {
        let above_since = thresholds.enters(score).then(|| self.above_since.unwrap_or(day));
        Self { band: Some(thresholds.next(self.band, score)), above_since, ..*self }
    }
}

/// How an episode changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transition {
    /// It began.
    Opened,
    /// It reached a higher band.
    Escalated,
    /// The customer came back, or an event calmed the score.
    Resolved(Cause),
    /// The silence exceeded the horizon.
    Lapsed,
    /// There is nobody to warn about any more.
    Withdrawn(Withdrawal),
}

/// Why an episode was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A purchase: the customer is won back. `late`: on a day that was closed already.
    Purchase {
        /// Whether the purchase's day was closed when it came.
        late: bool,
    },
    /// A non-purchase event took the score below the exit threshold.
    Score,
}

/// Why an episode was withdrawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Withdrawal {
    /// The customer wants no more messages.
    OptOut,
    /// The customer was erased: nothing but the id is told.
    Erasure,
    /// The id is an alias of another, under which the customer goes on.
    Merged,
}

impl Transition {
    /// The last part of the CloudEvents type, and the metric label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Escalated => "escalated",
            Self::Resolved(_) => "resolved",
            Self::Lapsed => "lapsed",
            Self::Withdrawn(_) => "withdrawn",
        }
    }
}

/// Namespace of every `UUIDv5` made here.
const NAMESPACE: Uuid = Uuid::from_u128(0x6368_7572_6e77_5074_8063_682d_6570_6973);

/// The id of the episode of `customer` that opened on `opened`: the same on any replay.
pub fn episode_id(customer: &str, opened: Day) -> Uuid {
    let mut day = itoa::Buffer::new();
    let name = [day.format(opened.0), customer].join("\0");
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// The id of one alert or outcome of an episode: `UUIDv5` of customer, opened day, transition and band.
pub fn alert_id(customer: &str, opened: Day, transition: &str, band: &str) -> Uuid {
    let mut day = itoa::Buffer::new();
    let name = [day.format(opened.0), customer, transition, band].join("\0");
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// Why a customer at risk is not warned about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suppression {
    /// Fewer purchase days than `alerts.min_purchase_days`.
    History,
    /// The customer opted out.
    OptedOut,
    /// Silent for less than `alerts.min_silence_days`.
    Silence,
    /// At or above the threshold for fewer closes than `alerts.dwell_days`.
    Dwell,
    /// The last episode ended less than `alerts.cooldown_days` ago.
    Cooldown,
    /// A purchase after the closed day is known already.
    PurchaseKnown,
    /// The day's places of this tier went to customers who rank higher.
    Capacity,
    /// The close was decided more than `alerts.max_age_days` late.
    Stale,
}

impl Suppression {
    /// Every reason, in the order of declaration.
    pub const ALL: [Self; 8] = [
        Self::History,
        Self::OptedOut,
        Self::Silence,
        Self::Dwell,
        Self::Cooldown,
        Self::PurchaseKnown,
        Self::Capacity,
        Self::Stale,
    ];

    /// The name in labels and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::OptedOut => "opted_out",
            Self::Silence => "silence",
            Self::Dwell => "dwell",
            Self::Cooldown => "cooldown",
            Self::PurchaseKnown => "purchase_known",
            Self::Capacity => "capacity",
            Self::Stale => "stale",
        }
    }
}
