//! Cells of action × segment × tier, each pulled towards all: empirical Bayes, normal–normal (Efron and Morris 1975), the
//! spread between cells by Paule and Mandel (1982), intervals after Morris (1983).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::effect_study::contrast::{contrast, get};
use crate::effect_study::episode::{Episode, side, weight};
use crate::effect_study::normal::quantile;
use crate::engine::alerting::value::Tier;

/// Which episodes belong together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellName {
    /// The action drawn at the opening.
    pub action: Option<Arc<str>>,
    /// Segment at the opening.
    pub segment: Option<Arc<str>>,
    /// Tier at the opening.
    pub tier: Tier,
}

/// A difference between the arms with its standard error; absent where an arm is empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Raw {
    /// Treated minus held out.
    pub difference: f64,
    /// Its standard error.
    pub error: f64,
}

/// An estimate that has seen the others.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pooled {
    /// The estimate.
    pub estimate: f64,
    /// Its 95 % interval.
    pub interval: [f64; 2],
}

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Which.
    pub name: CellName,
    /// Episodes, treated and held out.
    pub episodes: [u64; 2],
    /// Its own difference of the return rates.
    pub raw: Option<Raw>,
    /// What it is taken to be.
    pub pooled: Pooled,
}

/// Pseudo-episodes at the arm's overall mean that steady a small cell's variance: without them a cell in which nobody came
/// back would be certain of it.
const STEADYING: f64 = 10.0;

/// The cells of return rates, in the order of their names.
pub fn cells(episodes: &[Episode], customers: usize) -> Vec<Cell> {
    let mut parts: BTreeMap<CellName, Vec<&Episode>> = BTreeMap::new();
    for episode in episodes {
        let name = CellName { action: episode.action.clone(), segment: episode.segment.clone(), tier: episode.tier };
        parts.entry(name).or_default().push(episode);
    }
    let raws: Vec<Option<Raw>> =
        differences(episodes, customers, parts.values().map(Vec::as_slice), Episode::came_back);
    let pooled = pool(&raws);
    let named = parts.into_iter().zip(raws).zip(pooled);
    let cell = |(((name, members), raw), pooled): (((CellName, Vec<&Episode>), _), _)| {
        let held_out = members.iter().filter(|episode| side(episode.opening.arm) == 1);
        let held_out = held_out.count() as u64;
        Cell { name, episodes: [members.len() as u64 - held_out, held_out], raw, pooled }
    };
    named.map(cell).collect()
}

/// The differences within parts of the episodes. Variances of small parts lean on the whole's, and all are widened as the
/// customers' repeated episodes widen the whole's.
pub fn differences<'a>(
    all: &[Episode],
    customers: usize,
    parts: impl Iterator<Item = &'a [&'a Episode]>,
    value: impl Fn(&Episode) -> f64 + Copy,
) -> Vec<Option<Raw>> {
    let whole = contrast(all.iter(), customers, value);
    let whole_spread = [0, 1].map(|at| spread(all.iter(), at, get(whole.means, at), value));
    let plain: f64 = [0, 1].map(|at| get(whole_spread, at) / get(whole.episodes, at).max(1) as f64).iter().sum();
    let design = if plain > 0.0 { (whole.error * whole.error / plain).max(1.0) } else { 1.0 };
    let raw = |part: &[&Episode]| {
        let own = means(part, value);
        let variance = |at: usize| {
            let (count, mean) = get(own, at);
            let spread = spread(part.iter().copied(), at, mean, value) * count;
            // The steadying episodes also bring how far the part's mean lies from the whole's.
            let apart = STEADYING * count / (STEADYING + count) * (mean - get(whole.means, at)).powi(2);
            (spread + STEADYING * get(whole_spread, at) + apart) / (STEADYING + count) / count
        };
        let [(treated, treated_mean), (held_out, held_out_mean)] = own;
        (treated > 0.0 && held_out > 0.0).then(|| Raw {
            difference: treated_mean - held_out_mean,
            error: (design * (variance(0) + variance(1))).sqrt(),
        })
    };
    parts.map(raw).collect()
}

/// Count and weighted mean of each arm.
fn means(part: &[&Episode], value: impl Fn(&Episode) -> f64) -> [(f64, f64); 2] {
    [0, 1].map(|at| {
        let (mut count, mut weights, mut sum) = (0.0, 0.0, 0.0);
        for episode in part.iter().filter(|episode| side(episode.opening.arm) == at) {
            let weight = weight(&episode.opening);
            count += 1.0;
            weights += weight;
            sum += weight * value(episode);
        }
        (count, if count > 0.0 { sum / weights } else { 0.0 })
    })
}

