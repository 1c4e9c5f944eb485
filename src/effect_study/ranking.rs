//! Whether warning those first whom acting helps most would beat warning those first who are worth most. Asked of the
//! holdout, cross-fitted: no episode helps to judge the ranking that it is judged by.

use std::collections::BTreeMap;

use crate::effect_study::episode::{Episode, side, weight};
use crate::effect_study::pooling::{differences, pool};
use crate::engine::alerting::value::Tier;

/// Parts of the customers; each is ranked by what the others say.
const FOLDS: usize = 5;
/// Fewest held-out episodes for the question to be asked at all.
pub const LEAST_HELD_OUT: u64 = 200;

/// Incremental margin an episode, had only the better half been warned, by either ranking.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rankings {
    /// Among the half with the highest estimated uplift.
    pub by_uplift: f64,
    /// Among the half with the most at risk.
    pub by_value: f64,
    /// Standard error of the difference, clustered by customer.
    pub error: f64,
}

impl Rankings {
    /// How much better the ranking by uplift is.
    pub fn gain(&self) -> f64 {
        self.by_uplift - self.by_value
    }
}

type CellKey<'a> = (Tier, Option<&'a str>, Option<&'a str>);

fn key(episode: &Episode) -> CellKey<'_> {
    (episode.tier, episode.segment.as_deref(), episode.action.as_deref())
}

/// Compares the rankings; `None` where too few are held out.
pub fn rankings(episodes: &[Episode], customers: usize) -> Option<Rankings> {
    let held_out = episodes.iter().filter(|episode| side(episode.opening.arm) == 1).count() as u64;
    if held_out < LEAST_HELD_OUT {
        return None;
    }
    let fold = |episode: &Episode| (episode.fold_draw * FOLDS as f64) as usize;
    let (mut sums, mut all) = ([0.0; 2], 0.0);
    let mut pulls = vec![0.0; customers];
    for number in 0..FOLDS {
        let (mine, others): (Vec<&Episode>, Vec<&Episode>) =
            episodes.iter().partition(|episode| fold(episode) == number);
        let uplift = uplifts(&others, customers);
        let estimate = |episode: &Episode| uplift.get(&key(episode)).copied().unwrap_or_default();
        let centre = centre(&others);
        let by_uplift = better_half(&mine, |episode| (estimate(episode), episode.value_at_risk));
        let by_value = better_half(&mine, |episode| (episode.value_at_risk, 0.0));
        for ((episode, uplift), value) in mine.iter().zip(by_uplift).zip(by_value) {
            let sign = if side(episode.opening.arm) == 0 { 1.0 } else { -1.0 };
            // What one episode says of the effect (Horvitz–Thompson), around a centre that changes its noise alone.
            let effect = sign * weight(&episode.opening) * (episode.margin - centre(episode));
            let [uplift, value] = [uplift, value].map(|chosen| if chosen { 2.0 * effect } else { 0.0 });
            let [uplift_sum, value_sum] = &mut sums;
            *uplift_sum += uplift;
            *value_sum += value;
            all += 1.0;
            if let Some(pull) = pulls.get_mut(episode.opening.customer as usize) {
                *pull += uplift - value;
            }
        }
    }
    let [by_uplift, by_value] = sums.map(|sum| sum / all);
    let square: f64 = pulls.iter().map(|pull| pull * pull).sum();
    Some(Rankings { by_uplift, by_value, error: square.sqrt() / all })
}

/// Pooled uplift of margin by cell.
fn uplifts<'a>(episodes: &[&'a Episode], customers: usize) -> BTreeMap<CellKey<'a>, f64> {
    let mut parts: BTreeMap<CellKey<'a>, Vec<&Episode>> = BTreeMap::new();
    for episode in episodes {
        parts.entry(key(episode)).or_default().push(episode);
    }
    let all: Vec<Episode> = episodes.iter().map(|episode| (*episode).clone()).collect();
    let raws = differences(&all, customers, parts.values().map(Vec::as_slice), |episode| episode.margin);
    let pooled = pool(&raws).into_iter().map(|pooled| pooled.estimate);
    parts.into_keys().zip(pooled).collect()
}

/// The value to measure margins from: with it the noise of the two arms is least where their spreads are alike.
fn centre(episodes: &[&Episode]) -> impl Fn(&Episode) -> f64 {
    let mean = |at: usize| {
        let arm = episodes.iter().filter(|episode| side(episode.opening.arm) == at);
        let (count, sum) = arm.fold((0.0, 0.0), |(count, sum), episode| (count + 1.0, sum + episode.margin));
        if count > 0.0 { sum / count } else { 0.0 }
    };
    let (treated, held_out) = (mean(0), mean(1));
    move |episode| {
        let propensity = episode.opening.propensity;
        (1.0 - propensity).mul_add(treated, propensity * held_out)
    }
}

/// Which episodes are in the half that ranks higher.
fn better_half(episodes: &[&Episode], rank: impl Fn(&Episode) -> (f64, f64)) -> Vec<bool> {
    let mut order: Vec<(usize, (f64, f64))> = episodes.iter().map(|episode| rank(episode)).enumerate().collect();
    order.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let mut chosen = vec![false; episodes.len()];
    for (at, _) in order.into_iter().take(episodes.len() / 2) {
        if let Some(slot) = chosen.get_mut(at) {
            *slot = true;
        }
    }
    chosen
}
