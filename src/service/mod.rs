//! The service: Kafka, HTTP, logs and metrics around the processor. All waiting and all clocks live here.

pub mod fault;
pub mod pulse;
pub mod telemetry;
pub mod broker;
pub mod shared;
pub mod kafka;
pub mod models;
pub mod status;
pub mod lane;
pub mod lanes;
pub mod source;
pub mod worker;
pub mod http;
pub mod run;
