//! A record's headers as the room of bytes takes them. They are looked at only where the topic's shape asks for them.

use rdkafka::message::{Headers as _, Message};

use crate::wire::inputs::format::Format;

/// Names and values, empty where the shape does not need them; a header without a value is none.
pub fn headers<'m>(message: &'m impl Message, format: &Format) -> Vec<(&'m str, &'m [u8])> {
    let Some(headers) = message.headers().filter(|_| format.needs_headers()) else { return Vec::new() };
    headers.iter().filter_map(|header| Some((header.key, header.value?))).collect()
}
