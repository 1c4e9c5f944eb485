//! The packed customer: what memory holds of whoever is not being looked at, and, behind a version byte, what the changelog
//! holds. Unpacking gives the very same customer, bit for bit.

pub mod bytes;
pub mod census;
pub mod customer;
pub mod layers;
pub mod open;
pub mod chronicle;
pub mod settled;
pub mod shelf;
pub mod standing;
