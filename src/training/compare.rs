//! Two models on the same customers at the same midnight: figures, what a change would do to warnings, and the gate.

use std::collections::HashSet;

use crate::engine::alerting::value::Tier;
use crate::engine::day::Day;
use crate::engine::scoring::model::Model;
use crate::training::evaluate::{Figures, Scored, base_rate, figures, intervals, rows_at, scored};
use crate::training::history::History;
use crate::training::rows::Row;
use crate::training::treatments::Treatments;

/// How much worse a challenger may be than the champion before more than chance counts against it: two models as good as
/// each other differ by about as much from seed to seed.
const LOG_LOSS_MARGIN: f64 = 0.002;
const AUC_MARGIN: f64 = 0.003;
const ECE_MARGIN: f64 = 0.02;
const PRECISION_MARGIN: f64 = 0.02;
/// Fewest customers of the rarer outcome that a judgement is founded on.
const LEAST_RARER: usize = 25;
/// Customers named as examples of each kind.
const EXAMPLES: usize = 3;

/// One head of both models.
pub struct HeadComparison {
    /// Rows judged.
    pub rows: usize,
    /// Share of them that churned.
    pub base_rate: f64,
    /// The champion's figures.
    pub champion: Figures,
    /// The challenger's figures.
    pub challenger: Figures,
    /// Challenger less champion, by [`Figures::NAMES`].
    pub difference: [f64; 7],
    /// 95 % intervals of the differences, paired by customer.
    pub intervals: [[f64; 2]; 7],
}

/// Customers at or above the watch threshold of one model, of the other, of both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarningDifference {
    /// Of both.
    pub both: u64,
    /// Of the champion alone.
    pub only_champion: u64,
    /// Of the challenger alone.
    pub only_challenger: u64,
    /// Some customers of the champion alone, by position in the history.
    pub dropped: Vec<u32>,
    /// Some customers of the challenger alone.
    pub added: Vec<u32>,
}

/// The whole comparison.
pub struct Comparison {
    /// P(no purchase in the next H days), everybody.
    pub forward: HeadComparison,
    /// P(this silence will exceed H), of those whose silence has not yet.
    pub silence: HeadComparison,
    /// By [`Tier::ALL`].
    pub warnings: [WarningDifference; 3],
    /// Why the challenger may not be promoted; empty: it may.
    pub objections: Vec<String>,
}

/// Compares two models of one horizon at the midnight that opens `at`. Treated customers have no say, held-out ones speak
/// for them: otherwise the champion would be blamed for those who came back because it warned.
pub fn compare(
    history: &History,
    treatments: &Treatments,
    [champion, challenger]: [&Model; 2],
    at: Day,
    lateness_days: i32,
) -> Comparison {
    let horizon = champion.horizon_days();
    let [ours, theirs] = [champion, challenger].map(|model| rows_at(history, model, treatments, at, lateness_days));
    let our_forward = scored(&ours, |features| champion.forward.score(features));
    let forward = head(&our_forward, &scored(&theirs, |features| challenger.forward.score(features)), horizon);
    let [ours, theirs] = [ours, theirs].map(|rows| silences(history, rows, at, horizon));
    let our_scores = scored(&ours, |features| champion.silence.score(features));
    let their_scores = scored(&theirs, |features| challenger.silence.score(features));
    let silence = head(&our_scores, &their_scores, horizon);
    let mut warnings: [WarningDifference; 3] = Default::default();
    for (ours, theirs) in our_scores.iter().zip(&their_scores) {
        let by = (warned(champion, ours.score), warned(challenger, theirs.score));
        if by == (false, false) {
            continue;
        }
        let tier = tier(history, champion, ours.customer, at, lateness_days);
        let Some(tier) = warnings.get_mut(tier as usize) else { continue };
        match by {
            (true, true) => tier.both += 1,
            (true, false) => {
                tier.only_champion += 1;
                example(&mut tier.dropped, ours.customer);
            }
            (false, true) => {
                tier.only_challenger += 1;
                example(&mut tier.added, ours.customer);
            }
            (false, false) => {}
        }
    }
    let mut objections = Vec::new();
    if challenger.trained_until > at {
        objections
            .push("the challenger was trained on the period that it is judged by: train it with the same --at".into());
    }
    if rarer(&our_forward).min(rarer(&our_scores)) < LEAST_RARER {
        objections.push(format!(
            "there are too few customers to judge by: at least {LEAST_RARER} who churned and {LEAST_RARER} who did not are needed"
        ));
    }
    objections.extend(object("forward", &forward));
    objections.extend(object("silence", &silence));
    objections.extend(object_to_warnings([champion, challenger], &our_scores, &their_scores));
    Comparison { forward, silence, warnings, objections }
}

/// Names a customer, each once: a held-out one stands in the rows as often as its weight says.
fn example(named: &mut Vec<u32>, customer: u32) {
    if named.len() < EXAMPLES && named.last() != Some(&customer) {
        named.push(customer);
    }
}

