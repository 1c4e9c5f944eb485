//! The service's processor over a whole history: what `backtest` and `compare` look at.

use std::sync::Arc;

use crate::cli::common::{now, open};
use crate::cli::exit::Failure;
use crate::cli::input_args::{HistoryArgs, Source};
use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::engine::scoring::model::Model;
use crate::processor::batch::{Batch, OutRecord};
use crate::processor::setup::{Progress, Setup, Time};
use crate::processor::topology::Processor;
use crate::service::kafka::history::PartitionHistory;
use crate::service::kafka::topics::check;
use crate::wire::event::RawRecord;

/// Records between two commits.
const BATCH_RECORDS: u64 = 2_000;

/// A history under way through processors; `see` gets every output.
pub struct Play<'a> {
    see: &'a mut dyn FnMut(&OutRecord<'_>),
    batch: Batch,
    wall: Millis,
    pending: u64,
}

impl<'a> Play<'a> {
    /// Nothing played yet.
    pub fn new(see: &'a mut dyn FnMut(&OutRecord<'_>)) -> Self {
        Self { see, batch: Batch::new(), wall: now(), pending: 0 }
    }

    /// Plays all of the input, all closes included, and gives the processors.
    pub fn run(
        mut self,
        input: &HistoryArgs,
        settings: &Settings,
        setup: Setup,
        model: &Arc<Model>,
    ) -> Result<Vec<Processor>, Failure> {
        match input.source {
            Source::Files => {
                let setup = Setup { input_topics: setup.input_topics.into_iter().take(1).collect(), ..setup };
                let mut processor = Processor::new(Arc::new(setup), 0, model.clone());
                let mut stream = open(&input.files, &input.columns, settings)?;
                while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::of)? {
                    let (key, value) = (Some(&record.key[..]), Some(&record.value[..]));
                    self.take(&mut processor, 0, &RawRecord { key, value, timestamp: self.wall });
                }
                self.close(&mut processor, true);
                Ok(vec![processor])
            }
            Source::Kafka => {
                let partitions = check(settings)?;
                let setup = Arc::new(setup);
                let mut processors = Vec::new();
                for number in 0..partitions {
                    let mut processor = Processor::new(setup.clone(), number, model.clone());
                    let mut past = PartitionHistory::open(settings, number)?;
                    while let Some(record) = past.next(None)? {
                        self.take(&mut processor, record.topic, &record.record(self.wall));
                    }
                    self.close(&mut processor, true);
                    processors.push(processor);
                }
                Ok(processors)
            }
        }
    }

    fn take(&mut self, processor: &mut Processor, topic: usize, record: &RawRecord<'_>) {
        self.close(processor, false);
        let next = processor.offsets().get(topic).copied().flatten().unwrap_or_default();
        processor.process(topic, next, record, self.wall, &mut self.batch);
        self.pending += 1;
        if self.pending >= BATCH_RECORDS || !self.batch.is_empty() {
            self.commit(processor);
        }
    }

    /// Closes what is due; `at_end`: the inputs are read to their ends.
    fn close(&mut self, processor: &mut Processor, at_end: bool) {
        let at_end = vec![at_end; processor.offsets().len()];
        let time = Time { wall: self.wall, at_end: &at_end, source_alive: true };
        while processor.advance(&time, &mut self.batch) == Progress::More {
            self.commit(processor);
        }
    }

    fn commit(&mut self, processor: &mut Processor) {
        self.batch.iter().for_each(|record| (self.see)(&record));
        self.batch.clear();
        processor.committed();
        self.pending = 0;
    }
}
