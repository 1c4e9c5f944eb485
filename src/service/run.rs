//! The life of the service: serve HTTP, check, start the workers, wait for a signal or a fault, drain.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use signal_hook::low_level;
use tracing::{error, info, warn};

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::http::api::{Api, Running};
use crate::service::http::door::bind;
use crate::service::http::open::{Doors, open};
use crate::service::http::peers::Peers;
use crate::service::kafka::cluster::output_topics;
use crate::service::kafka::topics;
use crate::service::models_watch;
use crate::service::pulse::{Pulse, Watched, in_trouble, join};
use crate::service::registry::fetcher;
use crate::service::shared::Shared;
use crate::service::signals::Signals;
use crate::service::source::SourceWatch;
use crate::service::status::Phase;
use crate::service::traces::tracer::{Topics, Tracer};
use crate::service::worker::{self, Orders};
use crate::wire::artifact::Artifact;

/// Most questions that wait for a worker.
const QUESTIONS: usize = 256;
/// How long draining may take.
const DRAIN: Duration = Duration::from_secs(9);

/// A running service.
pub struct Service {
    stop: Arc<AtomicBool>,
    workers: Vec<Watched>,
    /// What HTTP answers with.
    pub api: Api,
    tracer: Option<Tracer>,
}

impl Service {
    /// Starts the workers that `api` tells of; the topics have been checked and have `partitions` partitions.
    pub fn start(api: Api, settings: Settings, artifact: &Artifact, partitions: u32) -> Result<Self, ServiceFault> {
        let model = artifact.model().map_err(|fault| ServiceFault::Setup(fault.to_string()))?;
        let (setup, settings) = (Arc::new(settings.setup(partitions)), Arc::new(settings));
        api.metrics.configured(&setup.policy.segments, setup.rules.currency);
        api.running.get_or_init(|| Running {
            peers: Peers::new(settings.clone(), partitions),
            settings: settings.clone(),
            setup: setup.clone(),
        });
        let (models, metrics) = (api.models.clone(), api.metrics.clone());
        let topics = Topics {
            group: settings.file.kafka.group_id.clone(),
            inputs: setup.input_topics.clone(),
            outputs: output_topics(&settings, &settings.file.topics.merges),
        };
        let tracer = Tracer::start(&settings, topics, metrics.spans())?;
        let shared = Shared { setup, model: Arc::new(model), models, metrics, tracer: tracer.clone(), settings };
        let (stop, status, started) = (Arc::new(AtomicBool::new(false)), api.status.clone(), Instant::now());
        models_watch::start(&shared, &Pulse::new(stop.clone(), started))?;
        fetcher::start(&shared.settings, shared.metrics.registry(), &Pulse::new(stop.clone(), started))?;
        let source = SourceWatch::start(&shared, &Pulse::new(stop.clone(), started))?;
        let mut workers = Vec::new();
        for number in 0..shared.settings.file.service.workers as usize {
            let (sender, questions) = mpsc::sync_channel(QUESTIONS);
            status.add(number, sender);
            let pulse = Pulse::new(stop.clone(), started);
            let orders = Orders { number, questions, pulse: pulse.clone(), source: source.clone() };
            let (shared, status) = (shared.clone(), status.clone());
            let run = move || {
                let result = worker::run(&shared, &status, &orders);
                if let Err(fault) = &result {
                    error!(worker = orders.number, %fault, "a worker ended");
                }
                status.set(orders.number, Phase::Stopped);
                result
            };
            let thread = std::thread::Builder::new().name(format!("worker-{number}")).spawn(run);
            let thread = thread.map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))?;
            workers.push((thread, pulse));
        }
        Ok(Self { stop, workers, api, tracer })
    }

    /// Whether a worker has ended or is stuck.
    pub fn trouble(&self) -> bool {
        in_trouble(&self.workers)
    }

    /// Asks the workers to finish, and waits for them, bounded. Gives the fault that ended one.
    pub fn drain(self) -> Result<(), ServiceFault> {
        self.stop.store(true, Ordering::Relaxed);
        let late = "a worker did not finish in time; what it had not committed will be done again";
        let panicked = "a worker panicked; nothing of its open transaction was committed";
        let joined = join(self.workers, DRAIN, late, panicked);
        if let Some(tracer) = &self.tracer {
            tracer.end();
        }
        joined
    }
}

/// `serve`: runs until SIGTERM or SIGINT, or until something cannot be mended.
pub fn run(settings: Settings, artifact: &Artifact) -> Result<(), ServiceFault> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|fault| ServiceFault::Failed(fault.to_string()))?;
    let result = runtime.block_on(live(settings, artifact));
    // What still waits for a broker is of no use any more.
    runtime.shutdown_background();
    result
}

async fn live(settings: Settings, artifact: &Artifact) -> Result<(), ServiceFault> {
    topics::named(&settings)?;
    let mut signals = Signals::new()?;
    let (listener, address) = bind(settings.listen, "http.listen").await.map_err(ServiceFault::Setup)?;
    let admin = match settings.admin_listen {
        Some(address) => Some(bind(address, "http.admin_listen").await.map_err(ServiceFault::Setup)?),
        None => None,
    };
    let api = Api::new()?;
    if let Some((listener, _)) = admin {
        tokio::spawn(open(listener, &settings, api.clone(), Doors::Admin));
    }
    tokio::spawn(open(listener, &settings, api.clone(), Doors::All));
    let asked = settings.clone();
    let checked = tokio::task::spawn_blocking(move || topics::check(&asked));
    let partitions = tokio::select! {
        checked = checked => checked.map_err(|fault| ServiceFault::Failed(fault.to_string()))??,
        () = signals.any() => return Ok(()),
    };
    let service = Service::start(api, settings, artifact, partitions)?;
    info!(%address, partitions, "serving");
    let asked_to_end = signals.or_trouble(&service.workers).await;
    if asked_to_end {
        info!("draining");
        service.api.status.drain();
        tokio::spawn(async move {
            signals.any().await;
            // Everything is still at work, so nothing may be tidied up.
            low_level::exit(130);
        });
    }
    match tokio::task::block_in_place(|| service.drain()) {
        // An unfinished transaction is invisible, so an orderly end may cut it.
        Err(ServiceFault::Stuck(sentence)) if asked_to_end => {
            warn!(sentence, "ended before everything was committed");
            Ok(())
        }
        Ok(()) if !asked_to_end => {
            Err(ServiceFault::Stuck("a worker gave no sign of life for minutes; the log says what it did last".into()))
        }
        result => result,
    }
}
