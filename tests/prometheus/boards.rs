//! The queries of the dashboards, as Grafana would ask them.

use serde_json::Value;

use crate::rules::text;

/// Dashboard and panel, and one of its queries.
pub(crate) fn queries() -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for name in ["operations", "business"] {
        let board: Value = serde_json::from_str(&text(&format!("deploy/grafana/{name}.json"))).unwrap();
        for panel in board["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let panel = format!("{name}: {}", panel["title"].as_str().unwrap());
                queries.push((panel, target["expr"].as_str().unwrap().to_owned()));
            }
        }
    }
    queries
}

/// A query with what Grafana puts in for its variables: this job, all replicas, and ranges that fit a run of minutes.
pub(crate) fn filled(query: &str) -> String {
    let filled = [("$job", "churnwatch"), ("$instance", ".+"), ("$__rate_interval", "1m"), ("$__range", "10m")]
        .into_iter()
        .fold(query.to_owned(), |query, (variable, value)| query.replace(variable, value));
    assert!(!filled.contains('$'), "{filled} has a variable that nobody knows");
    filled
}
