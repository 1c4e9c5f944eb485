//! Whether warning those first whom acting helps most would beat warning those first who are worth most, ranked as the
//! service ranks: within a tier, by what is known before an action is drawn. Asked of the holdout, cross-fitted: no episode
//! helps to judge the ranking that it is judged by.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::effect_study::episode::{Episode, Study, side, weight};
use crate::effect_study::mismatch::Mismatch;
use crate::effect_study::pooling::{differences, pool};
use crate::effect_study::sequence::Look;
use crate::engine::alerting::value::Tier;

/// Parts of the customers; each is ranked by what the others say.
const FOLDS: usize = 5;
/// Fewest held-out episodes for the question to be asked at all.
pub const LEAST_HELD_OUT: u64 = 200;

/// What may be said of ranking by uplift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// It wins on the holdout.
    Recommended,
    /// It doesn't, or that can't be told.
    NotRecommended,
    /// Too few are held out, or the arms don't match.
    NotAsked,
}

/// The question, and its answer at a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranking {
    /// The two rankings, where enough is known to compare them.
    pub rankings: Option<Rankings>,
    /// How many standard errors the interval of the gain reaches to either side.
    pub bound: f64,
    /// What follows.
    pub advice: Advice,
}

/// Incremental margin an episode, had only the better half of each tier been warned, by either ranking.
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

    /// The interval of the gain that reaches `bound` standard errors to either side.
    pub fn interval(&self, bound: f64) -> [f64; 2] {
        [self.gain() - bound * self.error, self.gain() + bound * self.error]
    }
}

/// The margin that a warning adds, by what is known of a customer before an action is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Uplifts {
    /// By tier and segment, where both arms have episodes.
    pub cells: BTreeMap<(Tier, Arc<str>), f64>,
    /// Anywhere else, and without a segment: the pooled mean of all cells.
    pub others: f64,
}

impl Uplifts {
    /// The uplift of an episode's cell.
    fn of(&self, episode: &Episode) -> f64 {
        let segment = episode.segment.clone();
        let cell = segment.and_then(|segment| self.cells.get(&(episode.tier, segment)));
        cell.copied().unwrap_or(self.others)
    }
}

/// Asks at the last look whether ranking by uplift wins. One question, asked every week: its bound is the look's.
pub fn ranking(study: &Study, look: Option<&Look>, mismatches: &[Mismatch]) -> Ranking {
    let told = look.filter(|look| look.enough);
    let rankings = told.and_then(|look| rankings(study.between(look.from, look.day), study.customers));
    let bound = told.map_or(f64::INFINITY, |look| look.returns.bound);
    let advice = match rankings.filter(|_| mismatches.iter().all(Mismatch::arms_match)) {
        None => Advice::NotAsked,
        Some(rankings) if rankings.interval(bound)[0] > 0.0 => Advice::Recommended,
        Some(_) => Advice::NotRecommended,
    };
    Ranking { rankings, bound, advice }
}

/// Compares the rankings; `None` where too few are held out.
fn rankings(episodes: &[Episode], customers: usize) -> Option<Rankings> {
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
        let uplifts = uplifts(&others, customers);
        let centre = centre(&others);
        let by_uplift = better_half(&mine, |episode| (uplifts.of(episode), episode.value_at_risk));
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

/// Pooled uplifts of margin.
pub fn uplifts(episodes: &[&Episode], customers: usize) -> Uplifts {
    let mut parts: BTreeMap<(Tier, Option<Arc<str>>), Vec<&Episode>> = BTreeMap::new();
    for episode in episodes {
        parts.entry((episode.tier, episode.segment.clone())).or_default().push(episode);
    }
    let all: Vec<Episode> = episodes.iter().map(|episode| (*episode).clone()).collect();
    let mut raws = differences(&all, customers, parts.values().map(Vec::as_slice), |episode| episode.margin);
    // A cell of which nothing is known is taken to be the mean of all.
    raws.push(None);
    let pooled = pool(&raws);
    let named = parts.into_keys().zip(&raws).zip(&pooled).filter(|((_, raw), _)| raw.is_some());
    Uplifts {
        cells: named.filter_map(|(((tier, segment), _), pooled)| Some(((tier, segment?), pooled.estimate))).collect(),
        others: pooled.last().copied().unwrap_or_default().estimate,
    }
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

/// Which episodes are in the half of their tier that ranks higher.
fn better_half(episodes: &[&Episode], rank: impl Fn(&Episode) -> (f64, f64)) -> Vec<bool> {
    let mut chosen = vec![false; episodes.len()];
    for tier in Tier::ALL {
        let of_tier = episodes.iter().enumerate().filter(|(_, episode)| episode.tier == tier);
        let mut order: Vec<(usize, (f64, f64))> = of_tier.map(|(at, episode)| (at, rank(episode))).collect();
        order.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
        let half = order.len() / 2;
        for (at, _) in order.into_iter().take(half) {
            if let Some(slot) = chosen.get_mut(at) {
                *slot = true;
            }
        }
    }
    chosen
}