/// Mean squared distance from a mean in one arm.
fn spread<'a>(
    episodes: impl Iterator<Item = &'a Episode>,
    at: usize,
    mean: f64,
    value: impl Fn(&Episode) -> f64,
) -> f64 {
    let (count, sum) = episodes
        .filter(|episode| side(episode.opening.arm) == at)
        .fold((0.0, 0.0), |(count, sum), episode| (count + 1.0, sum + (value(episode) - mean).powi(2)));
    if count > 0.0 { sum / count } else { 0.0 }
}

/// Pulls every estimate towards the mean of all, the more the less it knows itself.
pub fn pool(raws: &[Option<Raw>]) -> Vec<Pooled> {
    let known: Vec<Raw> = raws.iter().flatten().copied().filter(|raw| raw.error > 0.0).collect();
    let tau_square = between(&known);
    let (mean, mean_variance) = centre(&known, tau_square);
    let (z, count) = (quantile(0.975), known.len() as f64);
    let one = |raw: &Option<Raw>| {
        let (estimate, variance) = match raw {
            Some(Raw { difference, error }) if *error > 0.0 => {
                let own = error * error;
                // Morris's factor keeps a little of each cell's own voice where the spread seems to be nothing.
                let few = if count > 3.0 { (count - 3.0) / (count - 1.0) } else { 0.0 };
                let pull = few * own / (own + tau_square);
                let doubt = if count > 3.0 { 2.0 / (count - 3.0) } else { 0.0 };
                let estimate = mean.mul_add(pull, (1.0 - pull) * difference);
                let variance = own * (1.0 - pull)
                    + pull * pull * mean_variance
                    + doubt * pull * pull * (difference - mean).powi(2);
                (estimate, variance)
            }
            _ => (mean, tau_square + mean_variance),
        };
        let reach = z * variance.sqrt();
        Pooled { estimate, interval: [estimate - reach, estimate + reach] }
    };
    raws.iter().map(one).collect()
}

/// Mean weighted by what each knows, and its variance.
fn centre(known: &[Raw], tau_square: f64) -> (f64, f64) {
    let (weights, sum) = known.iter().fold((0.0, 0.0), |(weights, sum), raw| {
        let weight = 1.0 / (raw.error * raw.error + tau_square);
        (weights + weight, sum + weight * raw.difference)
    });
    if weights > 0.0 { (sum / weights, 1.0 / weights) } else { (0.0, 0.0) }
}

/// The variance between cells at which the weighted squares around their mean are what they should be on average.
fn between(known: &[Raw]) -> f64 {
    let wanted = known.len() as f64 - 1.0;
    let squares = |tau_square: f64| {
        let (mean, _) = centre(known, tau_square);
        known.iter().map(|raw| (raw.difference - mean).powi(2) / (raw.error * raw.error + tau_square)).sum::<f64>()
    };
    if wanted <= 0.0 || squares(0.0) <= wanted {
        return 0.0;
    }
    let widest = known.iter().map(|raw| raw.difference.abs()).fold(0.0, f64::max) * 2.0;
    let (mut low, mut high) = (0.0, widest * widest);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if squares(middle) > wanted { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::{Raw, between, pool};

    /// The eight schools (Rubin 1981): the spread between them is estimated as none, so all are pulled nearly together.
    #[test]
    fn the_eight_schools_are_pulled_together() {
        let schools = [(28., 15.), (8., 10.), (-3., 16.), (7., 11.), (-1., 9.), (1., 11.), (18., 10.), (12., 18.)];
        let raws: Vec<Raw> = schools.map(|(difference, error)| Raw { difference, error }).to_vec();
        assert_eq!(between(&raws), 0.0);
        let pooled = pool(&raws.into_iter().map(Some).collect::<Vec<_>>());
        let first = pooled[0].estimate;
        assert!((first - (7.686 * 5.0 / 7.0 + 28.0 * 2.0 / 7.0)).abs() < 0.01, "{first}");
        assert!(pooled.iter().all(|school| school.interval[0] < school.estimate));
    }

    #[test]
    fn cells_far_apart_keep_their_own_and_the_unknown_get_the_mean() {
        let raw = |difference| Some(Raw { difference, error: 0.01 });
        let pooled = pool(&[raw(0.5), raw(-0.5), raw(0.1), raw(-0.1), None]);
        assert!((pooled[0].estimate - 0.5).abs() < 0.001);
        assert!(pooled[4].estimate.abs() < 0.01 && pooled[4].interval[1] > 0.5);
    }
}
