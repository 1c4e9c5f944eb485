//! The one way from a record to events, whatever its shape.

use crate::engine::day::Millis;
use crate::wire::event::{Parsed, RawRecord, Scratch, parse};
use crate::wire::inputs::format::Format;
use crate::wire::inputs::told::{Told, ToldEvent};
use crate::wire::reject::Reject;
use crate::wire::rules::EventRules;

/// Buffers that are reused from record to record.
#[derive(Debug, Default)]
pub struct Reader {
    scratch: Scratch,
    told: Told,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Events that it told.
    pub events: usize,
    /// Why the first of them that could not be used could not.
    pub refused: Option<Reject>,
}

impl Reader {
    /// What the last record of a foreign shape told.
    pub fn told(&self) -> &[ToldEvent] {
        self.told.events()
    }

    /// Hands each event of a record to `each`, in order, also after one was refused: a refund counts though its purchase
    /// came too late. What was taken of a record that comes again, mended, is a duplicate then. `each` gets the event's
    /// own JSON beside it; `wall` is the time now.
    pub fn read(
        &mut self,
        format: &Format,
        rules: &EventRules,
        record: &RawRecord<'_>,
        wall: Millis,
        mut each: impl FnMut(&Parsed<'_>, &[u8]) -> Option<Reject>,
    ) -> Read {
        let Self { scratch, told } = self;
        let mut one = |record: &RawRecord<'_>| match parse(rules, record, wall, scratch) {
            Ok(parsed) => each(&parsed, record.value.unwrap_or_default()),
            Err(reject) => Some(reject),
        };
        if format.is_ours() {
            return Read { events: 1, refused: one(record) };
        }
        if let Err(reject) = format.translate(record, rules, told) {
            return Read { events: 0, refused: Some(reject) };
        }
        let mut refused = None;
        for event in told.events() {
            let reject = one(&RawRecord { value: Some(&event.text), ..*record });
            refused = refused.or(reject);
        }
        Read { events: told.events().len(), refused }
    }

    /// Hands each event of a record that is not keyed by its customer to `each`, as far as it could be used where it goes.
    pub fn rekey(
        &mut self,
        format: &Format,
        rules: &EventRules,
        record: &RawRecord<'_>,
        wall: Millis,
        mut each: impl FnMut(&ToldEvent),
    ) -> Read {
        let Self { scratch, told } = self;
        if let Err(reject) = format.translate(record, rules, told) {
            return Read { events: 0, refused: Some(reject) };
        }
        let mut refused = None;
        for event in told.events() {
            let keyed = RawRecord { key: Some(event.customer.as_bytes()), value: Some(&event.text), ..*record };
            match parse(rules, &keyed, wall, scratch) {
                Ok(_) => each(event),
                Err(reject) => refused = refused.or(Some(reject)),
            }
        }
        Read { events: told.events().len(), refused }
    }
}
