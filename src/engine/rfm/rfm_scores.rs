//! RFM scores from 1 to 5: quintiles of recency, frequency and monetary value (Hughes 1994), the edges from the model.

use crate::engine::money::Money;

/// The four edges between five scores, each ascending. Frequency and monetary value look back one year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RfmEdges {
    /// Days since the last purchase.
    pub recency_days: [i32; 4],
    /// Purchase days of 365 days.
    pub frequency: [i32; 4],
    /// Net spend of 365 days.
    pub monetary: [Money; 4],
}

/// Scores from 1 (worst) to 5 (best).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RfmScores {
    /// How recently.
    pub recency: u8,
    /// How often.
    pub frequency: u8,
    /// For how much.
    pub monetary: u8,
}

impl RfmEdges {
    /// The scores of a customer.
    pub fn scores(&self, recency_days: i32, frequency: i32, monetary: Money) -> RfmScores {
        RfmScores {
            recency: 5 - above(&self.recency_days, recency_days),
            frequency: 1 + above(&self.frequency, frequency),
            monetary: 1 + above(&self.monetary, monetary),
        }
    }
}

/// Number of edges that a value lies above.
fn above<T: PartialOrd + Copy>(edges: &[T; 4], value: T) -> u8 {
    edges.iter().filter(|edge| value > **edge).count() as u8
}

#[cfg(test)]
mod tests {
    use super::{RfmEdges, RfmScores};
    use crate::engine::money::Money;

    #[test]
    fn quintiles_score_one_to_five_and_ties_share_a_score() {
        let edges = RfmEdges {
            recency_days: [10, 30, 90, 180],
            frequency: [1, 1, 1, 3],
            monetary: [100, 200, 300, 400].map(Money),
        };
        let best = RfmScores { recency: 5, frequency: 5, monetary: 5 };
        assert_eq!(edges.scores(10, 4, Money(401)), best);
        let one_time = RfmScores { recency: 1, frequency: 1, monetary: 2 };
        assert_eq!(edges.scores(181, 1, Money(101)), one_time);
    }
}
