//! The OpenAPI document, made from the routes themselves.

pub mod parts;
pub mod parameters;
pub mod shared;
pub mod example;
pub mod pen;
pub mod route;
pub mod document;
