//! The life of the service: check, start the workers, serve HTTP, wait for a signal or a fault, drain.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::http::server::{Api, bind, model_json, serve};
use crate::service::kafka::topics;
use crate::service::lanes::Shared;
use crate::service::status::{Phase, Status};
use crate::service::telemetry::metrics::Metrics;
use crate::service::worker::{self, Orders};
use crate::wire::artifact::Artifact;

/// A worker without a sign of life for this long is stuck: longer than any bounded wait of its own.
const STUCK: Duration = Duration::from_mins(5);
/// How long draining may take.
const DRAIN: Duration = Duration::from_secs(9);

type WorkerThread = JoinHandle<Result<(), ServiceFault>>;

/// A running service.
pub struct Service {
    stop: Arc<AtomicBool>,
    started: Instant,
    workers: Vec<(WorkerThread, Arc<AtomicU64>)>,
    /// Where the workers stand.
    pub status: Arc<Status>,
    /// The metrics.
    pub metrics: Metrics,
    /// The model in force, as `/v1/model` shows it.
    pub model: Arc<Value>,
}

impl Service {
    /// Starts the workers; the topics have been checked and have `partitions` partitions.
    pub fn start(settings: Settings, artifact: &Artifact, partitions: u32) -> Result<Self, ServiceFault> {
        let model = artifact.model().map_err(|fault| ServiceFault::Setup(fault.to_string()))?;
        let metrics = Metrics::new().map_err(|fault| ServiceFault::Failed(fault.to_string()))?;
        let shown = Arc::new(model_json(artifact, &model.version));
        let shared = Shared {
            setup: Arc::new(settings.setup(partitions)),
            model: Arc::new(model),
            metrics: metrics.clone(),
            settings: Arc::new(settings),
        };
        let (stop, status, started) = (Arc::new(AtomicBool::new(false)), Arc::new(Status::default()), Instant::now());
        let mut workers = Vec::new();
        for number in 0..shared.settings.file.service.workers as usize {
            let (sender, questions) = mpsc::channel();
            status.add(number, sender);
            let alive = Arc::new(AtomicU64::new(0));
            let orders = Orders { number, questions, stop: stop.clone(), alive: alive.clone(), started };
            let (shared, status) = (shared.clone(), status.clone());
            let run = move || {
                let result = worker::run(&shared, status.clone(), &orders);
                status.set(orders.number, Phase::Stopped);
                result
            };
            let thread = std::thread::Builder::new().name(format!("worker-{number}")).spawn(run);
            let thread = thread.map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))?;
            workers.push((thread, alive));
        }
        Ok(Self { stop, started, workers, status, metrics, model: shown })
    }

    /// The fault that has ended a worker, or a worker that is stuck.
    pub fn trouble(&self) -> bool {
        self.workers.iter().any(|(thread, alive)| thread.is_finished() || self.stuck(alive))
    }

    fn stuck(&self, alive: &AtomicU64) -> bool {
        let silent = self.started.elapsed().saturating_sub(Duration::from_millis(alive.load(Ordering::Relaxed)));
        silent > STUCK
    }

    /// Asks the workers to finish, and waits for them, bounded.
    pub fn drain(self) -> Result<(), ServiceFault> {
        self.stop.store(true, Ordering::Relaxed);
        let deadline = Instant::now() + DRAIN;
        let mut result = Ok(());
        for (thread, _) in self.workers {
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
            if !thread.is_finished() {
                return Err(ServiceFault::Stuck(
                    "a worker did not finish in time; what it had not committed will be done again".into(),
                ));
            }
            let ended = thread.join().unwrap_or_else(|_| {
                Err(ServiceFault::Failed("a worker panicked; nothing of its open transaction was committed".into()))
            });
            result = result.and(ended);
        }
        result
    }
}

/// `serve`: runs until SIGTERM or SIGINT, or until something cannot be mended.
pub fn run(settings: Settings, artifact: &Artifact) -> Result<(), ServiceFault> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|fault| ServiceFault::Failed(fault.to_string()))?;
    runtime.block_on(async {
        let (listener, address) = bind(settings.listen).await.map_err(ServiceFault::Setup)?;
        let admin = match settings.admin_listen {
            Some(address) => Some(bind(address).await.map_err(ServiceFault::Setup)?),
            None => None,
        };
        let asked = settings.clone();
        let checked = tokio::task::spawn_blocking(move || topics::check(&asked)).await;
        let partitions = checked.map_err(|fault| ServiceFault::Failed(fault.to_string()))??;
        let token = settings.token.clone().map(Arc::new);
        let service = Service::start(settings, artifact, partitions)?;
        let api = Api {
            status: service.status.clone(),
            metrics: service.metrics.clone(),
            token,
            model: service.model.clone(),
        };
        if let Some((listener, _)) = admin {
            tokio::spawn(serve(listener, api.clone(), false));
        }
        tokio::spawn(serve(listener, api, true));
        info!(%address, partitions, "serving");
        wait(&service).await?;
        tokio::task::block_in_place(|| service.drain())
    })
}

/// Waits for a signal or for trouble. A second signal ends the process at once.
async fn wait(service: &Service) -> Result<(), ServiceFault> {
    let signals = |kind| signal(kind).map_err(|fault| ServiceFault::Failed(fault.to_string()));
    let (mut terminate, mut interrupt) = (signals(SignalKind::terminate())?, signals(SignalKind::interrupt())?);
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = tick.tick() => if service.trouble() {
                warn!("a worker ended or is stuck");
                return Ok(());
            },
        }
    }
    info!("draining");
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        std::process::exit(130);
    });
    Ok(())
}
