//! The shape of every record, as types that say in words what a field means: the JSON Schemas are made from them.
//!
//! Architecture invariant: what goes out is written by filling one of these, so a schema cannot say otherwise. The fields of
//! what topics carry stand in the order of the alphabet, which is the order they are written in.

pub mod schema;
pub mod scalars;
pub mod vocabulary;
pub mod envelope;
pub mod common;
pub mod alert;
pub mod outcome;
pub mod risk;
pub mod dead_letter;
pub mod event;
pub mod timeline;
pub mod understanding;
pub mod profile;
pub mod profile_row;
pub mod forecast;
pub mod listing;
pub mod models;
pub mod report;
pub mod doctor;
