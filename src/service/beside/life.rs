//! Listen, check, start the threads, wait for a signal or a fault, finish what is under way.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::low_level;
use tracing::{info, warn};

use crate::service::beside::probes::Probes;
use crate::service::fault::ServiceFault;
use crate::service::http::door::{bind, serve};
use crate::service::pulse::{Watched, join};
use crate::service::signals::Signals;

/// How long an orderly end may take.
const DRAIN: Duration = Duration::from_secs(9);
/// Most connections to the listener.
const CONNECTIONS: usize = 64;

/// Threads at work, each with its sign of life.
pub type Running = Vec<Watched>;

/// What a command lives by.
pub struct Life {
    /// Where probes and metrics are asked for, and the key that says so.
    pub listen: (SocketAddr, &'static str),
    /// Most requests a second.
    pub per_second: u32,
    /// What is answered there.
    pub probes: Probes,
}

impl Life {
    /// Runs until SIGTERM or SIGINT, or until something cannot be mended. `check` says what is missing before anything is
    /// started; `start` starts the threads, which end when the word is said.
    pub fn run(
        self,
        check: impl FnOnce() -> Result<(), ServiceFault> + Send + 'static,
        start: impl FnOnce(&Probes, &Arc<AtomicBool>) -> Result<Running, ServiceFault>,
    ) -> Result<(), ServiceFault> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|fault| ServiceFault::Failed(fault.to_string()))?;
        let result = runtime.block_on(self.live(check, start));
        runtime.shutdown_background();
        result
    }

    async fn live(
        self,
        check: impl FnOnce() -> Result<(), ServiceFault> + Send + 'static,
        start: impl FnOnce(&Probes, &Arc<AtomicBool>) -> Result<Running, ServiceFault>,
    ) -> Result<(), ServiceFault> {
        let Self { listen: (address, key), per_second, probes } = self;
        let mut signals = Signals::new()?;
        let (listener, address) = bind(address, key).await.map_err(ServiceFault::Setup)?;
        tokio::spawn(serve(listener, probes.clone().routes(per_second), None, CONNECTIONS));
        let checked = tokio::task::spawn_blocking(check);
        tokio::select! {
            checked = checked => checked.map_err(|fault| ServiceFault::Failed(fault.to_string()))??,
            () = signals.any() => return Ok(()),
        }
        let stop = Arc::new(AtomicBool::new(false));
        let running = start(&probes, &stop)?;
        info!(%address, "at work");
        let asked_to_end = signals.or_trouble(&running).await;
        if asked_to_end {
            info!("draining");
            probes.is_draining.store(true, Ordering::Relaxed);
            tokio::spawn(async move {
                signals.any().await;
                low_level::exit(130);
            });
        }
        stop.store(true, Ordering::Relaxed);
        let late = "a thread did not finish in time; what it had not committed is done again";
        match tokio::task::block_in_place(|| join(running, DRAIN, late, "a thread panicked")) {
            // What was not committed is done again by the next.
            Err(ServiceFault::Stuck(sentence)) if asked_to_end => {
                warn!(sentence, "ended before everything was committed");
                Ok(())
            }
            Ok(()) if !asked_to_end => Err(ServiceFault::Stuck(
                "a thread gave no sign of life for minutes; the log says what it did last".into(),
            )),
            result => result,
        }
    }
}
