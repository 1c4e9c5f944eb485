//! One input record: its events into the engine, what cannot be used into dead letters.

use crate::engine::day::Millis;
use crate::engine::effect::Effect;
use crate::engine::event::Reason;
use crate::engine::step::{Input, Outcome};
use crate::processor::batch::{Batch, OutTopic};
use crate::processor::stage::Stage;
use crate::processor::stats::Counted;
use crate::processor::topology::Processor;
use crate::wire::dead_letter::Origin;
use crate::wire::event::RawRecord;
use crate::wire::inputs::format::Format;
use crate::wire::merging::forwarded;
use crate::wire::reject::Reject;

impl Processor {
    /// Takes one input record of `topic` in. Call only while not [`Processor::closing`]: a close is a barrier.
    pub fn process(&mut self, topic: usize, offset: i64, record: &RawRecord<'_>, wall: Millis, batch: &mut Batch) {
        self.process_watched((topic, offset), record, wall, batch, |_| ());
    }

    /// The same, telling `watch` of each stage as it ends.
    pub fn process_watched(
        &mut self,
        (topic, offset): (usize, i64),
        record: &RawRecord<'_>,
        wall: Millis,
        batch: &mut Batch,
        mut watch: impl FnMut(Stage),
    ) {
        debug_assert!(self.engine.clock().closing.is_none(), "a close is a barrier: advance first");
        self.dirty = true;
        self.counted.open.records += 1;
        if let Some(next) = self.offsets.get_mut(topic) {
            *next = Some(offset + 1);
        }
        let Self { setup, engine, reader, effects, counted: Counted { open: fresh, .. }, .. } = self;
        let format = setup.formats.get(topic).unwrap_or(&Format::Events);
        let read = reader.read(format, &setup.rules, record, wall, |parsed, text| {
            watch(Stage::Decoded);
            fresh.unknown_fields += u64::from(parsed.unknown_fields);
            let settles = setup.rules.settles(parsed.event.time);
            let outcome = engine.step(Input::Event { event: &parsed.event, topic, settles }, effects);
            watch(Stage::Stepped(outcome));
            match outcome {
                Outcome::Applied => fresh.event(&parsed.event.body),
                Outcome::AppliedBut(reason) | Outcome::Rejected(reason) => return Some(Reject::from(reason)),
                Outcome::Duplicate => fresh.duplicates += 1,
                Outcome::Erased => fresh.erased += 1,
                Outcome::Forwarded => {
                    if forward(effects.pop(), text, batch).is_none() {
                        return Some(Reason::TooLarge.into());
                    }
                    fresh.forwarded += 1;
                }
                Outcome::Closing | Outcome::Closed => {}
            }
            None
        });
        fresh.unused += u64::from(read.events == 0 && read.refused.is_none());
        if let Some(reject) = read.refused {
            self.bury(reject, topic, offset, record, batch);
        }
        self.perform(batch);
    }

    fn bury(&mut self, reject: Reject, topic: usize, offset: i64, record: &RawRecord<'_>, batch: &mut Batch) {
        self.counted.open.dead_letter(reject.reason);
        let name = self.setup.input_topics.get(topic).map_or("", String::as_str);
        batch.bury(reject, Origin { topic: name, partition: self.partition, offset }, record);
    }
}

/// Passes an alias's event on; `None` where it grew too long under the other id.
fn forward(to: Option<Effect>, event: &[u8], batch: &mut Batch) -> Option<()> {
    let Some(Effect::Forward { to }) = to else { return None };
    let forwarded = forwarded(event, &to)?;
    batch.add(OutTopic::Events, to.as_bytes(), |out| out.extend_from_slice(&forwarded));
    Some(())
}
