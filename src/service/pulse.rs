//! A worker's sign of life, and the word that it is to end. Whatever waits, waits with this in hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::service::fault::ServiceFault;

/// A thread without a sign of life for this long is stuck: longer than any bounded wait of its own.
const STUCK: Duration = Duration::from_mins(5);

/// A thread at work, with its sign of life.
pub type Watched = (JoinHandle<Result<(), ServiceFault>>, Pulse);

/// Whether one of these threads has ended or is stuck.
pub fn in_trouble(threads: &[Watched]) -> bool {
    threads.iter().any(|(thread, pulse)| thread.is_finished() || pulse.silence() > STUCK)
}

/// Waits for the threads to end, bounded. Gives the fault that ended one; `late` and `panicked` are what is said of one that
/// did not end in time, or not by itself.
pub fn join(threads: Vec<Watched>, within: Duration, late: &str, panicked: &str) -> Result<(), ServiceFault> {
    let (deadline, mut result) = (Instant::now() + within, Ok(()));
    for (thread, _) in threads {
        while !thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = if thread.is_finished() {
            thread.join().unwrap_or_else(|_| Err(ServiceFault::Failed(panicked.into())))
        } else {
            Err(ServiceFault::Stuck(late.into()))
        };
        result = result.and(ended);
    }
    result
}

/// Shared between a worker and the process that watches it.
#[derive(Clone, Debug)]
pub struct Pulse {
    stop: Arc<AtomicBool>,
    /// Milliseconds from the start of the process to the last beat.
    last: Arc<AtomicU64>,
    started: Instant,
}

impl Pulse {
    /// The pulse of a worker that `stop` ends.
    pub fn new(stop: Arc<AtomicBool>, started: Instant) -> Self {
        let pulse = Self { stop, last: Arc::new(AtomicU64::new(0)), started };
        pulse.beat();
        pulse
    }

    /// A pulse that nobody watches and nothing stops, for commands.
    pub fn free() -> Self {
        Self::new(Arc::new(AtomicBool::new(false)), Instant::now())
    }

    /// The worker lives. Also to be said while it waits for a broker: that time does not count against it.
    pub fn beat(&self) {
        self.last.store(self.started.elapsed().as_millis() as u64, Ordering::Relaxed);
    }

    /// Time since the last beat.
    pub fn silence(&self) -> Duration {
        self.started.elapsed().saturating_sub(Duration::from_millis(self.last.load(Ordering::Relaxed)))
    }

    /// Time since the process started.
    pub fn running(&self) -> Duration {
        self.started.elapsed()
    }

    /// Beats; a fault once the process is to end.
    pub fn go_on(&self) -> Result<(), ServiceFault> {
        self.beat();
        if self.stopping() { Err(ServiceFault::Failed("stopped while reading".into())) } else { Ok(()) }
    }

    /// Whether the process is to end.
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
