//! A head that was fitted elsewhere, as `models/export_sklearn.py` writes it: JSON, or ONNX with notes in its metadata.
//!
//! It comes with rows and their probabilities, which our own scoring must repeat before it is let in.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::engine::rfm::features::{FEATURES, feature_index};
use crate::engine::scoring::logistic::{CLIP, Column, Head};
use crate::wire::artifact_records::HeadName;
use crate::wire::onnx::{LinearModel, OnnxFault};

/// What the JSON says it is.
const FORMAT: &str = "churnwatch-head";
/// Version of the JSON's shape.
const VERSION: u64 = 1;
/// How far a golden probability may be from ours: both sides count in 64 bits.
const JSON_TOLERANCE: f64 = 1e-9;
/// The same with coefficients of 32 bits.
const ONNX_TOLERANCE: f64 = 1e-5;

/// How the head is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadForm {
    /// JSON.
    Json,
    /// ONNX.
    Onnx,
}

/// A head that scores its golden rows as its maker did.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedHead {
    /// The head, uncalibrated: slope 1, offset 0.
    pub head: Head,
    /// Golden rows repeated.
    pub golden_rows: usize,
    /// Largest difference among them.
    pub largest_difference: f64,
}

/// Why a head is refused.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum ImportFault {
    /// Not ONNX that is understood.
    #[error(transparent)]
    Onnx(#[from] OnnxFault),
    /// Not this JSON.
    #[error("the file is not a head of format {FORMAT} ({0}): write it by models/export_sklearn.py")]
    Unreadable(String),
    /// Another shape.
    #[error("the file has version {0}, this release reads version {VERSION}: export it with this release's script")]
    Version(u64),
    /// ONNX without what the exporter notes.
    #[error("the ONNX file's metadata has no usable \"{0}\": write it by export_onnx of models/export_sklearn.py")]
    Metadata(&'static str),
    /// The other head.
    #[error("the file holds the {0} head: give it by --{0}")]
    WrongHead(HeadName),
    /// Another horizon.
    #[error("the head was fitted for a horizon of {0} days, the base model's is {1}: take a base of the same horizon")]
    Horizon(i32, i32),
    /// Not two classes, or the churned one is not among them.
    #[error("\"positive\" must be one of two classes, the churned one: export it with positive=CLASS")]
    Classes,
    /// No such feature.
    #[error(
        "the feature \"{0}\" is not one of this release: use the names of FEATURE_TABLE in src/engine/rfm/features.rs"
    )]
    UnknownFeature(String),
    /// The same feature twice, or none at all, or names that are not one for each column.
    #[error("the features are not one name for each column, each once: name the columns as they were fitted")]
    Features,
    /// A number that is not finite, or a scale that is not above zero.
    #[error("the numbers of \"{0}\" are not finite, or its scale is not above zero: fit it anew")]
    Number(String),
    /// No golden rows.
    #[error("the file has no golden rows to check the head by: export it with a sample of rows")]
    NoGolden,
    /// A golden row without one of the features.
    #[error("golden row {row} has no number for \"{feature}\": export the head again")]
    GoldenFeature {
        /// Number of the row, from 1.
        row: usize,
        /// The feature.
        feature: String,
    },
    /// A golden row where the head clips.
    #[error(
        "golden row {row} is more than {CLIP} deviations out in \"{feature}\", where scores are clipped: export again"
    )]
    GoldenClipped {
        /// Number of the row, from 1.
        row: usize,
        /// The feature.
        feature: String,
    },
    /// Another probability.
    #[error(
        "golden row {row} scores {ours} here and {theirs} in the file: the file was changed or is of another pipeline, export it again"
    )]
    GoldenScore {
        /// Number of the row, from 1.
        row: usize,
        /// Our probability.
        ours: f64,
        /// The file's.
        theirs: f64,
    },
}

/// The file's content, from either form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadFile {
    head: HeadName,
    horizon_days: Option<i32>,
    classes: Vec<Value>,
    positive: Value,
    features: Vec<FeatureFile>,
    intercept: f64,
    golden: Vec<GoldenRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FeatureFile {
    name: String,
    mean: f64,
    scale: f64,
    weight: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GoldenRow {
    features: BTreeMap<String, f64>,
    probability: f64,
}

/// Where a feature's values lie; the exporter says it for pipelines that do not standardise.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Standard {
    mean: f64,
    scale: f64,
}

impl ImportedHead {
    /// Reads a head and has it repeat its golden rows. `horizon_days` is the base model's.
    pub fn read(bytes: &[u8], form: HeadForm, wanted: HeadName, horizon_days: i32) -> Result<Self, ImportFault> {
        let (file, tolerance) = match form {
            HeadForm::Json => (HeadFile::json(bytes)?, JSON_TOLERANCE),
            HeadForm::Onnx => (HeadFile::onnx(bytes)?, ONNX_TOLERANCE),
        };
        if file.head != wanted {
            return Err(ImportFault::WrongHead(file.head));
        }
        if let Some(days) = file.horizon_days.filter(|days| *days != horizon_days) {
            return Err(ImportFault::Horizon(days, horizon_days));
        }
        if file.classes.len() != 2 || !file.classes.contains(&file.positive) {
            return Err(ImportFault::Classes);
        }
        let head = file.head()?;
        let largest_difference = largest_difference(&head, &file, tolerance)?;
        Ok(Self { head, golden_rows: file.golden.len(), largest_difference })
    }
}

