//! How far from zero a difference must lie at each weekly look, so that a year of looks together errs at most in one study
//! of twenty: alpha spending by calendar time (Lan and `DeMets` 1983, 1989) with boundaries by recursive
//! numerical integration (Armitage and others 1969; Jennison, Turnbull 2000, chapter 19).

use crate::effect_study::normal::{below, density};

/// Looks of one study: the weeks of a year. The next year is another study.
pub const LOOKS: u32 = 52;
/// Share of studies in which some interval of the year misses the truth.
pub const ALPHA: f64 = 0.05;
/// Pocock's constant for that many equally informative looks, rounded up; a test works it out anew.
const FLAT: f64 = 2.802;
/// Intervals of Simpson's rule between the bounds.
const STEPS: u32 = 240;
/// A look that adds less than this share of information is the look before once more.
const LEAST_GROWTH: f64 = 1.005;
/// The farthest bound looked for.
const FARTHEST: f64 = 10.0;

/// The statistic's distribution without an effect, over the paths that crossed nothing yet.
#[derive(Clone, Debug)]
struct Inside {
    /// Value of z, and its density times Simpson's weight.
    points: Vec<(f64, f64)>,
    information: f64,
}

/// Bounds look by look.
#[derive(Clone, Debug)]
pub struct Boundary {
    inside: Option<Inside>,
    spent: f64,
    last: f64,
}

impl Boundary {
    /// Before the first look.
    pub const fn new() -> Self {
        Self { inside: None, spent: 0.0, last: FARTHEST }
    }

    /// The bound for |z| at a look with this information (one over the squared standard error), where so much of alpha may
    /// be spent by now.
    pub fn look(&mut self, information: f64, spend: f64) -> f64 {
        let grown = |inside: &Inside| information >= inside.information * LEAST_GROWTH;
        if !self.inside.as_ref().is_none_or(grown) {
            return self.last;
        }
        let wanted = spend - self.spent;
        let (mut low, mut high) = (0.0, FARTHEST);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if self.crossing(information, middle) > wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.take(information, high);
        high
    }

    /// Goes on past a look with a given bound; says how much of alpha it spent.
    fn take(&mut self, information: f64, bound: f64) -> f64 {
        let crossed = self.crossing(information, bound);
        self.spent += crossed;
        self.last = bound;
        let step = 2.0 * bound / f64::from(STEPS);
        let points = (0..=STEPS).map(|number| {
            let z = step.mul_add(f64::from(number), -bound);
            let simpson = match number {
                0 | STEPS => 1.0,
                odd if odd % 2 == 1 => 4.0,
                _ => 2.0,
            };
            (z, self.density(information, z) * simpson * step / 3.0)
        });
        self.inside = Some(Inside { points: points.collect(), information });
        crossed
    }

    /// P(inside until now, and |z| above the bound at this look).
    fn crossing(&self, information: f64, bound: f64) -> f64 {
        let Some(inside) = &self.inside else { return 2.0 * below(-bound) };
        let (root, old_root) = (information.sqrt(), inside.information.sqrt());
        let spread = (information - inside.information).sqrt();
        let beyond =
            |z: f64| below((old_root * z - root * bound) / spread) + below((-old_root * z - root * bound) / spread);
        inside.points.iter().map(|(z, mass)| mass * beyond(*z)).sum()
    }

    /// Density of z at this look over the paths inside until now.
    fn density(&self, information: f64, z: f64) -> f64 {
        let Some(inside) = &self.inside else { return density(z) };
        let (root, old_root) = (information.sqrt(), inside.information.sqrt());
        let spread = (information - inside.information).sqrt();
        let from = |old: f64| root / spread * density((root * z - old_root * old) / spread);
        inside.points.iter().map(|(old, mass)| mass * from(*old)).sum()
    }
}

impl Default for Boundary {
    fn default() -> Self {
        Self::new()
    }
}

/// How much of alpha may be spent by each look of the year: what Pocock's flat boundary would have spent had every week
/// brought the same information. It does not depend on the data.
#[derive(Clone, Debug)]
pub struct Spending(Vec<f64>);

impl Spending {
    /// The year's.
    pub fn yearly() -> Self {
        Self(spent_by(LOOKS, FLAT))
    }

    /// Alpha that may be spent by the look of this number, counted from 1.
    pub fn by(&self, look: u32) -> f64 {
        let at = (look as usize).saturating_sub(1);
        self.0.get(at).or_else(|| self.0.last()).copied().unwrap_or(0.0)
    }
}

/// What a flat boundary has spent by each of so many looks of equal information.
fn spent_by(looks: u32, bound: f64) -> Vec<f64> {
    let mut boundary = Boundary::new();
    let look = |number: u32| {
        boundary.take(f64::from(number), bound);
        boundary.spent
    };
    (1..=looks).map(look).collect()
}

/// Pocock's constant: the flat bound that so many looks of equal information cross with probability alpha.
pub fn flat_bound(looks: u32, alpha: f64) -> f64 {
    let (mut low, mut high) = (1.0, 5.0);
    for _ in 0..24 {
        let middle = f64::midpoint(low, high);
        let spent = spent_by(looks, middle).last().copied().unwrap_or(0.0);
        if spent > alpha { low = middle } else { high = middle }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::{ALPHA, Boundary, FLAT, LOOKS, Spending, flat_bound};

    /// Pocock (1977), and Jennison and Turnbull (2000), table 2.1.
    #[test]
    fn flat_bounds_are_the_published_ones() {
        for (looks, published) in [(1, 1.960), (2, 2.178), (3, 2.289), (5, 2.413), (10, 2.555), (20, 2.672)] {
            let bound = flat_bound(looks, ALPHA);
            assert!((bound - published).abs() < 6e-4, "{looks}: {bound}");
        }
        let year = flat_bound(LOOKS, ALPHA);
        println!("flat bound for {LOOKS} looks: {year:.4}");
        assert!(year <= FLAT && year > FLAT - 0.001, "{year}");
    }

    /// O'Brien and Fleming's five looks by their spending: Jennison and Turnbull (2000), table 2.3 gives 2.040 · √(5/k).
    #[test]
    fn bounds_that_fall_are_the_published_ones_too() {
        let published: Vec<f64> = (1..=5).map(|look| 2.040 * (5.0 / f64::from(look)).sqrt()).collect();
        let mut given = Boundary::new();
        for (look, bound) in (1..).zip(&published) {
            given.take(f64::from(look), *bound);
        }
        assert!((given.spent - ALPHA).abs() < 2e-4, "{}", given.spent);
    }

    /// Spending gives back the flat bound where information comes evenly, however it is scaled, and errs never more than
    /// allowed where it does not.
    #[test]
    fn spending_gives_the_bounds_back() {
        let spending = Spending::yearly();
        assert!(spending.by(LOOKS) <= ALPHA && spending.by(LOOKS) > ALPHA - 1e-4);
        let (mut even, mut uneven) = (Boundary::new(), Boundary::new());
        for look in 1..=LOOKS {
            let bound = even.look(17.0 * f64::from(look), spending.by(look));
            assert!((bound - FLAT).abs() < 1e-4, "{look}: {bound}");
            uneven.look(f64::from(look).powf(1.7) + f64::from(look % 3), spending.by(look));
        }
        assert!((uneven.spent - spending.by(LOOKS)).abs() < 1e-3, "{}", uneven.spent);
        assert_eq!(even.look(17.0 * 52.1, 0.05), even.last);
    }
}
