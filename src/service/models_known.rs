//! What is known of models as JSON: those in force, how they did when they were made, and how well they still fit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use crate::engine::day::Day;
use crate::engine::drift::{Cohort, Drift, DriftFigures, matured};
use crate::engine::promotion::{InForce, Schedule};
use crate::engine::scoring::model::{Model, Validation};
use crate::wire::shapes::models::{
    BinShape, CohortShape, DriftShape, HeadFiguresShape, InForceShape, MaturedShape, ModelsShape, PendingShape,
    ValidationShape,
};

/// What is known.
#[derive(Default)]
pub(crate) struct Known {
    /// The promotions.
    pub(crate) schedule: Arc<Schedule>,
    /// The model of each partition, and what its closes saw.
    pub(crate) in_force: BTreeMap<u32, (InForce, Arc<Drift>)>,
    /// Versions that the metric has a series of.
    pub(crate) shown: BTreeSet<String>,
    /// The newest reading that was published: one that began earlier knows less.
    pub(crate) reading: u64,
    /// Up to which offset refusals were spoken of.
    pub(crate) told: i64,
}

impl Known {
    /// The model that is in force in most partitions, of several the first by version.
    pub(crate) fn in_most(&self) -> Option<&Model> {
        let count =
            |model: &Model| self.in_force.values().filter(|(one, _)| one.model().version == model.version).count();
        let models = self.in_force.values().map(|(one, _)| &**one.model());
        models.max_by(|a, b| count(a).cmp(&count(b)).then_with(|| b.version.cmp(&a.version)))
    }

    /// Drift of that model.
    pub(crate) fn drift(&self) -> Option<(&Model, DriftFigures)> {
        let model = self.in_most()?;
        Some((model, DriftFigures::of(self.drifts(model), model.reference.as_ref(), model.horizon_days())))
    }

    /// What the closes of its partitions saw.
    pub(crate) fn drifts(&self, model: &Model) -> impl Iterator<Item = &Drift> {
        let its = self.in_force.values().filter(|(one, _)| one.model().version == model.version);
        its.map(|(_, drift)| &**drift)
    }

    /// The newest day that any partition closed under its model.
    pub(crate) fn newest_day(&self) -> Option<Day> {
        self.in_force.values().filter_map(|(_, drift)| drift.cohorts.back()).map(|cohort| Day(cohort.day)).max()
    }
}

/// The models in force, the one in most partitions first and in full, and what comes next.
pub(crate) fn models_json(known: &Known) -> Value {
    let mut models: BTreeMap<&str, (&Model, Vec<u32>, Option<Day>)> = BTreeMap::new();
    for (partition, (one, _)) in &known.in_force {
        let entry = models.entry(&one.model().version).or_insert((one.model(), Vec::new(), None));
        entry.1.push(*partition);
        entry.2 = entry.2.max(one.since);
    }
    let mut models: Vec<_> = models.into_values().collect();
    models.sort_by_key(|(_, partitions, _)| std::cmp::Reverse(partitions.len()));
    let first = known.in_most();
    let in_force = models.into_iter().map(|(model, partitions, since)| InForceShape {
        model: &model.version,
        partitions,
        since: since.map(Into::into),
    });
    let pending = known.in_force.values().filter_map(|(one, _)| {
        known.schedule.pending(one.taken).filter(|promotion| promotion.model.version != one.model().version)
    });
    let pending = pending
        .min_by_key(|promotion| promotion.effective)
        .map(|promotion| PendingShape { model: &promotion.model.version, effective_day: promotion.effective.into() });
    let shape = ModelsShape {
        in_force: in_force.collect(),
        pending,
        version: first.map(|model| model.version.as_str()),
        horizon_days: first.map(Model::horizon_days),
        thresholds: first.map(|model| model.thresholds),
        trained_until: first.map(|model| model.trained_until.into()),
        validation: first.map(|model| {
            let [silence, forward] = model.validation.map(|figures| figures.map(head_figures));
            ValidationShape { silence, forward }
        }),
        drift: known.drift().map(|(model, figures)| drift_shape(model, &figures, known)),
    };
    serde_json::to_value(shape).unwrap_or_default()
}

/// A score distribution further from the training's than this has changed (Siddiqi 2006).
pub const PSI_LIMIT: f64 = 0.25;
/// Matured silences from which calibration says something.
pub const CALIBRATION_SILENCES: u64 = 200;
/// How far from 1 it may be.
pub const CALIBRATION_LIMITS: [f64; 2] = [0.8, 1.25];
/// How much more may be clipped than in the training.
pub const CLIPPED_MARGIN: f64 = 0.01;
/// Days after which a model is old.
pub const OLD_DAYS: i32 = 365;

