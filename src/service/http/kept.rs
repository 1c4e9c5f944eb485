//! Answers that take seconds to work out, kept and worked out again while the old one still answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;

/// Working out may take this share of the time at most, and is not done more often than once a second.
const SHARE: u32 = 10;
const LEAST: Duration = Duration::from_secs(1);
/// What is older than this is no answer any more.
const KEPT: Duration = Duration::from_mins(10);
/// At this age an answer that somebody still looks at is worked out again before anybody waits for it.
const WARM: Duration = Duration::from_mins(5);
/// Who looked within this time looks again: once a day is often enough.
const LOOKED_AT: Duration = Duration::from_hours(26);

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
    newest: Mutex<Option<Arc<Seen<T>>>>,
    working: Arc<AsyncMutex<()>>,
    /// Until when somebody is expected to ask.
    expected: Mutex<Option<Instant>>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { newest: Mutex::new(None), working: Arc::default(), expected: Mutex::new(None) }
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
        self.expect_look(LOOKED_AT);
        let Some(kept) = self.kept() else {
            let _turn = self.working.lock().await;
            // Another has worked it out meanwhile.
            return match self.kept().filter(|kept| kept.is_new()) {
                Some(kept) => Ok(kept),
                None => self.keep(work()).await,
            };
        };
        if !kept.is_new()
            && let Ok(turn) = Arc::clone(&self.working).try_lock_owned()
        {
            let (this, work) = (Arc::clone(self), work());
            tokio::spawn(async move {
                drop(this.keep(work).await);
                drop(turn);
            });
        }
        Ok(kept)
    }

    /// Somebody is expected to ask within that time.
    pub fn expect_look(&self, within: Duration) {
        *self.expected.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + within);
    }

    /// The newest answer, if one is kept.
    pub fn kept(&self) -> Option<Arc<Seen<T>>> {
        let kept = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        kept.filter(|kept| kept.age() < KEPT)
    }

    /// Works an answer that somebody looks at out again before it is old; lets go of one that nobody does.
    pub async fn keep_warm<E, W>(&self, work: impl FnOnce() -> W)
    where
        W: Future<Output = Result<T, E>>,
    {
        let expected = *self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        if expected.is_none_or(|until| until < Instant::now()) {
            *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = None;
        } else if self.kept().is_none_or(|kept| kept.age() > WARM)
            && let Ok(_turn) = self.working.try_lock()
        {
            drop(self.keep(work()).await);
        }
    }

    async fn keep<E>(&self, work: impl Future<Output = Result<T, E>>) -> Result<Arc<Seen<T>>, E> {
        let at = Instant::now();
        let seen = Arc::new(Seen { answer: work.await?, at, took: at.elapsed() });
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&seen));
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::Kept;

    #[tokio::test]
    async fn one_works_it_out_for_all_and_a_fault_is_not_kept() {
        let (kept, worked) = (Arc::new(Kept::<u32>::default()), Arc::new(AtomicU32::new(0)));
        assert!(kept.seen(|| async { Err::<u32, &str>("not now") }).await.is_err_and(|fault| fault == "not now"));
        assert!(kept.kept().is_none());
        let ask = || {
            let (kept, worked) = (Arc::clone(&kept), Arc::clone(&worked));
            tokio::spawn(async move {
                let work = || async move {
                    tokio::task::yield_now().await;
                    Ok::<_, Infallible>(worked.fetch_add(1, Ordering::Relaxed) + 1)
                };
                kept.seen(work).await.map(|seen| seen.answer)
            })
        };
        for asked in [ask(), ask(), ask()] {
            assert_eq!(asked.await.unwrap(), Ok(1));
        }
        assert_eq!(worked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_nobody_looks_at_is_let_go() {
        let kept = Kept::<u32>::default();
        drop(kept.keep(async { Ok::<_, Infallible>(1) }).await);
        assert!(kept.kept().is_some());
        kept.keep_warm(|| async { Ok::<_, Infallible>(2) }).await;
        assert!(kept.kept().is_none(), "nobody has asked");
        kept.expect_look(super::LOOKED_AT);
        kept.keep_warm(|| async { Ok::<_, Infallible>(3) }).await;
        assert_eq!(kept.kept().map(|seen| seen.answer), Some(3));
    }
}
