//! The life of `rekey`: works until SIGTERM or SIGINT, or until something cannot be mended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use tracing::{info, warn};

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::topics;
use crate::service::pulse::Pulse;
use crate::service::rekey::rekeyer::{Done, work};

/// Pause before it begins anew, doubled with each time in a row, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// After so long without trouble the next counts as the first.
const CALM: Duration = Duration::from_mins(1);

/// Runs it.
pub fn run(settings: &Settings) -> Result<(), ServiceFault> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // A second signal ends it where it stands: an open transaction is invisible.
        flag::register_conditional_shutdown(signal, 130, stop.clone())
            .and_then(|_| flag::register(signal, stop.clone()))
            .map_err(|fault| ServiceFault::Failed(format!("cannot heed signals: {fault}")))?;
    }
    let into = settings.own_topic().unwrap_or_default();
    for topic in settings.file.rekey.topics.iter().map(String::as_str).chain([into, &settings.file.topics.dead_letters])
    {
        topics::partitions(settings, topic)?;
    }
    let (pulse, done) = (Pulse::new(stop.clone(), Instant::now()), Done::default());
    info!(from = settings.file.rekey.topics.join(", "), into, "keying anew");
    let mut trouble = 0;
    loop {
        let begun = Instant::now();
        match work(settings, &pulse, &done) {
            Ok(()) => break,
            // Whatever was not committed by then is done again by the next.
            Err(fault) if stop.load(Ordering::Relaxed) => {
                info!(%fault, "stopped in the middle");
                break;
            }
            Err(ServiceFault::CutOff(sentence) | ServiceFault::ShutOut(sentence)) => {
                trouble = if begun.elapsed() > CALM { 0 } else { trouble + 1 };
                let pause = (PAUSE * (1 << trouble.min(10))).min(MAX_PAUSE);
                warn!(sentence, ?pause, "beginning anew");
                std::thread::sleep(pause);
            }
            Err(fault) => return Err(fault),
        }
    }
    let count = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
    info!(
        records = count(&done.records),
        events = count(&done.events),
        dead_letters = count(&done.letters),
        unused = count(&done.unused),
        "stopped"
    );
    Ok(())
}
