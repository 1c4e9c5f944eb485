//! The customers that lists are made of. Looking at all of them takes a worker seconds, so what was seen is kept and asked for
//! again while the old answers: a list's order may be some seconds old, a customer in it never is.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex as AsyncMutex;

use crate::engine::roster::Listed;
use crate::service::status::{Question, Status};

/// How long the workers may take to look at all customers.
const PATIENCE: Duration = Duration::from_mins(2);
/// Looking may take this share of the time at most, and is not done more often than once a second.
const SHARE: u32 = 10;
const LEAST: Duration = Duration::from_secs(1);
/// What is older than this is no answer any more.
const KEPT: Duration = Duration::from_mins(10);

/// All customers of this replica, as they were when they were looked at.
pub struct Seen {
    /// The customers.
    pub listed: Vec<Listed>,
    /// Their partitions.
    pub partitions: usize,
    /// When they were looked at, and how long that took.
    at: Instant,
    took: Duration,
}

impl Seen {
    /// How long ago it was.
    pub fn age(&self) -> Duration {
        self.at.elapsed()
    }

    fn is_new(&self) -> bool {
        self.age() < LEAST.max(SHARE * self.took)
    }
}

/// The newest look.
#[derive(Default)]
pub struct Listing {
    kept: Mutex<Option<Arc<Seen>>>,
    looking: AsyncMutex<()>,
}

impl Listing {
    /// All customers, as of now or of a moment ago; `None` where the workers can't tell now.
    pub async fn seen(self: &Arc<Self>, status: &Arc<Status>) -> Option<Arc<Seen>> {
        let Some(kept) = self.kept().filter(|kept| kept.age() < KEPT) else {
            let _turn = self.looking.lock().await;
            // Another has looked meanwhile.
            return match self.kept().filter(|kept| kept.is_new()) {
                Some(kept) => Some(kept),
                None => self.look(status).await,
            };
        };
        if !kept.is_new() {
            let (listing, status) = (Arc::clone(self), Arc::clone(status));
            tokio::spawn(async move {
                if let Ok(_turn) = listing.looking.try_lock() {
                    listing.look(&status).await;
                }
            });
        }
        Some(kept)
    }

    fn kept(&self) -> Option<Arc<Seen>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks every worker; only a whole answer is kept.
    async fn look(&self, status: &Status) -> Option<Arc<Seen>> {
        let at = Instant::now();
        let asked = status.ask(|answer| Question::Roster { answer });
        let deadline = tokio::time::Instant::now() + PATIENCE;
        let mut seen = Seen { listed: Vec::new(), partitions: 0, at, took: Duration::ZERO };
        if asked.len() < status.phases().len() {
            return None;
        }
        for answer in asked {
            let roster = tokio::time::timeout_at(deadline, answer).await.ok()?.ok()??;
            seen.partitions += roster.partitions.len();
            seen.listed.extend(roster.listed);
        }
        seen.took = at.elapsed();
        let seen = Arc::new(seen);
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&seen));
        Some(seen)
    }
}
