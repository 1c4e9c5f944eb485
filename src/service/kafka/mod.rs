//! Kafka as the workers use it: clients, transactions, restore, topics, publishing.

pub mod client;
pub mod transaction;
pub mod read;
pub mod restore;
pub mod cluster;
pub mod topics;
pub mod publish;
pub mod embedded;
