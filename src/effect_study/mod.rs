//! Whether acting on warnings helped: what `report` says and what `optimize` decides. Pure statistics over outcomes.
//!
//! Architecture invariant: no file, clock or Kafka; a report is a function of the outcomes it is handed.

pub mod normal;
pub mod episode;
pub mod collect;
pub mod contrast;
pub mod boundary;
pub mod sequence;
pub mod mismatch;
pub mod pooling;
pub mod ranking;
pub mod goals;
pub mod periods;
pub mod report;
pub mod words;
pub mod letters;
pub mod action_names;
pub mod numbers;
pub mod document;
pub mod text;
pub mod json;
pub mod csv;
pub mod charts;
pub mod page;
pub mod bandit;
pub mod seasons;
pub mod playbook_edit;
pub mod uplift_table;
pub mod optimize;
