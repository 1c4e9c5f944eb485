//! Platt scaling (Platt 1999): slope and offset on the log-odds that make later rows come true, by Newton's method.

use crate::engine::scoring::logistic::sigmoid;

/// Slope and offset of the log-odds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Platt {
    /// Above zero.
    pub slope: f64,
    /// Added after the slope.
    pub offset: f64,
}

impl Platt {
    /// Changes nothing.
    pub const IDENTITY: Self = Self { slope: 1.0, offset: 0.0 };
}

/// Fits slope and offset by maximum likelihood, with a weak pull (one row's worth) towards changing nothing, so that
/// separable rows have an optimum too. Falls back to changing nothing where the slope would not be positive.
pub fn platt(log_odds: &[f64], churned: &[bool]) -> Platt {
    let Platt { mut slope, mut offset } = Platt::IDENTITY;
    for _ in 0..50 {
        let (mut ga, mut gb) = (slope - 1.0, offset);
        let (mut haa, mut hab, mut hbb) = (1.0, 0.0, 1.0);
        for (raw, churned) in log_odds.iter().zip(churned) {
            let probability = sigmoid(slope * raw + offset);
            let error = probability - f64::from(u8::from(*churned));
            let weight = probability * (1.0 - probability);
            ga += error * raw;
            gb += error;
            haa += weight * raw * raw;
            hab += weight * raw;
            hbb += weight;
        }
        let determinant = haa * hbb - hab * hab;
        let (da, db) = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant);
        slope -= da;
        offset -= db;
        if da.abs().max(db.abs()) < 1e-10 {
            break;
        }
    }
    if slope.is_finite() && offset.is_finite() && slope > 0.0 { Platt { slope, offset } } else { Platt::IDENTITY }
}

#[cfg(test)]
mod tests {
    use super::{Platt, platt};
    use crate::engine::customer::uniform;
    use crate::engine::scoring::logistic::sigmoid;

    #[test]
    fn an_overconfident_score_is_pulled_back() {
        let raw: Vec<f64> = (0..20_000_u32).map(|at| f64::from(at % 81) / 10.0 - 4.0).collect();
        let truth = |raw: f64| sigmoid(0.5 * raw - 0.3);
        let churned: Vec<bool> =
            raw.iter().enumerate().map(|(at, raw)| uniform(&[&at.to_le_bytes()]) < truth(*raw)).collect();
        let Platt { slope, offset } = platt(&raw, &churned);
        assert!((slope - 0.5).abs() < 0.03, "{slope}");
        assert!((offset + 0.3).abs() < 0.05, "{offset}");
    }
}
