//! The model artifact: JSON with both heads, checked as it is read. Foreign, broken or non-finite models never get in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::money::Money;
use crate::engine::rfm::features::{FEATURE_TABLE, FeatureConstants, feature_index};
use crate::engine::rfm::rfm_scores::RfmEdges;
use crate::engine::scoring::logistic::{CLIP, Column, Head};
use crate::engine::scoring::model::{Model, ScoreReference};
use crate::wire::artifact_records::{
    FeatureRecord, HeadName, HeadRecord, ReferenceRecord, RfmRecord, TrainingRecord, ValidationRecord,
};
use crate::wire::calendar;

/// No head that means anything reaches log-odds beyond this, whatever the customer.
const MAX_LOG_ODDS: f64 = 1e6;
/// Version of the artifact's shape.
const SCHEMA: u32 = 2;

/// What the file holds; written by `train`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Version of this shape.
    #[schemars(extend("const" = SCHEMA))]
    pub schema_version: u32,
    /// Digest of the names and meanings of all features.
    pub feature_fingerprint: String,
    /// Name of the model.
    pub name: String,
    /// Base currency that amounts are in.
    pub currency: String,
    /// Churn horizon H, days.
    #[schemars(range(min = 7, max = 730))]
    pub horizon_days: i32,
    /// Population mean gap between purchase days, days.
    pub mean_gap_days: f64,
    /// Knots of the hinges on ln R.
    pub knots: [f64; 4],
    /// Minor units in one major unit.
    pub minor_per_major: f64,
    /// P(this silence will exceed H).
    pub silence: HeadRecord,
    /// P(no purchase in the next H days).
    pub forward: HeadRecord,
    /// Scores at which watch, high and critical begin.
    pub thresholds: [f64; 3],
    /// Net spend of a year, in minor units, at which tier mid and tier high begin.
    pub tier_edges: [i64; 2],
    /// Quintiles that RFM scores are read off.
    pub rfm_edges: RfmRecord,
    /// How the silence scores of the newest training rows were spread, for drift; null for an imported silence head.
    pub reference: Option<ReferenceRecord>,
    /// How the two heads did on later rows than they were fitted on; null where the history was too short.
    pub validation: [Option<ValidationRecord>; 2],
    /// How it was trained.
    pub training: TrainingRecord,
    /// Heads that were fitted elsewhere, and the SHA-256 of the file that each came in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub imported: BTreeMap<HeadName, String>,
    /// SHA-256 of everything else, as compact JSON with this field empty.
    pub checksum: String,
}

/// Why an artifact is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ArtifactFault {
    /// Not this JSON.
    #[error("the model is not an artifact of churnwatch ({0}): make one with `churnwatch train`")]
    Unreadable(String),
    /// Another shape.
    #[error("the model has schema version {0}, this release reads version {SCHEMA}: train it anew with this release")]
    Schema(u32),
    /// Other features.
    #[error("the model was trained on other features than this release computes: train it anew with this release")]
    Fingerprint,
    /// A number that is not finite, or out of its range.
    #[error("the model's {0} is not a usable number: train it anew")]
    Number(String),
    /// Changed after training.
    #[error("the model's checksum does not match its content: take the file as `churnwatch train` wrote it")]
    Checksum,
}

/// Digests of earlier feature tables, each feature of which stands in today's with the same meaning.
const EARLIER_TABLES: [&str; 1] = ["0c05f8a7259709fdd31d63cebae46fba3db66b2309f5ee1ab022e2356bcd4b7e"];

/// Digest of the feature table: a model fits this release only if it was trained on features that still mean the same.
pub fn feature_fingerprint() -> String {
    let mut digest = Sha256::new();
    for (name, group, meaning) in FEATURE_TABLE {
        digest.update(format!("{name}\0{}\0{meaning}\n", group.code()));
    }
    hex::encode(digest.finalize())
}

