//! `rekey`: events that are not keyed by their customer, in whatever shape, go into the input that is.
//!
//! It keeps nothing: what it wrote and how far it read are one transaction.

pub mod waiting;
pub mod rekeyer;
pub mod run;
