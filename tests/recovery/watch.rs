//! What a replica's probes say, all the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{Bench, Replica};
use crate::support::page::{answer, free_port};

/// How often the probes are asked.
const ASK: Duration = Duration::from_millis(3);

/// How long a replica may take to be ready.
const PATIENCE: Duration = Duration::from_mins(1);

/// A `serve` with HTTP on a port, under a name if it has one.
pub(crate) fn serve(bench: &Bench, name: Option<&str>) -> (Replica, u16) {
    let port = free_port();
    let listen = ("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"));
    let named = name.map(|name| ("CHURNWATCH_SERVICE__INSTANCE", name.to_owned()));
    (bench.serve_with([Some(listen), named].into_iter().flatten()), port)
}

/// The sum of a metric over its labels.
pub(crate) fn metric(text: &str, name: &str) -> f64 {
    let values =
        text.lines().filter(|line| line.starts_with(&format!("{name} ")) || line.starts_with(&format!("{name}{{")));
    values.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

/// What `/readyz` says: "ready", the reason why not, or nothing where nobody answers.
pub(crate) fn readiness(port: u16) -> String {
    match answer(port, "/readyz") {
        Some((200, body)) => body.trim().to_owned(),
        Some((503, body)) => serde_json::from_str::<Value>(&body).unwrap()["detail"].as_str().unwrap().to_owned(),
        Some((status, body)) => panic!("/readyz: {status} {body}"),
        None => String::new(),
    }
}

/// Waits until a replica is ready.
pub(crate) fn ready(port: u16) -> Duration {
    let (begun, mut said) = (Instant::now(), readiness(port));
    while said != "ready" {
        assert!(begun.elapsed() < PATIENCE, "not ready: {said:?}");
        std::thread::sleep(Duration::from_millis(5));
        said = readiness(port);
    }
    begun.elapsed()
}

/// Asks a replica's probes until it is told to stop.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Vec<(Duration, String)>>,
}

impl Watch {
    pub(crate) fn of(port: u16) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let told = stop.clone();
        let thread = std::thread::spawn(move || {
            let (begun, mut said) = (Instant::now(), Vec::<(Duration, String)>::new());
            while !told.load(Ordering::Relaxed) {
                let at = begun.elapsed();
                let live = answer(port, "/livez");
                let mut now = readiness(port);
                match live {
                    Some((200, body)) => assert_eq!(body, "alive\n"),
                    Some((status, body)) => now = format!("NOT ALIVE {status} {body}"),
                    None => now = String::new(),
                }
                if said.last().is_none_or(|(_, last)| *last != now) {
                    said.push((at, now));
                }
                std::thread::sleep(ASK);
            }
            said
        });
        Self { stop, thread }
    }

    /// What was said, one after the other, each when it was first said; moments without an answer are left out. Whoever
    /// answers at all must be alive.
    pub(crate) fn end(self, what: &str) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut said = self.thread.join().unwrap();
        said.retain(|(_, sentence)| !sentence.is_empty());
        for (at, sentence) in &said {
            println!("{what}: {:.2} s: {sentence}", at.as_secs_f64());
        }
        let said: Vec<String> = said.into_iter().map(|(_, sentence)| sentence).collect();
        assert!(!said.iter().any(|sentence| sentence.starts_with("NOT ALIVE")), "{what}: {said:?}");
        said
    }
}
