//! The service's processor over a whole history, files or topics: what `replay` and `backtest` run.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::cli::cast::Cast;
use crate::cli::common::{file_topic, now, open};
use crate::cli::exit::Failure;
use crate::cli::input_args::{HistoryArgs, Source};
use crate::cli::progress::{Bar, TopicBar};
use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::engine::scoring::model::Model;
use crate::processor::batch::{Batch, OutRecord, OutTopic};
use crate::processor::recorded::Recorded;
use crate::processor::setup::{Progress, Setup, Time};
use crate::processor::topology::Processor;
use crate::service::kafka::history::PartitionHistory;
use crate::service::kafka::topics::check;
use crate::wire::event::RawRecord;
use crate::wire::partitioner::partition;

/// Records between two commits.
const BATCH_RECORDS: u64 = 2_000;

/// What gets every output of a play.
pub type See<'a> = dyn FnMut(&OutRecord<'_>) -> Result<(), Failure> + 'a;

/// A history under way through processors.
pub struct Play<'a> {
    /// What is said of it while it goes on.
    what: &'static str,
    see: &'a mut See<'a>,
    batch: Batch,
    wall: Millis,
    /// Records taken in since the last commit.
    pending: u64,
    /// What partitions said to each other and is still to be taken in; `None`: it stands in its topic already.
    messages: Option<VecDeque<(Vec<u8>, Vec<u8>)>>,
}

impl<'a> Play<'a> {
    /// Nothing played yet.
    pub fn new(what: &'static str, see: &'a mut See<'a>) -> Self {
        Self { what, see, batch: Batch::new(), wall: now(), pending: 0, messages: None }
    }

    /// Plays a history under one model, by the events' own clock.
    pub fn all(
        mut self,
        input: &HistoryArgs,
        settings: &Settings,
        setup: Setup,
        model: &Arc<Model>,
    ) -> Result<(), Failure> {
        let fresh = |setup, number| Processor::new(Arc::new(setup), number, model.clone());
        match input.source {
            Source::Files => {
                let topic = file_topic(input.topic.as_deref(), settings)?;
                let mut processors = [fresh(settings.of_files(setup, topic), 0)];
                self.files(input, settings, &mut processors)?;
            }
            Source::Kafka => {
                let partitions = check(settings)?;
                let mut progress = self.over_topics(settings, partitions)?;
                for number in 0..partitions {
                    self.partition(settings, &mut fresh(setup.clone(), number), &mut None, &mut progress)?;
                }
            }
        }
        Ok(())
    }

    /// Plays files as if they had been published into so many partitions of one topic, the models one after the other;
    /// also gives the number of rows left out.
    pub fn as_published(
        mut self,
        input: &HistoryArgs,
        settings: &Settings,
        models: Cast,
        partitions: u32,
    ) -> Result<(Vec<Processor>, u64), Failure> {
        let topic = file_topic(input.topic.as_deref(), settings)?;
        let setup = Arc::new(settings.of_files(settings.setup(partitions), topic));
        let schedule = Arc::new(models.schedule);
        let fresh = |number| {
            let mut processor = Processor::new(setup.clone(), number, models.first.clone());
            processor.offer(schedule.clone());
            processor
        };
        let mut processors: Vec<Processor> = (0..partitions).map(fresh).collect();
        let skipped = self.files(input, settings, &mut processors)?;
        Ok((processors, skipped))
    }

