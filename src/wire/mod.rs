//! Bytes to types and back: the only serialization of topics, files and artifacts.
//!
//! Architecture invariant: no other room knows how anything looks as bytes.

pub mod digits;
pub mod calendar;
pub mod changelog;
pub mod partition_record;
pub mod money;
pub mod rules;
pub mod amount;
pub mod time_text;
pub mod reject;
pub mod json_field;
pub mod items;
pub mod event;
pub mod dead_letter;
pub mod letter;
pub mod letter_choice;
pub mod letter_advice;
pub mod letter_groups;
pub mod partitioner;
pub mod file_record;
pub mod csv_rows;
pub mod files;
pub mod merge;
pub mod words;
pub mod shapes;
pub mod texts;
pub mod reasons;
pub mod cloud_event;
pub mod action;
pub mod alert;
pub mod alert_line;
pub mod outcome;
pub mod outcome_lines;
pub mod outcome_facts;
pub mod risk;
pub mod understanding_json;
pub mod profile_json;
pub mod forecast_json;
pub mod timeline_json;
pub mod what_if_json;
pub mod artifact_records;
pub mod artifact;
pub mod onnx;
pub mod imported_head;
pub mod promotion;
