//! SIGTERM and SIGINT, heeded from the first moment: as the first process of a container nobody else would.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::service::fault::ServiceFault;
use crate::service::pulse::{Watched, in_trouble};

/// How often the threads are looked at.
const TICK: Duration = Duration::from_millis(100);

/// The signals that ask the process to end.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Heeds them from now on.
    pub fn new() -> Result<Self, ServiceFault> {
        let heed = |kind| signal(kind).map_err(|fault| ServiceFault::Failed(fault.to_string()));
        Ok(Self { terminate: heed(SignalKind::terminate())?, interrupt: heed(SignalKind::interrupt())? })
    }

    /// Waits for either (`true`), or for trouble with one of these threads.
    pub async fn or_trouble(&mut self, threads: &[Watched]) -> bool {
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                () = self.any() => return true,
                _ = tick.tick() => if in_trouble(threads) {
                    return false;
                },
            }
        }
    }

    /// Waits for either.
    pub async fn any(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}
