//! Avro's binary encoding as JSON, by the writer's schema.
//!
//! Invariant: whatever the bytes are, they end in JSON or in a refusal, within bounds of depth and size.

use uuid::Uuid;

use crate::engine::event::Reason;
use crate::wire::event::{MAX_DEPTH, MAX_VALUE_BYTES};
use crate::wire::registry::avro_schema::{AvroSchema, Node, Place};
use crate::wire::registry::frame::zigzag;
use crate::wire::registry::plain_text::{bytes, day, decimal, instant, local, number, text, time_of_day};
use crate::wire::reject::Reject;

/// Deepest that types may stand in one another: a union in a record is two levels of it and one of JSON.
const MAX_LEVELS: usize = 2 * MAX_DEPTH;

/// Writes the record as JSON. It must fit its schema to the last byte.
pub fn decode(schema: &AvroSchema, record: &[u8], out: &mut Vec<u8>) -> Result<(), Reject> {
    let mut reading = Reading { schema, rest: record, out };
    reading.value(schema.root(), 0)?;
    if reading.rest.is_empty() { Ok(()) } else { Err(Reason::BadEncoding.into()) }
}

struct Reading<'a> {
    schema: &'a AvroSchema,
    rest: &'a [u8],
    out: &'a mut Vec<u8>,
}

impl<'a> Reading<'a> {
    fn value(&mut self, place: Place, level: usize) -> Result<(), Reject> {
        if level > MAX_LEVELS {
            return Err(Reason::TooDeep.into());
        }
        // A list of nothings takes no bytes, so what is written is bounded too.
        if self.out.len() > MAX_VALUE_BYTES {
            return Err(Reason::TooLarge.into());
        }
        let schema = self.schema;
        match schema.node(place).ok_or(Reason::BadEncoding)? {
            Node::Null => self.out.extend_from_slice(b"null"),
            Node::Boolean => match self.take(1)? {
                [0] => self.out.extend_from_slice(b"false"),
                [1] => self.out.extend_from_slice(b"true"),
                _ => return Err(Reason::BadEncoding.into()),
            },
            Node::Whole => {
                let number = self.whole()?;
                self.whole_text(number);
            }
            Node::Float => {
                let bytes = self.take(4)?.first_chunk().ok_or(Reason::BadEncoding)?;
                number(f64::from(f32::from_le_bytes(*bytes)), true, self.out);
            }
            Node::Double => {
                let bytes = self.take(8)?.first_chunk().ok_or(Reason::BadEncoding)?;
                number(f64::from_le_bytes(*bytes), false, self.out);
            }
            Node::Bytes => bytes(self.counted()?, self.out),
            Node::Text => self.text()?,
            Node::Fixed(size) => bytes(self.take(*size)?, self.out),
            Node::Enum(symbols) => {
                let symbol = usize::try_from(self.whole()?).ok().and_then(|at| symbols.get(at));
                text(symbol.ok_or(Reason::BadEncoding)?, self.out);
            }
            Node::Array(items) => self.blocks((b'[', b']'), |reading| reading.value(*items, level + 1))?,
            Node::Map(values) => self.blocks((b'{', b'}'), |reading| {
                reading.text()?;
                reading.out.push(b':');
                reading.value(*values, level + 1)
            })?,
            Node::Union(branches) => {
                let branch = usize::try_from(self.whole()?).ok().and_then(|at| branches.get(at));
                self.value(*branch.ok_or(Reason::BadEncoding)?, level + 1)?;
            }
            Node::Record(fields) => self.record(fields, level)?,
            Node::Decimal(scale, size) => {
                let unscaled = match size {
                    Some(size) => self.take(*size)?,
                    None => self.counted()?,
                };
                text(&decimal(unscaled, *scale).ok_or(Reason::BadEncoding)?, self.out);
            }
            Node::Uuid => {
                let uuid = Uuid::from_slice(self.take(16)?).map_err(|_| Reason::BadEncoding)?;
                text(&uuid.to_string(), self.out);
            }
            Node::Day => self.time(|count| day(i32::try_from(count).ok()?))?,
            Node::TimeOfDay(unit) => self.time(|count| time_of_day(count, *unit))?,
            Node::Moment(unit) => self.time(|count| instant(count, *unit))?,
            Node::Local(unit) => self.time(|count| local(count, *unit))?,
        }
        Ok(())
    }

