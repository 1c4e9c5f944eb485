//! One customer of the synthetic shop: hidden habits, drawn once from the seed, and never shown to the engine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, Exp1, Gamma, LogNormal, StandardUniform};

use crate::engine::customer::uniform;

/// Days over which the interest of a leaving customer dies down.
pub const FADING_DAYS: f64 = 45.0;

/// What a customer is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Habits {
    /// Day of the first purchase, counted from the start of the shop.
    pub joins: u32,
    /// Day after which the customer never comes back of its own accord.
    pub leaves: u32,
    /// Mean days between purchases.
    pub mean_gap: f64,
    /// Shape of the gaps' gamma distribution: 1 irregular, 6 like clockwork.
    pub regularity: f64,
    /// Typical amount, in cents.
    pub level: f64,
    /// Mean days between visits without a purchase.
    pub visit_gap: f64,
    /// Share of messages that are opened.
    pub opens: f64,
    /// Whether the customer complains before leaving.
    pub complains: bool,
}

/// A generator of random numbers that belongs to one customer, purpose and turn.
pub fn generator(seed: u64, customer: u32, purpose: &str, turn: u32) -> ChaCha8Rng {
    let parts = [&seed.to_le_bytes()[..], &customer.to_le_bytes(), purpose.as_bytes(), &turn.to_le_bytes()];
    ChaCha8Rng::seed_from_u64((uniform(&parts) * (1_u64 << 53) as f64) as u64)
}

/// A number in [0, 1).
pub fn share(random: &mut ChaCha8Rng) -> f64 {
    StandardUniform.sample(random)
}

impl Habits {
    /// Draws the habits of a customer of a shop that is open for `days`.
    pub fn draw(seed: u64, customer: u32, days: u32) -> Self {
        let random = &mut generator(seed, customer, "habits", 0);
        // Half of the customers are there from the first weeks, the others join over the whole time.
        let joins = if share(random) < 0.5 { share(random) * 30.0 } else { share(random) * f64::from(days) * 0.9 };
        let life: f64 = Exp1.sample(random);
        let mean_gap = log_normal(random, 30.0, 0.7).clamp(4.0, 150.0);
        let regularity = 1.0 + 5.0 * share(random);
        let level = log_normal(random, 13_000.0, 0.9);
        let visit_gap = (mean_gap * (1.5 + 2.0 * share(random))).clamp(14.0, 150.0);
        let opens = 0.1 + 0.6 * share(random);
        let complains = share(random) < 0.25;
        let leaves = joins + 20.0 + life * 320.0;
        Self {
            joins: (joins as u32).min(days.saturating_sub(1)),
            leaves: leaves as u32,
            mean_gap,
            regularity,
            level,
            visit_gap,
            opens,
            complains,
        }
    }

    /// Whole days to the next purchase, at least 1.
    pub fn gap(&self, random: &mut ChaCha8Rng) -> u32 {
        let gap = Gamma::new(self.regularity, self.mean_gap / self.regularity);
        gap.map_or(self.mean_gap, |gap| gap.sample(random)).round().clamp(1.0, 1_000.0) as u32
    }

    /// An amount in cents.
    pub fn amount(&self, random: &mut ChaCha8Rng) -> u64 {
        (self.level * log_normal(random, 1.0, 0.4)).clamp(100.0, 5_000_000.0) as u64
    }

    /// How much interest is left on `day`: 1, dying down before the customer leaves.
    pub fn interest(&self, day: u32) -> f64 {
        ((f64::from(self.leaves) - f64::from(day)) / FADING_DAYS).clamp(0.05, 1.0)
    }
}

fn log_normal(random: &mut ChaCha8Rng, median: f64, sigma: f64) -> f64 {
    LogNormal::new(median.ln(), sigma).map_or(median, |distribution| distribution.sample(random))
}
