//! The rival at the same pace, by its own feed on its own workload: a change of band to its alert.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::broker::Broker;
use crate::support::feed::load;
use crate::support::figures::Step;
use crate::support::latency::{Delays, Pace, RATE};
use crate::support::process::{Process, Watch};
use crate::support::rival::{App, Rival};
use crate::support::topics::{Commits, Topics};
use crate::support::workload::W1;

/// Events of W1 that are history.
const HISTORY: u64 = 1_250_000;
/// Its feed begins so long after its start at the latest; CPU is looked at between then and the end of the pace.
const START: Duration = Duration::from_secs(3);
/// Longest time to read the history.
const PATIENCE: Duration = Duration::from_mins(5);

/// One paced run; memory is its better store here.
pub(crate) fn run((broker, topics): (&Broker, &Topics), rival: &Rival<'_>, pace: Pace, round: u32) -> Delays {
    let (name, input) = (format!("peer-live-{round}"), format!("bench-{}.rival-{round}.events", std::process::id()));
    load(topics, &broker.address, &input, W1, HISTORY);
    let app = App { name: &name, input: &input, store: "memory", threads: 1 };
    let mut serving = rival.serve(&app).stdout(Stdio::null()).spawn().unwrap();
    let (commits, started) = (Commits::new(&broker.address, &name, &input), Instant::now());
    while commits.events().is_none_or(|events| events < HISTORY) {
        assert!(serving.try_wait().unwrap().is_none() && started.elapsed() < PATIENCE, "the rival does not catch up");
        std::thread::sleep(Duration::from_millis(200));
    }
    let watch = Watch { client: Process(serving.id()), broker: broker.process };
    let settings =
        [("from", HISTORY), ("rate", RATE), ("warmup", pace.warmup), ("seconds", pace.seconds), ("threads", 1)];
    let mut arguments: Vec<String> = settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    arguments.push("store=memory".into());
    let (report, looks) = std::thread::scope(|scope| {
        let feed = scope.spawn(|| rival.live(&input, &arguments));
        std::thread::sleep(START + Duration::from_secs(pace.warmup));
        let from = watch.look();
        std::thread::sleep(Duration::from_secs(pace.seconds).saturating_sub(START));
        let to = watch.look();
        (feed.join().unwrap(), (from, to))
    });
    let peak_mib = watch.client.peak_mib();
    let _ = Command::new("kill").args(["-TERM", &serving.id().to_string()]).status();
    let _ = serving.wait();
    rival.clear(&app);
    topics.delete(&input);
    let number = |name: &str| report[name].as_f64().unwrap_or(f64::NAN);
    let delays = Delays {
        step: Step::Rival,
        round,
        outputs: number("outputs") as u64,
        p50_ms: number("p50_ms"),
        p99_ms: number("p99_ms"),
        p999_ms: number("p99.9_ms"),
        worst_ms: number("max_ms"),
        client_us: f64::NAN,
        broker_us: None,
        peak_mib,
        others_cores: f64::NAN,
    };
    delays.used(looks.0, looks.1)
}
