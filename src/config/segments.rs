//! The table of segments: its shape in the file, and what is wrong with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::checker::Checker;
use crate::engine::alerting::band::Band;
use crate::engine::alerting::segment::{Bounds, Segment, Segments};
use crate::engine::alerting::value::Tier;
use crate::engine::rfm::style::Style;

/// Most segments.
const MAX_SEGMENTS: usize = 64;
/// Longest name, in bytes.
const MAX_NAME_BYTES: usize = 40;

/// The segments in order: the first that fits names the customer. A table of one's own replaces the default one.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct SegmentsFile(pub Vec<SegmentFile>);

/// A segment: who fits all its conditions. The last one has none.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SegmentFile {
    /// Its name: letters, digits, `_`, `-` and `.`.
    pub name: String,
    /// Recency score, 1 to 5.
    #[serde(skip_serializing_if = "BoundsFile::is_open")]
    pub recency: BoundsFile,
    /// Frequency score, 1 to 5.
    #[serde(skip_serializing_if = "BoundsFile::is_open")]
    pub frequency: BoundsFile,
    /// Score of monetary value, 1 to 5.
    #[serde(skip_serializing_if = "BoundsFile::is_open")]
    pub monetary: BoundsFile,
    /// Days since the last purchase.
    #[serde(skip_serializing_if = "BoundsFile::is_open")]
    pub recency_days: BoundsFile,
    /// Days since the first purchase.
    #[serde(skip_serializing_if = "BoundsFile::is_open")]
    pub tenure_days: BoundsFile,
    /// Days with a purchase, over the whole life.
    #[serde(skip_serializing_if = "BoundsFile::is_open")]
    pub purchase_days: BoundsFile,
    /// Value tiers: low, mid, high.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tier: Vec<String>,
    /// Bands: low, watch, high, critical.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub band: Vec<String>,
    /// Styles: rational, impulsive, unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub style: Vec<String>,
    /// Whether the silence has exceeded the churn horizon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lapsed: Option<bool>,
}

/// A range; an absent end is open.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BoundsFile {
    /// Least value that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u32>,
    /// Greatest value that fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
}

impl BoundsFile {
    fn is_open(&self) -> bool {
        self.at_least.is_none() && self.at_most.is_none()
    }

    fn of(bounds: Bounds) -> Self {
        let end = |end: Option<i32>| end.and_then(|end| u32::try_from(end).ok());
        Self { at_least: end(bounds.at_least), at_most: end(bounds.at_most) }
    }

    fn bounds(self) -> Bounds {
        let end = |end: u32| i32::try_from(end).unwrap_or(i32::MAX);
        Bounds { at_least: self.at_least.map(end), at_most: self.at_most.map(end) }
    }
}

impl Default for SegmentsFile {
    fn default() -> Self {
        Self(Segments::default().0.iter().map(SegmentFile::of).collect())
    }
}

impl SegmentFile {
    fn of(segment: &Segment) -> Self {
        let [recency, frequency, monetary] = segment.rfm.map(BoundsFile::of);
        Self {
            name: segment.name.to_string(),
            recency,
            frequency,
            monetary,
            recency_days: BoundsFile::of(segment.recency_days),
            tenure_days: BoundsFile::of(segment.tenure_days),
            purchase_days: BoundsFile::of(segment.purchase_days),
            tier: segment.tiers.iter().map(|tier| tier.name().to_owned()).collect(),
            band: segment.bands.iter().map(|band| band.name().to_owned()).collect(),
            style: segment.styles.iter().map(|style| style.name().to_owned()).collect(),
            lapsed: segment.lapsed,
        }
    }
}

/// The segments that the file means; every fault is noted.
pub fn segments(file: &SegmentsFile, check: &mut Checker) -> Segments {
    let rows = &file.0;
    let count = (1..=MAX_SEGMENTS).contains(&rows.len());
    check.must("segments", count, "must have 1 to 64 entries; leave the whole table out for the default one");
    let segments: Vec<Segment> = rows.iter().enumerate().map(|(at, row)| segment(at, row, check)).collect();
    let conditions = |segment: &Segment| *segment != Segment::everybody(&segment.name);
    for (at, segment) in segments.iter().enumerate() {
        let key = format!("segments.{at}");
        let known = segments.iter().take(at).any(|other| other.name == segment.name);
        check.must(&format!("{key}.name"), !known, &format!("two segments are called \"{}\"", segment.name));
        let last = at + 1 == segments.len();
        let reached = last || conditions(segment);
        check.must(&key, reached, "fits everybody, so the segments behind it fit nobody: put it last");
        let rest = !last || !conditions(segment);
        check.must(&key, rest, "must have no conditions, because it is the last: somebody might fit none");
    }
    Segments(segments)
}

fn segment(at: usize, row: &SegmentFile, check: &mut Checker) -> Segment {
    let key = |name: &str| format!("segments.{at}.{name}");
    let letters = row.name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let named = letters && (1..=MAX_NAME_BYTES).contains(&row.name.len());
    check.must(&key("name"), named, "must be 1 to 40 letters, digits, \"_\", \"-\" or \".\"");
    for (name, bounds) in [("recency", row.recency), ("frequency", row.frequency), ("monetary", row.monetary)] {
        let scores = [bounds.at_least, bounds.at_most].into_iter().flatten().all(|score| (1..=5).contains(&score));
        check.must(&key(name), scores, "is a score: 1, the worst, to 5, the best");
    }
    let ranges = [
        ("recency", row.recency),
        ("frequency", row.frequency),
        ("monetary", row.monetary),
        ("recency_days", row.recency_days),
        ("tenure_days", row.tenure_days),
        ("purchase_days", row.purchase_days),
    ];
    for (name, bounds) in ranges {
        let rising = bounds.at_least.zip(bounds.at_most).is_none_or(|(least, most)| least <= most);
        check.must(&key(name), rising, "fits nobody: at_least is greater than at_most");
    }
    let style = |style: Style| style.name();
    Segment {
        name: row.name.as_str().into(),
        rfm: [row.recency, row.frequency, row.monetary].map(BoundsFile::bounds),
        recency_days: row.recency_days.bounds(),
        tenure_days: row.tenure_days.bounds(),
        purchase_days: row.purchase_days.bounds(),
        tiers: known(&key("tier"), &row.tier, &Tier::ALL, Tier::name, check),
        bands: known(&key("band"), &row.band, &Band::ALL, Band::name, check),
        styles: known(&key("style"), &row.style, &Style::ALL, style, check),
        lapsed: row.lapsed,
    }
}

/// The values that the names mean.
fn known<T: Copy>(
    key: &str,
    names: &[String],
    all: &[T],
    name_of: impl Fn(T) -> &'static str,
    check: &mut Checker,
) -> Vec<T> {
    let mut values = Vec::new();
    for name in names {
        let value = all.iter().find(|value| name_of(**value) == name);
        values.extend(value);
        let all: Vec<&str> = all.iter().map(|value| name_of(*value)).collect();
        check.must(key, value.is_some(), &format!("\"{name}\" is none of {}", all.join(", ")));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::{SegmentsFile, segments};
    use crate::config::checker::Checker;
    use crate::engine::alerting::segment::Segments;

    #[test]
    fn the_default_of_the_file_is_the_engine_s() {
        let mut check = Checker { faults: Vec::new() };
        assert_eq!(segments(&SegmentsFile::default(), &mut check), Segments::default());
        assert!(check.faults.is_empty(), "{:?}", check.faults);
    }
}
