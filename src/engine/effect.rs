//! Everything that the engine can ask for. One match in the processor performs it.

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::{PendingOutcome, Told, Transition};
use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::playbook::Recommended;
use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::day::{Day, Millis};
use crate::engine::event::Handover;
use crate::engine::money::Money;
use crate::engine::rfm::ledger::Window;
use crate::engine::rfm::rfm_scores::RfmScores;
use crate::engine::scoring::reasons::Reasons;

/// One wish of the engine. Changed profiles are not among them: the state knows which it touched.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// An episode changed; the wire decides by arm which topics hear of it.
    Alert(Box<Alert>),
    /// A customer's current risk.
    Risk(Box<Risk>),
    /// What came of an episode W days after its opening.
    Matured(Box<Matured>),
    /// Everything kept of a customer goes.
    ForgetProfile {
        /// Whose.
        customer: Box<str>,
    },
    /// To the partition of an id: it is an alias of another.
    Merge {
        /// The alias.
        customer: Box<str>,
        /// The id that the customer goes on under; the alias itself where it is none any more.
        into: Box<str>,
        /// Tag of the event that says so.
        said: Tag,
        /// When that happened.
        time: Millis,
    },
    /// To the partition of an id: what was known of its customer under another.
    Merged {
        /// The id that the customer goes on under.
        customer: Box<str>,
        /// The alias.
        alias: Box<str>,
        /// Tag of the event that says so.
        said: Tag,
        /// When that happened.
        time: Millis,
        /// What was known.
        handover: Box<Handover>,
    },
    /// The event is of an alias, so it goes to the partition of the id that the customer goes on under.
    Forward {
        /// That id.
        to: Box<str>,
    },
}

/// What decided: the close of a day, or an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The close of this day.
    Close(Day),
    /// An event of this instant.
    Event(Millis, Day),
}

impl Moment {
    /// The local day.
    pub const fn day(self) -> Day {
        match self {
            Self::Close(day) | Self::Event(_, day) => day,
        }
    }
}

/// An episode's transition, published to one of the arms' topics.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Whose.
    pub customer: Box<str>,
    /// What happened.
    pub transition: Transition,
    /// When.
    pub moment: Moment,
    /// The day the episode opened.
    pub opened: Day,
    /// Band now; at an ending the highest reached.
    pub band: Band,
    /// Band before.
    pub previous_band: Option<Band>,
    /// Side of the experiment.
    pub arm: Arm,
    /// Probability of having been treated.
    pub propensity: f64,
    /// Tier now.
    pub tier: Tier,
    /// Segment at the last close, by its name's tag.
    pub segment: Option<Tag>,
    /// RFM scores now; absent without a score.
    pub rfm: Option<RfmScores>,
    /// Margin at risk now.
    pub value_at_risk: Money,
    /// What to do, as it was drawn at the opening.
    pub recommended: Option<Recommended>,
    /// At an opening: what happened since the last episode that the CRM heard of.
    pub changed: Option<Changed>,
    /// While it is open: the interactions that would each clear it, as bits by kind; a purchase always does.
    pub clears: u32,
    /// The score with its reasons; absent where the customer has no purchase left or was erased.
    pub score: Option<Scored>,
}

/// The last episode, and what the customer did since.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Changed {
    /// The last episode.
    pub last: Told,
    /// Purchases since it ended, on that day too.
    pub since: Window,
}

/// A customer's score at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// P(this silence will exceed H).
    pub silence: f64,
    /// P(no purchase in the next H days).
    pub forward: f64,
    /// Days since the last purchase.
    pub silence_days: i32,
    /// Last purchase day + H.
    pub expected_churn: Day,
    /// H.
    pub horizon_days: i32,
    /// What the reasons are told by.
    pub facts: Facts,
    /// The silence score taken apart.
    pub reasons: Reasons,
}

/// What is plain to see of a customer, in the words of its reasons.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facts {
    /// Mean days between purchase days; absent with one.
    pub usual_gap_days: Option<f64>,
    /// Smoothed days between the latest purchase days; absent with one.
    pub recent_gap_days: Option<f64>,
    /// Gross of the last purchase day.
    pub last_spend: Money,
    /// Gross of a mean purchase day.
    pub usual_spend: Money,
    /// Visits, views and logins, decayed with a half-life of 30 days.
    pub attention: f64,
    /// Whether a complaint is open.
    pub complaint_open: bool,
    /// Satisfaction in the last survey, 0 to 1.
    pub survey: Option<f64>,
}

/// The current risk of a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// Whose.
    pub customer: Box<str>,
    /// The local day that this is as of.
    pub as_of: Day,
    /// When it was decided.
    pub moment: Moment,
    /// Band; absent after a lapse and for those held out.
    pub band: Option<Band>,
    /// `false` while an episode of the customer is held out.
    pub contactable: bool,
    /// Whether the customer opted out.
    pub opted_out: bool,
    /// Tier.
    pub tier: Option<Tier>,
    /// Segment at the last close, by its name's tag; absent for those held out, because it may tell the band.
    pub segment: Option<Tag>,
    /// Margin at risk.
    pub value_at_risk: Money,
    /// P(this silence will exceed H); absent after a lapse.
    pub score: Option<f64>,
    /// P(no purchase in the next H days); absent without a purchase.
    pub forward: Option<f64>,
    /// Days since the last purchase.
    pub silence_days: Option<i32>,
    /// Last purchase day + H, while the silence is below H.
    pub expected_churn: Option<Day>,
    /// The days on which silence alone will change the band, and to what.
    pub forecast: Vec<(Day, Band)>,
}

/// The measured outcome of an episode.
#[derive(Clone, Debug, PartialEq)]
pub struct Matured {
    /// Whose.
    pub customer: Box<str>,
    /// The close that settled it.
    pub day: Day,
    /// What was pending.
    pub pending: PendingOutcome,
    /// Purchases, gross and net since the opening.
    pub window: Window,
    /// Margin on the net.
    pub margin: Money,
}
