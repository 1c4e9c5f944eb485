//! What the running service says of itself.

use crate::service::doctor::figures::Figures;
use crate::service::doctor::finding::{Checked, Finding, Kind, count};
use crate::service::doctor::pages::{Answers, Pages};
use crate::service::models_known::{CALIBRATION_LIMITS, CALIBRATION_SILENCES, PSI_LIMIT};
use crate::wire::shapes::doctor::{Check, Severity};

/// A mean commit that takes longer is slow, once there were some.
const SLOW_SECONDS: f64 = 1.0;
const SOME_COMMITS: f64 = 10.0;

/// A worker is gone.
const WORKER_ENDED: Kind = Kind {
    code: "worker-ended",
    severity: Severity::Error,
    means: "a worker of the service has ended by a fault",
    remedy: "read the end of the log, which says why and what to do, and restart the service",
};
/// Not at work.
const NOT_READY: Kind = Kind {
    code: "not-ready",
    severity: Severity::Warning,
    means: "the service is not at work: it starts, joins its group, restores or drains",
    remedy: "wait for longer than the column \"restore\" in docs/operations.md says; then read the log, which says how far it is",
};
/// Nobody is warned.
const SOURCE_SILENT: Kind = Kind {
    code: "source-silent",
    severity: Severity::Warning,
    means: "no input has moved for time.source_silence: days are held open, and nobody is warned",
    remedy: "look at what writes the events; where such a silence is normal raise time.source_silence",
};
/// Schemas are missing.
const SCHEMAS_MISSING: Kind = Kind {
    code: "schemas-missing",
    severity: Severity::Warning,
    means: "partitions are not read on because the schema registry gave no answer about their next record",
    remedy: "mend what the check \"registry\" finds; where it finds nothing the log says what the service was told",
};
/// The brokers are slow.
const COMMITS_SLOW: Kind = Kind {
    code: "commits-slow",
    severity: Severity::Warning,
    means: "a transaction takes longer than a second on average",
    remedy: "look at the brokers' disks, network and quotas, and at copies that are not in sync; with more than a hundred workers raise kafka.commit_interval_ms",
};
/// Gone before they were read.
const RECORDS_SKIPPED: Kind = Kind {
    code: "records-skipped",
    severity: Severity::Warning,
    means: "input records were gone before the service, since its start, had read them",
    remedy: "keep the inputs longer (retention.ms, retention.bytes), and publish the lost events again",
};
/// Customers are others.
const SCORES_DRIFTED: Kind = Kind {
    code: "scores-drifted",
    severity: Severity::Warning,
    means: "scores are spread otherwise than in the training",
    remedy: "train a new model by `churnwatch train`, set it against this one by `churnwatch compare`, and promote it",
};
/// Probabilities are off.
const CALIBRATION_OFF: Kind = Kind {
    code: "calibration-off",
    severity: Severity::Warning,
    means: "more or fewer silences became churn than the model said",
    remedy: "train a new model by `churnwatch train`, unless fewer of them are the work of the warnings, as `churnwatch report` tells",
};

/// What may be found here.
pub const KINDS: [&Kind; 8] = [
    &WORKER_ENDED,
    &NOT_READY,
    &SOURCE_SILENT,
    &SCHEMAS_MISSING,
    &COMMITS_SLOW,
    &RECORDS_SKIPPED,
    &SCORES_DRIFTED,
    &CALIBRATION_OFF,
];

/// What it means.
pub fn judge(pages: &Pages) -> Checked {
    let Pages { address, service } = pages;
    let Some(Answers { dead, not_ready, figures }) = service else {
        return Checked::skipped(Check::Service, format!("no service answers at {address}"));
    };
    let mut findings = Vec::new();
    match (dead, not_ready) {
        (Some(why), _) => findings.push(WORKER_ENDED.found(address, why, &[])),
        (None, Some(why)) => findings.push(NOT_READY.found(address, why, &[])),
        (None, None) => {}
    }
    findings.extend(of_figures(figures));
    let state = if dead.is_none() && not_ready.is_none() { "ready" } else { "not ready" };
    let number = |name: &str| figures.sum(name).unwrap_or_default() as usize;
    let seen = format!(
        "{address} is {state}: {}, {} since its start, commits of {:.0} ms",
        count(number("customers"), "customer"),
        count(number("records_total"), "record"),
        commit_seconds(figures).unwrap_or_default() * 1e3
    );
    Checked::new(Check::Service, seen, findings)
}

