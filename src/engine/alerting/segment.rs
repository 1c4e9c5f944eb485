//! Segments: an ordered table of named conditions, of which the first that fits names the customer. Pure matching.
//!
//! Invariant: the last segment has no conditions, so every customer with a purchase has exactly one.

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::rfm::rfm_scores::RfmScores;
use crate::engine::rfm::style::Style;

/// The company's segments, in order; checked by the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Segments(pub Vec<Segment>);

/// One segment: who fits all its conditions.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Its name.
    pub name: Box<str>,
    /// Scores of recency, frequency and monetary value, 1 to 5.
    pub rfm: [Bounds; 3],
    /// Days since the last purchase.
    pub recency_days: Bounds,
    /// Days since the first purchase.
    pub tenure_days: Bounds,
    /// Days with a purchase, over the whole life.
    pub purchase_days: Bounds,
    /// Value tiers; empty: any.
    pub tiers: Vec<Tier>,
    /// Bands; empty: any, none included.
    pub bands: Vec<Band>,
    /// Styles; empty: any.
    pub styles: Vec<Style>,
    /// Whether the silence has become churn; `None`: either.
    pub lapsed: Option<bool>,
}

/// A range with its ends; an absent end is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Least value that fits.
    pub at_least: Option<i32>,
    /// Greatest value that fits.
    pub at_most: Option<i32>,
}

/// What the conditions look at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Picture {
    /// RFM scores.
    pub rfm: RfmScores,
    /// Days since the last purchase.
    pub recency_days: i32,
    /// Days since the first purchase.
    pub tenure_days: i32,
    /// Days with a purchase.
    pub purchase_days: u32,
    /// Value tier.
    pub tier: Tier,
    /// Band; absent after a lapse.
    pub band: Option<Band>,
    /// How the customer decides.
    pub style: Style,
    /// Whether the silence has become churn.
    pub lapsed: bool,
}

impl Bounds {
    /// From `at_least` on.
    pub const fn from(at_least: i32) -> Self {
        Self { at_least: Some(at_least), at_most: None }
    }

    /// Up to `at_most`.
    pub const fn to(at_most: i32) -> Self {
        Self { at_least: None, at_most: Some(at_most) }
    }

    fn fit(self, value: i32) -> bool {
        self.at_least.is_none_or(|least| value >= least) && self.at_most.is_none_or(|most| value <= most)
    }
}

impl Segment {
    /// A segment that everybody fits.
    pub fn everybody(name: &str) -> Self {
        Self {
            name: name.into(),
            rfm: [Bounds::default(); 3],
            recency_days: Bounds::default(),
            tenure_days: Bounds::default(),
            purchase_days: Bounds::default(),
            tiers: Vec::new(),
            bands: Vec::new(),
            styles: Vec::new(),
            lapsed: None,
        }
    }

    /// Whether a customer fits.
    pub fn fits(&self, picture: &Picture) -> bool {
        let RfmScores { recency, frequency, monetary } = picture.rfm;
        self.rfm.iter().zip([recency, frequency, monetary]).all(|(bounds, score)| bounds.fit(i32::from(score)))
            && self.recency_days.fit(picture.recency_days)
            && self.tenure_days.fit(picture.tenure_days)
            && self.purchase_days.fit(picture.purchase_days.min(i32::MAX.unsigned_abs()) as i32)
            && is_in(&self.tiers, Some(picture.tier))
            && is_in(&self.bands, picture.band)
            && is_in(&self.styles, Some(picture.style))
            && self.lapsed.is_none_or(|lapsed| lapsed == picture.lapsed)
    }
}

/// Whether a value is one of those wanted; of none, any is.
fn is_in<T: PartialEq>(wanted: &[T], value: Option<T>) -> bool {
    wanted.is_empty() || value.is_some_and(|value| wanted.contains(&value))
}

impl Segments {
    /// The segment of a customer.
    pub fn of(&self, picture: &Picture) -> Option<&Segment> {
        self.0.iter().find(|segment| segment.fits(picture))
    }

    /// The segment of a name's tag.
    pub fn find(&self, tag: Tag) -> Option<&Segment> {
        self.0.iter().find(|segment| Tag::of(&segment.name) == tag)
    }

