//! What the company decided: who may be warned about, when, how many a day. Checked by the configuration, never here.

use crate::engine::alerting::playbook::Playbook;
use crate::engine::alerting::segment::Segments;
use crate::engine::day::Day;
use crate::engine::event::Interaction;

/// The settings that the engine decides by.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Days behind a customer's newest event after which an event is too late.
    pub lateness_days: i32,
    /// Distinct customers whose newest events must agree before time moves.
    pub quorum: usize,
    /// Enter thresholds for watch, high, critical; absent: the model's own.
    pub thresholds: Option<[f64; 3]>,
    /// A band is left only below its enter threshold less this margin.
    pub exit_margin: f64,
    /// A tier is left only below its edge less this share of it.
    pub tier_margin: f64,
    /// Consecutive closes at or above the watch threshold before an episode opens, at least 1.
    pub dwell_days: i32,
    /// Days from the end of an episode before another may open.
    pub cooldown_days: i32,
    /// Days from an opening to the measurement of its outcome (W).
    pub outcome_days: i32,
    /// Least silence, in days, at an opening.
    pub min_silence_days: i32,
    /// Least number of purchase days at an opening.
    pub min_purchase_days: u32,
    /// First closed day whose openings are published.
    pub publish_from: Option<Day>,
    /// Most openings a day over all partitions, by [`crate::engine::alerting::value::Tier`]; absent: no limit.
    pub capacity: [Option<u32>; 3],
    /// Kinds of interaction that may open an episode at once, as bits by kind.
    pub immediate: u32,
    /// Share of customers held out, 0 to 1.
    pub holdout_share: f64,
    /// What the arms are drawn with.
    pub holdout_salt: String,
    /// Margin as a share of net spend.
    pub margin_rate: f64,
    /// The segments, in order.
    pub segments: Segments,
    /// What to do about a warning.
    pub playbook: Playbook,
    /// Number of partitions of the input.
    pub partitions: u32,
    /// Most customers of a partition; absent: no limit. New ones beyond it are refused, those who are there go on.
    pub max_customers: Option<usize>,
    /// Whether the profiles of a customer's ids are merged; for that, what they were made of is kept.
    pub merges: bool,
}

impl Default for Policy {
    /// The defaults of the configuration, for one partition.
    fn default() -> Self {
        let immediate = [Interaction::Complaint, Interaction::Survey { satisfaction: 0.0 }, Interaction::Unsubscribed];
        Self {
            lateness_days: 35,
            quorum: 3,
            thresholds: None,
            exit_margin: 0.05,
            tier_margin: 0.1,
            dwell_days: 1,
            cooldown_days: 30,
            outcome_days: 30,
            min_silence_days: 7,
            min_purchase_days: 1,
            publish_from: None,
            capacity: [None; 3],
            immediate: immediate.iter().fold(0, |bits, kind| bits | 1 << kind.kind()),
            holdout_share: 0.1,
            holdout_salt: "churnwatch".into(),
            margin_rate: 0.3,
            segments: Segments::default(),
            playbook: Playbook::default(),
            partitions: 1,
            max_customers: None,
            merges: false,
        }
    }
}
