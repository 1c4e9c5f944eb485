//! The model artifact: JSON with both heads, checked as it is read. Foreign, broken or non-finite models never get in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::money::Money;
use crate::engine::rfm::features::{FEATURE_TABLE, FeatureConstants, feature_index};
use crate::engine::scoring::logistic::{Column, Head};
use crate::engine::scoring::model::Model;
use crate::wire::calendar;

/// Version of the artifact's shape.
const SCHEMA: u32 = 1;

/// What the file holds; written by `train`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Version of this shape.
    pub schema_version: u32,
    /// Digest of the names and meanings of all features.
    pub feature_fingerprint: String,
    /// Name of the model.
    pub name: String,
    /// Base currency that amounts are in.
    pub currency: String,
    /// Churn horizon H, days.
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
    /// How it was trained.
    pub training: TrainingRecord,
    /// Heads that were fitted elsewhere, and the SHA-256 of the file that each came in.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub imported: BTreeMap<HeadName, String>,
    /// SHA-256 of everything else, as compact JSON with this field empty.
    pub checksum: String,
}

/// Which head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HeadName {
    /// P(this silence will exceed H).
    Silence,
    /// P(no purchase in the next H days).
    Forward,
}

impl std::fmt::Display for HeadName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Silence => "silence",
            Self::Forward => "forward",
        })
    }
}

/// One head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadRecord {
    /// Log-odds where all standardised features are zero.
    pub intercept: f64,
    /// Platt's slope.
    pub slope: f64,
    /// Platt's offset.
    pub offset: f64,
    /// The features used.
    pub features: Vec<FeatureRecord>,
}

/// One feature of a head.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureRecord {
    /// Name in the feature table.
    pub name: String,
    /// Mean over the training rows.
    pub mean: f64,
    /// Standard deviation over the training rows.
    pub deviation: f64,
    /// Weight of the standardised feature.
    pub weight: f64,
}

/// How and on what a model was trained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingRecord {
    /// First day of the history, YYYY-MM-DD.
    pub from: String,
    /// The midnight that closes it, YYYY-MM-DD.
    pub until: String,
    /// Customers seen.
    pub customers: u64,
    /// Events used.
    pub events: u64,
    /// SHA-256 of the events used, in order.
    pub data_digest: String,
    /// Rows of the silence head and of the forward head.
    pub rows: [u64; 2],
    /// L2 strength of the two heads.
    pub alpha: [f64; 2],
    /// Log loss of the two heads on the validation period; null where the history was too short for one.
    pub validation_log_loss: [Option<f64>; 2],
    /// Seed of all sampling.
    pub seed: u64,
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

/// Digest of the feature table: a model fits this release only if it was trained on the same features.
pub fn feature_fingerprint() -> String {
    let mut digest = Sha256::new();
    for (name, group, meaning) in FEATURE_TABLE {
        digest.update(format!("{name}\0{}\0{meaning}\n", group.code()));
    }
    hex::encode(digest.finalize())
}

impl Artifact {
    /// An artifact of a fitted model.
    pub fn new(name: String, currency: String, model: &Model, training: TrainingRecord) -> Self {
        let constants = &model.constants;
        let [mid, high] = model.tier_edges;
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
        let TrainingRecord { rows, alpha, validation_log_loss, .. } = &mut self.training;
        let ([silence_rows, forward_rows], [silence_alpha, forward_alpha]) = (rows, alpha);
        let [silence_loss, forward_loss] = validation_log_loss;
        let (record, rows, alpha, loss) = match name {
            HeadName::Silence => (&mut self.silence, silence_rows, silence_alpha, silence_loss),
            HeadName::Forward => (&mut self.forward, forward_rows, forward_alpha, forward_loss),
        };
        (*record, *rows, *alpha, *loss) = (head_record(head), 0, 0.0, None);
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
        if artifact.feature_fingerprint != feature_fingerprint() {
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
        for (name, head) in [("silence", &self.silence), ("forward", &self.forward)] {
            let numbers = head.features.iter().flat_map(|feature| [feature.mean, feature.deviation, feature.weight]);
            if numbers.chain([head.intercept, head.slope, head.offset]).any(|number| !number.is_finite()) {
                return fault(name);
            }
            if head.slope <= 0.0 || head.features.iter().any(|feature| feature.deviation <= 0.0) {
                return fault(name);
            }
        }
        Ok(())
    }
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
