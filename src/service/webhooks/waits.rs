//! How long to wait before a try is repeated.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

/// The wait after so many tries that failed: twice as long each time, up to the longest, less up to a half of it, drawn by
/// the alert's id. Alerts that failed together so do not come back together.
pub fn wait(first: Duration, longest: Duration, tries: u32, id: &str) -> Duration {
    let doubled = first.saturating_mul(1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
    let drawn = xxh3_64(format!("{id} {tries}").as_bytes()) as f64 / u64::MAX as f64;
    doubled.min(longest).mul_f64(1.0 - drawn / 2.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::wait;

    #[test]
    fn waits_double_up_to_the_longest_and_differ_between_alerts() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_hours(1));
        for (tries, whole) in [(1, 1), (2, 2), (5, 16), (12, 2_048), (13, 3_600), (40, 3_600), (1_000, 3_600)] {
            let (one, other) = (wait(first, longest, tries, "one"), wait(first, longest, tries, "other"));
            let whole = Duration::from_secs(whole);
            assert!([one, other].iter().all(|wait| (whole / 2..=whole).contains(wait)), "{tries}: {one:?} {other:?}");
            assert!(one != other && one == wait(first, longest, tries, "one"));
        }
    }

    /// What docs/webhooks.md says of the default: 20 tries take four to eight hours.
    #[test]
    fn the_default_tries_for_hours() {
        let longest: Duration =
            (1..20).map(|tries| Duration::from_secs(1 << (tries - 1)).min(Duration::from_hours(1))).sum();
        assert_eq!(longest.as_secs(), 4_095 + 7 * 3_600);
    }
}
