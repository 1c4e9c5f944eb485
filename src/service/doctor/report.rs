//! What the doctor found, whole.

use std::time::Duration;

use rdkafka::util::get_rdkafka_version;

use crate::engine::day::Millis;
use crate::service::doctor::finding::{Checked, Finding};
use crate::wire::calendar::instant_text;
use crate::wire::shapes::doctor::{CheckShape, DoctorShape, FindingShape, Severity};

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// When the doctor began.
    pub time: Millis,
    /// How long it took.
    pub took: Duration,
    /// Every check, in the order of [`crate::wire::shapes::doctor::Check::ALL`].
    pub checks: Vec<Checked>,
}

impl Report {
    /// Findings of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.checks.iter().flat_map(|one| &one.findings).filter(|one| one.kind.severity == severity).count()
    }

    /// Whether no finding is an error.
    pub fn is_healthy(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    /// For machines.
    pub fn shape(&self) -> DoctorShape {
        DoctorShape {
            churnwatch: env!("CARGO_PKG_VERSION").into(),
            librdkafka: librdkafka(),
            time: instant_text(self.time),
            seconds: self.took.as_millis() as f64 / 1e3,
            healthy: self.is_healthy(),
            errors: self.count(Severity::Error),
            warnings: self.count(Severity::Warning),
            notes: self.count(Severity::Note),
            checks: self.checks.iter().map(check).collect(),
        }
    }
}

/// The version of the Kafka client.
pub fn librdkafka() -> String {
    get_rdkafka_version().1
}

fn check(checked: &Checked) -> CheckShape {
    CheckShape {
        check: checked.check,
        result: checked.result,
        seen: checked.seen.clone(),
        findings: checked.findings.iter().map(finding).collect(),
    }
}

fn finding(found: &Finding) -> FindingShape {
    FindingShape {
        code: found.kind.code,
        severity: found.kind.severity,
        about: Some(found.about.clone()).filter(|about| !about.is_empty()),
        seen: found.seen.clone(),
        remedy: found.remedy.clone(),
    }
}
