//! What a training is asked for, and what it tells of each head.

use crate::engine::day::Day;
use crate::engine::rfm::features::Group;
use crate::engine::scoring::logistic::Head;
use crate::training::evaluate::Scored;
use crate::training::thresholds::Wanted;

/// What `train` is asked for.
#[derive(Clone, Copy, Debug)]
pub struct TrainSettings {
    /// The midnight that closes the training window.
    pub at: Day,
    /// Churn horizon H, days.
    pub horizon_days: i32,
    /// Whether the heads use more than the compact features.
    pub rich: bool,
    /// Lateness of the profile, days.
    pub lateness_days: i32,
    /// Minor units in one major unit.
    pub minor_per_major: f64,
    /// Silence at which alerts begin, for the thresholds.
    pub min_silence_days: i32,
    /// Which question the heads answer.
    pub label: Label,
    /// What watch, high and critical begin at.
    pub wanted: [Wanted; 3],
    /// Seed of the sampling.
    pub seed: u64,
}

/// Which question the heads answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// The silence head whether the silence will exceed H, the forward head whether nothing is bought in H days.
    Both,
    /// Both heads whether the silence will exceed H.
    Silence,
    /// Both heads whether nothing is bought in H days.
    Forward,
}

/// A fitted head and how it came about.
#[derive(Clone, Debug)]
pub struct FittedHead {
    /// The head, calibrated.
    pub head: Head,
    /// Rows of the last fit.
    pub rows: u64,
    /// L2 strength chosen.
    pub alpha: f64,
    /// Whether the level goes by the season.
    pub season: bool,
    /// Later rows, scored by the same fit on earlier rows alone; empty where there is too little to judge by.
    pub validation: Vec<Scored>,
    /// The midnight that opens the period of those rows.
    pub validated_on: Day,
    /// Standard deviation, over those rows, of what each group adds to the log-odds, by [`Group::ALL`].
    pub spread: [f64; Group::ALL.len()],
}

impl FittedHead {
    /// The head in the other's place: it answers the other question, and no rows of that kind have judged it.
    #[must_use]
    pub fn unjudged(&self) -> Self {
        Self { validation: Vec::new(), ..self.clone() }
    }
}
