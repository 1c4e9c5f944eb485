//! Whether acting on warnings helped, as `report --json` and `/v1/report` say it; docs/effect.md tells what the figures mean.
//! What is not known, as of an empty arm, is null.

use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::alerting::value::Tier;
use crate::wire::shapes::scalars::DayText;
use crate::wire::shapes::vocabulary::Word;

/// What became of warnings in both arms, as they were drawn.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Report")]
pub struct ReportShape<'a> {
    /// First local day of openings.
    pub from: DayText,
    /// Last local day of which something is known.
    pub known_until: DayText,
    /// Days from an opening to its outcome.
    pub window_days: i32,
    /// Currency of all amounts.
    pub currency: &'a str,
    /// The word.
    #[schemars(extend("enum" = ["arms_do_not_match", "not_enough_data", "helps", "harms", "not_shown"]))]
    pub verdict: &'static str,
    /// The last completed look; null before the first week is over.
    pub look: Option<LookShape>,
    /// The last look of the year before; null in the first.
    pub year_before: Option<LookShape>,
    /// Whether the arms have the sizes that they were drawn with.
    pub sample_ratio: SampleRatioShape,
    /// Held-out episodes of the look whose customers were contacted all the same.
    pub exposed_held_out: u64,
    /// Held-out customers of the look who came back by themselves.
    pub false_alarms: Option<FalseAlarmsShape>,
    /// Effects that would be found in four cases of five at this size.
    pub minimum_detectable_effect: DetectableShape,
    /// The margin that acting added in a period.
    pub incremental_margin: AddedShape,
    /// `[goals]`, and whether they are reached.
    pub goals: GoalsShape,
    /// Return rates by action, segment and tier.
    pub cells: Vec<CellShape<'a>>,
    /// Whether ranking by uplift wins.
    pub ranking: RankingShape,
    /// Period by period.
    pub periods: Vec<PeriodShape>,
    /// How episodes ended.
    pub endings: EndingsShape,
    /// What was passed over.
    pub left_out: LeftOutShape,
}

/// A reading of the outcomes at the end of a week.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Look")]
pub struct LookShape {
    /// Which study: the first year is 1.
    pub year: u32,
    /// Which look of it.
    #[schemars(range(min = 1, max = 52))]
    pub number: u32,
    /// The first day of maturing that this study counts.
    pub from: DayText,
    /// The last day of the week.
    pub day: DayText,
    /// Whether the rule of least numbers was met at this look or before.
    pub enough: bool,
    /// Share of episodes whose customers came back.
    pub return_rate: MeasuredShape,
    /// Margin an episode.
    pub margin: MeasuredShape,
}

/// Both arms, their difference, and an interval that holds for a year of weekly looks.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Measured")]
pub struct MeasuredShape {
    /// Those that the CRM heard of.
    pub treated: ArmShape,
    /// Those that it did not.
    pub holdout: ArmShape,
    /// Treated minus held out.
    pub difference: Option<f64>,
    /// Its standard error, clustered by customer.
    pub standard_error: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
    /// How many standard errors the interval reaches to either side.
    pub bound: Option<f64>,
}

/// An arm.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "ArmMean")]
pub struct ArmShape {
    /// Episodes.
    pub episodes: u64,
    /// Their mean, each weighted by one over the probability of its arm.
    pub mean: Option<f64>,
}

/// Sizes of the arms.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "SampleRatio")]
pub struct SampleRatioShape {
    /// At the openings.
    pub openings: DrawnShape,
    /// Among the matured.
    pub matured: DrawnShape,
}

/// Sizes of the arms against the probabilities that they were drawn with.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Drawn")]
pub struct DrawnShape {
    /// Treated draws: customers and half-years.
    pub treated: u64,
    /// Held-out draws.
    pub holdout: u64,
    /// Expected treated draws.
    pub expected_treated: f64,
    /// P of a deviation of the whole at least so large.
    #[schemars(range(min = 0, max = 1))]
    pub p: f64,
    /// P of deviations of the blocks of four weeks at least so large.
    #[schemars(range(min = 0, max = 1))]
    pub p_blocks: f64,
    /// Customers whose arm changed within a half-year, which no draw explains.
    pub changed: u64,
    /// Whether a difference between the arms may be believed.
    #[serde(rename = "match")]
    pub is_match: bool,
}

