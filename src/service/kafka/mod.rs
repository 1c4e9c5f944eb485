//! Kafka as the workers use it: clients, transactions, restore, topics, publishing.

pub mod refusal;
pub mod context;
pub mod client;
pub mod peers;
pub mod transaction;
pub mod carrier;
pub mod spans;
pub mod topics;
pub mod hearing;
pub mod ends;
pub mod read;
pub mod restore;
pub mod headers;
pub mod history;
pub mod cluster;
pub mod rebuild;
pub mod publish;
pub mod letters;
pub mod put_back;
pub mod erasure;
pub mod models;
pub mod embedded;
