//! The playbook file: what the company does about a warning. Every fault at once, each with its place.

use std::collections::BTreeMap;
use std::path::Path;

use iso_currency::Currency;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::fault::Fault;
use crate::config::price_guard::price_faults;
use crate::config::schema::shape_faults;
use crate::config::toml_file::{read_bytes, read_file};
use crate::config::uplift::{UpliftFile, uplift};
use crate::engine::alerting::playbook::{Action, Offer, Playbook, PointsTerms, Rule, Terms};
use crate::engine::alerting::segment::Segments;
use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::money::Money;
use crate::engine::rfm::style::Style;
use crate::wire::money::minor_per_major;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PlaybookFile {
    /// Price terms, one set a class: `points`, `discount`, `voucher`. Other classes have no price terms.
    pub offers: BTreeMap<String, OfferFile>,
    /// What may be done, by name.
    pub actions: BTreeMap<String, ActionFile>,
    /// For whom; the first rule that fits decides.
    pub rules: Vec<RuleFile>,
    /// Whom to serve first when a day's places are short; absent: whoever has most value at risk.
    pub uplift: Option<UpliftFile>,
}

/// The price terms of a class of offers.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OfferFile {
    /// Discount: percent off the next order.
    pub percent: Option<f64>,
    /// Voucher: amount off the next order, in base currency.
    pub amount: Option<String>,
    /// Points: percent of the value at risk that they are worth.
    pub percent_of_value_at_risk: Option<f64>,
    /// Points: what one is worth, in base currency.
    pub point_value: Option<String>,
    /// Points: whole steps that they come in.
    pub step: Option<u32>,
    /// Points: fewest.
    pub at_least: Option<u32>,
    /// Points: most.
    pub at_most: Option<u32>,
}

/// Something that the company does.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionFile {
    /// How the customer is reached.
    pub channel: String,
    /// Who does it.
    pub owner: String,
    /// Days after the opening by which it is to be done.
    pub deadline_days: u32,
    /// What is offered: the name of a class under `offers`; absent or "none": nothing.
    #[serde(default)]
    pub offer: Option<String>,
    /// Most that may be spent on one customer, in base currency.
    #[serde(default)]
    pub cost_cap: Option<String>,
    /// What to do, in English.
    pub en: String,
    /// What to do, in Chinese.
    pub zh: String,
}

/// For whom some actions are meant. A list that is absent fits everybody.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleFile {
    /// Its name; absent: its number.
    pub name: Option<String>,
    /// Value tiers: low, mid, high.
    pub tier: Vec<String>,
    /// Segments.
    pub segment: Vec<String>,
    /// Cause codes.
    pub cause: Vec<String>,
    /// Styles: rational, impulsive, unknown.
    pub style: Vec<String>,
    /// Probability of each action; they sum to 1.
    pub weights: BTreeMap<String, f64>,
}

/// The class whose terms are points.
const POINTS: &str = "points";
/// The class whose terms are a share of the price.
const DISCOUNT: &str = "discount";
/// The class whose terms are an amount.
const VOUCHER: &str = "voucher";
/// How far weights may be from summing to 1.
const TOLERANCE: f64 = 1e-6;

/// The JSON Schema of a playbook.
pub fn playbook_schema() -> Value {
    serde_json::to_value(schemars::schema_for!(PlaybookFile)).unwrap_or_default()
}

/// Reads a playbook and checks it against itself and the company's segments.
pub fn playbook(path: &Path, currency: Currency, segments: &Segments) -> Result<Playbook, Vec<Fault>> {
    let at = |key: &str| if key.is_empty() { "playbook".to_owned() } else { format!("playbook: {key}") };
    let named = |faults: Vec<Fault>| -> Vec<Fault> {
        faults.into_iter().map(|fault| Fault::new(at(&fault.key), fault.sentence)).collect()
    };
    read_file(path).and_then(|value| from_value(value, currency, segments)).map_err(named)
}

/// The example that ships with this release, as far as it fits the company's segments: what `demo` recommends.
pub fn example(currency: Currency, segments: &Segments) -> Option<Playbook> {
    let value = read_bytes("the example", include_bytes!("../../deploy/playbook.toml").to_vec()).ok()?;
    from_value(value, currency, segments).ok()
}

/// The same of a file that is already one JSON value.
pub fn from_value(value: Value, currency: Currency, segments: &Segments) -> Result<Playbook, Vec<Fault>> {
    let shape: Vec<Fault> = shape_faults(&value, &playbook_schema()).into_iter().map(|shape| shape.fault).collect();
    if !shape.is_empty() {
        return Err(shape);
    }
    let file: PlaybookFile = serde_json::from_value(value).map_err(|fault| vec![Fault::new("", fault.to_string())])?;
    check(&file, currency, segments)
}

