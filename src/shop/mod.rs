//! A synthetic shop: customers with habits of their own, seasons, defections, and answers to being contacted. Pure.

pub mod customer;
pub mod taste;
pub mod answer;
pub mod event_json;
pub mod generator;
