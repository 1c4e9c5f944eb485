//! Planted in what a service says of itself: a listener that answers like one.

use std::io::{Read, Write};
use std::net::TcpListener;

use churnwatch::engine::drift::DriftFigures;
use churnwatch::service::telemetry::metrics::Metrics;

use crate::stage::{Stage, doctor};

const NEVER: (&str, &str) = ("never-served", "start `churnwatch serve`");

/// Answers every request for these paths, and ends with the process; gives its port.
fn answering(pages: &'static [(&'static str, u16)], metrics: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut connection in listener.incoming().flatten() {
            let mut head = [0; 2_048];
            let read = connection.read(&mut head).unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let status = pages.iter().find(|(known, _)| *known == path).map_or(200, |(_, status)| *status);
            let body = if path == "/metrics" { metrics.clone() } else { r#"{"detail":"restoring"}"#.into() };
            let _ = write!(
                connection,
                "HTTP/1.1 {status} -\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    port
}

pub(crate) fn the_service_says_so(stage: &Stage, name: &str) {
    let metrics = Metrics::new().unwrap();
    metrics.state(0, 3_000, Some(3_000), 900_000_000_000_000);
    metrics.source_silent(true);
    metrics.offset_gap(4);
    (0..20).for_each(|_| metrics.transaction(3.0));
    metrics.drift(
        DriftFigures { psi: Some(0.4), silences: 300, expected: 100.0, exceeded: 150, ..DriftFigures::default() },
        None,
    );
    let port = answering(&[("/readyz", 503)], metrics.text());
    let report = doctor(&stage.bench(name, 1, &format!("[http]\nlisten = \"127.0.0.1:{port}\"\n")), &[]);
    report.finds(
        name,
        &[
            ("not-ready", "column \"restore\""),
            ("source-silent", "look at what writes the events"),
            ("records-skipped", "publish the lost events again"),
            ("commits-slow", "the brokers' disks"),
            ("scores-drifted", "`churnwatch train`"),
            ("calibration-off", "`churnwatch report`"),
            ("state-full", "`churnwatch dead-letters replay --reason state-full --yes`"),
            ("memory-full", "give the process more memory"),
            NEVER,
        ],
    );
}

pub(crate) fn a_worker_has_ended(stage: &Stage, name: &str) {
    let metrics = Metrics::new().unwrap();
    metrics.state(0, 2_800, Some(3_000), 900_000);
    let port = answering(&[("/readyz", 503), ("/livez", 503)], metrics.text());
    let more = format!("[service]\nmax_customers_per_partition = 4000000000\n[http]\nlisten = \"127.0.0.1:{port}\"\n");
    let report = doctor(&stage.bench(name, 1, &more), &[]);
    let expected = [
        ("worker-ended", "restart the service"),
        ("state-nearly-full", "raise service.max_customers_per_partition"),
        ("bound-too-high", "set service.max_customers_per_partition to "),
        NEVER,
    ];
    report.finds(name, &expected);
}