/// The playbook that a file means, or everything that is wrong with it.
pub fn check(file: &PlaybookFile, currency: Currency, segments: &Segments) -> Result<Playbook, Vec<Fault>> {
    let mut reader = Reader { file, currency, faults: Vec::new() };
    let offers: BTreeMap<&str, Terms> =
        file.offers.iter().map(|(class, offer)| (class.as_str(), reader.terms(class, offer))).collect();
    let actions = file.actions.iter().map(|(name, action)| reader.action(name, action, &offers)).collect();
    let rules: Vec<Rule> = file.rules.iter().enumerate().map(|(at, rule)| reader.rule(at + 1, rule)).collect();
    for (at, rule) in rules.iter().enumerate() {
        if rules.iter().take(at).any(|other| other.name == rule.name) {
            reader.fault(&format!("rules.{}", rule.name), "two rules have this name");
        }
    }
    for rule in rules.iter().filter(|rule| rule.segments.iter().any(|segment| segments.find(*segment).is_none())) {
        // A rule for a segment that nobody can be in would silently never fit.
        let names: Vec<&str> = segments.0.iter().map(|segment| &*segment.name).collect();
        let sentence = format!("names a segment that there is not: known are {}", names.join(", "));
        reader.fault(&format!("rules.{}.segment", rule.name), sentence);
    }
    let uplift = file.uplift.as_ref().map(|file| uplift(file, currency, segments, &mut reader.faults));
    let playbook = Playbook { actions, rules, uplift };
    if reader.faults.is_empty() {
        reader.faults = price_faults(&playbook, segments);
    }
    if reader.faults.is_empty() { Ok(playbook) } else { Err(reader.faults) }
}

