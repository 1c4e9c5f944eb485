//! The rules by which bytes become events: zone, currencies, and which times are believable.

use std::collections::BTreeMap;

use iso_currency::Currency;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::engine::day::{Day, Millis};
use crate::wire::calendar::{DAY_MILLIS, local_day, local_millis};

/// Milliseconds of an hour.
const HOUR_MILLIS: i64 = 3_600_000;
/// How far a time may lie ahead of the clock, in milliseconds.
const AHEAD_MILLIS: i64 = HOUR_MILLIS;

/// Everything that reading an event depends on besides its bytes.
#[derive(Clone, Debug)]
pub struct EventRules {
    /// Where days begin, and the zone of times without an offset.
    pub zone: TimeZone,
    /// The base currency.
    pub currency: Currency,
    /// Value of one major unit of another currency in major units of the base currency.
    pub rates: BTreeMap<Currency, Decimal>,
    /// Events before this instant are too old.
    pub earliest: Millis,
    /// Events at or after this instant are in the future, whatever the clock says.
    pub until: Option<Millis>,
    /// How long after midnight a day still waits for events, in milliseconds.
    pub close_delay_millis: i64,
    /// Whether the profiles of a customer's ids are merged.
    pub merges: bool,
}

impl EventRules {
    /// UTC, one currency, the defaults of the configuration.
    pub fn plain(currency: Currency) -> Self {
        Self {
            zone: TimeZone::UTC,
            currency,
            rates: BTreeMap::new(),
            earliest: Millis(631_152_000_000),
            until: None,
            close_delay_millis: 2 * 3_600_000,
            merges: false,
        }
    }

    /// The local day of an instant.
    pub fn day(&self, time: Millis) -> Day {
        local_day(time, &self.zone)
    }

    /// The local hour of an instant of `day`; `None` at midnight to the millisecond, which is how a date without a time reads.
    pub fn hour(&self, time: Millis, day: Day) -> Option<u8> {
        let since = local_millis(time, &self.zone) - i64::from(day.0) * DAY_MILLIS;
        (since > 0).then_some((since / HOUR_MILLIS).clamp(0, 23) as u8)
    }

    /// The last day that is settled when the frontier stands at `time`.
    pub fn settles(&self, time: Millis) -> Day {
        self.day(time.plus(-self.close_delay_millis)).plus(-1)
    }

    /// Whether a time is too far ahead: at or after `until` where set, otherwise more than an hour after the record's
    /// own timestamp, which itself counts as at most an hour ahead of the wall clock.
    pub fn in_the_future(&self, time: Millis, timestamp: Millis, wall: Millis) -> bool {
        match self.until {
            Some(until) => time >= until,
            None => time > timestamp.min(wall.plus(AHEAD_MILLIS)).plus(AHEAD_MILLIS),
        }
    }
}
