//! How far a group has committed its inputs, and how far they go.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::bench::Bench;

/// Bound on one answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Asks.
pub(crate) struct Stand {
    asking: BaseConsumer,
    topic: String,
    partitions: i32,
}

impl Stand {
    pub(crate) fn new(bench: &Bench, partitions: u32) -> Self {
        let settings = bench.settings();
        let properties = [("group.id", settings.file.kafka.group_id.as_str())];
        let topic = settings.file.topics.events[0].clone();
        Self { asking: bench.client(&properties).create().unwrap(), topic, partitions: partitions as i32 }
    }

    /// The committed offset of each partition.
    pub(crate) fn committed(&self) -> Option<BTreeMap<i32, i64>> {
        let mut list = TopicPartitionList::new();
        list.add_partition_range(&self.topic, 0, self.partitions - 1);
        let committed = self.asking.committed_offsets(list, ANSWER).ok()?;
        let offset = |one: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| one.offset().to_raw();
        Some(committed.elements().iter().map(|one| (one.partition(), offset(one).unwrap_or(0).max(0))).collect())
    }

    /// The end of each partition.
    pub(crate) fn ends(&self) -> Option<BTreeMap<i32, i64>> {
        let end = |number| Some((number, self.asking.fetch_watermarks(&self.topic, number, ANSWER).ok()?.1));
        (0..self.partitions).map(end).collect()
    }

    /// Waits until everything that was sent is committed.
    pub(crate) fn all_committed(&self) {
        assert!(self.within(Duration::from_mins(2)), "committed {:?} of {:?}", self.committed(), self.ends());
    }

    /// Whether everything that was sent gets committed in that time.
    pub(crate) fn within(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        loop {
            let (committed, ends) = (self.committed(), self.ends());
            if committed.is_some() && committed == ends {
                return true;
            }
            if begun.elapsed() > patience {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
