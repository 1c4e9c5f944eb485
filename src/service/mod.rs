//! The service: Kafka, HTTP, logs and metrics around the processor. All waiting and all clocks live here.

pub mod fault;
pub mod pulse;
pub mod telemetry;
pub mod restoring;
pub mod broker;
pub mod kafka;
pub mod traces;
pub mod models_known;
pub mod models;
pub mod shared;
pub mod status;
pub mod narrowed;
pub mod lane;
pub mod lanes;
pub mod commits;
pub mod source;
pub mod models_watch;
pub mod answers;
pub mod worker;
pub mod beside;
pub mod rekey;
pub mod http;
pub mod signals;
pub mod run;
pub mod webhooks;
pub mod doctor;