/// Number of customers of the rarer outcome.
fn rarer(scored: &[Scored]) -> usize {
    let of = |churned: bool| {
        let customers = scored.iter().filter(|row| row.churned == churned).map(|row| row.customer);
        customers.collect::<HashSet<u32>>().len()
    };
    of(true).min(of(false))
}

fn warned(model: &Model, score: f64) -> bool {
    model.thresholds.first().is_some_and(|watch| score >= *watch)
}

fn tier(history: &History, model: &Model, customer: u32, at: Day, lateness_days: i32) -> Tier {
    let mut tier = Tier::Low;
    if let Some(customer) = history.customers.get(customer as usize) {
        customer.walk(&[at.plus(-1)], lateness_days, |day, profile| {
            tier = Tier::of(profile.net_year(day, lateness_days), model.tier_edges);
        });
    }
    tier
}

/// The rows whose silence may still exceed the horizon, labelled by whether it does.
fn silences(history: &History, rows: Vec<Row>, at: Day, horizon: i32) -> Vec<Row> {
    let within = rows.into_iter().filter(|row| (0..horizon).contains(&row.silence_days));
    within
        .map(|row| {
            let ends = row.silent_since().plus(horizon);
            let bought =
                history.customers.get(row.customer as usize).map(|customer| customer.purchase_days(ends.plus(1)));
            let churned = bought.is_none_or(|bought| bought.last().is_none_or(|last| *last < at));
            Row { churned, ..row }
        })
        .collect()
}

fn head(champion: &[Scored], challenger: &[Scored], horizon: i32) -> HeadComparison {
    let pairs: Vec<(Scored, Scored)> = champion.iter().copied().zip(challenger.iter().copied()).collect();
    let difference = |pairs: &[(Scored, Scored)]| {
        let (ours, theirs): (Vec<Scored>, Vec<Scored>) = pairs.iter().copied().unzip();
        let (ours, theirs) = (figures(&ours, horizon).values(), figures(&theirs, horizon).values());
        let mut difference = theirs;
        difference.iter_mut().zip(ours).for_each(|(theirs, ours)| *theirs -= ours);
        difference
    };
    HeadComparison {
        rows: champion.len(),
        base_rate: base_rate(champion),
        champion: figures(champion, horizon),
        challenger: figures(challenger, horizon),
        difference: difference(&pairs),
        intervals: intervals(&pairs, |pair| pair.0.customer, difference),
    }
}

/// What speaks against the challenger: worse than the champion by more than chance and by more than matters.
fn object(name: &str, head: &HeadComparison) -> Vec<String> {
    let mut objections = Vec::new();
    for ((figure, [low, high]), difference) in Figures::NAMES.iter().zip(head.intervals).zip(head.difference) {
        if figure.starts_with("idle") {
            continue;
        }
        let worse = match *figure {
            "log_loss" => low > LOG_LOSS_MARGIN,
            "auc_active" => high < -AUC_MARGIN,
            "ece" => low > 0.0 && difference > ECE_MARGIN,
            _ => false,
        };
        // A score that is no number is no reason to let a model pass.
        if worse || !(low.is_finite() && high.is_finite() && difference.is_finite()) {
            objections.push(format!(
                "{name} head: {figure} is worse by {:.4} (95 % interval {low:.4} to {high:.4})",
                difference.abs()
            ));
        }
    }
    objections
}

/// A head may be good and its thresholds not: fewer of those it warns of may churn.
fn object_to_warnings(models: [&Model; 2], champion: &[Scored], challenger: &[Scored]) -> Option<String> {
    let [ours, theirs] = models;
    let pairs: Vec<(u32, bool, bool, bool)> = champion
        .iter()
        .zip(challenger)
        .map(|(old, new)| (old.customer, old.churned, warned(ours, old.score), warned(theirs, new.score)))
        .collect();
    let precision = |pairs: &[(u32, bool, bool, bool)], by: fn(&(u32, bool, bool, bool)) -> bool| {
        let (all, right) = pairs
            .iter()
            .filter(|pair| by(pair))
            .fold((0.0, 0.0), |(all, right), pair| (all + 1.0, right + f64::from(u8::from(pair.1))));
        if all > 0.0 { right / all } else { 1.0 }
    };
    let difference =
        |pairs: &[(u32, bool, bool, bool)]| [precision(pairs, |pair| pair.3) - precision(pairs, |pair| pair.2)];
    let ([value], [[low, high]]) = (difference(&pairs), intervals(&pairs, |pair| pair.0, difference));
    (high < -PRECISION_MARGIN).then(|| {
        format!(
            "of those that the challenger would warn of, {:.1} % fewer churned (95 % interval {:.1} to {:.1})",
            -value * 100.0,
            -high * 100.0,
            -low * 100.0
        )
    })
}
