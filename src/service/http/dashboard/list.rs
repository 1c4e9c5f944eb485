//! *Customers*: whom to look at, by band, tier and segment, in order of what they are worth or how long they are silent.

use std::collections::BTreeMap;

use maud::{Markup, html};
use serde_json::Value;

use crate::effect_study::document::segment_label;
use crate::effect_study::numbers::{count, currency_name, money, priced};
use crate::effect_study::words::Words as ReportWords;
use crate::engine::alerting::band::Band;
use crate::engine::alerting::segment::Segments;
use crate::engine::alerting::value::Tier;
use crate::service::http::dashboard::figures::{Fields, band, band_name, cell, or_none, table, tier, tier_name, whole};
use crate::service::http::dashboard::reader::{LANGUAGE, Reader};
use crate::service::http::dashboard::words::Words;
use crate::wire::shapes::listing::CustomersShape;

/// The parameter that asks for everybody, and not only for those with an open warning.
pub const WARNED: &str = "warned";

/// The parameter that tells lost customers from others.
pub const CHURNED: &str = "churned";
/// Both.
pub const ANY: &str = "any";
/// From this age on a list says how old it is.
const OLD_SECONDS: u64 = 5;

/// The page; `asked`: the parameters of the list.
pub fn list(reader: &Reader, asked: &BTreeMap<String, String>, segments: &Segments, shape: &CustomersShape) -> Markup {
    let words = &reader.words;
    let worth = priced(shape.value_at_risk.as_str(), shape.currency.as_str(), words.language);
    let many = count(shape.count);
    let with = |more: &[(&str, &str)]| {
        let kept =
            asked.iter().filter(|(name, _)| *name != "after").map(|(name, value)| (name.as_str(), value.as_str()));
        reader.link("/customers", &kept.chain(more.iter().copied()).collect::<Vec<_>>())
    };
    html! {
        (search(reader))
        (filters(reader, asked, segments))
        p.lead role="status" {
            (words.listed(&[("count", &many), ("amount", &worth)]))
            @if shape.incomplete { " " (words.incomplete()) }
        }
        @if shape.customers.is_empty() {
            @let everybody = [(WARNED, ANY), (CHURNED, ANY)];
            @if !asked.contains_key(WARNED) {
                p { (words.nobody_warned()) " " a href=(reader.link("/customers", &everybody)) { (words.everybody()) } }
            } @else if asked.len() == everybody.len() && asked.contains_key(CHURNED) { p { (words.nobody_yet()) } }
            @else { p { (words.nobody_fits()) " " a href=(reader.link("/customers", &everybody)) { (words.no_filters()) } } }
        } @else {
            (customers_table(reader, shape))
        }
        p.pages {
            @if asked.contains_key("after") { a href=(with(&[])) { (words.first_page()) } }
            @if let Some(next) = &shape.next { a rel="next" href=(with(&[("after", next)])) { (words.next_page()) } }
        }
        @if shape.age_seconds >= OLD_SECONDS {
            p.small { (words.list_age(&[("seconds", &shape.age_seconds.to_string())])) }
        }
    }
}

/// The customers of a list, a line each.
pub fn customers_table(reader: &Reader, shape: &CustomersShape) -> Markup {
    let words = &reader.words;
    let head = [
        words.customer(),
        words.band(),
        words.score_short(),
        words.value_at_risk_in(&[("currency", currency_name(shape.currency.as_str(), words.language))]),
        words.silence_days(),
        words.last_purchase(),
        words.tier(),
        words.segment(),
        words.warned_since(),
        words.action(),
    ];
    let line = |customer: &Value| {
        let fields = Fields(customer);
        let id = fields.text("/customer_id").unwrap_or_default();
        let held_out = (fields.flag("/contactable") == Some(false)).then(|| words.leave_alone());
        vec![
            html! { a.id href=(reader.customer(id)) { bdi { (id) } } },
            standing_band(words, fields),
            cell(or_none(fields.percent("/score", words))),
            cell(or_none(fields.text("/value_at_risk").map(money))),
            cell(or_none(fields.count("/recency_days").map(whole))),
            cell(or_none(fields.text("/last_purchase_day"))),
            cell(tier(words, fields.text("/tier"))),
            cell(or_none(fields.text("/segment").map(|name| segment(reader, name)))),
            cell(or_none(fields.text("/episode/opened_day"))),
            html! { bdi { (or_none(held_out.or_else(|| action(reader, fields).map(str::to_owned)))) } },
        ]
    };
    let rows: Vec<Vec<Markup>> = shape.customers.iter().map(line).collect();
    table(&words.customers(), &[0, 1, 6, 7, 9], &head, &rows)
}

