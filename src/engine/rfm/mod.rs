//! The rolling RFM profile: what is remembered of a customer, and the features seen in it at the end of a day.

pub mod number;
pub mod silence;
pub mod decay;
pub mod open;
pub mod marks;
pub mod ledger;
pub mod settled;
pub mod frequent;
pub mod habits;
pub mod loyalty;
pub mod chronicle;
pub mod profile;
pub mod refolded;
pub mod style;
pub mod view;
pub mod features;
pub mod rfm_scores;
pub mod preferences;
pub mod deliberation;
pub mod cause;
