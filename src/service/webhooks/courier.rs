//! Posts the alerts of one endpoint: threads that take from its backlog, and what becomes of each try.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::SpanContext;
use tracing::{debug, error, warn};

use crate::config::webhooks::Endpoint;
use crate::service::fault::ServiceFault;
use crate::service::pulse::Pulse;
use crate::service::telemetry::webhooks::EndpointMetrics;
use crate::service::traces::delivery::{Answer, Delivery};
use crate::service::traces::tracer::Tracer;
use crate::service::webhooks::backlog::{Backlog, Next};
use crate::service::webhooks::job::Job;
use crate::service::webhooks::letters::Letters;
use crate::service::webhooks::post::{Ending, Poster, Tried};
use crate::service::webhooks::waits::wait;

/// How often the same trouble of an endpoint is spoken of.
const SPEAK: Duration = Duration::from_mins(1);
/// Longest sleep of a thread that has nothing to do.
const NAP: Duration = Duration::from_millis(500);

/// What the threads of an endpoint share.
pub struct Courier {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// Its metrics.
    pub metrics: EndpointMetrics,
    /// What follows sampled alerts.
    pub tracer: Option<Tracer>,
    poster: Poster,
    letters: Arc<Letters>,
    /// How many endpoints of the process have not joined their groups.
    joining: Arc<AtomicUsize>,
    desk: Mutex<Desk>,
    changed: Condvar,
}

/// What they share and change.
struct Desk {
    backlog: Backlog,
    has_joined: bool,
    /// The endpoint wants nothing any more.
    is_gone: bool,
    /// The trouble that was spoken of last.
    told: Option<(Ending, Instant)>,
}

impl Courier {
    /// An endpoint with nothing to do yet.
    pub fn new(
        endpoint: Arc<Endpoint>,
        poster: Poster,
        letters: Arc<Letters>,
        (metrics, tracer): (EndpointMetrics, Option<Tracer>),
        joining: Arc<AtomicUsize>,
    ) -> Arc<Self> {
        let desk = Desk { backlog: Backlog::new(endpoint.apart), has_joined: false, is_gone: false, told: None };
        Arc::new(Self {
            endpoint,
            metrics,
            tracer,
            poster,
            letters,
            joining,
            desk: Mutex::new(desk),
            changed: Condvar::new(),
        })
    }

    /// The endpoint is part of its group.
    pub fn joined(&self) {
        let mut desk = self.desk();
        if !desk.has_joined {
            desk.has_joined = true;
            self.joining.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Starts the threads that post. They end with the pulse; one that waits for an answer is waited for by nobody.
    pub fn start(self: &Arc<Self>, pulse: &Pulse) -> Result<(), ServiceFault> {
        for _ in 0..self.endpoint.parallel {
            let (courier, pulse) = (self.clone(), pulse.clone());
            let thread = std::thread::Builder::new().name("post".into()).spawn(move || {
                while !pulse.stopping() {
                    if let Some(job) = courier.next() {
                        courier.deliver(job);
                    }
                }
            });
            thread.map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))?;
        }
        Ok(())
    }

    /// Works at the backlog; whoever waits for something to do looks again.
    pub fn with<T>(&self, work: impl FnOnce(&mut Backlog) -> T) -> T {
        let done = work(&mut self.desk().backlog);
        self.changed.notify_all();
        done
    }

    /// Whether the endpoint wants nothing any more.
    pub fn is_gone(&self) -> bool {
        self.desk().is_gone
    }

