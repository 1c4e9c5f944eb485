//! A log in which many customers have an open episode and then purchase: four purchases twenty days apart, and silence
//! for ten to eleven weeks. Others come and go all the while, so that days close.

use std::fmt::Write;

use churnwatch::engine::day::Millis;

use crate::support::workload::{Words, mix, write_event};

const DAY_MILLIS: i64 = 86_400_000;
/// 2025-09-01T00:00:00Z.
const START: i64 = 1_756_684_800_000;
/// The day, from the start, on which events come at a pace: the day before is closed by then.
const PACED_DAY: i64 = 140;
/// Time of the first paced event.
pub(crate) const PACED_FROM: Millis = Millis(START + PACED_DAY * DAY_MILLIS + 6 * 3_600_000);
/// One paced event in so many is a purchase that ends an episode.
const RETURNS: u64 = 10;
/// Customers who are never silent for long.
const ACTIVE: u64 = 20_000;
/// Their visits on every day: enough in every partition for its clock to move.
const VISITS: u64 = 600;
const SEED: u64 = 7;

/// The log for so many paced events.
pub(crate) struct Log {
    silent: u64,
}

impl Log {
    pub(crate) const fn new(paced: u64) -> Self {
        Self { silent: paced.div_ceil(RETURNS) }
    }

    /// Everything before the paced part, in the order of time; gives the number of events.
    pub(crate) fn history(&self, mut each: impl FnMut(&str, &str)) -> u64 {
        let (mut number, mut key, mut value) = (0, String::new(), String::new());
        let mut say = |day: i64, purchase: bool, active: bool, customer: u64| {
            let hour = if day == PACED_DAY { 5 } else { 12 };
            let time = Millis(START + day * DAY_MILLIS + hour * 3_600_000 + (number % 3_600_000) as i64);
            write(number, active, customer, (purchase, time), &mut key, &mut value);
            number += 1;
            each(&key, &value);
        };
        for day in 0..=PACED_DAY {
            for visit in 0..VISITS {
                say(day, false, true, (day as u64 * VISITS + visit) % ACTIVE);
            }
            // Each of ten groups buys on four days; the last is 71 to 80 days before the paced one.
            for group in (0..10).filter(|group| (0..4).any(|turn| day == group + turn * 20)) {
                (group as u64..self.silent).step_by(10).for_each(|customer| say(day, true, false, customer));
            }
            // Everybody else bought in the week before.
            if (PACED_DAY - 5..PACED_DAY).contains(&day) {
                (day as u64 % 5..ACTIVE).step_by(5).for_each(|customer| say(day, true, true, customer));
            }
        }
        number
    }

    /// Paced event `i`, which is due so many milliseconds after the first.
    pub(crate) fn paced(&self, i: u64, due_millis: u64, key: &mut String, value: &mut String) {
        let time = Millis(PACED_FROM.0 + due_millis as i64);
        let returns = i.is_multiple_of(RETURNS);
        let customer = if returns { i / RETURNS % self.silent } else { mix(SEED, i) % ACTIVE };
        write((1 << 40) + i, !returns, customer, (returns, time), key, value);
    }
}

fn write(
    number: u64,
    active: bool,
    customer: u64,
    (purchase, time): (bool, Millis),
    key: &mut String,
    value: &mut String,
) {
    key.clear();
    let _ = write!(key, "{}{customer:07}", if active { 'a' } else { 's' });
    let id = mix(SEED, number);
    write_event(&Words { id, random: mix(SEED, id), purchase, time }, key, value);
}
