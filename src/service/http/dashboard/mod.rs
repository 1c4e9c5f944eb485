//! The dashboard: pages made on the server of what the API answers. No script runs in them, and nothing is fetched from
//! elsewhere.

pub mod charts;
pub mod words;
pub mod reader;
pub mod figures;
pub mod frame;
pub mod today;
pub mod list;
pub mod customer;
pub mod course;
pub mod effect;
pub mod model;
pub mod health;
pub mod pages;
