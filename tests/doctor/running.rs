//! Real services: one without a fault, one that is full, one that was stopped.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::bench::{Bench, PROGRAM, Replica};
use crate::stage::{Stage, doctor};
use crate::support::page::{free_port, page};

/// Purchases of so many customers, the last an hour ago.
fn publish(bench: &Bench, customers: usize) {
    let path = bench.folder().join("events.jsonl");
    let hour = jiff::Timestamp::now().as_millisecond() - 3_600_000;
    let event = |at: usize| {
        let time = hour - at as i64 * 60_000;
        format!(
            r#"{{"id":"p{at}","type":"purchase","customer_id":"c{at}","time":{time},"amount":"10.00","currency":"CNY"}}"#
        )
    };
    let events: Vec<String> = (0..customers).rev().map(event).collect();
    std::fs::write(&path, events.join("\n") + "\n").unwrap();
    bench.publish(&path);
}

/// Waits until the service there is ready and has read so many records.
fn has_read(port: u16, records: usize) {
    let line = format!("churnwatch_records_total {records}\n");
    // What partitions hold is told a moment after it was committed.
    let told = |text: String| text.contains(&line) && !text.contains("churnwatch_customers{partition=\"0\"} 0\n");
    let begun = Instant::now();
    while page(port, "/readyz").is_none() || !page(port, "/metrics").is_some_and(told) {
        assert!(begun.elapsed() < Duration::from_mins(1), "{records} were not read");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn serving(bench: &Bench, port: u16, records: usize) -> Replica {
    publish(bench, records);
    let replica = bench.serve_at(port);
    has_read(port, records);
    replica
}

/// A running service and its data: no finding, every check made, exit code 0; and the same for people.
pub(crate) fn nothing_is_wrong(stage: &Stage, name: &str) {
    let port = free_port();
    let bench = stage.bench(name, 2, &format!("[http]\nlisten = \"127.0.0.1:{port}\"\n"));
    let mut replica = serving(&bench, port, 30);
    let report = doctor(&bench, &[]);
    report.finds(name, &[]);
    let results: Vec<&str> =
        report.json["checks"].as_array().unwrap().iter().map(|check| check["result"].as_str().unwrap()).collect();
    assert!(results.iter().all(|result| *result == "ok"), "{:#}", report.json);
    assert_eq!((report.code, &report.json["healthy"]), (0, &true.into()));
    let told = Command::new(PROGRAM).args(["doctor", "--config"]).arg(bench.path()).output().unwrap();
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(text.contains("\nnothing is wrong") && !text.contains('\u{1b}') && told.stderr.is_empty(), "{text}");
    println!("{text}");
    replica.terminate();
}

/// A bound that is reached: newcomers become dead letters.
pub(crate) fn the_state_is_full(stage: &Stage, name: &str) {
    let port = free_port();
    let more = format!("[service]\nmax_customers_per_partition = 5\n[http]\nlisten = \"127.0.0.1:{port}\"\n");
    let bench = stage.bench(name, 1, &more);
    let _replica = serving(&bench, port, 40);
    let report = doctor(&bench, &[]);
    let letters = ("most-refused", "`churnwatch dead-letters list --since 1d --config FILE`");
    report.finds(name, &[("state-full", "raise service.max_customers_per_partition"), letters]);
    assert!(report.json.to_string().contains("35 state full"), "{}", report.json);
}

/// A service that has closed its days long ago, and is no more; then one with other settings would start.
pub(crate) fn it_was_stopped_and_its_settings_changed(stage: &Stage, name: &str) {
    let bench = stage.bench(name, 1, "[time]\nclock = \"event\"\nuntil = \"2026-01-10\"\n");
    let shop = crate::bench::shop(&bench, "20", "60", "2026-01-10", 3);
    bench.publish(&shop);
    let mut replica = bench.serve();
    bench.wait_until_closed(1, "2026-01-09");
    replica.terminate();
    let nobody = ("nobody-serves", "start `churnwatch serve`");
    doctor(&bench, &[]).finds(name, &[nobody]);
    let changed = doctor(&bench, &[("TIME__CLOCK", "wall"), ("TIME__LATENESS_DAYS", "20"), ("SERVICE__WORKERS", "64")]);
    let rebuild = ("settings-changed", "`churnwatch rebuild --yes`");
    let workers = ("too-many-workers", "set service.workers to ");
    changed.finds(name, &[nobody, rebuild, ("day-open", "time.source_silence"), workers]);
}

pub(crate) fn a_bad_configuration_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("bad.toml");
    std::fs::write(&config, "[http]\nlisten = \"0.0.0.0:8080\"\n[time]\nzone = \"Mars\"\n").unwrap();
    let said = Command::new(PROGRAM).args(["doctor", "--json", "--config"]).arg(&config).output().unwrap();
    let text = String::from_utf8_lossy(&said.stderr);
    assert_eq!((said.status.code(), said.stdout.len()), (Some(64), 0), "{text}");
    assert!(text.contains("http.token_file") && text.contains("time.zone"), "{text}");
    std::fs::write(&config, "[time]\nzone = \"UTC\"\n").unwrap();
    let said = Command::new(PROGRAM).args(["doctor", "--config"]).arg(&config).output().unwrap();
    assert_eq!(said.status.code(), Some(64));
    let text = String::from_utf8_lossy(&said.stderr);
    assert!(text.contains("name your brokers"), "{text}");
}
