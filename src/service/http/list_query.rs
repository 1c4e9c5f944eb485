//! What a list of customers is asked for: who fits, in which order, from where on. Pure; every wrong parameter is told.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::roster::Listed;
use crate::service::http::list_parameters::{LIMIT, ListParameter, MAX_LIMIT, Order};
use crate::wire::calendar;

/// A customer's place in an order: what it is ordered by, and its hash where others have the same.
pub type Place = Reverse<(u64, u64)>;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListQuery {
    bands: Vec<Band>,
    tiers: Vec<Tier>,
    segment: Option<String>,
    /// Only those whose silence has become churn, or only the others.
    churned: Option<bool>,
    /// Only those with an open warning.
    warned: bool,
    opened: Option<Day>,
    /// Only customers of this replica.
    here: bool,
    order: Order,
    limit: usize,
    after: Option<Place>,
}

/// One page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// How many customers fit.
    pub count: u64,
    /// Margin at risk of all of them.
    pub value_at_risk: Money,
    /// Those of the page, in order.
    pub picked: Vec<Listed>,
    /// Where the next one begins; `None` on the last.
    pub next: Option<String>,
}

impl ListQuery {
    /// Reads the parameters of a list of customers or, with `warned`, of open warnings; else what is wrong with them.
    pub fn read(parameters: &BTreeMap<String, String>, warned: bool) -> Result<Self, String> {
        let mut query = Self { warned, limit: LIMIT, ..Self::default() };
        let mut faults = Vec::new();
        for (name, value) in parameters {
            let fault = match ListParameter::named(name, warned) {
                Some(ListParameter::Band) => several(value, &Band::ALL, Band::name).map(|bands| query.bands = bands),
                Some(ListParameter::Tier) => several(value, &Tier::ALL, Tier::name).map(|tiers| query.tiers = tiers),
                Some(ListParameter::Segment) => {
                    query.segment = Some(value.clone());
                    Ok(())
                }
                Some(ListParameter::Opened) => day(value).map(|day| query.opened = Some(day)),
                Some(ListParameter::Churned) => churned(value).map(|churned| query.churned = Some(churned)),
                Some(ListParameter::Scope) => scope(value).map(|here| query.here = here),
                Some(ListParameter::Order) => order(value).map(|order| query.order = order),
                Some(ListParameter::Limit) => limit(value).map(|limit| query.limit = limit),
                Some(ListParameter::After) => place(value).map(|place| query.after = Some(place)),
                None => Err(format!("is none of {}", names(warned))),
            };
            faults.extend(fault.err().map(|fault| format!("{name} {fault}")));
        }
        if faults.is_empty() { Ok(query) } else { Err(faults.join("; ")) }
    }

    /// What the order goes by, of a customer with these figures.
    pub fn key(&self, value_at_risk: Money, score: Option<f32>, silence_days: i32) -> u64 {
        self.order.key(value_at_risk, score, silence_days)
    }

    /// Most customers of a page.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Whether the customers of this replica alone are asked for.
    pub const fn is_here_alone(&self) -> bool {
        self.here
    }

    /// The place that a page gave as the next one's.
    pub fn place(text: &str) -> Option<Place> {
        place(text).ok()
    }

    /// The same as a text.
    pub fn place_text(Reverse((key, hash)): Place) -> String {
        format!("{key:016x}{hash:016x}")
    }

    fn placed(&self, listed: &Listed) -> Place {
        Reverse((self.key(listed.value_at_risk, listed.score, listed.silence_days), listed.hash))
    }

    /// Whether a customer is asked for.
    fn fits(&self, listed: &Listed) -> bool {
        let band = || listed.band.is_some_and(|band| self.bands.contains(&band));
        let segment = self.segment.as_deref().map(Tag::of);
        (self.bands.is_empty() || band())
            && (self.tiers.is_empty() || self.tiers.contains(&listed.tier))
            && (segment.is_none() || listed.segment == segment)
            && self.churned.is_none_or(|churned| listed.score.is_none() == churned)
            && (!self.warned || listed.opened.is_some())
            && self.opened.is_none_or(|day| listed.opened == Some(day))
    }

