//! Models from history: rows, labels, fit, calibration, evaluation. Pure; sampling hangs on stable hashes alone.

pub mod history;
pub mod rows;
pub mod fit;
pub mod calibrate;
pub mod metrics;
pub mod thresholds;
pub mod train;
pub mod evaluate;
