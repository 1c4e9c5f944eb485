//! From a history to a model: both heads, their L2 strength and calibration by later time, thresholds, tier edges.
//!
//! Nothing on or after the cutoff is looked at.

use crate::engine::day::Day;
use crate::engine::rfm::features::{FeatureConstants, Group};
use crate::engine::scoring::logistic::Head;
use crate::engine::scoring::model::Model;
use crate::training::evaluate::Scored;
use crate::training::fit::FitFault;
use crate::training::forward::forward_head;
use crate::training::history::History;
use crate::training::rows::{RowRules, knots, mean_gap_days};
use crate::training::silence::silence_head;
use crate::training::tiers::edges;
use crate::training::treatments::Treatments;

/// Days without any event before the cutoff that are taken for quiet ones, not for the end of the data.
pub const QUIET_DAYS: i32 = 7;

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
    /// Seed of the sampling.
    pub seed: u64,
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

/// A model with both heads' stories.
pub struct Trained {
    /// The model.
    pub model: Model,
    /// The silence head's story.
    pub silence: FittedHead,
    /// The forward head's story.
    pub forward: FittedHead,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TrainFault {
    /// No events before the cutoff.
    #[error("there is no event before --at: choose a date inside the data")]
    Empty,
    /// The data end before the cutoff.
    #[error(
        "the data end {days} days before --at, and what lies between would count as silence: choose an --at at most {days} days earlier"
    )]
    Beyond {
        /// Days between the last event and the cutoff.
        days: i32,
    },
    /// Less than two horizons of history.
    #[error(
        "the history before --at covers {days} days, but two horizons ({needed} days) are needed: choose a later --at or a shorter --horizon-days"
    )]
    TooShort {
        /// Days there are.
        days: i32,
        /// Days needed.
        needed: i32,
    },
    /// Treated customers and nobody held out.
    #[error(
        "{treated} warnings of the outcomes were acted upon and none was held out, so what silence leads to can't be told any more: set holdout.share above 0 and train once held-out silences have ended, or leave the outcomes out and know that the model takes won-back customers for loyal ones"
    )]
    NoHoldout {
        /// Treated openings.
        treated: u64,
    },
    /// A head could not be fitted.
    #[error("the {head} head: {fault}")]
    Head {
        /// Which.
        head: &'static str,
        /// Why.
        fault: FitFault,
    },
}

/// Trains both heads on the events before `settings.at`. The history must hold nothing later.
pub fn train(
    history: &History,
    treatments: &Treatments,
    settings: &TrainSettings,
    name: &str,
) -> Result<Trained, TrainFault> {
    let (first, last) = history.span.ok_or(TrainFault::Empty)?;
    let quiet = settings.at.since(last) - 1;
    if quiet > QUIET_DAYS {
        return Err(TrainFault::Beyond { days: quiet });
    }
    let (days, needed) = (settings.at.since(first), 2 * settings.horizon_days);
    if days < needed {
        return Err(TrainFault::TooShort { days, needed });
    }
    let [treated, held_out] = treatments.counts();
    if treated > 0 && held_out == 0 {
        return Err(TrainFault::NoHoldout { treated });
    }
    let constants = FeatureConstants {
        mean_gap_days: mean_gap_days(history, settings.at).max(1.0),
        knots: knots(settings.horizon_days),
        minor_per_major: settings.minor_per_major,
        horizon_days: settings.horizon_days,
    };
    let rules = RowRules { constants, lateness_days: settings.lateness_days, treatments, seed: settings.seed };
    let fault = |head| move |fault| TrainFault::Head { head, fault };
    let forward = forward_head(history, first, settings, &rules).map_err(fault("forward"))?;
    let (silence, thresholds, reference) = silence_head(history, first, settings, &rules).map_err(fault("silence"))?;
    let (tier_edges, rfm_edges) = edges(history, settings.at, settings.lateness_days);
    let model = Model {
        version: name.into(),
        constants,
        silence: silence.head.clone(),
        forward: forward.head.clone(),
        thresholds,
        tier_edges,
        rfm_edges,
        reference,
        trained_until: settings.at,
    };
    Ok(Trained { model, silence, forward })
}
