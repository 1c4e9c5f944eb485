//! *Today*: what came up with the last close, what is coming, and how far the goals are.

use iso_currency::Currency;
use maud::{Markup, html};

use crate::effect_study::document::Part;
use crate::effect_study::numbers::{count, priced};
use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::engine::coming::{Due, Forecast};
use crate::engine::day::Day;
use crate::service::http::ask::FORTNIGHT;
use crate::service::http::dashboard::charts::bars::stacked;
use crate::service::http::dashboard::charts::canvas::{BAD, MAIN, MIDDLE, whole_value};
use crate::service::http::dashboard::figures::{NONE, band_name, cell, picture, table, tier_name, tiles};
use crate::service::http::dashboard::list::customers_table;
use crate::service::http::dashboard::reader::Reader;
use crate::service::http::tally::{Tally, sum};
use crate::wire::calendar::day_text;
use crate::wire::shapes::listing::CustomersShape;
use crate::wire::shapes::scalars::MoneyText;

/// What the page is made of.
pub struct Today<'a> {
    /// Counts.
    pub tally: Tally,
    /// The open warnings that are worth most.
    pub first: &'a CustomersShape,
    /// What the coming closes will bring.
    pub forecast: Forecast,
    /// Goals against what was reached; absent while outcomes are being read, or where there is nothing to judge.
    pub goals: Option<Part>,
    /// Whether any goal is set.
    pub has_goals: bool,
    /// Base currency.
    pub currency: Currency,
    /// Partitions of others are not counted.
    pub incomplete: bool,
}

/// The page.
pub fn today(reader: &Reader, page: &Today<'_>) -> Markup {
    let words = &reader.words;
    let closed = page.tally.closed.map(day_text);
    html! {
        p.lead {
            @match &closed {
                Some(day) => (words.as_of(&[("day", day)])),
                None => (words.nothing_closed()),
            }
            @if page.incomplete { " " (words.incomplete()) }
        }
        (figures(reader, page))
        @if !page.first.customers.is_empty() {
            section {
                h2 { (words.first_heading()) }
                (customers_table(reader, page.first))
                p { a href=(reader.link("/customers", &[])) { (words.opened_all()) } }
            }
        }
        section {
            h2 { (words.opened_heading()) }
            @match &closed {
                Some(day) if sum(&page.tally.opened).warnings > 0 => {
                    (by_tier(reader, &page.tally, page.currency))
                    p { a href=(reader.link("/customers", &[("opened", day)])) { (words.opened_all()) } }
                },
                Some(_) | None => p { (words.opened_none()) },
            }
        }
        @if let Some(closed) = page.tally.closed {
            section {
                h2 { (words.forecast_heading(&[("days", &FORTNIGHT.to_string())])) }
                (forecast(reader, page, closed))
            }
        }
        section { h2 { (words.goals_heading()) } (goals(reader, page)) }
    }
}

fn amount(reader: &Reader, due: Due, currency: Currency) -> String {
    let value_at_risk = MoneyText::of(due.value_at_risk, currency);
    priced(value_at_risk.as_str(), currency.code(), reader.words.language)
}

fn figures(reader: &Reader, page: &Today<'_>) -> Markup {
    let words = &reader.words;
    let tally = &page.tally;
    let (opened, open) = (sum(&tally.opened), sum(&tally.open));
    let coming = sum(page.forecast.values().flatten());
    let worth = |due| words.at_risk(&[("amount", &amount(reader, due, page.currency))]);
    let bands = Band::ALL.into_iter().zip(tally.bands).rev().filter(|(band, _)| *band != Band::Low);
    let bands: Vec<String> = bands.map(|(band, many)| format!("{} {}", band_name(words, band), count(many))).collect();
    let ahead = words.coming_tile(&[("days", &FORTNIGHT.to_string())]);
    tiles(&[
        [words.opened_tile(), count(opened.warnings), worth(opened)],
        [words.open_tile(), count(open.warnings), worth(open)],
        [ahead, count(coming.warnings), worth(coming)],
        [words.customers(), count(tally.customers), words.bands_note(&[("bands", &bands.join(" · "))])],
    ])
}

fn by_tier(reader: &Reader, tally: &Tally, currency: Currency) -> Markup {
    let words = &reader.words;
    let head = [words.tier(), words.warnings(), words.value_at_risk()];
    let rows = Tier::ALL.into_iter().zip(tally.opened).rev();
    let rows: Vec<Vec<Markup>> = rows
        .map(|(tier, due)| {
            vec![cell(tier_name(words, tier)), cell(count(due.warnings)), cell(amount(reader, due, currency))]
        })
        .collect();
    table(&words.opened_heading(), &[0], &head, &rows)
}

fn forecast(reader: &Reader, page: &Today<'_>, closed: Day) -> Markup {
    let words = &reader.words;
    let days: Vec<(Day, [Due; 3])> = (1..=FORTNIGHT)
        .map(|days| (closed.plus(days), page.forecast.get(&closed.plus(days)).copied().unwrap_or_default()))
        .collect();
    let bars: Vec<(String, [f64; 3])> = days
        .iter()
        .map(|(day, tiers)| {
            let [low, mid, high] = tiers.map(|due| due.warnings as f64);
            (month_and_day(*day), [high, mid, low])
        })
        .collect();
    let kinds = [(Tier::High, BAD), (Tier::Mid, MIDDLE), (Tier::Low, MAIN)];
    let kinds = kinds.map(|(tier, colour)| (words.of_tier(&[("tier", &tier_name(words, tier))]), colour));
    let title = words.forecast_heading(&[("days", &FORTNIGHT.to_string())]);
    let head = [
        words.day(),
        tier_name(words, Tier::High),
        tier_name(words, Tier::Mid),
        tier_name(words, Tier::Low),
        words.value_at_risk(),
    ];
    let rows: Vec<Vec<Markup>> = days
        .iter()
        .map(|(day, tiers)| {
            let [low, mid, high] = tiers.map(|due| cell(count(due.warnings)));
            vec![cell(day_text(*day)), high, mid, low, cell(amount(reader, sum(tiers), page.currency))]
        })
        .collect();
    html! {
        (picture(&title, stacked(&bars, &kinds, &whole_value)))
        p.small { (words.forecast_note()) }
        details { summary { (words.as_table()) } (table(&title, &[0], &head, &rows)) }
    }
}

/// `11-28`.
pub fn month_and_day(day: Day) -> String {
    day_text(day).get(5..).unwrap_or(NONE).to_owned()
}

fn goals(reader: &Reader, page: &Today<'_>) -> Markup {
    let words = &reader.words;
    if !page.has_goals {
        return html! { p { (words.goals_unset()) } };
    }
    let Some(part) = &page.goals else { return html! { p { (words.goals_unknown()) } } };
    let mut rows = part.table.iter();
    let head = rows.next().cloned().unwrap_or_default();
    let rows: Vec<Vec<Markup>> = rows.map(|row| row.iter().map(|text| cell(text.as_str())).collect()).collect();
    html! { (table(&part.heading, &(0..part.names).collect::<Vec<_>>(), &head, &rows)) }
}