/// Warnings that were not needed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "FalseAlarms")]
pub struct FalseAlarmsShape {
    /// Their share.
    pub share: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
}

/// Effects that would be found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "DetectableEffect")]
pub struct DetectableShape {
    /// On the return rate.
    pub return_rate: Option<f64>,
    /// On the margin of an episode.
    pub margin: Option<f64>,
}

/// The margin that acting added.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "AddedMargin")]
pub struct AddedShape {
    /// In what time.
    #[schemars(extend("enum" = ["week", "month"]))]
    pub period: &'static str,
    /// Treated episodes in it.
    pub treated: f64,
    /// The margin.
    pub estimate: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
}

/// The goals; null where none is set or nothing can be said yet.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Goals")]
pub struct GoalsShape {
    /// Of the return rate.
    pub retention: Option<GoalShape>,
    /// Of the margin that acting adds.
    pub incremental_margin: Option<GoalShape>,
    /// Of the warnings that were not needed.
    pub false_alarms: Option<GoalShape>,
}

/// A goal.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Goal")]
pub struct GoalShape {
    /// What is wanted.
    pub goal: f64,
    /// What is estimated.
    pub estimate: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
    /// Whether it is reached.
    #[schemars(extend("enum" = ["reached", "not_reached", "not_yet_known"]))]
    pub state: &'static str,
}

/// The episodes of one action, segment and tier.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Cell")]
pub struct CellShape<'a> {
    /// The action drawn at the opening; null without one.
    pub action: Option<&'a str>,
    /// The segment at the opening; null where none was told.
    pub segment: Option<&'a str>,
    /// The tier at the opening.
    pub tier: Word<Tier>,
    /// Treated episodes.
    pub treated: u64,
    /// Held-out episodes.
    pub holdout: u64,
    /// Its own difference of the return rates.
    pub difference: Option<f64>,
    /// The difference's standard error.
    pub standard_error: Option<f64>,
    /// What the difference is taken to be, the other cells being known.
    pub pooled: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
}

/// Whether ranking candidates by uplift brings more than by value at risk.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Ranking")]
pub struct RankingShape {
    /// What to do.
    #[schemars(extend("enum" = ["by_uplift", "by_value_at_risk", "not_asked"]))]
    pub advice: &'static str,
    /// What each would bring; null where too few are held out.
    pub margin_an_episode: Option<RankingsShape>,
}

/// The margin that a warning adds among the better half of each ranking.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Rankings")]
pub struct RankingsShape {
    /// By uplift.
    pub by_uplift: Option<f64>,
    /// By value at risk.
    pub by_value_at_risk: Option<f64>,
    /// How much more the ranking by uplift brings.
    pub gain: Option<f64>,
    /// The gain's standard error, clustered by customer.
    pub standard_error: Option<f64>,
    /// The gain's interval.
    pub interval: Option<[f64; 2]>,
}

/// A week or month.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Period")]
pub struct PeriodShape {
    /// First local day.
    pub from: DayText,
    /// Last local day.
    pub to: DayText,
    /// Return rates in this period.
    pub return_rate: AloneShape,
    /// Margin an episode in this period.
    pub margin: AloneShape,
    /// What was known at the end of it.
    pub known_by_then: Option<LookShape>,
}

/// Both arms in a period, and a 95 % interval that does not know that there are other periods.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "MeasuredAlone")]
pub struct AloneShape {
    /// Those that the CRM heard of.
    pub treated: ArmShape,
    /// Those that it did not.
    pub holdout: ArmShape,
    /// Treated minus held out.
    pub difference: Option<f64>,
    /// Its standard error, clustered by customer.
    pub standard_error: Option<f64>,
    /// Its interval.
    pub interval: Option<[f64; 2]>,
}

/// How episodes ended: treated, held out.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Endings")]
pub struct EndingsShape {
    /// The customer bought.
    pub won_back: [u64; 2],
    /// The score fell after an event.
    pub calmed: [u64; 2],
    /// The horizon passed.
    pub lapsed: [u64; 2],
    /// Opted out or erased.
    pub withdrawn: [u64; 2],
}

/// What was passed over.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "LeftOut")]
pub struct LeftOutShape {
    /// Records that could not be read.
    pub unreadable: u64,
    /// Records that were there before.
    pub repeated: u64,
    /// Records of another currency.
    pub other_currency: u64,
    /// Matured episodes that nobody could have been held out of, or treated in.
    pub without_both_arms: u64,
}
