//! What several replicas answer, as one answer. Pure: the answers of the others come as the JSON that they sent.

use std::cmp::Reverse;

use serde_json::Value;

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::engine::coming::{Due, Forecast, add};
use crate::engine::customer::customer_hash;
use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::service::http::list_query::{ListQuery, Place};
use crate::service::http::tally::Tally;
use crate::wire::amount::amount;
use crate::wire::calendar;
use crate::wire::rules::EventRules;

/// A page of the customers of some partitions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// How many partitions.
    pub partitions: u64,
    /// Age of the oldest order among them, seconds.
    pub age_seconds: u64,
    /// Customers that fit.
    pub count: u64,
    /// Margin at risk of all of them.
    pub value_at_risk: Money,
    /// Those of the page, in order.
    pub customers: Vec<Value>,
    /// Where the next page begins.
    pub next: Option<String>,
}

/// Reads the JSON of another replica.
struct Document<'a> {
    document: &'a Value,
    rules: &'a EventRules,
}

impl Document<'_> {
    fn count(&self, pointer: &str) -> Option<u64> {
        self.document.pointer(pointer)?.as_u64()
    }

    fn money(&self, pointer: &str) -> Option<Money> {
        amount(self.document.pointer(pointer)?.as_str()?, self.rules.currency, self.rules).ok()
    }

    fn day(&self, pointer: &str) -> Option<Day> {
        self.document.pointer(pointer)?.as_str()?.parse().ok().map(calendar::day)
    }

    fn due(&self, pointer: &str) -> Option<Due> {
        let value_at_risk = self.money(&format!("{pointer}/value_at_risk"))?;
        Some(Due { warnings: self.count(&format!("{pointer}/count"))?, value_at_risk })
    }

    fn tiers(&self, pointer: &str) -> Option<[Due; Tier::ALL.len()]> {
        let [low, mid, high] = Tier::ALL.map(|tier| self.due(&format!("{pointer}/{}", tier.name())));
        Some([low?, mid?, high?])
    }
}

/// What `/v1/customers` or `/v1/alerts` of another replica says; `None` where that is not what it says.
pub fn listing(document: &Value, rules: &EventRules) -> Option<Listing> {
    let read = Document { document, rules };
    Some(Listing {
        partitions: read.count("/partitions")?,
        age_seconds: read.count("/age_seconds")?,
        count: read.count("/count")?,
        value_at_risk: read.money("/value_at_risk")?,
        customers: document.get("customers")?.as_array()?.clone(),
        next: document.get("next")?.as_str().map(str::to_owned),
    })
}

/// What `/v1/summary` of another replica says.
pub fn tally(document: &Value, rules: &EventRules) -> Option<Tally> {
    let read = Document { document, rules };
    let mut tally = Tally {
        partitions: read.count("/partitions")?,
        closed: read.day("/closed_day"),
        customers: read.count("/customers")?,
        churned: read.count("/churned")?,
        opened: read.tiers("/opened")?,
        open: read.tiers("/open")?,
        bands: [0; Band::ALL.len()],
    };
    for (count, band) in tally.bands.iter_mut().zip(Band::ALL) {
        *count = read.count(&format!("/bands/{}", band.name()))?;
    }
    Some(tally)
}

/// What `/v1/forecast` of another replica says: its partitions, the last day they all closed, the warnings.
pub fn expected(document: &Value, rules: &EventRules) -> Option<(u64, Option<Day>, Forecast)> {
    let read = Document { document, rules };
    let mut forecast = Forecast::new();
    for day in document.get("by_day")?.as_array()? {
        let one = Document { document: day, rules };
        add(&mut forecast, &Forecast::from([(one.day("/day")?, one.tiers("")?)]));
    }
    Some((read.count("/partitions")?, read.day("/closed_day"), forecast))
}

/// The page that several pages make. A page that goes on tells nothing of what lies beyond its end, so beyond the first of
/// such ends nothing is shown.
pub fn merged(query: &ListQuery, pages: Vec<Listing>, rules: &EventRules) -> Listing {
    let mut whole = Listing::default();
    let mut placed: Vec<(Place, Value)> = Vec::new();
    let mut ends: Option<Place> = None;
    for page in pages {
        whole.partitions += page.partitions;
        whole.age_seconds = whole.age_seconds.max(page.age_seconds);
        whole.count += page.count;
        whole.value_at_risk += page.value_at_risk;
        let end = page.next.as_deref().and_then(ListQuery::place);
        ends = [ends, end].into_iter().flatten().min();
        placed.extend(page.customers.into_iter().map(|customer| (place(query, &customer, rules), customer)));
    }
    placed.sort_by_key(|(place, _)| *place);
    if let Some(end) = ends {
        placed.retain(|(place, _)| *place <= end);
    }
    if placed.len() > query.limit() {
        placed.truncate(query.limit());
        ends = placed.last().map(|(place, _)| *place);
    }
    whole.next = ends.map(ListQuery::place_text);
    whole.customers = placed.into_iter().map(|(_, customer)| customer).collect();
    whole
}