struct Reader<'a> {
    file: &'a PlaybookFile,
    currency: Currency,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, key: &str, sentence: impl Into<String>) {
        self.faults.push(Fault::new(key, sentence));
    }

    /// An amount of base currency, in minor units that need not be whole.
    fn amount(&mut self, key: &str, text: &str) -> f64 {
        let amount = text.parse::<Decimal>().ok().filter(|amount| *amount > Decimal::ZERO).and_then(|one| one.to_f64());
        if amount.is_none() {
            let code = self.currency.code();
            self.fault(key, format!("\"{text}\" is no amount of {code} above 0, such as \"20.00\""));
        }
        amount.unwrap_or(1.0) * minor_per_major(self.currency) as f64
    }

    fn share(&mut self, key: &str, percent: f64) -> f64 {
        if !(0.0 < percent && percent <= 100.0) {
            self.fault(key, "must be above 0 and at most 100 percent");
        }
        percent / 100.0
    }

    fn terms(&mut self, class: &str, offer: &OfferFile) -> Terms {
        let at = |field: &str| format!("offers.{class}.{field}");
        let given = given(offer);
        let wanted: &[&str] = match class {
            POINTS => &["percent_of_value_at_risk", "point_value"],
            DISCOUNT => &["percent"],
            VOUCHER => &["amount"],
            _ => &[],
        };
        for field in wanted.iter().filter(|field| !given.contains(field)) {
            self.fault(
                &at(field),
                format!("is needed: the terms of {class} are the same for everybody, so they stand here"),
            );
        }
        let bounds: &[&str] = if class == POINTS { &["step", "at_least", "at_most"] } else { &[] };
        for field in given.iter().filter(|field| !wanted.contains(field) && !bounds.contains(field)) {
            let sentence = match class {
                POINTS | DISCOUNT | VOUCHER => format!("is no term of {class}: known here are {}", wanted.join(", ")),
                _ => "only the classes points, discount and voucher have price terms".to_owned(),
            };
            self.fault(&at(field), sentence);
        }
        match class {
            POINTS => {
                let terms = PointsTerms {
                    share: self.share(&at("percent_of_value_at_risk"), offer.percent_of_value_at_risk.unwrap_or(1.0)),
                    point_value: self.amount(&at("point_value"), offer.point_value.as_deref().unwrap_or("1")),
                    step: offer.step.unwrap_or(1).max(1),
                    at_least: offer.at_least.unwrap_or(0),
                    at_most: offer.at_most.unwrap_or(u32::MAX),
                };
                if terms.at_least > terms.at_most {
                    self.fault(&at("at_least"), "must not be above at_most");
                }
                Terms::Points(PointsTerms { at_least: terms.at_least.min(terms.at_most), ..terms })
            }
            DISCOUNT => Terms::Discount(self.share(&at("percent"), offer.percent.unwrap_or(1.0))),
            VOUCHER => {
                let amount = self.amount(&at("amount"), offer.amount.as_deref().unwrap_or("1"));
                Terms::Voucher(Money(libm::rint(amount) as i64))
            }
            _ => Terms::Unpriced,
        }
    }

    fn action(&mut self, name: &str, action: &ActionFile, offers: &BTreeMap<&str, Terms>) -> Action {
        let at = |field: &str| format!("actions.{name}.{field}");
        let cost_cap = action.cost_cap.as_deref().map(|text| self.amount(&at("cost_cap"), text));
        let class = action.offer.as_deref().filter(|class| *class != "none");
        let offer = class.and_then(|class| {
            let terms = offers.get(class).copied();
            if terms.is_none() {
                self.fault(&at("offer"), unknown(class, "offer", offers.keys().copied()));
            }
            terms.map(|terms| Offer { class: class.into(), terms })
        });
        let dearest = match offer.as_ref().map(|offer| offer.terms) {
            Some(Terms::Points(terms)) => Some(f64::from(terms.at_most) * terms.point_value),
            Some(Terms::Voucher(amount)) => Some(amount.0 as f64),
            Some(Terms::Unpriced | Terms::Discount(_)) | None => None,
        };
        if let Some((dearest, cap)) = dearest.zip(cost_cap)
            && dearest > cap
        {
            // A cap that cut the offer would give alike customers different terms by the action that they drew.
            self.fault(&at("cost_cap"), "is less than the offer may cost: lower the offer's terms, or raise the cap");
        }
        if !(1..=365).contains(&action.deadline_days) {
            self.fault(&at("deadline_days"), "must lie between 1 and 365");
        }
        for (field, text) in
            [("channel", &action.channel), ("owner", &action.owner), ("en", &action.en), ("zh", &action.zh)]
        {
            if text.trim().is_empty() {
                self.fault(&at(field), "must not be empty");
            }
        }
        Action {
            name: name.into(),
            channel: action.channel.as_str().into(),
            owner: action.owner.as_str().into(),
            deadline_days: action.deadline_days as i32,
            cost_cap: cost_cap.map(|cap| Money(libm::rint(cap) as i64)),
            offer,
            en: action.en.as_str().into(),
            zh: action.zh.as_str().into(),
        }
    }

    fn rule(&mut self, number: usize, rule: &RuleFile) -> Rule {
        let name = rule.name.clone().unwrap_or_else(|| number.to_string());
        let at = |field: &str| format!("rules.{name}.{field}");
        let tiers = rule.tier.iter().filter_map(|text| {
            let tier = Tier::ALL.into_iter().find(|tier| tier.name() == text);
            if tier.is_none() {
                self.fault(&at("tier"), unknown(text, "tier", Tier::ALL.iter().map(|tier| tier.name())));
            }
            tier
        });
        let tiers = tiers.collect();
        let styles = rule.style.iter().filter_map(|text| {
            let style = Style::ALL.into_iter().find(|style| style.name() == text);
            if style.is_none() {
                self.fault(&at("style"), unknown(text, "style", Style::ALL.iter().map(|style| style.name())));
            }
            style
        });
        let styles = styles.collect();
        let tags = |names: &[String]| names.iter().map(|name| Tag::of(name)).collect();
        let weights = self.weights(&at("weights"), &rule.weights);
        Rule {
            name: name.as_str().into(),
            tiers,
            segments: tags(&rule.segment),
            causes: tags(&rule.cause),
            styles,
            weights,
        }
    }

    fn weights(&mut self, key: &str, weights: &BTreeMap<String, f64>) -> Vec<(usize, f64)> {
        let mut read = Vec::new();
        for (action, weight) in weights {
            let file = self.file;
            if let Some(at) = file.actions.keys().position(|known| known == action) {
                read.push((at, *weight));
            } else {
                self.fault(key, unknown(action, "action", file.actions.keys().map(String::as_str)));
            }
            if !(0.0..=1.0).contains(weight) {
                self.fault(key, format!("the weight of {action} must lie between 0 and 1"));
            }
        }
        let sum: f64 = weights.values().sum();
        if weights.is_empty() {
            self.fault(key, "name at least one action");
        } else if (sum - 1.0).abs() > TOLERANCE {
            self.fault(key, format!("sum to {sum}, must sum to 1"));
        }
        read
    }
}

/// The terms that an offer states.
fn given(offer: &OfferFile) -> Vec<&'static str> {
    let fields = [
        ("percent", offer.percent.is_some()),
        ("amount", offer.amount.is_some()),
        ("percent_of_value_at_risk", offer.percent_of_value_at_risk.is_some()),
        ("point_value", offer.point_value.is_some()),
        ("step", offer.step.is_some()),
        ("at_least", offer.at_least.is_some()),
        ("at_most", offer.at_most.is_some()),
    ];
    fields.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
}

fn unknown<'a>(text: &str, what: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    format!("\"{text}\" is no {what} of this playbook: known are {known}")
}
