//! The life of `churnwatch rekey`: one thread, which begins anew after trouble.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tracing::{error, info, warn};

use crate::config::settings::Settings;
use crate::service::beside::life::{Life, Running};
use crate::service::beside::probes::Probes;
use crate::service::fault::ServiceFault;
use crate::service::kafka::cluster::output_topics;
use crate::service::kafka::topics::partitions;
use crate::service::pulse::Pulse;
use crate::service::registry::fetcher;
use crate::service::rekey::rekeyer::work;
use crate::service::telemetry::rekey::RekeyMetrics;
use crate::service::traces::tracer::{Topics, Tracer};

/// Pause before it begins anew, doubled with each time in a row, and the longest.
const PAUSE: Duration = Duration::from_millis(100);
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// After so long without trouble the next counts as the first.
const CALM: Duration = Duration::from_mins(1);

/// Runs until SIGTERM or SIGINT, or until something cannot be mended.
pub fn run(settings: Settings) -> Result<(), ServiceFault> {
    let settings = Arc::new(settings);
    let metrics = RekeyMetrics::new().map_err(|fault| ServiceFault::Failed(fault.to_string()))?;
    let told = metrics.clone();
    let life = Life {
        listen: (settings.rekey_listen, "rekey.listen"),
        per_second: settings.file.http.requests_per_second,
        probes: Probes::new(move |is_ready| told.text(is_ready), 1),
    };
    let asked = settings.clone();
    let check = move || {
        let own = [asked.own_topic().unwrap_or_default(), &asked.file.topics.dead_letters];
        let mut all = asked.file.rekey.topics.iter().map(String::as_str).chain(own);
        all.try_for_each(|topic| partitions(&asked, topic).map(drop))
    };
    life.run(check, |probes, stop| start(&settings, metrics, probes, stop))
}

fn start(
    settings: &Arc<Settings>,
    metrics: RekeyMetrics,
    probes: &Probes,
    stop: &Arc<AtomicBool>,
) -> Result<Running, ServiceFault> {
    let pulse = Pulse::new(stop.clone(), Instant::now());
    fetcher::start(settings, metrics.registry(), &pulse)?;
    let topics = Topics {
        group: settings.rekey_group(),
        inputs: settings.file.rekey.topics.clone(),
        outputs: output_topics(settings, settings.own_topic().unwrap_or_default()),
    };
    let tracer = Tracer::start(settings, topics, metrics.spans())?;
    let (settings, probes, beats) = (settings.clone(), probes.clone(), pulse.clone());
    let into = settings.own_topic().unwrap_or_default();
    info!(from = settings.file.rekey.topics.join(", "), into, "keying anew");
    let thread = std::thread::Builder::new().name("rekey".into()).spawn(move || {
        let result = follow(&settings, &beats, (&metrics, tracer.as_ref()), &probes);
        if let Some(tracer) = tracer {
            tracer.end();
        }
        if let Err(fault) = &result {
            error!(%fault, "ended");
        }
        result
    });
    let thread = thread.map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))?;
    Ok(vec![(thread, pulse)])
}

fn follow(
    settings: &Settings,
    pulse: &Pulse,
    (metrics, tracer): (&RekeyMetrics, Option<&Tracer>),
    probes: &Probes,
) -> Result<(), ServiceFault> {
    let mut trouble = 0;
    loop {
        let begun = Instant::now();
        match work(settings, pulse, metrics, tracer, &probes.joining) {
            // Whatever was not committed by then is done again by the next.
            Err(fault) if pulse.stopping() => {
                info!(%fault, "stopped in the middle");
                return Ok(());
            }
            Err(ServiceFault::CutOff(sentence) | ServiceFault::ShutOut(sentence)) => {
                trouble = if begun.elapsed() > CALM { 0 } else { trouble + 1 };
                let pause = (PAUSE * (1 << trouble.min(10))).min(MAX_PAUSE);
                warn!(sentence, ?pause, "beginning anew");
                metrics.restarted();
                std::thread::sleep(pause);
            }
            result => return result,
        }
    }
}