    /// Begins nothing of these partitions any more, and waits until what is under way has ended, but no longer than that.
    pub fn settle(&self, partitions: &[i32], longest: Duration, pulse: &Pulse) {
        let deadline = Instant::now() + longest;
        self.with(|backlog| partitions.iter().for_each(|partition| backlog.stop(*partition)));
        let mut desk = self.desk();
        while desk.backlog.is_under_way(partitions) && Instant::now() < deadline {
            pulse.beat();
            desk = self.changed.wait_timeout(desk, NAP).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What may be posted now; `None` after a nap.
    fn next(&self) -> Option<Job> {
        let mut desk = self.desk();
        let now = Instant::now();
        let nap = if desk.is_gone {
            NAP
        } else {
            match desk.backlog.next(now) {
                Next::Post(job) => return Some(*job),
                Next::Wait(until) => until.map_or(NAP, |until| until.saturating_duration_since(now).min(NAP)),
            }
        };
        drop(self.changed.wait_timeout(desk, nap));
        None
    }

    /// One try, and what follows from it.
    fn deliver(&self, mut job: Job) {
        let tried = match &job.told {
            Some(told) => {
                let begun = Instant::now();
                let attempt = job.delivery.as_deref().map(Delivery::attempt);
                let tried = self.poster.post(told, &job.record, attempt.as_ref().map(|(span, _)| span));
                self.tell_tried(&job, attempt, &tried);
                self.metrics.tried(tried.ending, begun.elapsed().as_secs_f64());
                job.tries += 1;
                tried
            }
            None => Tried { ending: Ending::NoAlert, status: None, said: String::new(), rest: None },
        };
        let name = &self.endpoint.name;
        debug!(endpoint = name, partition = job.partition, offset = job.offset, ending = tried.ending.name(), "tried");
        match tried.ending {
            Ending::Delivered => {
                self.tell_done(&job, None);
                self.with(|backlog| backlog.done(&job, Instant::now()));
            }
            Ending::Gone => self.go(job),
            Ending::NoAlert => self.bury(job, &tried),
            Ending::Refused | Ending::Busy | Ending::Timeout | Ending::Unreachable | Ending::Tls | Ending::Secrets => {
                self.speak(&tried);
                if let Some(rest) = tried.rest {
                    self.with(|backlog| backlog.close_until(Instant::now() + rest));
                }
                if job.tries >= self.endpoint.tries {
                    self.bury(job, &tried);
                } else {
                    self.again(job);
                }
            }
        }
    }

    fn tell_tried(&self, job: &Job, attempt: Option<(SpanContext, SystemTime)>, tried: &Tried) {
        let followed = self.tracer.as_ref().zip(job.delivery.as_ref()).zip(attempt);
        let Some(((tracer, delivery), attempt)) = followed else { return };
        let error = (tried.ending != Ending::Delivered).then(|| tried.ending.name());
        let answer = Answer { endpoint: &self.endpoint.name, status: tried.status, error, tries: job.tries };
        delivery.tried(tracer, attempt, &answer);
    }

    fn tell_done(&self, job: &Job, error: Option<&'static str>) {
        if let Some((tracer, delivery)) = self.tracer.as_ref().zip(job.delivery.as_ref()) {
            delivery.done(tracer, error);
        }
    }

    fn again(&self, job: Job) {
        let id = job.told.as_ref().map_or("", |told| told.id.as_str());
        let rest = wait(self.endpoint.first_wait, self.endpoint.longest_wait, job.tries, id);
        self.with(|backlog| backlog.again(job, Instant::now() + rest));
    }

    /// Puts an alert aside; where no broker takes the letter, the alert is tried again.
    fn bury(&self, job: Job, tried: &Tried) {
        let name = &self.endpoint.name;
        match self.letters.write(name, &job, tried) {
            Ok(()) => {
                self.metrics.buried();
                self.tell_done(&job, Some(tried.ending.name()));
                let (reason, tries) = (tried.ending.name(), job.tries);
                warn!(endpoint = name, partition = job.partition, offset = job.offset, tries, reason, "put aside");
                self.with(|backlog| backlog.done(&job, Instant::now()));
            }
            Err(fault) => {
                error!(endpoint = name, %fault, "no broker took the dead letter; the alert is tried again");
                self.again(job);
            }
        }
    }

    /// The endpoint wants nothing any more.
    fn go(&self, job: Job) {
        let mut desk = self.desk();
        if !desk.is_gone {
            desk.is_gone = true;
            self.metrics.gone();
            let sentence = "answered 410 Gone: it gets nothing more until the next start; its alerts wait in their topic. Mend its address, or take it out of [webhooks]";
            error!(endpoint = self.endpoint.name, "{sentence}");
        }
        desk.backlog.again(job, Instant::now());
    }

    /// Tells of a trouble, once in a while. What was answered may name a customer, so it stands in the dead letter alone.
    fn speak(&self, tried: &Tried) {
        let mut desk = self.desk();
        let known = desk.told.is_some_and(|(ending, at)| ending == tried.ending && at.elapsed() < SPEAK);
        if known {
            return;
        }
        desk.told = Some((tried.ending, Instant::now()));
        let (endpoint, ending, status) = (&self.endpoint.name, tried.ending.name(), tried.status);
        let why = if status.is_none() { tried.said.as_str() } else { "" };
        warn!(endpoint, ending, status, why, "a try failed; it is repeated");
    }
}