    /// Whether a condition asks for the style, which takes a look at every open order.
    pub fn look_at_style(&self) -> bool {
        self.0.iter().any(|segment| !segment.styles.is_empty())
    }
}

/// Lapsed for so many days is lost.
const LOST_DAYS: i32 = 365;
/// Known for at most so many days is new.
const NEW_DAYS: i32 = 30;
/// Who has just bought is not at risk, however likely the next purchase is the last.
const QUIET: Bounds = Bounds::from(7);
/// The upper two fifths.
const UPPER: Bounds = Bounds::from(4);

impl Default for Segments {
    /// The table of a company that has none of its own.
    fn default() -> Self {
        let any = Bounds::default();
        let named = Segment::everybody;
        Self(vec![
            Segment { lapsed: Some(true), recency_days: Bounds::from(LOST_DAYS), ..named("lost") },
            Segment { lapsed: Some(true), ..named("lapsed") },
            Segment { tenure_days: Bounds::to(NEW_DAYS), ..named("new") },
            Segment { bands: vec![Band::High, Band::Critical], recency_days: QUIET, ..named("at_risk") },
            Segment { rfm: [UPPER; 3], ..named("champion") },
            Segment { rfm: [any, UPPER, any], ..named("loyal") },
            Segment { rfm: [UPPER, any, any], ..named("promising") },
            named("other"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Picture, Segment, Segments};
    use crate::engine::alerting::band::Band;
    use crate::engine::alerting::value::Tier;
    use crate::engine::rfm::rfm_scores::RfmScores;
    use crate::engine::rfm::style::Style;

    const PICTURE: Picture = Picture {
        rfm: RfmScores { recency: 3, frequency: 3, monetary: 3 },
        recency_days: 20,
        tenure_days: 400,
        purchase_days: 8,
        tier: Tier::Mid,
        band: Some(Band::Low),
        style: Style::Unknown,
        lapsed: false,
    };

    fn name(picture: Picture) -> String {
        Segments::default().of(&picture).unwrap().name.to_string()
    }

    fn scores(recency: u8, frequency: u8, monetary: u8) -> Picture {
        Picture { rfm: RfmScores { recency, frequency, monetary }, ..PICTURE }
    }

    #[test]
    fn the_default_table_names_everybody() {
        assert_eq!(name(PICTURE), "other");
        assert_eq!(name(scores(5, 4, 4)), "champion");
        assert_eq!(name(scores(3, 4, 1)), "loyal");
        assert_eq!(name(scores(5, 1, 1)), "promising");
        assert_eq!(name(Picture { tenure_days: 30, band: Some(Band::Critical), ..scores(5, 5, 5) }), "new");
        assert_eq!(name(Picture { band: Some(Band::High), ..scores(5, 5, 5) }), "at_risk");
        assert_eq!(name(Picture { band: Some(Band::High), recency_days: 6, ..scores(5, 5, 5) }), "champion");
        assert_eq!(name(Picture { lapsed: true, band: None, recency_days: 364, ..PICTURE }), "lapsed");
        assert_eq!(name(Picture { lapsed: true, band: None, recency_days: 365, ..PICTURE }), "lost");
    }

    #[test]
    fn every_condition_counts() {
        let whole = Segment {
            rfm: [Bounds { at_least: Some(3), at_most: Some(3) }; 3],
            recency_days: Bounds::to(20),
            tenure_days: Bounds::from(400),
            purchase_days: Bounds::from(8),
            tiers: vec![Tier::Mid],
            bands: vec![Band::Low],
            styles: vec![Style::Unknown],
            lapsed: Some(false),
            ..Segment::everybody("whole")
        };
        assert!(whole.fits(&PICTURE));
        for other in [
            scores(2, 3, 3),
            scores(3, 4, 3),
            scores(3, 3, 2),
            Picture { recency_days: 21, ..PICTURE },
            Picture { tenure_days: 399, ..PICTURE },
            Picture { purchase_days: 7, ..PICTURE },
            Picture { tier: Tier::High, ..PICTURE },
            Picture { band: None, ..PICTURE },
            Picture { style: Style::Rational, ..PICTURE },
            Picture { lapsed: true, ..PICTURE },
        ] {
            assert!(!whole.fits(&other), "{other:?}");
        }
    }
}
