//! *Customer*: who it is, where it stands, why, and what to do.

use maud::{Markup, html};

use crate::effect_study::numbers::{currency_name, in_percent};
use crate::engine::alerting::band::Band;
use crate::service::http::dashboard::course::{course, heard, reasons, spending};
use crate::service::http::dashboard::figures::{
    Fields, NONE, band, band_name, cell, or_none, table, tier, tiles, whole,
};
use crate::service::http::dashboard::list::{action as said, language, segment};
use crate::service::http::dashboard::reader::Reader;

/// What the page is made of, as the API answers it.
pub struct Asked<'a> {
    /// `/v1/customers/{id}`.
    pub profile: Fields<'a>,
    /// `/v1/customers/{id}/timeline`.
    pub timeline: Fields<'a>,
    /// `/v1/customers/{id}/what-if`; absent where the amount is none.
    pub what_if: Option<Fields<'a>>,
    /// The id, where a form has to send it since the path can't name it.
    pub hidden_id: Option<&'a str>,
    /// The amount as it was asked for.
    pub amount: &'a str,
    /// `churn.horizon_days`.
    pub horizon_days: u32,
    /// Whether there is a playbook.
    pub has_playbook: bool,
}

/// The page.
pub fn customer(reader: &Reader, asked: &Asked<'_>) -> Markup {
    let words = &reader.words;
    let Asked { profile, timeline, .. } = asked;
    html! {
        p.lead {
            @if let Some(name) = profile.text("/band") { (band(words, Some(name))) " " }
            (standing(reader, *profile))
        }
        (standing_figures(reader, *profile))
        (action(reader, asked))
        div.halves {
            section {
                h2 { (words.course_heading()) }
                (course(reader, *timeline, profile.text("/last_purchase_day")))
            }
            section {
                h2 { (words.reasons_heading()) }
                (reasons(reader, *timeline))
            }
            section {
                h2 { (words.past_heading()) }
                (spending(reader, *timeline))
                (heard(reader, *timeline))
            }
            section { h2 { (words.known_heading()) } (known(reader, asked)) }
        }
        section { h2 { (words.warnings_heading()) } (warnings(reader, *profile, *timeline)) }
        section { h2 { (words.what_if_heading()) } (what_if(reader, asked)) }
    }
}

/// Where the customer stands, in a sentence.
fn standing(reader: &Reader, profile: Fields<'_>) -> String {
    let words = &reader.words;
    let day = profile.text("/day").unwrap_or(NONE);
    if profile.flag("/contactable") == Some(false) {
        return words.held_out();
    }
    match (profile.count("/recency_days"), profile.text("/episode/opened_day")) {
        (None, _) => words.never_bought(&[("day", day)]),
        (Some(days), Some(opened)) => words.warned(&[("days", &days.to_string()), ("opened", opened), ("day", day)]),
        (Some(days), None) if profile.number("/score").is_none() => {
            words.has_churned(&[("days", &days.to_string()), ("day", day)])
        }
        (Some(days), None) => words.silent(&[("days", &days.to_string()), ("day", day)]),
    }
}

fn standing_figures(reader: &Reader, profile: Fields<'_>) -> Markup {
    let words = &reader.words;
    let currency = profile.text("/currency").unwrap_or_default();
    let rfm = ["recency", "frequency", "monetary"].map(|name| profile.count(&format!("/rfm/{name}")));
    let rfm: Option<Vec<String>> = rfm.into_iter().map(|score| score.map(|score| score.to_string())).collect();
    let next = profile.list("/forecast").next().and_then(|change| {
        let band = Band::ALL.into_iter().find(|band| change.text("/band") == Some(band.name()))?;
        Some(words.band_changes(&[("band", &band_name(words, band)), ("day", change.text("/day")?)]))
    });
    let last = profile.text("/last_purchase_day").map(|day| words.last_bought(&[("day", day)]));
    let segment = profile.text("/segment").map(|name| segment(reader, name));
    let tier = tier(words, profile.text("/tier"));
    let place = words.place(&[("tier", &tier), ("segment", &or_none(segment))]);
    tiles(&[
        [words.score(), or_none(profile.percent("/score", words)), next.unwrap_or_default()],
        [words.value_at_risk(), or_none(profile.money("/value_at_risk", currency, words)), place],
        [words.silence_days(), or_none(profile.count("/recency_days").map(whole)), last.unwrap_or_default()],
        [
            words.spent_year(),
            or_none(profile.money("/windows/365d/net_spend", currency, words)),
            format!("RFM {}", or_none(rfm.map(|scores| scores.join("-")))),
        ],
    ])
}

