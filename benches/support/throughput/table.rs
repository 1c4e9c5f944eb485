//! Medians and ratios, printed.

use crate::support::figures::{Figures, Run, Step, median};

/// Medians of the runs of one step.
struct Row {
    workload: String,
    step: Step,
    workers: u32,
    count: usize,
    figures: Figures,
}

fn rows(runs: &[Run]) -> Vec<Row> {
    let mut keys: Vec<(String, Step, u32)> =
        runs.iter().map(|run| (run.workload.clone(), run.step, run.workers)).collect();
    keys.sort();
    keys.dedup();
    let row = |(workload, step, workers): (String, Step, u32)| {
        let of: Vec<&Figures> = runs
            .iter()
            .filter(|run| (&run.workload, run.step, run.workers) == (&workload, step, workers))
            .map(|run| &run.figures)
            .collect();
        let middle = |value: fn(&Figures) -> f64| median(of.iter().map(|figures| value(figures)));
        let figures = Figures {
            events: of[0].events,
            wall_s: middle(|one| one.wall_s),
            events_per_s: middle(|one| one.events_per_s),
            second_half_events_per_s: middle(|one| one.second_half_events_per_s),
            client_us: middle(|one| one.client_us),
            second_half_client_us: middle(|one| one.second_half_client_us),
            broker_us: Some(middle(|one| one.broker_us.unwrap_or(f64::NAN))),
            others_cores: middle(|one| one.others_cores),
            peak_mib: middle(|one| one.peak_mib),
            out: of[0].out.clone(),
        };
        Row { workload, step, workers, count: of.len(), figures }
    };
    keys.into_iter().map(row).collect()
}

/// The tables of the throughput runs.
pub(crate) fn throughput(runs: &[Run]) {
    let rows = rows(runs);
    println!("\nmedians; CPU in µs an event, the whole process; 2nd: from half of the events on\n");
    println!(
        "| | step | workers | n | thousand events/s | 2nd | client CPU | 2nd | broker CPU | peak MiB | records out, thousand | MB | others, cores |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    for Row { workload, step, workers, count, figures } in &rows {
        let (records, bytes) =
            figures.out.values().fold((0, 0), |(records, bytes), out| (records + out.records, bytes + out.bytes));
        println!(
            "| {workload} | {} | {workers} | {count} | {:.0} | {:.0} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} | {:.2} |",
            step.name(),
            figures.events_per_s / 1e3,
            figures.second_half_events_per_s / 1e3,
            figures.client_us,
            figures.second_half_client_us,
            figures.broker_us.unwrap_or(f64::NAN),
            figures.peak_mib,
            records as f64 / 1e3,
            bytes as f64 / 1e6,
            figures.others_cores,
        );
    }
    ratios(&rows);
}

fn ratios(rows: &[Row]) {
    if rows.iter().all(|row| row.step != Step::Service) {
        return;
    }
    println!(
        "\n| service | workers | events/s to poll + parse | events/s to rival | 2nd half | CPU, rival to service | 2nd half | memory to rival |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for service in rows.iter().filter(|row| row.step == Step::Service) {
        let other = |step: Step| {
            // The rival runs in one configuration alone; a consumer with as many workers.
            let same = |row: &&Row| row.step == Step::Rival || row.workers == service.workers;
            rows.iter().filter(same).find(|row| row.step == step && row.workload == service.workload)
        };
        let (parse, rival, own) = (other(Step::Parse), other(Step::Rival), &service.figures);
        let ratio =
            |of: Option<&Row>, value: fn(&Figures) -> f64| of.map_or(f64::NAN, |row| value(own) / value(&row.figures));
        println!(
            "| {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
            service.workload,
            service.workers,
            ratio(parse, |one| one.events_per_s),
            ratio(rival, |one| one.events_per_s),
            ratio(rival, |one| one.second_half_events_per_s),
            1.0 / ratio(rival, |one| one.client_us),
            1.0 / ratio(rival, |one| one.second_half_client_us),
            ratio(rival, |one| one.peak_mib),
        );
    }
}