/// The mean of all transactions.
fn commit_seconds(figures: &Figures) -> Option<f64> {
    let many = figures.sum("commit_duration_seconds_count").filter(|many| *many > 0.0)?;
    Some(figures.sum("commit_duration_seconds_sum")? / many)
}

fn of_figures(figures: &Figures) -> Vec<Finding> {
    let mut findings = Vec::new();
    let value = |name: &str| figures.sum(name).unwrap_or_default();
    if value("source_silent") > 0.0 {
        findings.push(SOURCE_SILENT.found("topics.events", "churnwatch_source_silent is 1", &[]));
    }
    let waiting = value("schema_registry_waiting_partitions") as usize;
    if waiting > 0 {
        findings.push(SCHEMAS_MISSING.found(
            "schema_registry.url",
            format!("{} waiting", count(waiting, "partition")),
            &[],
        ));
    }
    let slow = commit_seconds(figures).filter(|seconds| *seconds > SLOW_SECONDS);
    if let Some(seconds) = slow.filter(|_| value("commit_duration_seconds_count") >= SOME_COMMITS) {
        let commits = count(value("commit_duration_seconds_count") as usize, "commit");
        findings.push(COMMITS_SLOW.found("", format!("{seconds:.1} s on average over {commits}"), &[]));
    }
    if value("offset_gaps_total") > 0.0 {
        let seen = format!("{} skipped", count(value("offset_gaps_total") as usize, "record"));
        findings.push(RECORDS_SKIPPED.found("topics.events", seen, &[]));
    }
    // Not a number as long as nothing is known, and then it exceeds nothing.
    let psi = value("model_score_psi");
    if psi > PSI_LIMIT {
        let seen = format!("population stability index {psi:.2}, limit {PSI_LIMIT}");
        findings.push(SCORES_DRIFTED.found("", seen, &[]));
    }
    let (ratio, matured) = (value("model_calibration_ratio"), value("model_matured_silences"));
    let [least, most] = CALIBRATION_LIMITS;
    if matured >= CALIBRATION_SILENCES as f64 && (ratio < least || ratio > most) {
        let seen = format!("{ratio:.2} times as many as predicted, of {matured} silences");
        findings.push(CALIBRATION_OFF.found("", seen, &[]));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::judge;
    use crate::engine::drift::DriftFigures;
    use crate::service::doctor::figures::Figures;
    use crate::service::doctor::pages::{Answers, Pages};
    use crate::service::telemetry::metrics::Metrics;
    use crate::wire::shapes::doctor::CheckResult;

    fn found(metrics: &Metrics, dead: Option<&str>, not_ready: Option<&str>) -> Vec<&'static str> {
        let answers = Answers {
            dead: dead.map(str::to_owned),
            not_ready: not_ready.map(str::to_owned),
            figures: Figures::new(metrics.text()),
        };
        let checked = judge(&Pages { address: "http://h:1".into(), service: Some(answers) });
        checked.findings.iter().map(|finding| finding.kind.code).collect()
    }

    #[test]
    fn what_it_says_of_itself_is_believed() {
        let metrics = Metrics::new().unwrap();
        assert!(found(&metrics, None, None).is_empty());
        assert_eq!(found(&metrics, Some("a worker has ended"), Some("a worker has ended")), ["worker-ended"]);
        assert_eq!(found(&metrics, None, Some("restoring")), ["not-ready"]);
        metrics.source_silent(true);
        (0..10).for_each(|_| metrics.transaction(3.0));
        metrics.offset_gap(4);
        metrics.drift(
            DriftFigures { psi: Some(0.4), silences: 300, expected: 100.0, exceeded: 150, ..DriftFigures::default() },
            None,
        );
        let all = ["source-silent", "commits-slow", "records-skipped", "scores-drifted", "calibration-off"];
        assert_eq!(found(&metrics, None, None), all);
        let nobody = judge(&Pages { address: "http://h:1".into(), service: None });
        assert_eq!(nobody.result, CheckResult::Skipped);
    }
}
