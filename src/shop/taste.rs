//! What a customer likes: where, what and when it buys, how it decides, what drives it away. Drawn from a stream of its own,
//! so that amounts and gaps are the same with and without it.

use rand_chacha::ChaCha8Rng;

use crate::shop::customer::{generator, share};

/// The shop's channels.
pub const CHANNELS: [&str; 3] = ["online", "store", "app"];
/// Number of its categories.
pub const CATEGORIES: u32 = 32;
/// Why customers leave, as its sales people note it.
const CAUSES: [&str; 4] = ["price", "quality", "delivery", "moved"];
/// Share of the customers that have each of the likings.
const LIKING: f64 = 0.7;
/// Share of the purchases that follow a liking.
const FOLLOWED: f64 = 0.85;

/// How a customer of the shop decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decides {
    /// Looks for days, waits for discounts.
    Slowly,
    /// Sees and buys, and gives back more often.
    AtOnce,
}

/// What a customer likes; `None`: anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taste {
    /// Channel.
    pub channel: Option<&'static str>,
    /// Number of the category.
    pub category: Option<u32>,
    /// Whether it buys at weekends, or never then.
    pub weekend: Option<bool>,
    /// Quarter of the day, 0 to 3.
    pub day_part: Option<u8>,
    /// How it decides.
    pub decides: Option<Decides>,
    /// What a sales person notes shortly before it leaves.
    pub cause: Option<&'static str>,
}

impl Taste {
    /// Draws the taste of a customer.
    pub fn draw(seed: u64, customer: u32) -> Self {
        let random = &mut generator(seed, customer, "taste", 0);
        let mut liking = |of: u32| {
            let (likes, which) = (share(random) < LIKING, below(random, of));
            likes.then_some(which)
        };
        let channel = liking(CHANNELS.len() as u32);
        let category = liking(CATEGORIES);
        let weekend = liking(2).map(|side| side == 1);
        let day_part = liking(4).map(|part| part as u8);
        let decides = liking(2).map(|side| if side == 1 { Decides::Slowly } else { Decides::AtOnce });
        let cause = liking(CAUSES.len() as u32);
        Self {
            channel: channel.and_then(|at| CHANNELS.get(at as usize)).copied(),
            category,
            weekend,
            day_part,
            decides,
            cause: cause.and_then(|at| CAUSES.get(at as usize)).copied(),
        }
    }

    /// The channel of a purchase.
    pub fn channel(&self, random: &mut ChaCha8Rng) -> &'static str {
        let any = CHANNELS.get(below(random, CHANNELS.len() as u32) as usize).copied().unwrap_or_default();
        self.channel.filter(|_| share(random) < FOLLOWED).unwrap_or(any)
    }

    /// The category of a purchase.
    pub fn category(&self, random: &mut ChaCha8Rng) -> u32 {
        let any = below(random, CATEGORIES);
        self.category.filter(|_| share(random) < FOLLOWED).unwrap_or(any)
    }

    /// Whether a purchase has a discount.
    pub fn discounted(&self, random: &mut ChaCha8Rng) -> bool {
        let wanted = match self.decides {
            Some(Decides::Slowly) => 0.6,
            Some(Decides::AtOnce) => 0.05,
            None => 0.15,
        };
        share(random) < wanted
    }

    /// When on its day a purchase is made, as a share of the day.
    pub fn time(&self, random: &mut ChaCha8Rng) -> f64 {
        let (any, within) = (share(random), share(random));
        match self.day_part.filter(|_| share(random) < FOLLOWED) {
            Some(part) => 0.25 * (f64::from(part) + 0.02 + 0.96 * within),
            None => 0.02 + 0.96 * any,
        }
    }

    /// How many days later than `weekday` (0 is Monday) a purchase is made, for the days of the week that are liked.
    pub fn wait(&self, weekday: u32, random: &mut ChaCha8Rng) -> u32 {
        match self.weekend.filter(|_| share(random) < FOLLOWED) {
            Some(true) => 5_u32.saturating_sub(weekday),
            Some(false) if weekday >= 5 => 7 - weekday,
            Some(false) | None => 0,
        }
    }
}

/// A whole number below `limit`.
fn below(random: &mut ChaCha8Rng, limit: u32) -> u32 {
    (share(random) * f64::from(limit)) as u32
}