fn action(reader: &Reader, asked: &Asked<'_>) -> Markup {
    let words = &reader.words;
    let profile = asked.profile;
    if profile.text("/episode/opened_day").is_none() {
        return html! {};
    }
    let currency = profile.text("/currency").unwrap_or_default();
    let said = said(reader, profile);
    let offer = profile.text("/episode/action/offer/class").map(|class| {
        let number = |name: &str| profile.number(&format!("/episode/action/offer/{name}"));
        if let Some(points) = number("points") {
            return words.points(&[("points", &points.to_string())]);
        }
        let percent = number("percent").map(|percent| in_percent(&percent.to_string(), words.language));
        let amount = profile.money("/episode/action/offer/amount", currency, words);
        [Some(words.code(class)), percent.or(amount)].into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    html! {
        section.action {
            h2 { (words.action_heading()) }
            @if let Some(said) = said {
                p { strong { bdi { (said) } } }
                dl.known {
                    @if let Some(day) = profile.text("/episode/action/deadline_day") {
                        dt { (words.deadline()) }
                        dd { (day) }
                    }
                    @if let Some(offer) = &offer { dt { (words.offer()) } dd { bdi { (offer) } } }
                }
            } @else if asked.has_playbook { p { (words.action_none()) } }
            @else { p { (words.no_playbook()) } }
        }
    }
}

fn known(reader: &Reader, asked: &Asked<'_>) -> Markup {
    let words = &reader.words;
    let profile = asked.profile;
    let currency = profile.text("/currency").unwrap_or_default();
    let liking = |what: &str| {
        let at = |field: &str| format!("/preferences/{what}/{field}");
        let purchases = profile.count(&at("purchases")).unwrap_or_default();
        match (profile.text(&at("value")), profile.count(&at("count"))) {
            (Some(value), Some(count)) => {
                let of = words.of_purchases(&[("count", &count.to_string()), ("purchases", &purchases.to_string())]);
                format!("{}{of}", words.code(value))
            }
            _ if purchases == 0 => words.not_in_data(),
            _ => words.no_preference(&[("purchases", &purchases.to_string())]),
        }
    };
    let purchases = profile.count("/purchases").map(whole);
    let points = profile.count("/points/balance");
    let has_points = points != Some(0) || profile.0.pointer("/interactions/loyalty").is_some();
    let horizon = asked.horizon_days.to_string();
    let rows = [
        (words.first_purchase(), or_none(profile.text("/first_purchase_day"))),
        (words.purchases(), or_none(purchases)),
        (words.spent_life(), or_none(profile.money("/net_spend", currency, words))),
        (words.forward_score(&[("days", &horizon)]), or_none(profile.percent("/forward_score", words))),
        (words.style(), or_none(profile.text("/style").map(|style| words.code(style)))),
        (words.likes_week(), liking("week")),
        (words.likes_day_part(), liking("day_part")),
        (words.likes_channel(), liking("channel")),
        (words.likes_category(), liking("category")),
        (words.points_balance(), if has_points { or_none(points.map(whole)) } else { words.not_in_data() }),
        (words.displeased(), or_none(profile.text("/satisfaction/cause").map(|cause| words.code(cause)))),
        (words.survey(), or_none(profile.percent("/satisfaction/survey/value", words))),
    ];
    html! {
        dl.known { @for (name, value) in rows { dt { (name) } dd { bdi { (value) } } } }
        @if profile.flag("/opted_out") == Some(true) { p.note { (words.opted_out()) } }
    }
}

fn warnings(reader: &Reader, profile: Fields<'_>, timeline: Fields<'_>) -> Markup {
    let words = &reader.words;
    let currency = profile.text("/currency").unwrap_or_default();
    let line = |fields: Fields<'_>, at: &str, state: String| {
        let opened = fields.text(&format!("{at}/opened_day"))?;
        let value_at_risk = or_none(fields.money(&format!("{at}/value_at_risk"), currency, words));
        Some(vec![cell(opened), band(words, fields.text(&format!("{at}/band"))), cell(state), cell(value_at_risk)])
    };
    let day = timeline.text("/last_warning/ended_day").unwrap_or(NONE);
    let ended = match timeline.text("/last_warning/ending") {
        Some("resolved") => words.ended_resolved(&[("day", day)]),
        Some("withdrawn") => words.ended_withdrawn(&[("day", day)]),
        _ => words.ended_lapsed(&[("day", day)]),
    };
    let lines = [line(profile, "/episode", words.is_open()), line(timeline, "/last_warning", ended)];
    let rows: Vec<Vec<Markup>> = lines.into_iter().flatten().collect();
    let head = [words.opened_on(), words.band(), words.state(), words.value_at_risk()];
    html! {
        @if rows.is_empty() { p { (words.warnings_none()) } }
        @else { (table(&words.warnings_heading(), &[0, 1, 2], &head, &rows)) }
    }
}

fn what_if(reader: &Reader, asked: &Asked<'_>) -> Markup {
    let words = &reader.words;
    let currency = asked.profile.text("/currency").unwrap_or_default();
    let called = [("currency", currency_name(currency, words.language))];
    html! {
        form.filters {
            label {
                (words.pays(&called)) " "
                input name="amount" inputmode="decimal" size="10" value=(asked.amount);
            }
            @if let Some(id) = asked.hidden_id { input type="hidden" name="id" value=(id); }
            (language(reader))
            button { (words.work_out()) }
        }
        @match &asked.what_if {
            None => p.note role="alert" { (words.amount_wanted(&called)) },
            Some(what_if) => (worked_out(reader, *what_if, currency)),
        }
    }
}

/// How the customer is judged now, and would be after a purchase.
fn worked_out(reader: &Reader, what_if: Fields<'_>, currency: &str) -> Markup {
    let words = &reader.words;
    let amount = or_none(what_if.money("/amount", currency, words));
    let day = what_if.text("/day").unwrap_or(NONE);
    let moments = ["/now", "/then"];
    let [score_now, score_then] = moments.map(|at| cell(or_none(what_if.percent(&format!("{at}/score"), words))));
    let [band_now, band_then] = moments.map(|at| band(words, what_if.text(&format!("{at}/band"))));
    let [value_now, value_then] =
        moments.map(|at| cell(or_none(what_if.money(&format!("{at}/value_at_risk"), currency, words))));
    let rows = vec![
        vec![cell(words.score_short()), score_now, score_then],
        vec![cell(words.band()), band_now, band_then],
        vec![cell(words.value_at_risk()), value_now, value_then],
    ];
    html! {
        p { (words.what_if_says(&[("amount", &amount), ("day", day)])) }
        (table(&words.what_if_heading(), &[0], &[words.figure(), words.now(), words.then()], &rows))
    }
}
