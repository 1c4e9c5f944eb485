//! Process start to ready with the state of W2, or of fewer customers, in a compacted changelog, one worker; the rival
//! likewise.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::support::broker::Broker;
use crate::support::feed::load;
use crate::support::figures::{Lines, Step, median};
use crate::support::options::Options;
use crate::support::process::Watch;
use crate::support::rival::{App, Rival};
use crate::support::service::{Served, follow};
use crate::support::topics::Topics;
use crate::support::workload::W2;

/// Customers whose events are lived through; more are copies of them, which spares the closes of a million.
const LIVED: u64 = 100_000;
/// How often readiness is asked for.
const ASK: Duration = Duration::from_millis(2);

/// One start.
#[derive(Serialize)]
struct Start {
    step: Step,
    round: u32,
    records: u64,
    ready_s: f64,
    cpu_s: f64,
    peak_mib: f64,
    /// Memory of the state, as the service counts it; `None` for the rival.
    bytes_a_customer: Option<f64>,
    others_cores: f64,
}

/// Measures and prints.
pub(crate) fn run(options: &Options, broker: &Broker, topics: &Topics, folder: &Path) {
    let mut lines = Lines::create(folder, "restore");
    let (customers, input) = (options.customers(), format!("bench-{}.restore.events", std::process::id()));
    let workload = W2.of(customers.min(LIVED));
    let rival = Rival::build(options, broker, topics);
    load(topics, &broker.address, &input, workload, workload.events);
    let served = Served::new(options, (broker, topics), &input, 1, "restore");
    served.create();
    let mut running = served.start();
    follow(&mut running, &served.commits(), broker, workload.events);
    running.terminate();
    println!("changelog of {} records", topics.compact(&served.changelog(), "none", customers.div_ceil(LIVED)));
    let whole = format!("{input}.whole");
    let app = App { name: "peer-restore", input: &whole, store: "memory", threads: 1 };
    if let Some(rival) = &rival {
        load(topics, &broker.address, &whole, W2.of(customers), W2.of(customers).events);
        rival.catch_up(&app);
        println!("rival's changelog of {} records", topics.compact("peer-restore-profiles-changelog", "lz4", 1));
    }
    let mut starts = Vec::new();
    for round in 1..=options.rounds() {
        let mut note = |start: Start| {
            println!(
                "  round {round}: {:<8} {:.2} s, {:.0} MiB, {:.1} s CPU, others {:.2} cores",
                start.step.name(),
                start.ready_s,
                start.peak_mib,
                start.cpu_s,
                start.others_cores
            );
            lines.add(&start);
            starts.push(start);
        };
        note(service(&served, round));
        if let Some(rival) = &rival {
            let (report, others_cores) = rival.catch_up(&app);
            let number = |name: &str| report[name].as_f64().unwrap_or(f64::NAN);
            note(Start {
                step: Step::Rival,
                round,
                records: number("restored_records") as u64,
                ready_s: number("start_to_running_s"),
                cpu_s: number("cpu_s"),
                peak_mib: number("peak_rss_mib"),
                bytes_a_customer: None,
                others_cores,
            });
        }
    }
    served.clear();
    topics.delete(&input);
    if let Some(rival) = &rival {
        rival.clear(&app);
    }
    table(&starts);
}

/// From the start of the process until it says that it is ready.
fn service(served: &Served<'_>, round: u32) -> Start {
    let started = Instant::now();
    let mut running = served.start();
    let watch = Watch { client: running.process(), broker: served.broker.process };
    let before = watch.look();
    while !running.ready() {
        running.alive();
        std::thread::sleep(ASK);
    }
    let (ready, after) = (started.elapsed(), watch.look());
    let start = Start {
        step: Step::Service,
        round,
        records: running.metric("churnwatch_restored_records_total") as u64,
        ready_s: ready.as_secs_f64(),
        cpu_s: after.client,
        peak_mib: watch.client.peak_mib(),
        bytes_a_customer: Some(running.metric("churnwatch_state_bytes") / running.metric("churnwatch_customers")),
        others_cores: after.others_since(before),
    };
    running.terminate();
    start
}

fn table(starts: &[Start]) {
    println!(
        "\nprocess start to ready, medians\n\n| | n | thousand records | s | CPU s | peak MiB | state bytes a customer |\n|---|---|---|---|---|---|---|"
    );
    for step in [Step::Service, Step::Rival] {
        let of: Vec<&Start> = starts.iter().filter(|start| start.step == step).collect();
        let Some(any) = of.first() else { continue };
        println!(
            "| {} | {} | {:.0} | {:.2} | {:.1} | {:.0} | {:.0} |",
            step.name(),
            of.len(),
            any.records as f64 / 1e3,
            median(of.iter().map(|start| start.ready_s)),
            median(of.iter().map(|start| start.cpu_s)),
            median(of.iter().map(|start| start.peak_mib)),
            any.bytes_a_customer.unwrap_or(f64::NAN),
        );
    }
}
