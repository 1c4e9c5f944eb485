//! From scores to warnings: bands, episodes, capacity, holdout, value.

pub mod policy;
pub mod band;
pub mod episode;
pub mod capacity;
pub mod playbook;
pub mod holdout;
pub mod value;
pub mod segment;
