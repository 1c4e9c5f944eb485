//! Whether the arms have the sizes that they were drawn with. Where they have not, something loses or moves customers of
//! one arm, and no difference between the arms means anything (Fabijan et al. 2019, "Diagnosing sample ratio mismatch").

use std::collections::HashMap;

use crate::effect_study::episode::{Opening, Study, side};
use crate::effect_study::normal::chi_square_above;
use crate::engine::alerting::holdout::half_year;

/// Below this p the arms do not match. Small, because it is looked at every week and silences everything else.
pub const LEAST_P: f64 = 0.0005;
/// Days of one block: a drift that evens out over the whole still shows in its blocks.
const BLOCK_DAYS: i32 = 28;
/// Fewest expected held-out draws in a block for the chi-square distribution to hold.
const LEAST_EXPECTED: f64 = 5.0;

/// The arms' sizes against what was to be expected.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mismatch {
    /// Draws: customers and half-years, since a customer's arm stays within one. Treated, held out.
    pub drawn: [u64; 2],
    /// Expected treated draws, by the recorded probabilities.
    pub expected: f64,
    /// P of a deviation of the whole at least so large.
    pub p_whole: f64,
    /// P of deviations of the blocks of four weeks at least so large.
    pub p_blocks: f64,
    /// Customers whose arm changed within a half-year, which no draw explains.
    pub changed: u64,
}

impl Mismatch {
    /// Whether a difference between the arms may be believed.
    pub fn arms_match(&self) -> bool {
        self.p_whole >= LEAST_P && self.p_blocks >= LEAST_P
    }
}

/// Treated, held out, expected and the variance of a number of draws.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    drawn: [u64; 2],
    expected: f64,
    variance: f64,
}

impl Block {
    fn add(&mut self, opening: &Opening) {
        if let Some(count) = self.drawn.get_mut(side(opening.arm)) {
            *count += 1;
        }
        self.expected += opening.propensity;
        self.variance += opening.propensity * (1.0 - opening.propensity);
    }

    fn chi_square(&self) -> f64 {
        let [treated, _] = self.drawn;
        (treated as f64 - self.expected).powi(2) / self.variance
    }

    fn is_full(&self) -> bool {
        let all = self.drawn.iter().sum::<u64>() as f64;
        self.expected.min(all - self.expected) >= LEAST_EXPECTED && self.variance > 0.0
    }
}

/// Sizes of the arms at the openings, and among the matured.
pub fn mismatches(study: &Study) -> [Mismatch; 2] {
    let mut matured: Vec<&Opening> = study.episodes.iter().map(|episode| &episode.opening).collect();
    matured.sort_by_key(|opening| opening.opened);
    [mismatch(study.openings.iter()), mismatch(matured.into_iter())]
}

/// Looks at the draws of these openings, which come by day.
fn mismatch<'a>(openings: impl Iterator<Item = &'a Opening>) -> Mismatch {
    let mut arms = HashMap::new();
    let (mut whole, mut block, mut first) = (Block::default(), Block::default(), None);
    let (mut sum, mut freedom, mut changed) = (0.0, 0_u32, 0);
    let mut close = |block: &mut Block| {
        // A block that is too small goes on into the next.
        if block.is_full() {
            sum += block.chi_square();
            freedom += 1;
            *block = Block::default();
        }
    };
    for opening in openings.filter(|opening| opening.propensity > 0.0 && opening.propensity < 1.0) {
        if let Some(arm) = arms.get(&(opening.customer, half_year(opening.opened))) {
            changed += u64::from(*arm != opening.arm);
            continue;
        }
        arms.insert((opening.customer, half_year(opening.opened)), opening.arm);
        let begun = first.get_or_insert(opening.opened);
        if opening.opened.since(*begun) >= BLOCK_DAYS {
            close(&mut block);
            *begun = opening.opened;
        }
        block.add(opening);
        whole.add(opening);
    }
    close(&mut block);
    let p = |sum: f64, freedom: u32| chi_square_above(sum, f64::from(freedom));
    Mismatch {
        drawn: whole.drawn,
        expected: whole.expected,
        p_whole: if whole.variance > 0.0 { p(whole.chi_square(), 1) } else { 1.0 },
        p_blocks: p(sum, freedom),
        changed,
    }
}