    /// A record. Avro has no other word for a field that is absent than null, which our own events refuse: it is left out.
    fn record(&mut self, fields: &[(String, Place)], level: usize) -> Result<(), Reject> {
        self.out.push(b'{');
        let mut is_first = true;
        for (name, kind) in fields {
            let before = self.out.len();
            if !is_first {
                self.out.push(b',');
            }
            text(name, self.out);
            self.out.push(b':');
            let begin = self.out.len();
            self.value(*kind, level + 1)?;
            if self.out.get(begin..) == Some(b"null") {
                self.out.truncate(before);
            } else {
                is_first = false;
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Items in blocks, each told beforehand, the last of none. A negative count is followed by the block's size in bytes.
    fn blocks(
        &mut self,
        (open, close): (u8, u8),
        mut item: impl FnMut(&mut Self) -> Result<(), Reject>,
    ) -> Result<(), Reject> {
        self.out.push(open);
        let mut is_first = true;
        loop {
            let count = self.whole()?;
            if count == 0 {
                break;
            }
            if count < 0 {
                self.whole()?;
            }
            for _ in 0..count.unsigned_abs() {
                if !std::mem::take(&mut is_first) {
                    self.out.push(b',');
                }
                item(self)?;
            }
        }
        self.out.push(close);
        Ok(())
    }

    /// A time as text, or as the number that it is where it lies beyond the calendar.
    fn time(&mut self, told: impl Fn(i64) -> Option<String>) -> Result<(), Reject> {
        let count = self.whole()?;
        match told(count) {
            Some(time) => text(&time, self.out),
            None => self.whole_text(count),
        }
        Ok(())
    }

    fn whole_text(&mut self, number: i64) {
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn text(&mut self) -> Result<(), Reject> {
        let bytes = self.counted()?;
        text(std::str::from_utf8(bytes).map_err(|_| Reason::NotUtf8)?, self.out);
        Ok(())
    }

    fn counted(&mut self) -> Result<&'a [u8], Reject> {
        let count = usize::try_from(self.whole()?).map_err(|_| Reason::BadEncoding)?;
        self.take(count)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Reject> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(Reason::BadEncoding)?;
        self.rest = rest;
        Ok(taken)
    }

    fn whole(&mut self) -> Result<i64, Reject> {
        zigzag(&mut self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::engine::event::Reason;
    use crate::wire::event::MAX_VALUE_BYTES;
    use crate::wire::registry::avro_schema::AvroSchema;

    fn read(schema: &str, bytes: &[u8]) -> Result<String, Reason> {
        let schema = AvroSchema::new(schema, std::iter::empty()).unwrap();
        let mut out = Vec::new();
        let read = decode(&schema, bytes, &mut out).map_err(|reject| reject.reason);
        assert!(out.len() < 2 * MAX_VALUE_BYTES);
        read.map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn blocks_may_tell_their_size() {
        let list = r#"{"type": "array", "items": "int"}"#;
        assert_eq!(read(list, &[4, 2, 4, 2, 6, 0]).as_deref(), Ok("[1,2,3]"));
        assert_eq!(read(list, &[3, 4, 2, 4, 0]).as_deref(), Ok("[1,2]"));
        assert_eq!(
            read(r#"{"type": "map", "values": "string"}"#, &[2, 2, b'a', 2, b'"', 0]).as_deref(),
            Ok(r#"{"a":"\""}"#)
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_whatever_it_is() {
        let order = r#"{"type": "record", "name": "o", "fields": [
            {"name": "is", "type": "boolean"}, {"name": "kind", "type": {"type": "enum", "name": "k", "symbols": ["a"]}},
            {"name": "note", "type": ["null", "string"]}]}"#;
        assert_eq!(read(order, &[1, 0, 2, 2, b'x']).as_deref(), Ok(r#"{"is":true,"kind":"a","note":"x"}"#));
        assert_eq!(read(order, &[0, 0, 0]).as_deref(), Ok(r#"{"is":false,"kind":"a"}"#));
        for bad in [&[][..], &[1], &[2, 0, 0], &[1, 2, 0], &[1, 1, 0], &[1, 0, 4], &[1, 0, 2, 2], &[1, 0, 0, 9]] {
            assert_eq!(read(order, bad), Err(Reason::BadEncoding), "{bad:?}");
        }
        assert_eq!(read(order, &[1, 0, 2, 2, 0xff]), Err(Reason::NotUtf8));
    }

    /// A few bytes that would be a list without end, or a chain as deep as it is long.
    #[test]
    fn small_records_do_not_grow_without_bound() {
        let many = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
        assert_eq!(read(r#"{"type": "array", "items": "null"}"#, &many), Err(Reason::TooLarge));
        let least = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0];
        let empty = r#"{"type": "array", "items": {"type": "record", "name": "e", "fields": []}}"#;
        assert_eq!(read(empty, &least), Err(Reason::TooLarge));
        let chain = r#"{"type": "record", "name": "c", "fields": [{"name": "next", "type": ["null", "c"]}]}"#;
        assert_eq!(read(chain, &vec![2; 100_000]), Err(Reason::TooDeep));
        assert_eq!(read(chain, &[2, 2, 0]).as_deref(), Ok(r#"{"next":{"next":{}}}"#));
        let itself = r#"{"type": "record", "name": "c", "fields": [{"name": "me", "type": "c"}]}"#;
        assert_eq!(read(itself, &[]), Err(Reason::TooDeep));
    }
}
