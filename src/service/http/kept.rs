//! Answers that take seconds to work out, kept and worked out again while the old one still answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;

/// Working out may take this share of the time at most, and is not done more often than once a second.
const SHARE: u32 = 10;
const LEAST: Duration = Duration::from_secs(1);
/// What is older than this is no answer any more.
const KEPT: Duration = Duration::from_mins(10);

/// An answer with its age.
pub struct Seen<T> {
    /// The answer.
    pub answer: T,
    /// When it was begun, and how long that took.
    at: Instant,
    took: Duration,
}

impl<T> Seen<T> {
    /// One of this moment.
    pub fn now(answer: T) -> Arc<Self> {
        Arc::new(Self { answer, at: Instant::now(), took: Duration::ZERO })
    }

    /// How long ago it was.
    pub fn age(&self) -> Duration {
        self.at.elapsed()
    }

    fn is_new(&self) -> bool {
        self.age() < LEAST.max(SHARE * self.took)
    }
}

/// The newest answer.
pub struct Kept<T> {
    kept: Mutex<Option<Arc<Seen<T>>>>,
    working: AsyncMutex<()>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { kept: Mutex::new(None), working: AsyncMutex::default() }
    }
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// The answer, as of now or of a moment ago; only what `work` gives is kept, and its fault is told to whoever waits for
    /// it.
    pub async fn seen<E, W>(self: &Arc<Self>, work: impl FnOnce() -> W) -> Result<Arc<Seen<T>>, E>
    where
        E: Send + 'static,
        W: Future<Output = Result<T, E>> + Send + 'static,
    {
        let Some(kept) = self.kept() else {
            let _turn = self.working.lock().await;
            // Another has worked it out meanwhile.
            return match self.kept().filter(|kept| kept.is_new()) {
                Some(kept) => Ok(kept),
                None => self.keep(work()).await,
            };
        };
        if !kept.is_new() && self.working.try_lock().is_ok() {
            let (this, work) = (Arc::clone(self), work());
            tokio::spawn(async move {
                if let Ok(_turn) = this.working.try_lock() {
                    drop(this.keep(work).await);
                }
            });
        }
        Ok(kept)
    }

    /// The newest answer, if one is kept.
    pub fn kept(&self) -> Option<Arc<Seen<T>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        kept.filter(|kept| kept.age() < KEPT)
    }

    async fn keep<E>(&self, work: impl Future<Output = Result<T, E>>) -> Result<Arc<Seen<T>>, E> {
        let at = Instant::now();
        let seen = Arc::new(Seen { answer: work.await?, at, took: at.elapsed() });
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&seen));
        Ok(seen)
    }
}
