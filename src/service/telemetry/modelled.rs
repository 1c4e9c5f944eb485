//! The models in force and how well they still fit, as metrics.

use std::collections::{BTreeMap, BTreeSet};

use prometheus::{Gauge, IntCounter, IntGauge, IntGaugeVec};

use crate::engine::day::Day;
use crate::engine::drift::DriftFigures;
use crate::service::telemetry::register::Register;

/// Seconds of a day.
const DAY_SECONDS: f64 = 86_400.0;

/// The metrics of the models.
#[derive(Clone)]
pub(crate) struct Modelled {
    refused: IntCounter,
    in_force: IntGaugeVec,
    trained_until: Gauge,
    score_psi: Gauge,
    clipped_share: Gauge,
    calibration_ratio: Gauge,
    matured_silences: IntGauge,
    expected_churns: Gauge,
    churned_silences: IntGauge,
}

impl Modelled {
    pub(crate) fn new(register: &Register<'_>) -> Result<Self, prometheus::Error> {
        Ok(Self {
            refused: register.counter("models_refused_total", "Promotions that can't be used; the log says why")?,
            in_force: register.whole_gauges(
                "model_in_force",
                "Partitions of this process that the model decides in",
                &["model"],
            )?,
            trained_until: register.gauge(
                "model_trained_until_timestamp_seconds",
                "The end of what the model in most partitions was trained on; NaN without a partition",
            )?,
            score_psi: register.gauge(
                "model_score_psi",
                "Population stability index of the scores of the last 64 closes against the training's; above 0.25 they have changed",
            )?,
            clipped_share: register
                .gauge("model_clipped_features_share", "Share of features outside what the training saw")?,
            calibration_ratio: register.gauge(
                "model_calibration_ratio",
                "Silences that became churn over those predicted to, warned or not; NaN until some have matured",
            )?,
            matured_silences: register.whole_gauge(
                "model_matured_silences",
                "Silences of the last 90 days whose end is known, that calibration is measured on",
            )?,
            expected_churns: register
                .gauge("model_expected_churns", "How many of the matured silences were predicted to become churn")?,
            churned_silences: register
                .whole_gauge("model_churned_silences", "How many of the matured silences became churn")?,
        })
    }

    /// A promotion can't be used.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// Partitions by the model in force; a model that was `shown` and has none left goes.
    pub(crate) fn in_force(&self, counts: &BTreeMap<&str, i64>, shown: &BTreeSet<String>) {
        for gone in shown.iter().filter(|model| !counts.contains_key(model.as_str())) {
            let _ = self.in_force.remove_label_values(&[gone]);
        }
        for (model, count) in counts {
            self.in_force.with_label_values(&[model]).set(*count);
        }
    }

    /// How customers have moved away from what the training saw, which ended on `trained_until`.
    pub(crate) fn drift(&self, figures: DriftFigures, trained_until: Option<Day>) {
        self.trained_until.set(trained_until.map_or(f64::NAN, |day| f64::from(day.0) * DAY_SECONDS));
        self.score_psi.set(figures.psi.unwrap_or(f64::NAN));
        self.clipped_share.set(figures.clipped);
        self.calibration_ratio.set(figures.calibration().unwrap_or(f64::NAN));
        self.matured_silences.set(figures.silences as i64);
        self.expected_churns.set(figures.expected);
        self.churned_silences.set(figures.exceeded as i64);
    }

    /// A series of each, for the document.
    pub(crate) fn show(&self) {
        self.in_force.with_label_values(&[""]);
    }
}
