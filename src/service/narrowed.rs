//! How much a transaction may hold: less after one that failed, so that a broker that takes little in the time of a
//! transaction, by a quota or a slow disk, takes something.

/// Bits that one failure takes away, and the most: of 20,000 records 156 are left.
const FAILURE: u32 = 2;
const MOST: u32 = 7;
/// Commits in a row that give one bit back.
const CALM: u32 = 16;

/// Bits by which the bounds are smaller than they may be at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    bits: u32,
    /// Commits since the last change.
    commits: u32,
}

impl Narrowed {
    /// Not at all.
    pub const fn new() -> Self {
        Self { bits: 0, commits: 0 }
    }

    /// What is left of a bound.
    pub fn of(self, most: usize) -> usize {
        (most >> self.bits).max(1)
    }

    /// A transaction was committed.
    pub const fn went_well(&mut self) {
        self.commits += 1;
        if self.commits >= CALM {
            (self.bits, self.commits) = (self.bits.saturating_sub(1), 0);
        }
    }

    /// A transaction was not committed.
    pub fn failed(&mut self) {
        (self.bits, self.commits) = ((self.bits + FAILURE).min(MOST), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Narrowed;

    #[test]
    fn failures_narrow_at_once_and_commits_widen_slowly() {
        let mut narrowed = Narrowed::new();
        assert_eq!(narrowed.of(20_000), 20_000);
        for left in [5_000, 1_250, 312, 156, 156] {
            narrowed.failed();
            assert_eq!(narrowed.of(20_000), left);
        }
        assert_eq!(narrowed.of(3), 1, "a transaction holds a record at least");
        for _ in 0..15 {
            narrowed.went_well();
        }
        assert_eq!(narrowed.of(20_000), 156);
        for _ in 0..=6 * 16 {
            narrowed.went_well();
        }
        assert_eq!(narrowed, Narrowed { bits: 0, commits: 0 });
    }
}
