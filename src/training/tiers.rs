//! Quantiles of what customers are worth and how they buy: edges of the value tiers and of the RFM scores.

use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::rfm::rfm_scores::RfmEdges;
use crate::training::history::History;

/// Shares of customers below tier mid and below tier high.
const TIER_QUANTILES: [f64; 2] = [0.5, 0.8];
/// Shares of customers below the RFM scores 2, 3, 4 and 5.
const RFM_QUANTILES: [f64; 4] = [0.2, 0.4, 0.6, 0.8];
/// Days that frequency and monetary value look back on.
const YEAR_DAYS: i32 = 365;

/// Net spend of the year before `at` at which the upper half, and the upper fifth, of those who bought begin; and the
/// quintiles of recency, frequency and monetary value of those who bought within that year.
pub fn value_edges(history: &History, at: Day, lateness_days: i32) -> ([Money; 2], RfmEdges) {
    let view = at.plus(-1);
    let (mut recency, mut frequency, mut monetary) = (Vec::new(), Vec::new(), Vec::new());
    for customer in &history.customers {
        customer.walk(&[view], lateness_days, |day, profile| {
            let (rhythm, _) = profile.money_at(day, lateness_days);
            let year = profile.window(day, YEAR_DAYS, lateness_days);
            if let Some(last) = rhythm.map(|rhythm| rhythm.last).filter(|_| year.purchase_days > 0) {
                recency.push(day.since(last));
                frequency.push(year.purchase_days as i32);
                monetary.push(year.net.max(Money::ZERO));
            }
        });
    }
    let mut spend: Vec<Money> = monetary.iter().copied().filter(|net| *net > Money::ZERO).collect();
    let tiers = quantiles(&mut spend, TIER_QUANTILES, Money(1));
    let rfm = RfmEdges {
        recency_days: quantiles(&mut recency, RFM_QUANTILES, 0),
        frequency: quantiles(&mut frequency, RFM_QUANTILES, 1),
        monetary: quantiles(&mut monetary, RFM_QUANTILES, Money::ZERO),
    };
    (tiers, rfm)
}

fn quantiles<T: Ord + Copy, const N: usize>(values: &mut [T], quantiles: [f64; N], without: T) -> [T; N] {
    values.sort_unstable();
    quantiles.map(|quantile| {
        let at = (values.len() as f64 * quantile) as usize;
        values.get(at).or(values.last()).copied().unwrap_or(without)
    })
}
