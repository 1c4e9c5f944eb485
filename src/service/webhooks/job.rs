//! An alert as it is read, and on its way to one endpoint.

use std::sync::Arc;

use crate::service::traces::delivery::Delivery;
use crate::wire::webhooks::told::Told;

/// An alert on its way.
#[derive(Clone)]
pub struct Job {
    /// Its partition, and its offset in it.
    pub partition: i32,
    /// See `partition`.
    pub offset: i64,
    /// When it was written, in milliseconds since 1970.
    pub written: i64,
    /// The record's key, which is the customer.
    pub key: Arc<[u8]>,
    /// The record.
    pub record: Arc<[u8]>,
    /// What it says; `None`: it is no alert.
    pub told: Option<Arc<Told>>,
    /// How often it was tried.
    pub tries: u32,
    /// Its spans, where it is sampled.
    pub delivery: Option<Arc<Delivery>>,
    /// Tells an assignment of the partition from the one before.
    pub assignment: u64,
}

/// A record as it was read.
pub struct Taken<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// When it was written, in milliseconds since 1970.
    pub written: i64,
    /// Its key.
    pub key: &'a [u8],
    /// Its value.
    pub record: &'a [u8],
    /// Its spans, where it is sampled.
    pub delivery: Option<Delivery>,
}
