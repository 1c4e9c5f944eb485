//! The life of `churnwatch webhooks`: check, start every endpoint, wait for a signal or a fault, finish what is under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use signal_hook::low_level;
use tracing::{error, info, warn};

use crate::config::settings::Settings;
use crate::config::webhooks::Endpoint;
use crate::service::fault::ServiceFault;
use crate::service::http::door::{bind, serve};
use crate::service::kafka::topics::partitions;
use crate::service::pulse::Pulse;
use crate::service::signals::Signals;
use crate::service::telemetry::webhooks::WebhookMetrics;
use crate::service::webhooks::courier::Courier;
use crate::service::webhooks::letters::Letters;
use crate::service::webhooks::post::Poster;
use crate::service::webhooks::probes::Probes;
use crate::service::webhooks::reader;

/// A thread without a sign of life for this long is stuck: longer than any bounded wait of its own.
const STUCK: Duration = Duration::from_mins(5);
/// How long an orderly end may take.
const DRAIN: Duration = Duration::from_secs(9);
/// Most connections to the listener.
const CONNECTIONS: usize = 64;

type Running = Vec<(JoinHandle<Result<(), ServiceFault>>, Pulse)>;

/// Runs until SIGTERM or SIGINT, or until something cannot be mended.
pub fn run(settings: Settings, posters: Vec<(Arc<Endpoint>, Poster)>) -> Result<(), ServiceFault> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|fault| ServiceFault::Failed(fault.to_string()))?;
    let result = runtime.block_on(live(Arc::new(settings), posters));
    runtime.shutdown_background();
    result
}

async fn live(settings: Arc<Settings>, posters: Vec<(Arc<Endpoint>, Poster)>) -> Result<(), ServiceFault> {
    let mut signals = Signals::new()?;
    let (listener, address) = bind(settings.webhooks.listen, "webhooks.listen").await.map_err(ServiceFault::Setup)?;
    let metrics = WebhookMetrics::new().map_err(|fault| ServiceFault::Failed(fault.to_string()))?;
    let probes = Probes::new(metrics.clone(), posters.len());
    let routes = probes.clone().routes(settings.file.http.requests_per_second);
    tokio::spawn(serve(listener, routes, None, CONNECTIONS));
    let asked = settings.clone();
    let checked = tokio::task::spawn_blocking(move || {
        partitions(&asked, &asked.file.topics.alerts)?;
        partitions(&asked, &asked.file.topics.webhook_dead_letters)
    });
    tokio::select! {
        checked = checked => {
            checked.map_err(|fault| ServiceFault::Failed(fault.to_string()))??;
        }
        () = signals.any() => return Ok(()),
    }
    let stop = Arc::new(AtomicBool::new(false));
    let running = start(&settings, posters, &metrics, &probes, &stop)?;
    info!(%address, endpoints = running.len(), "posting");
    let asked_to_end = wait(&running, &mut signals).await;
    if asked_to_end {
        info!("draining");
        probes.is_draining.store(true, Ordering::Relaxed);
        tokio::spawn(async move {
            signals.any().await;
            low_level::exit(130);
        });
    }
    stop.store(true, Ordering::Relaxed);
    match tokio::task::block_in_place(|| drain(running)) {
        // What was not committed is posted again, with the id by which it is known.
        Err(ServiceFault::Stuck(sentence)) if asked_to_end => {
            warn!(sentence, "ended before everything was committed");
            Ok(())
        }
        Ok(()) if !asked_to_end => Err(ServiceFault::Stuck(
            "an endpoint gave no sign of life for minutes; the log says what it did last".into(),
        )),
        result => result,
    }
}

fn start(
    settings: &Arc<Settings>,
    posters: Vec<(Arc<Endpoint>, Poster)>,
    metrics: &WebhookMetrics,
    probes: &Probes,
    stop: &Arc<AtomicBool>,
) -> Result<Running, ServiceFault> {
    let (letters, started) = (Arc::new(Letters::new(settings)?), Instant::now());
    let mut running = Running::new();
    for (endpoint, poster) in posters {
        let name = endpoint.name.clone();
        let courier = Courier::new(endpoint, poster, letters.clone(), metrics.of(&name), probes.joining.clone());
        let pulse = Pulse::new(stop.clone(), started);
        courier.start(&pulse)?;
        let (settings, beats) = (settings.clone(), pulse.clone());
        let work = move || {
            let result = reader::run(&settings, &courier, &beats);
            if let Err(fault) = &result {
                error!(endpoint = name, %fault, "an endpoint ended");
                return result;
            }
            // One that wants nothing any more stays as it is until the process ends.
            while !beats.stopping() {
                beats.beat();
                std::thread::sleep(Duration::from_millis(100));
            }
            result
        };
        let thread = std::thread::Builder::new().name("webhooks".into()).spawn(work);
        let thread = thread.map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))?;
        running.push((thread, pulse));
    }
    Ok(running)
}

/// Waits for a signal (`true`) or for trouble.
async fn wait(running: &Running, signals: &mut Signals) -> bool {
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            () = signals.any() => return true,
            _ = tick.tick() => if running.iter().any(|(thread, pulse)| thread.is_finished() || pulse.silence() > STUCK) {
                return false;
            },
        }
    }
}

/// Waits for the endpoints, bounded. Gives the fault that ended one.
fn drain(running: Running) -> Result<(), ServiceFault> {
    let (deadline, mut result) = (Instant::now() + DRAIN, Ok(()));
    for (thread, _) in running {
        while !thread.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = if thread.is_finished() {
            thread.join().unwrap_or_else(|_| Err(ServiceFault::Failed("a thread of an endpoint panicked".into())))
        } else {
            Err(ServiceFault::Stuck(
                "an endpoint did not finish in time; what it had not committed is posted again".into(),
            ))
        };
        result = result.and(ended);
    }
    result
}
