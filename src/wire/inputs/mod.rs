//! Records in other shapes than our own: each is told anew as events of ours, which the one parser then reads.
//!
//! A shape is known by its topic's configuration, never guessed from a record.

pub mod cloud_events;
pub mod debezium;
pub mod draft;
pub mod format;
pub mod mapping;
pub mod orders;
pub mod pick;
pub mod reader;
pub mod segment;
pub mod segment_names;
pub mod shapes;
pub mod shopify;
pub mod source;
pub mod told;
pub mod woocommerce;
