//! Kafka as the workers use it: clients, transactions, restore, topics, publishing.

pub mod fault;
pub mod client;
pub mod transaction;
pub mod restore;
pub mod topics;
pub mod publish;
pub mod embedded;