/// The band of the last close. Who came back since is scored already and gets a band when the day closes.
pub fn standing_band(words: &Words, fields: Fields<'_>) -> Markup {
    match fields.text("/band") {
        None if fields.flag("/contactable") == Some(true) && fields.number("/score").is_some() => {
            html! { span.wraps { (words.closes_tonight()) } }
        }
        name => band(words, name),
    }
}

/// What the playbook says to do, in the reader's language where it has words for it.
pub fn action<'a>(reader: &Reader, fields: Fields<'a>) -> Option<&'a str> {
    let said = fields.text(&format!("/episode/action/{}", reader.words.language.code()));
    said.or_else(|| fields.text("/episode/action/name"))
}

/// What a segment is called.
pub fn segment(reader: &Reader, name: &str) -> String {
    segment_label(Some(name), &ReportWords { language: reader.words.language })
}

fn search(reader: &Reader) -> Markup {
    let words = &reader.words;
    html! {
        form.filters action="/customers" {
            label { (words.find()) " " input type="search" name="id" required maxlength="128" autocomplete="off"; }
            (language(reader))
            button { (words.open()) }
        }
    }
}

/// The chosen language goes with a form.
pub fn language(reader: &Reader) -> Markup {
    html! { @if let Some(code) = reader.kept_language() { input type="hidden" name=(LANGUAGE) value=(code); } }
}

fn filters(reader: &Reader, asked: &BTreeMap<String, String>, segments: &Segments) -> Markup {
    let words = &reader.words;
    let or_above = |band: Band| words.or_above(&[("band", &band_name(words, band))]);
    let bands = vec![
        (String::new(), words.any()),
        ("critical".to_owned(), band_name(words, Band::Critical)),
        ("high,critical".to_owned(), or_above(Band::High)),
        ("watch,high,critical".to_owned(), or_above(Band::Watch)),
        ("low".to_owned(), band_name(words, Band::Low)),
    ];
    let any = std::iter::once((String::new(), words.any()));
    let tiers = Tier::ALL.into_iter().rev().map(|tier| (tier.name().to_owned(), tier_name(words, tier)));
    let names = segments.0.iter().map(|one| (one.name.to_string(), segment(reader, &one.name)));
    let churned = vec![
        (String::new(), words.not_yet()),
        ("true".to_owned(), words.churned_already()),
        (ANY.to_owned(), words.any()),
    ];
    let warned = vec![(String::new(), words.warned_only()), (ANY.to_owned(), words.everybody())];
    let orders = vec![
        (String::new(), words.value_at_risk()),
        ("score".to_owned(), words.score_short()),
        ("silence".to_owned(), words.silence_days()),
    ];
    html! {
        form.filters action="/customers" {
            (select(&words.band(), "band", asked, &bands))
            (select(&words.tier(), "tier", asked, &any.clone().chain(tiers).collect::<Vec<_>>()))
            (select(&words.segment(), "segment", asked, &any.chain(names).collect::<Vec<_>>()))
            (select(&words.churned(), CHURNED, asked, &churned))
            (select(&words.order(), "order", asked, &orders))
            (select(&words.warning(), WARNED, asked, &warned))
            @if let Some(day) = asked.get("opened") {
                label { (words.opened_on()) " " input type="date" name="opened" value=(day); }
            }
            (language(reader))
            button { (words.show()) }
        }
    }
}

fn select(label: &str, name: &str, asked: &BTreeMap<String, String>, options: &[(String, String)]) -> Markup {
    let chosen = asked.get(name).map(String::as_str).unwrap_or_default();
    html! {
        label {
            (label) " "
            select name=(name) {
                @for (value, text) in options { option value=(value) selected[value == chosen] { (text) } }
            }
        }
    }
}
