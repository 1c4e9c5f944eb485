//! Throughput: everything once a round, so that what the machine does meanwhile falls on all alike.

use std::path::Path;

use crate::support::broker::Broker;
use crate::support::feed::load;
use crate::support::figures::{Figures, Lines, Run, Step};
use crate::support::options::{Options, Probe};
use crate::support::probe;
use crate::support::rival::{App, Rival, THREADS};
use crate::support::service::{Served, measure};
use crate::support::table::throughput;
use crate::support::topics::Topics;
use crate::support::workload::Workload;

/// Name of a workload's topic.
pub(crate) fn input(workload: Workload) -> String {
    format!("bench-{}.{}.events", std::process::id(), workload.name)
}

/// Measures and prints.
pub(crate) fn run(options: &Options, broker: &Broker, topics: &Topics, folder: &Path) {
    let mut lines = Lines::create(folder, "throughput");
    let rival = if options.wants_step(Step::Rival) { Rival::build(options, broker, topics) } else { None };
    let workloads = options.workloads();
    for workload in &workloads {
        load(topics, &broker.address, &input(*workload), *workload, workload.events);
    }
    let mut runs = Vec::new();
    for round in 1..=options.rounds() {
        for workload in &workloads {
            let mut note = |step, workers, figures: Figures| {
                println!(
                    "  round {round}: {} {:<12} {workers}: {:>9.0} events/s, {:.2} µs, {:.0} MiB, others {:.2} cores",
                    workload.name,
                    Step::name(step),
                    figures.events_per_s,
                    figures.client_us,
                    figures.peak_mib,
                    figures.others_cores,
                );
                let run = Run { workload: workload.name.into(), step, workers, round, figures };
                lines.add(&run);
                runs.push(run);
            };
            for workers in &options.workers {
                let tag = format!("{}-{workers}-{round}", workload.name);
                let served = Served::new(options, (broker, topics), &input(*workload), *workers, &tag);
                for (step, probe) in [(Step::Poll, Probe::Poll), (Step::Parse, Probe::Parse)] {
                    if options.wants_step(step) {
                        note(step, *workers, probe::spawn(options, &served, probe));
                    }
                }
                if options.wants_step(Step::Service) {
                    note(Step::Service, *workers, measure(&served, workload.events));
                    served.clear();
                }
            }
            if let Some(rival) = &rival {
                let store = if workload.name == "w1" { "rocksdb" } else { "memory" };
                let name = format!("peer-{}-{round}", workload.name);
                let app = App { name: &name, input: &input(*workload), store, threads: THREADS };
                note(Step::Rival, THREADS, rival.measure(&app));
                rival.clear(&app);
            }
        }
    }
    for workload in &workloads {
        topics.delete(&input(*workload));
    }
    throughput(&runs);
}
