//! Models from history: rows, labels, fit, calibration, evaluation. Pure; sampling hangs on stable hashes alone.

pub mod history;
pub mod treatments;
pub mod rows;
pub mod overdue;
pub mod feature_sets;
pub mod newton;
pub mod fit;
pub mod metrics;
pub mod evaluate;
pub mod choose;
pub mod season;
pub mod thresholds;
pub mod recipe;
pub mod forward;
pub mod silence;
pub mod tiers;
pub mod train;
pub mod weekly;
pub mod backtest;
pub mod compare;
pub mod chart;
pub mod card;
