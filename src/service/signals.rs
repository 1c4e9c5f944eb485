//! SIGTERM and SIGINT, heeded from the first moment: as the first process of a container nobody else would.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::service::fault::ServiceFault;

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

    /// Waits for either.
    pub async fn any(&mut self) {
        tokio::select! { _ = self.terminate.recv() => {}, _ = self.interrupt.recv() => {} }
    }
}
