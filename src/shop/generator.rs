//! The shop, day by day: who comes, what they do, who has left without saying so. Events come sorted by time.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

use crate::engine::customer::uniform;
use crate::engine::day::{Day, Millis};
use crate::shop::answer::{NOBODY, UNADVISED, win_back};
use crate::shop::customer::{Habits, generator, share};
use crate::shop::taste::{Decides, Taste};

/// Days between a note of what displeases a customer and its leaving.
const NOTED_DAYS: u32 = 2;
/// Days for which loyalty points are good.
const POINTS_DAYS: i32 = 180;
/// Days before a purchase on which customers who decide slowly look at products.
const LOOKS_BEFORE: [u32; 4] = [6, 4, 2, 1];

/// What kind of shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShopSettings {
    /// Number of customers.
    pub customers: u32,
    /// Days that the shop is open.
    pub days: u32,
    /// Everything follows from it.
    pub seed: u64,
    /// The day after the last.
    pub end: Day,
}

/// One event of the shop.
#[derive(Clone, Debug, PartialEq)]
pub struct ShopEvent {
    /// Number of the customer.
    pub customer: u32,
    /// Number of the event, unique.
    pub id: u64,
    /// When.
    pub time: Millis,
    /// What.
    pub told: Told,
}

/// What an event tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A purchase of `cents`.
    Purchase {
        /// Number of the order.
        order: u64,
        /// Amount in cents.
        cents: u64,
        /// Where.
        channel: &'static str,
        /// Number of the category.
        category: u32,
        /// Whether there was a discount.
        discounted: bool,
    },
    /// A refund; without `cents` of the whole order.
    Refund {
        /// Number of the order.
        order: u64,
        /// Amount in cents.
        cents: Option<u64>,
    },
    /// An interaction that carries nothing.
    Plain(&'static str),
    /// Stars, 1 to 5.
    Review(u8),
    /// Score out of 10.
    Survey(u8),
    /// Points gained.
    Loyalty {
        /// How many.
        points: i64,
        /// The last day on which they can be spent.
        expires: Option<Day>,
    },
    /// A sales person notes why the customer is displeased.
    Note(&'static str),
    /// The sales team did what was recommended.
    Contacted {
        /// UUID of the episode, as bits.
        episode: u128,
        /// What it did.
        action: Arc<str>,
    },
}

#[derive(Clone, Debug)]
enum Plan {
    Buy(u32),
    Browse(u32),
    Look(u32),
    Note(u32, &'static str),
    Refund(u32, u64, Option<u64>),
    Complain(u32),
    Contact(u32, u128, Arc<str>),
}

/// A shop under way.
pub struct Shop {
    settings: ShopSettings,
    habits: Vec<Habits>,
    tastes: Vec<Taste>,
    /// Whether tastes also decide when customers come, look and give back, and why they leave.
    lived: bool,
    turns: Vec<u32>,
    plans: BTreeMap<u32, Vec<Plan>>,
    today: u32,
    next_id: u64,
    events: Vec<ShopEvent>,
}

impl Shop {
    /// Opens a shop whose customers have their tastes in everything.
    pub fn with_habits(settings: ShopSettings) -> Self {
        let mut shop = Self { lived: true, ..Self::new(settings) };
        for (number, (habits, taste)) in (0..).zip(shop.habits.iter().zip(&shop.tastes)) {
            if let Some(cause) = taste.cause {
                let noted = habits.leaves.saturating_sub(NOTED_DAYS);
                shop.plans.entry(noted).or_default().push(Plan::Note(number, cause));
            }
        }
        shop
    }

    /// Opens a shop whose customers have their tastes in where and what they buy.
    pub fn new(settings: ShopSettings) -> Self {
        let habits: Vec<Habits> =
            (0..settings.customers).map(|number| Habits::draw(settings.seed, number, settings.days)).collect();
        let mut plans: BTreeMap<u32, Vec<Plan>> = BTreeMap::new();
        for (number, habits) in (0..).zip(&habits) {
            plans.entry(habits.joins).or_default().push(Plan::Buy(number));
            let browse = habits.joins + habits.visit_gap as u32 + 1;
            plans.entry(browse).or_default().push(Plan::Browse(number));
            if habits.complains {
                plans.entry(habits.leaves.saturating_sub(5)).or_default().push(Plan::Complain(number));
            }
        }
        let tastes = (0..settings.customers).map(|number| Taste::draw(settings.seed, number)).collect();
        let turns = vec![0; habits.len()];
        Self { settings, habits, tastes, lived: false, turns, plans, today: 0, next_id: 0, events: Vec::new() }
    }

    /// The events of the next day, sorted by time; `None` once the shop is closed.
    pub fn next_day(&mut self) -> Option<&[ShopEvent]> {
        if self.today >= self.settings.days {
            return None;
        }
        self.events.clear();
        for plan in self.plans.remove(&self.today).unwrap_or_default() {
            match plan {
                Plan::Buy(customer) => self.buy(customer),
                Plan::Browse(customer) => self.browse(customer),
                Plan::Complain(customer) => self.complain(customer),
                Plan::Look(customer) => self.look(customer),
                Plan::Note(customer, cause) => self.tell(customer, 0.7, Told::Note(cause)),
                Plan::Refund(customer, order, cents) => self.tell(customer, 0.6, Told::Refund { order, cents }),
                Plan::Contact(customer, episode, action) => {
                    self.tell(customer, 0.4, Told::Contacted { episode, action });
                }
            }
        }
        self.events.sort_by_key(|event| (event.time, event.id));
        self.today += 1;
        Some(&self.events)
    }

    /// The day that [`Shop::next_day`] will give next.
    pub fn next_date(&self) -> Day {
        self.settings.end.plus(self.today as i32 - self.settings.days as i32)
    }

    /// When each customer left for good, in the order of their numbers; `None`: still there at the end.
    pub fn truth(&self) -> impl Iterator<Item = Option<Day>> {
        let open = self.settings.end.plus(-(self.settings.days as i32));
        let days = self.settings.days;
        self.habits.iter().map(move |habits| (habits.leaves < days).then(|| open.plus(habits.leaves as i32)))
    }

    /// What the customers like, in the order of their numbers.
    pub fn tastes(&self) -> &[Taste] {
        &self.tastes
    }

    /// A warning about a customer opened: the sales team does tomorrow what was recommended (nothing was: it calls), and
    /// with [`win_back`] a customer who had left comes back within days. Depends on seed, customer, episode and action
    /// alone.
    pub fn respond(&mut self, customer: u32, episode: u128, action: Option<&str>) {
        let action = action.unwrap_or(UNADVISED);
        if action == NOBODY {
            return;
        }
        let parts = [&self.settings.seed.to_le_bytes()[..], &customer.to_le_bytes(), &episode.to_le_bytes()];
        let Some(habits) = self.habits.get_mut(customer as usize) else { return };
        self.plans.entry(self.today).or_default().push(Plan::Contact(customer, episode, action.into()));
        let (draw, strength) = (uniform(&parts), win_back(action));
        if habits.leaves < self.today && draw < strength {
            let back = self.today + 1 + (draw / strength * 8.0) as u32;
            habits.leaves = back + (3.0 * habits.mean_gap) as u32;
            self.plans.entry(back).or_default().push(Plan::Buy(customer));
        }
    }

    fn turn(&mut self, customer: u32, purpose: &str) -> Option<(Habits, ChaCha8Rng)> {
        let habits = *self.habits.get(customer as usize)?;
        let turn = self.turns.get_mut(customer as usize)?;
        *turn += 1;
        Some((habits, generator(self.settings.seed, customer, purpose, *turn)))
    }

    fn buy(&mut self, customer: u32) {
        let Some((habits, mut random)) = self.turn(customer, "buy") else { return };
        let day = self.today;
        if day > habits.leaves {
            return;
        }
        let Some((taste, mut fancy)) = self.taste(customer, "manner") else { return };
        let start = share(&mut random) * 0.9;
        let start = if self.lived { (taste.time(&mut fancy) - 0.05).max(0.0) } else { start };
        for (step, kind) in (0_u8..).zip(["visit", "product_view", "cart", "checkout"]) {
            if share(&mut random) < 0.8 {
                self.tell(customer, start + 0.01 * f64::from(step), Told::Plain(kind));
            }
        }
        let (order, cents) = (self.next_id, habits.amount(&mut random));
        let (channel, category) = (taste.channel(&mut fancy), taste.category(&mut fancy));
        let discounted = taste.discounted(&mut fancy);
        self.tell(customer, start + 0.05, Told::Purchase { order, cents, channel, category, discounted });
        if share(&mut random) < 0.2 {
            let expires = self.lived.then(|| self.next_date().plus(POINTS_DAYS));
            self.tell(customer, start + 0.06, Told::Loyalty { points: (cents / 100) as i64, expires });
        }
        let regrets = self.lived && taste.decides == Some(Decides::AtOnce) && share(&mut fancy) < 0.2;
        match share(&mut random) {
            draw if draw < 0.02 || regrets => self.plan(day + 6, Plan::Refund(customer, order, None)),
            draw if draw < 0.05 => self.plan(day + 9, Plan::Refund(customer, order, Some(cents / 3))),
            draw if draw < 0.10 => self.tell(customer, start + 0.08, Told::Review(if draw < 0.09 { 5 } else { 2 })),
            _ => {}
        }
        // Fewer purchases in summer, more before the year ends.
        let date = f64::from(self.settings.end.0) - f64::from(self.settings.days) + f64::from(day);
        let season = 1.0 - 0.2 * libm::cos((date - 350.0) / 365.25 * std::f64::consts::TAU);
        let gap = (f64::from(habits.gap(&mut random)) * season).round().max(1.0) as u32;
        let next = if self.lived { self.look_ahead(customer, day + gap, &taste, &mut fancy) } else { day + gap };
        self.plan(next, Plan::Buy(customer));
    }

    /// The day of a purchase wished for on `day`; who decides slowly looks at products on days before it.
    fn look_ahead(&mut self, customer: u32, day: u32, taste: &Taste, fancy: &mut ChaCha8Rng) -> u32 {
        // Day 0 was a Thursday.
        let weekday = (self.next_date().0 + day as i32 - self.today as i32 + 3).rem_euclid(7);
        let next = day + taste.wait(weekday.unsigned_abs(), fancy);
        if taste.decides == Some(Decides::Slowly) {
            let today = self.today;
            for before in LOOKS_BEFORE.into_iter().filter(|before| next.saturating_sub(*before) > today) {
                self.plan(next - before, Plan::Look(customer));
            }
        }
        next
    }

    fn look(&mut self, customer: u32) {
        let Some((taste, mut fancy)) = self.taste(customer, "look") else { return };
        if self.habits.get(customer as usize).is_some_and(|habits| self.today <= habits.leaves) {
            let time = taste.time(&mut fancy);
            self.tell(customer, time, Told::Plain("product_view"));
            self.tell(customer, time + 0.002, Told::Plain("product_view"));
        }
    }

    fn taste(&self, customer: u32, purpose: &str) -> Option<(Taste, ChaCha8Rng)> {
        let taste = *self.tastes.get(customer as usize)?;
        Some((taste, generator(self.settings.seed, customer, purpose, self.today)))
    }

    fn browse(&mut self, customer: u32) {
        let Some((habits, mut random)) = self.turn(customer, "browse") else { return };
        let day = self.today;
        let interest = habits.interest(day);
        let start = share(&mut random) * 0.9;
        self.tell(customer, start, Told::Plain("message_sent"));
        if share(&mut random) < habits.opens * interest {
            self.tell(customer, start + 0.02, Told::Plain("message_opened"));
            if share(&mut random) < 0.3 {
                self.tell(customer, start + 0.021, Told::Plain("message_clicked"));
            }
        }
        if share(&mut random) < interest {
            self.tell(customer, start + 0.03, Told::Plain("visit"));
            let at_once = self.tastes.get(customer as usize).is_some_and(|one| one.decides == Some(Decides::AtOnce));
            if !(self.lived && at_once) {
                self.tell(customer, start + 0.031, Told::Plain("product_view"));
            }
            if share(&mut random) < 0.1 {
                self.tell(customer, start + 0.032, Told::Plain("login"));
            }
        }
        if share(&mut random) < 0.03 {
            let score = if interest < 0.5 { 3 } else { 9 };
            self.tell(customer, start + 0.04, Told::Survey(score));
        }
        if day > habits.leaves && share(&mut random) < 0.05 {
            self.tell(
                customer,
                start + 0.05,
                Told::Plain(if share(&mut random) < 0.5 { "unsubscribed" } else { "opt_out" }),
            );
            return;
        }
        let gap = habits.visit_gap * (0.5 + share(&mut random)) / interest.max(0.3);
        self.plan(day + (gap as u32).max(1), Plan::Browse(customer));
    }

    fn complain(&mut self, customer: u32) {
        self.tell(customer, 0.5, Told::Plain("support_contact"));
        self.tell(customer, 0.51, Told::Plain("complaint"));
    }

    fn plan(&mut self, day: u32, plan: Plan) {
        if day < self.settings.days {
            self.plans.entry(day).or_default().push(plan);
        }
    }

    fn tell(&mut self, customer: u32, share: f64, told: Told) {
        let time = instant(self.next_date().0, share.clamp(0.0, 0.999));
        self.events.push(ShopEvent { customer, id: self.next_id, time, told });
        self.next_id += 1;
    }
}

/// The instant at `share` of a day.
fn instant(day: i32, share: f64) -> Millis {
    Millis((i64::from(day) * 86_400 + (share * 86_399.0) as i64) * 1_000)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Shop, ShopEvent, ShopSettings, Told};
    use crate::engine::day::Day;

    fn all(seed: u64) -> (Vec<ShopEvent>, Vec<Option<Day>>) {
        let mut shop = Shop::new(ShopSettings { customers: 500, days: 400, seed, end: Day(20_000) });
        let mut events = Vec::new();
        while let Some(day) = shop.next_day() {
            events.extend_from_slice(day);
        }
        let truth = shop.truth().collect();
        (events, truth)
    }

    #[test]
    fn a_seed_is_a_shop() {
        assert_eq!(all(1), all(1));
        assert_ne!(all(1).0, all(2).0);
    }

    #[test]
    fn events_are_sorted_unique_and_over_before_the_end() {
        let (events, _) = all(3);
        assert!(events.len() > 7_000, "{}", events.len());
        assert!(events.is_sorted_by_key(|event| event.time));
        let ids: HashMap<u64, u32> = events.iter().map(|event| (event.id, event.customer)).collect();
        assert_eq!(ids.len(), events.len());
        assert!(events.iter().all(|event| event.time.0 < 20_000 * 86_400_000));
    }

    #[test]
    fn who_has_left_buys_no_more() {
        let (events, truth) = all(4);
        let left = truth.iter().flatten().count();
        assert!((100..450).contains(&left), "{left}");
        for event in events {
            let Some(left) = truth[event.customer as usize] else { continue };
            let day = Day((event.time.0 / 86_400_000) as i32);
            assert!(day <= left || !matches!(event.told, Told::Purchase { .. }));
        }
    }
}
