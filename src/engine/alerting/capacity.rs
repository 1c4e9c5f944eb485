//! How many openings a partition may have on a day, so that all partitions together keep a daily capacity without talking.

use crate::engine::alerting::value::Tier;
use crate::engine::day::Day;

/// Partition `partition`'s share of `capacity` openings on `day`: ⌊K(i+1)/P⌋ − ⌊Ki/P⌋ with i = (partition + day) mod P.
pub fn quota(capacity: u32, partition: u32, partitions: u32, day: Day) -> u32 {
    let partitions = u64::from(partitions.max(1));
    let turn = (i64::from(partition) + i64::from(day.0)).rem_euclid(partitions as i64) as u64;
    let capacity = u64::from(capacity);
    (capacity * (turn + 1) / partitions - capacity * turn / partitions) as u32
}

/// Places used on one day, by tier. Unused places are not carried over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayUse {
    /// The day.
    pub day: Day,
    /// Openings on it, by tier.
    pub used: [u32; 3],
}

impl DayUse {
    /// Places used by `tier` on `day`.
    pub fn on(&self, day: Day, tier: Tier) -> u32 {
        if self.day == day { self.used.get(tier as usize).copied().unwrap_or_default() } else { 0 }
    }

    /// Uses one place.
    pub fn take(&mut self, day: Day, tier: Tier) {
        if self.day != day {
            *self = Self { day, used: [0; 3] };
        }
        if let Some(used) = self.used.get_mut(tier as usize) {
            *used += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::quota;
    use crate::engine::day::Day;

    #[test]
    fn quotas_of_all_partitions_sum_to_the_capacity_on_every_day() {
        for capacity in [0, 1, 7, 12, 100] {
            for day in -3..20 {
                let sum: u32 = (0..12).map(|partition| quota(capacity, partition, 12, Day(day))).sum();
                assert_eq!(sum, capacity);
            }
        }
    }

    #[test]
    fn a_scarce_place_goes_round() {
        let days_with_a_place = (0..12).filter(|day| quota(1, 5, 12, Day(*day)) == 1).count();
        assert_eq!(days_with_a_place, 1);
    }
}
