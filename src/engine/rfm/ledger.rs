//! The ledger: what each day of the last 400 brought in money. Windows over it are exact, to the minor unit.

use crate::engine::day::Day;
use crate::engine::money::Money;

/// Days that the ledger keeps behind the customer's newest event.
pub const LEDGER_DAYS: i32 = 400;

/// One day on which money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerDay {
    /// The local day.
    pub day: Day,
    /// Sum of the purchases.
    pub gross: Money,
    /// Sum of the refunds booked that day, as a positive amount.
    pub refunded: Money,
    /// Number of purchases.
    pub purchases: u32,
    /// Whether it counts as a purchase day: it has a purchase, and not every order was given back.
    pub purchase_day: bool,
}

/// Exact sums over the last N days up to and including a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// Days with a purchase that stands.
    pub purchase_days: u32,
    /// Purchases.
    pub purchases: u32,
    /// What was paid.
    pub gross: Money,
    /// What was paid less what was given back in the window.
    pub net: Money,
}

impl Window {
    /// Counts one day in.
    pub fn add(&mut self, day: &LedgerDay) {
        self.purchase_days += u32::from(day.purchase_day);
        self.purchases += day.purchases;
        self.gross += day.gross;
        self.net += day.gross - day.refunded;
    }
}