/// The place of a customer by what is shown of it.
fn place(query: &ListQuery, customer: &Value, rules: &EventRules) -> Place {
    let read = Document { document: customer, rules };
    let value_at_risk = read.money("/value_at_risk").unwrap_or_default();
    let score = customer.get("score").and_then(Value::as_f64);
    let silence_days = customer.get("recency_days").and_then(Value::as_i64).unwrap_or_default();
    let hash = customer.get("customer_id").and_then(Value::as_str).map_or(0, customer_hash);
    Reverse((query.key(value_at_risk, score.map(|score| score as f32), silence_days as i32), hash))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use iso_currency::Currency;
    use serde_json::{Value, json};

    use super::{Listing, Place, expected, listing, merged, place};
    use crate::engine::customer::uniform;
    use crate::service::http::list_query::ListQuery;
    use crate::wire::rules::EventRules;

    const LIMIT: &str = "7";

    /// Many with the same figures, so that places are told apart by the customer alone.
    fn shop() -> Vec<Value> {
        let draw = |at: u32, what: &[u8], of: f64| (of * uniform(&[&at.to_le_bytes(), what])) as u32;
        let customer = |at: u32| {
            let score = (draw(at, b"churned", 2.0) == 0).then(|| f64::from(draw(at, b"score", 9.0)) / 9.0);
            let value = format!("{}.50", draw(at, b"value", 9.0));
            let silence = draw(at, b"silence", 12.0);
            json!({"customer_id": format!("c{at}"), "value_at_risk": value, "score": score, "recency_days": silence})
        };
        (0..200).map(customer).collect()
    }

    /// What a replica with these customers answers.
    fn answer(query: &ListQuery, after: Option<Place>, customers: &[Value], rules: &EventRules) -> Value {
        let mut placed: Vec<(Place, &Value)> = customers.iter().map(|one| (place(query, one, rules), one)).collect();
        placed.sort_by_key(|(place, _)| *place);
        placed.retain(|(place, _)| after.is_none_or(|after| *place > after));
        let more = placed.len() > query.limit();
        placed.truncate(query.limit());
        let next = placed.last().filter(|_| more).map(|(place, _)| ListQuery::place_text(*place));
        let shown: Vec<&Value> = placed.iter().map(|(_, one)| *one).collect();
        json!({
            "partitions": 1, "age_seconds": 3, "count": customers.len(), "value_at_risk": "1.25", "customers": shown, "next": next,
        })
    }

    #[test]
    fn pages_of_several_replicas_are_the_whole_list_cut() {
        let (shop, rules) = (shop(), EventRules::plain(Currency::CNY));
        for order in ["value_at_risk", "score", "silence"] {
            let parameters = BTreeMap::from([("order", order), ("limit", LIMIT)]);
            let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let query = ListQuery::read(&parameters, false).unwrap();
            // One replica has far more than the others, one has nobody.
            let replicas = [&shop[..150], &shop[150..195], &shop[195..], &[]];
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let pages = replicas.map(|customers| answer(&query, after, customers, &rules));
                let pages: Vec<Listing> = pages.iter().map(|page| listing(page, &rules).unwrap()).collect();
                let page = merged(&query, pages, &rules);
                assert_eq!((page.partitions, page.count, page.value_at_risk.0), (4, 200, 500));
                assert!(page.customers.len() <= query.limit() && !page.customers.is_empty());
                seen.extend(page.customers);
                let Some(next) = page.next else { break };
                after = ListQuery::place(&next);
            }
            let mut whole = shop.clone();
            whole.sort_by_key(|one| place(&query, one, &rules));
            assert_eq!(seen, whole, "{order}");
        }
    }

    #[test]
    fn what_is_no_answer_is_none() {
        let rules = EventRules::plain(Currency::CNY);
        for document in [json!({}), json!({"partitions": 1}), json!([]), json!({"detail": "ask again in a moment"})] {
            assert!(listing(&document, &rules).is_none() && expected(&document, &rules).is_none(), "{document}");
        }
    }
}
