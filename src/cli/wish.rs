//! What was asked of a threshold against what came of it. No wish is missed without a sentence.

use std::ops::Range;

use serde_json::{Map, Value, json};

use crate::training::silence::BandEdges;
use crate::training::thresholds::Wanted;

/// What came of a wish still counts as met within these shares of it.
const NEAR: Range<f64> = 0.8..1.2;
/// A precision this much below the wish is none to speak of.
const ROUNDING: f64 = 0.005;
/// Names of the bands, as their thresholds stand.
const BANDS: [&str; 3] = ["watch", "high", "critical"];

/// What warnings came to.
#[derive(Clone, Copy, Debug)]
pub struct Reached {
    /// Share that came true.
    pub precision: f64,
    /// Number a day.
    pub per_day: f64,
}

impl Reached {
    /// The part of it that was asked for.
    const fn of(self, wanted: Wanted) -> f64 {
        match wanted {
            Wanted::Precision(_) => self.precision,
            Wanted::PerDay(_) => self.per_day,
        }
    }
}

/// The wish as a number.
const fn amount(wanted: Wanted) -> f64 {
    match wanted {
        Wanted::Precision(amount) | Wanted::PerDay(amount) => amount,
    }
}

fn words(wanted: Wanted, amount: f64) -> String {
    match wanted {
        Wanted::Precision(_) => format!("a precision of {amount:.3}"),
        Wanted::PerDay(_) => format!("{amount:.1} warnings a day"),
    }
}

/// The wish as JSON; null without one.
pub fn asked_json(wanted: Option<Wanted>) -> Value {
    match wanted {
        Some(Wanted::Precision(precision)) => json!({"precision": precision}),
        Some(Wanted::PerDay(count)) => json!({"alerts_per_day": count}),
        None => Value::Null,
    }
}

/// The sentence where a backtest missed a wish by more than a fifth; `who` is the model or the idle-days rule.
pub fn missed_here(who: &str, wanted: Wanted, reached: Reached, matched: bool) -> Option<String> {
    let (asked, got) = (amount(wanted), reached.of(wanted));
    if NEAR.contains(&(got / asked)) {
        return None;
    }
    let remedy = match (wanted, matched) {
        (Wanted::PerDay(_), false) => {
            "the silences before --from were others; --match chooses on the silences evaluated, and in service a low threshold with `[alerts] capacity_per_day` as its limit holds the number"
        }
        (Wanted::PerDay(_), true) => {
            "no choice on these silences gives it; in service a low threshold with `[alerts] capacity_per_day` as its limit holds the number"
        }
        (Wanted::Precision(_), false) => {
            "the silences before --from were others; --match chooses on the silences evaluated"
        }
        (Wanted::Precision(_), true) => "no choice on these silences gives it",
    };
    Some(format!("{who} came to {}, asked for were {}: {remedy}", words(wanted, got), words(wanted, asked)))
}

/// The bands of a trained model by what came of them, beside what was asked for; null where nothing was.
pub fn bands_json(wanted: Option<[Wanted; 3]>, edges: &BandEdges) -> Value {
    let wanted = wanted.map_or([None; 3], |wanted| wanted.map(Some));
    let bands = BANDS.into_iter().zip(wanted).zip(edges.thresholds.into_iter().zip(edges.warned));
    let told = bands.map(|((band, wanted), (threshold, (precision, per_day)))| {
        let told =
            json!({"from": threshold, "precision": precision, "alerts_per_day": per_day, "asked": asked_json(wanted)});
        (band.to_owned(), told)
    });
    Value::Object(told.collect::<Map<String, Value>>())
}

/// The sentence where bands of a trained model do not begin where they were asked to.
pub fn missed_by_bands(wanted: [Wanted; 3], edges: &BandEdges) -> Option<String> {
    let missed: Vec<String> = BANDS
        .into_iter()
        .zip(wanted)
        .zip(edges.warned)
        .filter_map(|((band, wanted), (precision, per_day))| {
            let reached = Reached { precision, per_day };
            let (asked, got) = (amount(wanted), reached.of(wanted));
            let met = match wanted {
                // Whoever is warned of comes true more often than was asked for: nothing is missed.
                Wanted::Precision(_) => got >= asked - ROUNDING,
                Wanted::PerDay(_) => NEAR.contains(&(got / asked)),
            };
            (!met).then(|| format!("{band} comes to {} instead of {}", words(wanted, got), words(wanted, asked)))
        })
        .collect();
    let remedy = match wanted {
        [Wanted::PerDay(_), ..] => {
            "in service a low threshold with `[alerts] capacity_per_day` as its limit holds the number"
        }
        [Wanted::Precision(_), ..] => "ask for less, or wait for more history",
    };
    (!missed.is_empty()).then(|| {
        format!(
            "not every band can have what was asked for on the newest silences: {} (thresholds lie .01 apart and end at .97, .98 and .99); {remedy}",
            missed.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Reached, bands_json, missed_by_bands, missed_here};
    use crate::training::silence::BandEdges;
    use crate::training::thresholds::Wanted;

    #[test]
    fn a_wish_missed_by_more_than_a_fifth_is_said_with_its_remedy() {
        let said =
            |wanted, per_day, matched| missed_here("the model", wanted, Reached { precision: 0.5, per_day }, matched);
        assert_eq!(said(Wanted::PerDay(20.0), 17.0, false), None);
        assert_eq!(said(Wanted::Precision(0.55), 17.0, false), None);
        let few = said(Wanted::PerDay(20.0), 7.7, false).unwrap();
        assert!(few.starts_with("the model came to 7.7 warnings a day, asked for were 20.0 warnings a day"), "{few}");
        assert!(few.contains("--match") && few.contains("capacity_per_day"), "{few}");
        let many = said(Wanted::PerDay(20.0), 29.7, true).unwrap();
        assert!(!many.contains("--match") && many.contains("capacity_per_day"), "{many}");
        assert!(said(Wanted::Precision(0.8), 17.0, false).unwrap().contains("--match"));
    }

    #[test]
    fn bands_that_miss_their_wish_are_named_and_the_others_are_not() {
        let warned = [(0.71, 9.5), (0.80, 8.0), (0.85, 7.0)];
        let edges = BandEdges { thresholds: [0.97, 0.98, 0.99], warned };
        let said = missed_by_bands([10.0, 4.0, 1.0].map(Wanted::PerDay), &edges).unwrap();
        assert!(said.contains("high comes to 8.0 warnings a day instead of 4.0 warnings a day, critical"), "{said}");
        assert!(!said.contains("watch comes") && said.contains("capacity_per_day"), "{said}");
        let said = missed_by_bands([0.7, 0.8, 0.9].map(Wanted::Precision), &edges).unwrap();
        assert!(said.contains("critical comes to a precision of 0.850 instead of a precision of 0.900"), "{said}");
        assert!(!said.contains("watch comes") && !said.contains("high comes"), "{said}");
        assert_eq!(missed_by_bands([0.5, 0.6, 0.7].map(Wanted::Precision), &edges), None);
        let told = bands_json(Some([10.0, 4.0, 1.0].map(Wanted::PerDay)), &edges);
        assert_eq!(told["high"]["asked"]["alerts_per_day"], 4.0);
        assert_eq!(told["high"]["alerts_per_day"], 8.0);
        assert_eq!(bands_json(None, &edges)["watch"]["asked"], serde_json::Value::Null);
    }
}
