//! Bands of the silence score, with hysteresis: entered at a threshold, left only below threshold less margin.

use std::ops::Range;

/// How near a customer is to churn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Nothing to do.
    Low,
    /// Worth a look.
    Watch,
    /// Worth a call.
    High,
    /// Nearly gone.
    Critical,
}

impl Band {
    /// Every band, ascending.
    pub const ALL: [Self; 4] = [Self::Low, Self::Watch, Self::High, Self::Critical];

    /// The name on the wire and in labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Watch => "watch",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Enter thresholds and the margin below which a band is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Scores at which watch, high and critical begin.
    pub enter: [f64; 3],
    /// How far below its threshold a band is left.
    pub exit_margin: f64,
}

impl Thresholds {
    /// The band after a close with this score, coming from `previous` (`None`: no band yet).
    pub fn next(&self, previous: Option<Band>, score: f64) -> Band {
        let [watch, high, critical] = self.enter;
        let steps = [(Band::Critical, critical), (Band::High, high), (Band::Watch, watch)];
        let held = previous.unwrap_or(Band::Low);
        steps
            .into_iter()
            .find(|(band, enter)| score >= if held >= *band { enter - self.exit_margin } else { *enter })
            .map_or(Band::Low, |(band, _)| band)
    }

    /// The scores at which a band is kept; none keep having no band.
    pub fn kept(&self, band: Option<Band>) -> Range<f64> {
        let [watch, high, critical] = self.enter;
        match band {
            None => f64::INFINITY..f64::NEG_INFINITY,
            Some(Band::Low) => f64::NEG_INFINITY..watch.min(high).min(critical),
            Some(Band::Watch) => watch - self.exit_margin..high.min(critical),
            Some(Band::High) => high - self.exit_margin..critical,
            Some(Band::Critical) => critical - self.exit_margin..f64::INFINITY,
        }
    }

    /// The score from which on an episode may open.
    pub const fn entry(&self) -> f64 {
        let [watch, ..] = self.enter;
        watch
    }

    /// Whether the score is one at which an episode may open.
    pub fn enters(&self, score: f64) -> bool {
        score >= self.entry()
    }

    /// The score below which nothing is worth watching any more.
    pub fn exit(&self) -> f64 {
        self.entry() - self.exit_margin
    }
}

#[cfg(test)]
mod tests {
    use super::{Band, Thresholds};

    #[test]
    fn a_band_is_entered_at_its_threshold_and_left_below_the_margin() {
        let thresholds = Thresholds { enter: [0.5, 0.7, 0.9], exit_margin: 0.05 };
        let story = [0.49, 0.5, 0.46, 0.44, 0.71, 0.66, 0.64, 0.95, 0.86, 0.84];
        let mut band = None;
        let bands = story.map(|score| {
            let next = thresholds.next(band, score);
            band = Some(next);
            next
        });
        let expected = [
            Band::Low,
            Band::Watch,
            Band::Watch,
            Band::Low,
            Band::High,
            Band::High,
            Band::Watch,
            Band::Critical,
            Band::Critical,
            Band::High,
        ];
        assert_eq!(bands, expected);
    }
}
