//! Whether anything still writes into the inputs. A dead upstream must not warn everybody, so it holds days open.
//!
//! One watch a process looks at the ends of all inputs every few seconds, whether a close waits or not: what counts is
//! when they moved, not when somebody asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use tracing::{info, warn};

use crate::processor::setup::ClockMode;
use crate::service::fault::ServiceFault;
use crate::service::kafka::context::Reader;
use crate::service::kafka::hearing::Hearing;
use crate::service::kafka::topics::asker;
use crate::service::pulse::Pulse;
use crate::service::shared::Shared;

/// How often the ends are looked at, unless the silence allowed is shorter still.
const LOOK: Duration = Duration::from_secs(10);
/// How long one look at one partition may take.
const ANSWER: Duration = Duration::from_secs(1);

/// Partitions that may be silent in one look before the rest is left for the next.
const MAX_MUTE: usize = 5;

/// Asked by the workers.
#[derive(Clone)]
pub struct SourceWatch {
    alive: Arc<AtomicBool>,
}

impl SourceWatch {
    /// A source that always counts as alive: with the event clock, or with `time.source_silence` off.
    fn trusted() -> Self {
        Self { alive: Arc::new(AtomicBool::new(true)) }
    }

    /// Starts the watch where the settings ask for one. Until its first look the source counts as dead.
    pub fn start(shared: &Shared, pulse: &Pulse) -> Result<Self, ServiceFault> {
        let Some(silence) = shared.settings.source_silence.filter(|_| shared.setup.clock == ClockMode::Wall) else {
            return Ok(Self::trusted());
        };
        let (consumer, hearing) = (asker(&shared.settings)?, Hearing::default());
        let watch = Self { alive: Arc::new(AtomicBool::new(false)) };
        let (alive, shared, pulse) = (watch.alive.clone(), shared.clone(), pulse.clone());
        let work =
            move || Source { consumer, hearing, shared, silence, moved: None, ends: Vec::new() }.watch(&alive, &pulse);
        let thread = std::thread::Builder::new().name("source".into()).spawn(work);
        thread.map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))?;
        Ok(watch)
    }

    /// Whether an input moved within `time.source_silence`.
    pub fn alive(&self) -> bool {
        self.alive.load(Ordering::Relaxed)
    }
}

/// The watch itself.
struct Source {
    consumer: Reader,
    hearing: Hearing,
    shared: Shared,
    silence: Duration,
    /// When an end was last seen to have moved.
    moved: Option<Instant>,
    /// The next offset of each partition of each input, where it has answered.
    ends: Vec<Option<i64>>,
}

impl Source {
    fn watch(&mut self, alive: &AtomicBool, pulse: &Pulse) {
        let pause = LOOK.min(self.silence / 4);
        let mut before = None;
        while !pulse.stopping() {
            let now = self.look(pulse.running());
            alive.store(now, Ordering::Relaxed);
            self.shared.metrics.source_silent(!now);
            if before != Some(now) {
                before = Some(now);
                if now {
                    info!("the inputs move");
                } else {
                    warn!(silence = ?self.silence, "no input moves: days are held open, and nobody is warned; look at what writes the events");
                }
            }
            let until = Instant::now() + pause;
            while Instant::now() < until && !pulse.stopping() {
                std::thread::sleep(Duration::from_millis(100).min(pause));
            }
        }
    }

    /// Alive: the ends moved before our eyes within the silence allowed. A process that has not run that long yet goes
    /// by the stamps of the records instead.
    fn look(&mut self, running: Duration) -> bool {
        let now = self.ends();
        if now.iter().any(Option::is_some) {
            self.hearing.heard();
        } else if let Some(topic) = self.shared.setup.input_topics.first() {
            self.hearing.renew(&self.shared.settings, &mut self.consumer, topic);
        }
        let rose = self.ends.iter().zip(&now).any(|(before, now)| before.is_some() && before < now);
        if rose {
            self.moved = Some(Instant::now());
        }
        // Who does not answer stands where it was last seen.
        let known = |at: usize| self.ends.get(at).copied().flatten();
        self.ends = now.iter().enumerate().map(|(at, end)| end.or(known(at))).collect();
        match self.moved {
            Some(moved) => moved.elapsed() < self.silence,
            None => running < self.silence && self.stamped(),
        }
    }

    fn partitions(&self) -> impl Iterator<Item = (&String, i32)> {
        let count = self.shared.setup.policy.partitions as i32;
        self.shared.setup.input_topics.iter().flat_map(move |topic| (0..count).map(move |number| (topic, number)))
    }

    /// The next offset of each partition; after a few that do not answer the rest is not asked.
    fn ends(&self) -> Vec<Option<i64>> {
        let mut mute = 0;
        let ends = self.partitions().map(|(topic, number)| {
            let answer =
                if mute < MAX_MUTE { self.consumer.fetch_watermarks(topic, number, ANSWER).ok() } else { None };
            mute += usize::from(answer.is_none());
            answer.map(|(_, high)| high)
        });
        ends.collect()
    }

    /// Whether any input holds a record stamped within the silence allowed.
    fn stamped(&self) -> bool {
        let since = jiff::Timestamp::now().as_millisecond() - self.silence.as_millis() as i64;
        let mut times = TopicPartitionList::new();
        for (topic, number) in self.partitions() {
            let added = times.add_partition_offset(topic, number, Offset::Offset(since));
            debug_assert!(added.is_ok());
        }
        self.consumer.offsets_for_times(times, Duration::from_secs(5)).is_ok_and(|found| {
            found.elements().iter().any(|element| matches!(element.offset(), Offset::Offset(offset) if offset >= 0))
        })
    }
}