/// How a head did on rows that it had not seen.
fn head_figures(figures: Validation) -> HeadFiguresShape {
    let Validation { at, rows, base_rate, auc, auc_active, brier, ece } = figures;
    HeadFiguresShape { at: at.into(), rows, base_rate, auc, auc_active, brier, ece }
}

fn drift_shape(model: &Model, figures: &DriftFigures, known: &Known) -> DriftShape {
    let reasons = retraining_reasons(model, figures, known.newest_day());
    let bins = model.reference.zip(figures.seen).map(|(reference, seen)| {
        let ends = reference.edges.into_iter().map(Some).chain([None]);
        let bins = ends.zip(reference.shares).zip(seen);
        bins.map(|((below, training_share), seen_share)| BinShape { below, training_share, seen_share }).collect()
    });
    let cohorts = matured(known.drifts(model), model.horizon_days());
    let cohort = |cohort: &Cohort| {
        let Cohort { day, silences, expected, exceeded } = *cohort;
        CohortShape { day: Day(day).into(), silences, expected, exceeded }
    };
    DriftShape {
        scores: bins.unwrap_or_default(),
        cohorts: cohorts.iter().map(cohort).collect(),
        clipped_share_in_training: model.reference.map(|reference| reference.clipped),
        score_psi: figures.psi,
        clipped_share: figures.clipped,
        matured: MaturedShape {
            silences: figures.silences,
            expected: figures.expected,
            exceeded: figures.exceeded,
            ratio: figures.calibration(),
        },
        retraining_due: !reasons.is_empty(),
        reasons,
    }
}

/// Why a new model is due, in sentences.
fn retraining_reasons(model: &Model, figures: &DriftFigures, today: Option<Day>) -> Vec<String> {
    let mut reasons = Vec::new();
    if let Some(psi) = figures.psi.filter(|psi| *psi > PSI_LIMIT) {
        reasons.push(format!(
            "scores are spread otherwise than in training (population stability index {psi:.2}, limit {PSI_LIMIT}): retrain"
        ));
    }
    let [low, high] = CALIBRATION_LIMITS;
    if let Some(ratio) = figures.calibration().filter(|ratio| !(low..=high).contains(ratio))
        && figures.silences >= CALIBRATION_SILENCES
    {
        let which = if ratio > 1.0 { "more" } else { "fewer" };
        reasons.push(format!(
            "{which} silences became churn than predicted ({} instead of {:.0} of {}){}: retrain",
            figures.exceeded,
            figures.expected,
            figures.silences,
            if ratio < 1.0 { ", unless that is the work of the warnings" } else { "" },
        ));
    }
    if model.reference.is_some_and(|reference| figures.clipped > reference.clipped + CLIPPED_MARGIN) {
        reasons
            .push(format!("{:.1} % of features lie outside what the training saw: retrain", figures.clipped * 100.0));
    }
    if let Some(age) = today.map(|today| today.since(model.trained_until)).filter(|age| *age > OLD_DAYS) {
        reasons.push(format!("the model is {age} days old: retrain"));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::retraining_reasons;
    use crate::engine::drift::DriftFigures;
    use crate::wire::artifact::Artifact;

    #[test]
    fn a_sentence_says_when_retraining_is_due() {
        let model = Artifact::read(include_bytes!("../../models/default.json")).unwrap().model().unwrap();
        let figures =
            DriftFigures { psi: Some(0.1), silences: 500, expected: 200.0, exceeded: 210, ..DriftFigures::default() };
        let today = Some(model.trained_until.plus(100));
        assert!(retraining_reasons(&model, &figures, today).is_empty());
        let drifted = DriftFigures { psi: Some(0.3), clipped: 0.2, exceeded: 300, ..figures };
        let reasons = retraining_reasons(&model, &drifted, Some(model.trained_until.plus(400)));
        assert_eq!(reasons.len(), 4, "{reasons:?}");
        assert!(reasons[1].starts_with("more silences became churn than predicted (300 instead of 200 of 500)"));
        let few = DriftFigures { silences: 100, exceeded: 300, ..figures };
        assert!(retraining_reasons(&model, &few, today).is_empty(), "too few to say anything");
    }
}