impl Artifact {
    /// An artifact of a fitted model.
    pub fn new(
        name: String,
        currency: String,
        model: &Model,
        validation: [Option<ValidationRecord>; 2],
        training: TrainingRecord,
    ) -> Self {
        let constants = &model.constants;
        let [mid, high] = model.tier_edges;
        let RfmEdges { recency_days, frequency, monetary } = model.rfm_edges;
        let mut artifact = Self {
            schema_version: SCHEMA,
            feature_fingerprint: feature_fingerprint(),
            name,
            currency,
            horizon_days: constants.horizon_days,
            mean_gap_days: constants.mean_gap_days,
            knots: constants.knots,
            minor_per_major: constants.minor_per_major,
            silence: head_record(&model.silence),
            forward: head_record(&model.forward),
            thresholds: model.thresholds,
            tier_edges: [mid.0, high.0],
            rfm_edges: RfmRecord { recency_days, frequency, monetary: monetary.map(|edge| edge.0) },
            reference: model.reference.map(reference_record),
            validation,
            training,
            imported: BTreeMap::new(),
            checksum: String::new(),
        };
        artifact.checksum = artifact.digest();
        artifact
    }

    /// Puts a head that was fitted elsewhere in the place of the artifact's own, whose story in the training record
    /// ends with it, and renews the checksum. Thresholds and everything else stay.
    pub fn replace(&mut self, name: HeadName, head: &Head, file_digest: String) {
        let TrainingRecord { rows, alpha, season, .. } = &mut self.training;
        let ([silence_rows, forward_rows], [silence_alpha, forward_alpha]) = (rows, alpha);
        let ([silence_season, forward_season], [silence_figures, forward_figures]) = (season, &mut self.validation);
        match name {
            HeadName::Silence => {
                self.silence = head_record(head);
                (*silence_rows, *silence_alpha, *silence_season, *silence_figures) = (0, 0.0, false, None);
                // The spread of the other head's scores says nothing of this one's.
                self.reference = None;
            }
            HeadName::Forward => {
                self.forward = head_record(head);
                (*forward_rows, *forward_alpha, *forward_season, *forward_figures) = (0, 0.0, false, None);
            }
        }
        self.imported.insert(name, file_digest);
        self.checksum = self.digest();
    }

