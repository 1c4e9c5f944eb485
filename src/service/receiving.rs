//! The way of a record to its partition where it names a schema: at once, or once the schema is there.

use tracing::info;

use crate::service::broker::{Broker, Position};
use crate::service::held::HeldRecord;
use crate::service::lanes::Lanes;
use crate::service::shared::Now;
use crate::service::traces::way::Way;
use crate::wire::event::RawRecord;
use crate::wire::inputs::format::Format;

impl Lanes {
    /// Takes a record in, or holds it until its schema is there; whether it is time to look at the clock.
    pub fn receive(
        &mut self,
        broker: &mut impl Broker,
        from: Position,
        record: &RawRecord<'_>,
        way: Option<Way>,
        now: Now,
    ) -> bool {
        let Some(framed) = self.shared.setup.formats.get(from.topic).and_then(Format::framing) else {
            return self.take(broker, from, record, way, now);
        };
        let Some(lane) = self.owned.get_mut(&from.partition) else { return false };
        let last = lane.held.last(from.topic).map(|last| last.offset + 1);
        let next = last.or_else(|| lane.processor.offsets().get(from.topic).copied().flatten());
        // Reading on after a pause may begin with what was had before.
        if next.is_some_and(|next| from.offset < next) {
            return false;
        }
        let missing = framed.missing(record.value);
        if last.is_none() && missing.is_none() {
            return self.take(broker, from, record, way, now);
        }
        if let Some(id) = missing {
            framed.schemas.want(id);
        }
        lane.received(from.topic, record.timestamp);
        lane.held.push(from.topic, HeldRecord::new(from.offset, record, way), || self.shared.metrics.registry().wait());
        if last.is_none() {
            info!(partition = from.partition, id = missing, "waiting for a schema");
            let paused = broker.pause(from);
            self.give_up_on(broker, paused);
        }
        false
    }

    /// Takes in what waited for schemas that are there by now, and reads those partitions on.
    pub fn release(&mut self, broker: &mut impl Broker, now: Now) {
        let holding = self.owned.iter().filter(|(_, lane)| lane.held.any());
        let places: Vec<(u32, usize)> =
            holding.flat_map(|(number, lane)| lane.held.topics().map(|topic| (*number, topic))).collect();
        for (partition, topic) in places {
            while let Some(mut held) = self.ready(partition, topic) {
                let from = Position { topic, partition, offset: held.offset };
                let way = held.way.take();
                held.with(|record| self.take(broker, from, record, way, now));
            }
            // Where a transaction was lost meanwhile, nothing is held any more and all is read again already.
            let Some(lane) = self.owned.get_mut(&partition).filter(|lane| lane.held.any()) else { continue };
            if lane.held.is_through(topic) {
                let offset = lane.processor.offsets().get(topic).copied().flatten().unwrap_or_default();
                let resumed = broker.resume(Position { topic, partition, offset });
                self.give_up_on(broker, resumed);
            }
        }
    }

    /// The first record that waits, if it need not any more.
    fn ready(&mut self, partition: u32, topic: usize) -> Option<HeldRecord> {
        let framed = self.shared.setup.formats.get(topic)?.framing()?;
        self.owned.get_mut(&partition)?.held.pop(topic, |value| match framed.missing(value) {
            Some(id) => {
                framed.schemas.want(id);
                false
            }
            None => true,
        })
    }
}
