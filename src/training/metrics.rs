//! How good scores are: AUC, log loss, Brier, expected calibration error.

/// Share of what is true; 0 of nothing.
pub fn share(of: impl Iterator<Item = bool>) -> f64 {
    let (all, yes) = of.fold((0_u64, 0_u64), |(all, yes), hit| (all + 1, yes + u64::from(hit)));
    yes as f64 / all.max(1) as f64
}

/// Area under the ROC curve by ranks, ties averaged (Mann–Whitney); 0.5 where there is only one class.
pub fn auc(scores: &[f64], churned: &[bool]) -> f64 {
    let mut order: Vec<(f64, bool)> = scores.iter().copied().zip(churned.iter().copied()).collect();
    order.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let positives = churned.iter().filter(|churned| **churned).count() as f64;
    let negatives = churned.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return 0.5;
    }
    let (mut rank, mut rank_sum) = (0.0, 0.0);
    for ties in order.chunk_by(|(a, _), (b, _)| a == b) {
        let count = ties.len() as f64;
        let hits = ties.iter().filter(|(_, churned)| *churned).count() as f64;
        rank_sum += hits * (rank + f64::midpoint(count, 1.0));
        rank += count;
    }
    (rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives)
}

/// Mean negative log likelihood; probabilities are kept 1e-15 away from 0 and 1.
pub fn log_loss(scores: &[f64], churned: &[bool]) -> f64 {
    let losses = scores.iter().zip(churned).map(|(score, churned)| {
        let score = score.clamp(1e-15, 1.0 - 1e-15);
        -libm::log(if *churned { score } else { 1.0 - score })
    });
    losses.sum::<f64>() / scores.len().max(1) as f64
}

/// Mean squared error of the probability.
pub fn brier(scores: &[f64], churned: &[bool]) -> f64 {
    let errors = scores.iter().zip(churned).map(|(score, churned)| (score - f64::from(u8::from(*churned))).powi(2));
    errors.sum::<f64>() / scores.len().max(1) as f64
}

/// Expected calibration error over ten bins of equal width: how far the mean score of a bin is from what came true.
pub fn ece(scores: &[f64], churned: &[bool]) -> f64 {
    let off = |(predicted, true_, count): (f64, f64, u64)| (predicted - true_).abs() * count as f64;
    reliability(scores, churned).into_iter().map(off).sum::<f64>() / scores.len().max(1) as f64
}

/// Mean score and share that came true in each of ten bins of equal width, with the number of rows: the reliability diagram.
pub fn reliability(scores: &[f64], churned: &[bool]) -> [(f64, f64, u64); 10] {
    let mut bins = [(0.0, 0.0, 0); 10];
    for (score, churned) in scores.iter().zip(churned) {
        if let Some((predicted, true_, count)) = bins.get_mut(((score * 10.0) as usize).min(9)) {
            *predicted += score;
            *true_ += f64::from(u8::from(*churned));
            *count += 1;
        }
    }
    bins.map(|(predicted, true_, count)| {
        let rows = (count as f64).max(1.0);
        (predicted / rows, true_ / rows, count)
    })
}

/// How many times the base rate each tenth of the rows has, highest scores first; ties stay in the order given.
pub fn lift(scores: &[f64], churned: &[bool]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let score = |at: &usize| scores.get(*at).copied().unwrap_or_default();
    order.sort_by(|a, b| score(b).total_cmp(&score(a)));
    let rate = |rows: &[usize]| share(rows.iter().map(|at| churned.get(*at).copied().unwrap_or_default()));
    let base = rate(&order);
    let tenth = |number: usize| order.len() * number / 10;
    let parts = (0..10).filter_map(|number| order.get(tenth(number)..tenth(number + 1)));
    parts.map(|part| if base > 0.0 { rate(part) / base } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::{auc, brier, ece, log_loss};

    /// Worked out from the definitions, pair by pair and row by row.
    #[test]
    fn figures_are_those_of_the_definitions() {
        let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.9];
        let churned = [false, false, true, true, true, false];
        assert!((auc(&scores, &churned) - 0.5).abs() < 1e-12);
        assert!((log_loss(&scores, &churned) - 0.851_337_940_017_484_3).abs() < 1e-9);
        assert!((brier(&scores, &churned) - 0.300_416_666_666_666_64).abs() < 1e-12);
        assert!((ece(&[0.05, 0.05, 0.95, 0.95], &[false, false, true, false]) - 0.25).abs() < 1e-12);
    }
}
