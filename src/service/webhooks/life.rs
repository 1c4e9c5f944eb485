//! The life of `churnwatch webhooks`: every endpoint in a thread of its own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use tracing::{error, info};

use crate::config::settings::Settings;
use crate::config::webhooks::Endpoint;
use crate::service::beside::life::{Life, Running};
use crate::service::beside::probes::Probes;
use crate::service::fault::ServiceFault;
use crate::service::kafka::cluster::output_topics;
use crate::service::kafka::topics::partitions;
use crate::service::pulse::Pulse;
use crate::service::telemetry::webhooks::WebhookMetrics;
use crate::service::traces::tracer::{Topics, Tracer};
use crate::service::webhooks::courier::Courier;
use crate::service::webhooks::letters::Letters;
use crate::service::webhooks::post::Poster;
use crate::service::webhooks::reader;

/// Runs until SIGTERM or SIGINT, or until something cannot be mended.
pub fn run(settings: Settings, posters: Vec<(Arc<Endpoint>, Poster)>) -> Result<(), ServiceFault> {
    let settings = Arc::new(settings);
    let metrics = WebhookMetrics::new().map_err(|fault| ServiceFault::Failed(fault.to_string()))?;
    let told = metrics.clone();
    let life = Life {
        listen: (settings.webhooks.listen, "webhooks.listen"),
        per_second: settings.file.http.requests_per_second,
        probes: Probes::new(move |is_ready| told.text(is_ready), posters.len()),
    };
    let asked = settings.clone();
    let check = move || {
        partitions(&asked, &asked.file.topics.alerts)?;
        partitions(&asked, &asked.file.topics.webhook_dead_letters).map(drop)
    };
    let topics = Topics {
        group: settings.file.kafka.group_id.clone(),
        inputs: vec![settings.file.topics.alerts.clone()],
        outputs: output_topics(&settings, ""),
    };
    let tracer = Tracer::start(&settings, topics, metrics.spans())?;
    let told = (&metrics, tracer.as_ref());
    let result = life.run(check, |probes, stop| start(&settings, posters, told, probes, stop));
    if let Some(tracer) = tracer {
        tracer.end();
    }
    result
}

fn start(
    settings: &Arc<Settings>,
    posters: Vec<(Arc<Endpoint>, Poster)>,
    (metrics, tracer): (&WebhookMetrics, Option<&Tracer>),
    probes: &Probes,
    stop: &Arc<AtomicBool>,
) -> Result<Running, ServiceFault> {
    let (letters, started) = (Arc::new(Letters::new(settings)?), Instant::now());
    let mut running = Running::new();
    for (endpoint, poster) in posters {
        let name = endpoint.name.clone();
        let own = tracer.map(|tracer| tracer.of_group(reader::group(settings, &name)));
        let told = (metrics.of(&name), own);
        let courier = Courier::new(endpoint, poster, letters.clone(), told, probes.joining.clone());
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
    info!(endpoints = running.len(), "posting");
    Ok(running)
}