    /// Plays files as if they had been published into as many partitions of one topic as there are processors; gives
    /// the number of rows left out.
    fn files(
        &mut self,
        input: &HistoryArgs,
        settings: &Settings,
        processors: &mut [Processor],
    ) -> Result<u64, Failure> {
        let mut stream = open(&input.files, &input.columns, file_topic(input.topic.as_deref(), settings)?, settings)?;
        let progress = Bar::files(self.what, &input.files);
        self.messages = Some(VecDeque::new());
        while let Some((record, _)) = stream.next(&settings.rules).map_err(Failure::of)? {
            let raw = RawRecord::new(Some(&record.key), Some(&record.value), self.wall);
            self.take_next(processors, 0, &raw)?;
            while let Some((key, value)) = self.messages.as_mut().and_then(VecDeque::pop_front) {
                self.take_next(processors, 1, &RawRecord::new(Some(&key), Some(&value), self.wall))?;
            }
            progress.step(|| stream.bytes());
        }
        for processor in processors {
            self.close(processor, &mut None, true)?;
            self.commit(processor)?;
        }
        Ok(stream.skipped())
    }

    /// Takes a record into the processor of its partition, as the next one of an input.
    fn take_next(&mut self, processors: &mut [Processor], topic: usize, record: &RawRecord<'_>) -> Result<(), Failure> {
        let number = partition(record.key.unwrap_or_default(), processors.len() as u32);
        let Some(processor) = processors.get_mut(number as usize) else { return Ok(()) };
        let next = processor.offsets().get(topic).copied().flatten().unwrap_or_default();
        self.take(processor, topic, next, record)?;
        self.close(processor, &mut None, false)
    }

    /// What is shown while partitions are played one after the other.
    pub fn over_topics(&self, settings: &Settings, partitions: u32) -> Result<TopicBar, Failure> {
        Ok(TopicBar::new(self.what, settings, partitions)?)
    }

    /// Plays the processor's partition of the input topics; `closes`: those of a live history, to be repeated.
    pub fn partition(
        &mut self,
        settings: &Settings,
        processor: &mut Processor,
        closes: &mut Option<Recorded>,
        progress: &mut TopicBar,
    ) -> Result<(), Failure> {
        let mut past = PartitionHistory::open(settings, processor.partition())?;
        progress.begin(past.left());
        loop {
            self.close(processor, closes, false)?;
            let read_to = closes.as_ref().and_then(Recorded::read_to);
            let Some(record) = past.next(read_to)? else { break };
            let headers = processor.format(record.topic).map(|format| record.headers(format)).unwrap_or_default();
            self.take(processor, record.topic, record.offset, &record.record(&headers, self.wall))?;
            progress.step(|| past.left());
        }
        self.close(processor, closes, true)?;
        self.commit(processor)
    }

    fn take(
        &mut self,
        processor: &mut Processor,
        topic: usize,
        offset: i64,
        record: &RawRecord<'_>,
    ) -> Result<(), Failure> {
        processor.process(topic, offset, record, self.wall, &mut self.batch);
        self.pending += 1;
        if self.pending >= BATCH_RECORDS || !self.batch.is_empty() {
            self.commit(processor)?;
        }
        Ok(())
    }

    /// Closes what is due; `at_end`: the inputs are read to their ends.
    fn close(&mut self, processor: &mut Processor, closes: &mut Option<Recorded>, at_end: bool) -> Result<(), Failure> {
        let at_end = vec![at_end; processor.offsets().len()];
        let time = Time { wall: self.wall, at_end: &at_end, source_alive: true };
        loop {
            let progress = match closes {
                Some(closes) => closes.advance(processor, &time, &mut self.batch),
                None => processor.advance(&time, &mut self.batch),
            };
            if progress == Progress::Idle {
                return Ok(());
            }
            self.commit(processor)?;
        }
    }

    /// There is no changelog to write, so a commit only lets go of what could be rolled back.
    fn commit(&mut self, processor: &mut Processor) -> Result<(), Failure> {
        for record in self.batch.iter() {
            (self.see)(&record)?;
            if let (OutTopic::Events, Some(messages)) = (record.topic, &mut self.messages) {
                let bytes = |bytes: Option<&[u8]>| bytes.unwrap_or_default().to_vec();
                messages.push_back((bytes(record.key), bytes(record.value)));
            }
        }
        self.batch.clear();
        processor.committed();
        self.pending = 0;
        Ok(())
    }
}
