//! The difference between the arms as they were drawn (intention to treat), with an error that knows that the episodes of
//! one customer are not independent.

use crate::effect_study::episode::{Episode, side, weight};

/// Two means and their difference; what an empty arm leaves unknown is no number. Pairs are treated, held out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Contrast {
    /// Episodes.
    pub episodes: [u64; 2],
    /// Means, each episode weighted by one over the probability of its arm (Hájek 1971).
    pub means: [f64; 2],
    /// Standard errors of the means, clustered by customer.
    pub mean_errors: [f64; 2],
    /// Treated minus held out.
    pub difference: f64,
    /// Its standard error, clustered by customer (Liang and Zeger 1986, with G/(G − 1)).
    pub error: f64,
}

/// Compares the arms. `customers` is above every customer's number.
pub fn contrast<'a>(
    episodes: impl Iterator<Item = &'a Episode> + Clone,
    customers: usize,
    value: impl Fn(&Episode) -> f64,
) -> Contrast {
    let (mut counts, mut weights, mut sums) = ([0_u64; 2], [0.0; 2], [0.0; 2]);
    for episode in episodes.clone() {
        let (at, weight) = (side(episode.opening.arm), weight(&episode.opening));
        add(&mut weights, at, weight);
        add(&mut sums, at, weight * value(episode));
        if let Some(count) = counts.get_mut(at) {
            *count += 1;
        }
    }
    let means = pair(|at| get(sums, at) / get(weights, at));
    // Each customer's pull on either mean; a customer may be in both arms, in different half-years.
    let mut pulls = vec![None::<[f64; 2]>; customers];
    for episode in episodes {
        let at = side(episode.opening.arm);
        let pull = weight(&episode.opening) * (value(episode) - get(means, at)) / get(weights, at);
        if let Some(slot) = pulls.get_mut(episode.opening.customer as usize) {
            add(slot.get_or_insert([0.0; 2]), at, pull);
        }
    }
    let (mut clusters, mut squares, mut square) = (0.0, [0.0; 2], 0.0);
    for [treated, held_out] in pulls.into_iter().flatten() {
        clusters += 1.0;
        add(&mut squares, 0, treated * treated);
        add(&mut squares, 1, held_out * held_out);
        square += (treated - held_out).powi(2);
    }
    let few = if clusters > 1.0 { clusters / (clusters - 1.0) } else { 1.0 };
    let difference = get(means, 0) - get(means, 1);
    let error = if difference.is_nan() { f64::NAN } else { (few * square).sqrt() };
    Contrast { episodes: counts, means, mean_errors: squares.map(|square| (few * square).sqrt()), difference, error }
}

fn pair(of: impl Fn(usize) -> f64) -> [f64; 2] {
    [of(0), of(1)]
}

/// The value of a side.
pub fn get<T: Copy + Default>(values: [T; 2], at: usize) -> T {
    values.get(at).copied().unwrap_or_default()
}

fn add(values: &mut [f64; 2], at: usize, what: f64) {
    if let Some(value) = values.get_mut(at) {
        *value += what;
    }
}
