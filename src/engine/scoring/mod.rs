//! From features to a calibrated probability and the reasons for it.

pub mod logistic;
pub mod model;
pub mod reasons;
pub mod clears;
pub mod rough;
pub mod path;
