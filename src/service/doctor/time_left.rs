//! How much time is left: every wait of the doctor is bounded by it, so that the sum of the bounds is too.

use std::time::{Duration, Instant};

/// A moment by which all must be over.
#[derive(Clone, Copy, Debug)]
pub struct TimeLeft(Instant);

impl TimeLeft {
    /// So much from now on.
    pub fn of(time: Duration) -> Self {
        Self(Instant::now() + time)
    }

    /// What a single wait may take: `most`, or what is left.
    pub fn bound(self, most: Duration) -> Duration {
        most.min(self.0.saturating_duration_since(Instant::now()))
    }

    /// Whether nothing is left.
    pub fn is_over(self) -> bool {
        Instant::now() >= self.0
    }

    /// Waits, at most to the end.
    pub fn sleep(self, time: Duration) {
        std::thread::sleep(self.bound(time));
    }
}
