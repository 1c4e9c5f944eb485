//! The parts of the throughput benchmark; none of them knows what the engine does.

pub(crate) mod broker;
pub(crate) mod episodes;
pub(crate) mod feed;
pub(crate) mod figures;
pub(crate) mod latency;
pub(crate) mod live_rival;
pub(crate) mod options;
pub(crate) mod probe;
pub(crate) mod process;
pub(crate) mod restore;
pub(crate) mod rival;
pub(crate) mod rounds;
pub(crate) mod service;
pub(crate) mod table;
pub(crate) mod topics;
pub(crate) mod workload;