    /// Whether a customer, in the meantime, is still asked for.
    pub fn still_fits(&self, profile: &Value) -> bool {
        let word = |pointer: &str| profile.pointer(pointer).and_then(Value::as_str);
        let band = || self.bands.iter().any(|band| word("/band") == Some(band.name()));
        (self.bands.is_empty() || band())
            && (self.tiers.is_empty() || self.tiers.iter().any(|tier| word("/tier") == Some(tier.name())))
            && (self.segment.is_none() || self.segment.as_deref() == word("/segment"))
            && self.churned.is_none_or(|churned| profile.pointer("/score").is_none_or(Value::is_null) == churned)
            && (!self.warned || word("/episode/opened_day").is_some())
            && self.opened.is_none_or(|day| word("/episode/opened_day") == Some(&calendar::day_text(day)))
    }

    /// The page, of all customers.
    pub fn page(&self, all: &[Listed]) -> Page {
        let mut page = Page::default();
        let mut left: Vec<(Place, &Listed)> = Vec::new();
        for listed in all.iter().filter(|listed| self.fits(listed)) {
            page.count += 1;
            page.value_at_risk += listed.value_at_risk;
            let place = self.placed(listed);
            if self.after.is_none_or(|after| place > after) {
                left.push((place, listed));
            }
        }
        let first = |(place, _): &(Place, &Listed)| *place;
        if left.len() > self.limit {
            left.select_nth_unstable_by_key(self.limit, first);
            left.truncate(self.limit);
            page.next = left.iter().map(first).max().map(Self::place_text);
        }
        left.sort_unstable_by_key(first);
        page.picked = left.into_iter().map(|(_, listed)| *listed).collect();
        page
    }
}

fn names(warned: bool) -> String {
    let mut names: Vec<&str> = ListParameter::of(warned).map(ListParameter::name).collect();
    let last = names.pop().unwrap_or_default();
    format!("{} and {last}", names.join(", "))
}

fn several<T: Copy>(value: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Result<Vec<T>, String> {
    let known = |word: &str| all.iter().copied().find(|one| name(*one) == word);
    value.split(',').map(known).collect::<Option<Vec<T>>>().ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        format!("is one or more of {}, with commas between them", words.join(", "))
    })
}

/// Whether the word asks this replica alone.
fn scope(value: &str) -> Result<bool, String> {
    match value {
        "all" => Ok(false),
        "here" => Ok(true),
        _ => Err("is all or here".to_owned()),
    }
}

fn churned(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_| "is true or false".to_owned())
}

fn order(value: &str) -> Result<Order, String> {
    let known = Order::NAMES.into_iter().find(|(name, _)| *name == value).map(|(_, order)| order);
    known.ok_or_else(|| format!("is one of {}", Order::NAMES.map(|(name, _)| name).join(", ")))
}

fn limit(value: &str) -> Result<usize, String> {
    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| format!("is a whole number from 1 to {MAX_LIMIT}"))
}

fn day(value: &str) -> Result<Day, String> {
    let date = value.parse().ok().map(calendar::day);
    date.ok_or_else(|| "is a day, YYYY-MM-DD".to_owned())
}