impl HeadFile {
    fn json(bytes: &[u8]) -> Result<Self, ImportFault> {
        let unreadable = |fault: serde_json::Error| ImportFault::Unreadable(fault.to_string());
        let mut fields: Map<String, Value> = serde_json::from_slice(bytes).map_err(unreadable)?;
        if fields.remove("format") != Some(Value::from(FORMAT)) {
            return Err(ImportFault::Unreadable("another \"format\", or none".into()));
        }
        match fields.remove("version").as_ref().and_then(Value::as_u64) {
            Some(VERSION) => serde_json::from_value(Value::Object(fields)).map_err(unreadable),
            Some(version) => Err(ImportFault::Version(version)),
            None => Err(ImportFault::Unreadable("no \"version\"".into())),
        }
    }

    fn onnx(bytes: &[u8]) -> Result<Self, ImportFault> {
        let model = LinearModel::read(bytes)?;
        let names: Vec<String> = note(&model, "churnwatch.features")?;
        let stated: Option<Vec<Standard>> = match model.metadata.get("churnwatch.standard") {
            Some(_) => Some(note(&model, "churnwatch.standard")?),
            None => None,
        };
        let count = model.inputs.len();
        if names.len() != count || stated.as_ref().is_some_and(|stated| stated.len() != count) {
            return Err(ImportFault::Features);
        }
        let head = match text_note(&model, "churnwatch.head")? {
            "silence" => HeadName::Silence,
            "forward" => HeadName::Forward,
            _ => return Err(ImportFault::Metadata("churnwatch.head")),
        };
        let positive = text_note(&model, "churnwatch.positive")?;
        let turn = if model.labels.first().is_some_and(|label| label == positive) { -1.0 } else { 1.0 };
        let mut intercept = turn * model.intercept;
        let mut features = Vec::with_capacity(count);
        for (at, (name, input)) in names.into_iter().zip(&model.inputs).enumerate() {
            // weight · (x − offset) · scale, told with the mean and scale that the clip is to be measured by.
            let own = Standard { mean: input.offset, scale: 1.0 / input.scale };
            let Standard { mean, scale } = stated.as_ref().and_then(|stated| stated.get(at)).copied().unwrap_or(own);
            let slope = turn * input.weight * input.scale;
            intercept += slope * (mean - input.offset);
            features.push(FeatureFile { name, mean, scale, weight: slope * scale });
        }
        Ok(Self {
            head,
            horizon_days: note(&model, "churnwatch.horizon_days")?,
            classes: model.labels.iter().cloned().map(Value::from).collect(),
            positive: Value::from(positive),
            features,
            intercept,
            golden: note(&model, "churnwatch.golden")?,
        })
    }

    fn head(&self) -> Result<Head, ImportFault> {
        let mut columns = Vec::with_capacity(self.features.len());
        for FeatureFile { name, mean, scale, weight } in &self.features {
            let feature = feature_index(name).ok_or_else(|| ImportFault::UnknownFeature(name.clone()))?;
            if !(mean.is_finite() && scale.is_finite() && weight.is_finite() && *scale > 0.0) {
                return Err(ImportFault::Number(name.clone()));
            }
            columns.push(Column { feature, mean: *mean, deviation: *scale, weight: *weight });
        }
        if !self.intercept.is_finite() {
            return Err(ImportFault::Number("intercept".into()));
        }
        columns.sort_by_key(|column| column.feature);
        let twice = columns.array_windows().any(|[one, next]| one.feature == next.feature);
        if twice || columns.is_empty() {
            return Err(ImportFault::Features);
        }
        Ok(Head { columns, intercept: self.intercept, slope: 1.0, offset: 0.0 })
    }
}

/// One of the exporter's notes, as it stands.
fn text_note<'a>(model: &'a LinearModel, key: &'static str) -> Result<&'a str, ImportFault> {
    model.metadata.get(key).map(String::as_str).ok_or(ImportFault::Metadata(key))
}

/// One of the exporter's notes, from JSON; one that is not there reads as null.
fn note<T: for<'a> Deserialize<'a>>(model: &LinearModel, key: &'static str) -> Result<T, ImportFault> {
    let text = model.metadata.get(key).map_or("null", String::as_str);
    serde_json::from_str(text).map_err(|_| ImportFault::Metadata(key))
}

/// The largest difference between our score and the file's, where every one is within the tolerance.
fn largest_difference(head: &Head, file: &HeadFile, tolerance: f64) -> Result<f64, ImportFault> {
    if file.golden.is_empty() {
        return Err(ImportFault::NoGolden);
    }
    let mut largest: f64 = 0.0;
    for (row, golden) in (1..).zip(&file.golden) {
        let mut features = [0.0; FEATURES];
        for FeatureFile { name, mean, scale, .. } in &file.features {
            let number = golden.features.get(name).copied().filter(|number| number.is_finite());
            let missing = || ImportFault::GoldenFeature { row, feature: name.clone() };
            let number = number.ok_or_else(missing)?;
            if ((number - mean) / scale).abs() > CLIP {
                return Err(ImportFault::GoldenClipped { row, feature: name.clone() });
            }
            if let Some(place) = feature_index(name).and_then(|at| features.get_mut(at)) {
                *place = number;
            }
        }
        let (ours, theirs) = (head.score(&features), golden.probability);
        let difference = (ours - theirs).abs();
        if difference.is_nan() || difference > tolerance {
            return Err(ImportFault::GoldenScore { row, ours, theirs });
        }
        largest = largest.max(difference);
    }
    Ok(largest)
}