    /// Reads and checks an artifact.
    pub fn read(bytes: &[u8]) -> Result<Self, ArtifactFault> {
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|fault| ArtifactFault::Unreadable(fault.to_string()))?;
        let schema = value.get("schema_version").and_then(serde_json::Value::as_u64);
        match schema {
            Some(version) if version != u64::from(SCHEMA) => return Err(ArtifactFault::Schema(version as u32)),
            Some(_) | None => {}
        }
        let artifact: Self =
            serde_json::from_value(value).map_err(|fault| ArtifactFault::Unreadable(fault.to_string()))?;
        let table = &*artifact.feature_fingerprint;
        if table != feature_fingerprint() && !EARLIER_TABLES.contains(&table) {
            return Err(ArtifactFault::Fingerprint);
        }
        artifact.check_numbers()?;
        if artifact.checksum != artifact.digest() {
            return Err(ArtifactFault::Checksum);
        }
        Ok(artifact)
    }

    /// The artifact as pretty JSON, the same bytes for the same model.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The model to score with.
    pub fn model(&self) -> Result<Model, ArtifactFault> {
        let until: jiff::civil::Date =
            self.training.until.parse().map_err(|_| ArtifactFault::Number("training.until".into()))?;
        let [mid, high] = self.tier_edges;
        Ok(Model {
            version: format!("{}@{}", self.name, self.checksum.get(..12).unwrap_or_default()),
            constants: FeatureConstants {
                mean_gap_days: self.mean_gap_days,
                knots: self.knots,
                minor_per_major: self.minor_per_major,
                horizon_days: self.horizon_days,
            },
            silence: head(&self.silence)?,
            forward: head(&self.forward)?,
            thresholds: self.thresholds,
            tier_edges: [Money(mid), Money(high)],
            rfm_edges: RfmEdges {
                recency_days: self.rfm_edges.recency_days,
                frequency: self.rfm_edges.frequency,
                monetary: self.rfm_edges.monetary.map(Money),
            },
            reference: self.reference.as_ref().map(|reference| {
                let ReferenceRecord { edges, shares, clipped } = *reference;
                ScoreReference { edges, shares, clipped }
            }),
            validation: self.validation.each_ref().map(|record| record.as_ref().and_then(ValidationRecord::figures)),
            trained_until: calendar::day(until),
        })
    }

    fn digest(&self) -> String {
        let unsigned = Self { checksum: String::new(), ..self.clone() };
        hex::encode(Sha256::digest(serde_json::to_vec(&unsigned).unwrap_or_default()))
    }

    fn check_numbers(&self) -> Result<(), ArtifactFault> {
        let fault = |what: &str| Err(ArtifactFault::Number(what.into()));
        let [watch, high, critical] = self.thresholds;
        if !(0.0 < watch && watch < high && high < critical && critical < 1.0) {
            return fault("thresholds");
        }
        if !(7..=730).contains(&self.horizon_days) {
            return fault("horizon_days");
        }
        if !(self.mean_gap_days.is_finite() && self.mean_gap_days > 0.0) {
            return fault("mean_gap_days");
        }
        if !(self.minor_per_major >= 1.0 && self.minor_per_major.is_finite()) {
            return fault("minor_per_major");
        }
        if self.knots.iter().any(|knot| !knot.is_finite()) {
            return fault("knots");
        }
        let [mid, high] = self.tier_edges;
        if mid > high {
            return fault("tier_edges");
        }
        let RfmRecord { recency_days, frequency, monetary } = &self.rfm_edges;
        if !(recency_days.is_sorted() && frequency.is_sorted() && monetary.is_sorted()) {
            return fault("rfm_edges");
        }
        if let Some(ReferenceRecord { edges, shares, clipped }) = &self.reference {
            let finite = edges.iter().chain(shares).chain([clipped]).all(|number| number.is_finite());
            if !finite || !edges.is_sorted() {
                return fault("reference");
            }
        }
        for (name, head) in [("silence", &self.silence), ("forward", &self.forward)] {
            let numbers = head.features.iter().flat_map(|feature| [feature.mean, feature.deviation, feature.weight]);
            if numbers.chain([head.intercept, head.slope, head.offset]).any(|number| !number.is_finite()) {
                return fault(name);
            }
            let reach =
                head.features.iter().fold(head.intercept.abs(), |sum, feature| sum + CLIP * feature.weight.abs());
            if head.slope * reach + head.offset.abs() > MAX_LOG_ODDS {
                return fault(name);
            }
            let mut names: Vec<&str> = head.features.iter().map(|feature| feature.name.as_str()).collect();
            names.sort_unstable();
            if names.windows(2).any(|pair| pair.first() == pair.last()) {
                return fault(name);
            }
            if head.slope <= 0.0 || head.features.iter().any(|feature| feature.deviation <= 0.0) {
                return fault(name);
            }
        }
        Ok(())
    }
}

fn reference_record(reference: ScoreReference) -> ReferenceRecord {
    let ScoreReference { edges, shares, clipped } = reference;
    ReferenceRecord { edges, shares, clipped }
}

fn head_record(head: &Head) -> HeadRecord {
    let feature = |column: &Column| {
        let (name, _, _) = FEATURE_TABLE.get(column.feature)?;
        let Column { mean, deviation, weight, .. } = *column;
        Some(FeatureRecord { name: (*name).into(), mean, deviation, weight })
    };
    let Head { intercept, slope, offset, .. } = *head;
    HeadRecord { intercept, slope, offset, features: head.columns.iter().filter_map(feature).collect() }
}

fn head(record: &HeadRecord) -> Result<Head, ArtifactFault> {
    let column = |feature: &FeatureRecord| {
        let FeatureRecord { ref name, mean, deviation, weight } = *feature;
        feature_index(name).map(|feature| Column { feature, mean, deviation, weight }).ok_or(ArtifactFault::Fingerprint)
    };
    let HeadRecord { intercept, slope, offset, .. } = *record;
    let columns = record.features.iter().map(column).collect::<Result<_, _>>()?;
    Ok(Head { columns, intercept, slope, offset })
}
