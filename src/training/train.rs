//! From a history to a model: both heads, their L2 strength and calibration by later time, thresholds, tier edges.
//!
//! Nothing on or after the cutoff is looked at.

use crate::engine::rfm::features::FeatureConstants;
use crate::engine::scoring::model::Model;
use crate::training::fit::FitFault;
use crate::training::forward::forward_head;
use crate::training::history::History;
use crate::training::recipe::{FittedHead, Label, TrainSettings};
use crate::training::rows::{RowRules, knots, mean_gap_days};
use crate::training::silence::{BandEdges, silence_head};
use crate::training::tiers::value_edges;
use crate::training::treatments::Treatments;

/// Days without any event before the cutoff that are taken for quiet ones, not for the end of the data.
pub const QUIET_DAYS: i32 = 7;

/// A model with both heads' stories.
pub struct Trained {
    /// The model.
    pub model: Model,
    /// The silence head's story.
    pub silence: FittedHead,
    /// The forward head's story.
    pub forward: FittedHead,
    /// Where the bands begin.
    pub edges: BandEdges,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TrainFault {
    /// No events before the cutoff.
    #[error("there is no event before --at: choose a date inside the data")]
    Empty,
    /// The data end before the cutoff.
    #[error(
        "the data end {days} days before --at, and what lies between would count as silence: choose an --at at least {} days earlier", .days - QUIET_DAYS
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
    let instead = (settings.label == Label::Forward).then_some(&forward);
    let (silence, edges, reference) =
        silence_head(history, first, settings, &rules, instead).map_err(fault("silence"))?;
    let forward = if settings.label == Label::Silence { silence.unjudged() } else { forward };
    let (tier_edges, rfm_edges) = value_edges(history, settings.at, settings.lateness_days);
    let model = Model {
        version: name.into(),
        constants,
        silence: silence.head.clone(),
        forward: forward.head.clone(),
        thresholds: edges.thresholds,
        tier_edges,
        rfm_edges,
        reference,
        validation: [None; 2],
        trained_until: settings.at,
    };
    Ok(Trained { model, silence, forward, edges })
}
