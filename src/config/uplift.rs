//! The playbook's table of uplifts: whom to serve first when a day's places are short. Its shape, and what is wrong with it.

use std::collections::BTreeMap;

use iso_currency::Currency;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::fault::Fault;
use crate::engine::alerting::playbook::Uplift;
use crate::engine::alerting::segment::Segments;
use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::money::Money;
use crate::wire::money::minor_per_major;

/// Margin that a warning adds, in base currency, by tier and segment; may be negative. `churnwatch optimize` writes it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpliftFile {
    /// Of whoever is not named below, or has no segment.
    pub others: String,
    /// Low tier, by segment.
    #[serde(default)]
    pub low: BTreeMap<String, String>,
    /// Mid tier, by segment.
    #[serde(default)]
    pub mid: BTreeMap<String, String>,
    /// High tier, by segment.
    #[serde(default)]
    pub high: BTreeMap<String, String>,
}

/// The table that the file means; every fault is noted.
pub fn uplift(file: &UpliftFile, currency: Currency, segments: &Segments, faults: &mut Vec<Fault>) -> Uplift {
    let mut money = |key: String, text: &str| {
        let amount = amount(text, currency);
        if amount.is_none() {
            let sentence = format!("\"{text}\" is no amount of {}, such as \"5.00\" or \"-0.50\"", currency.code());
            faults.push(Fault::new(key, sentence));
        }
        amount.unwrap_or_default()
    };
    let others = money("uplift.others".to_owned(), &file.others);
    let (mut cells, mut unknown) = (BTreeMap::new(), Vec::new());
    for tier in Tier::ALL {
        let by_segment = match tier {
            Tier::Low => &file.low,
            Tier::Mid => &file.mid,
            Tier::High => &file.high,
        };
        for (name, text) in by_segment {
            let (key, segment) = (format!("uplift.{}.{name}", tier.name()), Tag::of(name));
            cells.insert((tier, segment), money(key.clone(), text));
            if segments.find(segment).is_none() {
                unknown.push(key);
            }
        }
    }
    let names: Vec<&str> = segments.0.iter().map(|segment| &*segment.name).collect();
    let sentence = format!("is for a segment that there is not: known are {}", names.join(", "));
    faults.extend(unknown.into_iter().map(|key| Fault::new(key, sentence.clone())));
    Uplift { cells, others }
}

/// An amount of either sign, rounded half to even to minor units.
fn amount(text: &str, currency: Currency) -> Option<Money> {
    let minor = text.parse::<Decimal>().ok()?.checked_mul(Decimal::from(minor_per_major(currency)))?;
    minor.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven).to_i64().map(Money)
}