fn place(value: &str) -> Result<Place, String> {
    let part = |range| value.get(range).and_then(|digits: &str| u64::from_str_radix(digits, 16).ok());
    let place = part(0..16).zip(part(16..32)).filter(|_| value.len() == 32 && !value.contains('+'));
    place.map(Reverse).ok_or_else(|| "is what the page before gave as next".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::ListQuery;
    use crate::engine::alerting::band::Band;
    use crate::engine::alerting::value::Tier;
    use crate::engine::customer::{Tag, uniform};
    use crate::engine::day::Day;
    use crate::engine::money::Money;
    use crate::engine::roster::Listed;

    fn query(parameters: &[(&str, &str)], warned: bool) -> Result<ListQuery, String> {
        let parameters: BTreeMap<String, String> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ListQuery::read(&parameters, warned)
    }

    /// Many with the same value at risk, as those of whom nothing is expected any more have.
    fn shop() -> Vec<Listed> {
        let draw = |at: u32, what: &[u8], of: f64| (of * uniform(&[&at.to_le_bytes(), what])) as usize;
        let listed = |at: u32| Listed {
            partition: 0,
            slot: at,
            hash: u64::from(at).wrapping_mul(0x9E37_79B9_7F4A_7C15),
            band: [None, Some(Band::Low), Some(Band::High), Some(Band::Critical)][draw(at, b"band", 4.0)],
            tier: Tier::ALL[draw(at, b"tier", 3.0)],
            segment: [None, Some(Tag::of("loyal"))][draw(at, b"segment", 2.0)],
            opened: [None, Some(Day(5)), Some(Day(6))][draw(at, b"opened", 3.0)],
            silence_days: draw(at, b"silence", 200.0) as i32,
            score: [None, Some(draw(at, b"score", 100.0) as f32 / 100.0)][draw(at, b"churned", 2.0)],
            value_at_risk: Money(draw(at, b"value", 5.0) as i64 * 100),
        };
        (0..1_000).map(listed).collect()
    }

    /// Page after page is what sorting everything gives.
    #[test]
    fn pages_are_the_whole_list_cut() {
        let shop = shop();
        for order in ["value_at_risk", "score", "silence"] {
            for filter in [
                ("band", "high,critical"),
                ("tier", "low"),
                ("segment", "loyal"),
                ("opened", "1970-01-06"),
                ("churned", "false"),
            ] {
                let mut after: Option<String> = None;
                let mut seen = Vec::new();
                loop {
                    let mut parameters = vec![("order", order), filter, ("limit", "7")];
                    parameters.extend(after.as_deref().map(|after| ("after", after)));
                    let page = query(&parameters, true).unwrap().page(&shop);
                    let fit: Vec<&Listed> =
                        shop.iter().filter(|one| query(&parameters, true).unwrap().fits(one)).collect();
                    assert_eq!(page.count, fit.len() as u64);
                    assert_eq!(page.value_at_risk.0, fit.iter().map(|one| one.value_at_risk.0).sum::<i64>());
                    seen.extend(page.picked);
                    after = page.next;
                    if after.is_none() {
                        break;
                    }
                }
                let all = query(&[("order", order), filter], true).unwrap();
                let mut whole: Vec<Listed> = shop.iter().copied().filter(|one| all.fits(one)).collect();
                whole.sort_by_key(|one| all.placed(one));
                assert!(whole.len() > 20 && whole.len() < 800, "{order} {filter:?}: {}", whole.len());
                assert_eq!(seen, whole, "{order} {filter:?}");
            }
        }
    }

    #[test]
    fn the_largest_come_first_and_who_churned_has_no_score() {
        let shop = shop();
        let page = query(&[("limit", "200")], false).unwrap().page(&shop);
        assert!(page.picked.is_sorted_by_key(|one| -one.value_at_risk.0) && page.picked.len() == 200);
        let page = query(&[("order", "score"), ("limit", "200")], false).unwrap().page(&shop);
        assert!(page.picked.is_sorted_by(|one, other| one.score >= other.score) && page.picked[0].score > Some(0.9));
    }

    #[test]
    fn every_wrong_parameter_is_told() {
        let fault = query(&[("band", "high,red"), ("limit", "0"), ("colour", "red")], false).unwrap_err();
        assert_eq!(
            fault,
            "band is one or more of low, watch, high, critical, with commas between them; colour is none of band, tier, \
             segment, churned, scope, order, limit and after; limit is a whole number from 1 to 200"
        );
        for (name, value) in [
            ("limit", "201"),
            ("limit", "-1"),
            ("order", "name"),
            ("after", "x"),
            ("after", "+000000000000001+000000000000001"),
            ("tier", ""),
            ("churned", "yes"),
            ("scope", "there"),
            ("opened", "2026-01-01"),
        ] {
            assert!(query(&[(name, value)], false).is_err(), "{name}={value}");
        }
        assert!(query(&[("opened", "2026-02-30")], true).is_err());
    }
}
