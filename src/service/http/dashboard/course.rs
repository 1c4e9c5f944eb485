//! A customer in pictures: the course of the silence, why the score is what it is, and what happened day by day.

use std::collections::BTreeMap;

use maud::{Markup, html};
use plotters::style::RGBColor;

use crate::effect_study::numbers::{count, currency_name, money, percent, signed, whole, whole_percent};
use crate::engine::day::Day;
use crate::engine::rfm::features::Group;
use crate::engine::rfm::ledger::LEDGER_DAYS;
use crate::engine::scoring::logistic::sigmoid;
use crate::service::http::dashboard::charts::bars::by_day;
use crate::service::http::dashboard::charts::canvas::{BAD, MAIN, MIDDLE, OTHER};
use crate::service::http::dashboard::charts::lines::{Frame, Level, Line, lines};
use crate::service::http::dashboard::charts::rows::{Row, rows};
use crate::service::http::dashboard::figures::{Fields, NONE, cell, picture, table, titled_picture};
use crate::service::http::dashboard::reader::Reader;
use crate::service::http::dashboard::today::month_and_day;
use crate::service::http::dashboard::words::Words;
use crate::wire::calendar;

/// Months between two dates below a picture of them.
const TICK_MONTHS: usize = 3;

fn day_of(fields: Fields<'_>) -> Option<Day> {
    fields.text("/day")?.parse().ok().map(calendar::day)
}

/// The score at each close of the silence, and what it becomes if the silence lasts.
pub fn course(reader: &Reader, timeline: Fields<'_>, last_purchase: Option<&str>) -> Markup {
    let words = &reader.words;
    let points = |pointer: &str| -> Vec<(Day, f64)> {
        timeline.list(pointer).filter_map(|one| Some((day_of(one)?, one.number("/score")?))).collect()
    };
    let (past, ahead) = (points("/scores"), points("/scores_if_silent"));
    let (Some(first), Some(last)) = (past.first().or(ahead.first()), ahead.last().or(past.last())) else {
        return html! { p { (words.course_none()) } };
    };
    let (first, last) = (first.0, last.0);
    let at = |points: &[(Day, f64)]| -> Vec<(f64, f64)> {
        points.iter().map(|(day, score)| (f64::from(day.since(first)), *score)).collect()
    };
    // What is foretold goes on from what was.
    let coming = at(&[past.last().copied().into_iter().collect(), ahead.clone()].concat());
    let drawn = [
        Line { name: words.score_short(), colour: MAIN, points: at(&past), is_foretold: false },
        Line { name: words.if_silent(), colour: OTHER, points: coming, is_foretold: true },
    ];
    let levels = [
        ("watch", words.band_watch(), OTHER),
        ("high", words.band_high(), MIDDLE),
        ("critical", words.band_critical(), BAD),
    ];
    let levels: Vec<Level> = levels
        .into_iter()
        .filter_map(|(name, shown, colour)| {
            Some(Level { name: shown, colour, at: timeline.number(&format!("/thresholds/{name}"))? })
        })
        .collect();
    let length = last.since(first).max(1);
    let step = (length / 5).max(1);
    let ticks =
        (0..=length / step).map(|tick| (f64::from(tick * step), month_and_day(first.plus(tick * step)))).collect();
    let frame = Frame {
        across: 0.0..f64::from(length),
        top: Some(1.0),
        ticks,
        value: &|score| whole_percent(score, words.language),
    };
    let churned = timeline.text("/expected_churn_day").map(|day| words.churn_day(&[("day", day)]));
    let rows: Vec<Vec<Markup>> = past
        .iter()
        .map(|one| (one, words.was()))
        .chain(ahead.iter().map(|one| (one, words.if_silent())))
        .map(|((day, score), kind)| {
            vec![cell(calendar::day_text(*day)), cell(kind), cell(percent(*score, words.language))]
        })
        .collect();
    let title = words.course_heading();
    html! {
        (picture(&title, lines(&drawn, &levels, frame)))
        p.small {
            @if last_purchase != Some(calendar::day_text(first).as_str()) { (words.course_note()) " " }
            @if let Some(churned) = churned { (churned) }
        }
        details {
            summary { (words.as_table()) }
            (table(&title, &[0, 1], &[words.day(), words.kind(), words.score_short()], &rows))
        }
    }
}

/// How the parts of the score make its sum.
pub fn reasons(reader: &Reader, timeline: Fields<'_>) -> Markup {
    let words = &reader.words;
    let (Some(reference), Some(sum)) = (timeline.number("/reference_log_odds"), timeline.number("/log_odds")) else {
        return html! { p { (words.course_none()) } };
    };
    let mut drawn =
        vec![Row { name: words.reference(), bar: [0.0, reference], figure: signed(reference, 2), colour: OTHER }];
    let mut reached = reference;
    let language = reader.words.language.code();
    let mut said = Vec::new();
    for reason in timeline.list("/reasons") {
        let part = reason.number("/contribution").unwrap_or_default();
        let colour: RGBColor = if part > 0.0 { BAD } else { MAIN };
        let name = group_name(words, reason.text("/code").unwrap_or_default());
        drawn.push(Row { name: name.clone(), bar: [reached, reached + part], figure: signed(part, 2), colour });
        reached += part;
        said.push(vec![cell(name), cell(reason.text(&format!("/{language}")).unwrap_or(NONE)), cell(signed(part, 2))]);
    }
    let score = sigmoid(sum);
    let total = format!("{} = {}", signed(sum, 2), percent(score, words.language));
    drawn.push(Row { name: words.sum(), bar: [0.0, sum], figure: signed(sum, 2), colour: MIDDLE });
    let title = words.reasons_heading();
    html! {
        (picture(&title, rows(&drawn)))
        p.small { (words.reasons_note(&[("sum", &total)])) }
        (table(&words.reason(), &[0, 1], &[words.group(), words.reason(), words.log_odds()], &said))
    }
}

fn group_name(words: &Words, code: &str) -> String {
    match Group::ALL.into_iter().find(|group| group.code() == code) {
        Some(Group::Silence) => words.group_silence(),
        Some(Group::Trend) => words.group_trend(),
        Some(Group::Value) => words.group_value(),
        Some(Group::Engagement) => words.group_engagement(),
        Some(Group::Satisfaction) => words.group_satisfaction(),
        Some(Group::Season) => words.group_season(),
        None => NONE.to_owned(),
    }
}

/// What was spent and given back on each of the last 400 days.
pub fn spending(reader: &Reader, timeline: Fields<'_>) -> Markup {
    let words = &reader.words;
    let currency = timeline.text("/currency").unwrap_or_default();
    let Some(today) = day_of(timeline) else { return html! {} };
    let amount = |fields: Fields<'_>, pointer: &str| fields.text(pointer).and_then(|text| text.parse::<f64>().ok());
    let (mut bars, mut listed) = (Vec::new(), Vec::new());
    for booked in timeline.list("/purchases") {
        let (Some(day), Some(gross), Some(refunded)) =
            (day_of(booked), amount(booked, "/gross_spend"), amount(booked, "/refunded"))
        else {
            continue;
        };
        let at = f64::from(day.since(today));
        bars.extend([(at, gross), (at, -refunded)].into_iter().filter(|(_, amount)| *amount != 0.0));
        let texts = ["/gross_spend", "/refunded"]
            .map(|pointer| cell(booked.text(pointer).map_or_else(|| NONE.to_owned(), money)));
        let [gross, refunded] = texts;
        listed.push(vec![
            cell(calendar::day_text(day)),
            cell(booked.count("/purchases").unwrap_or_default().to_string()),
            gross,
            refunded,
        ]);
    }
    if bars.is_empty() {
        return html! { p { (words.past_none()) } };
    }
    listed.reverse();
    let months = (1 - LEDGER_DAYS..=0).map(|back| (back, calendar::day_text(today.plus(back))));
    let months = months.filter(|(_, text)| text.ends_with("-01")).step_by(TICK_MONTHS);
    let ticks = months.map(|(back, text)| (f64::from(back), text.get(..7).unwrap_or(NONE).to_owned()));
    let title = words.spending(&[("currency", currency_name(currency, words.language))]);
    let head = [words.day(), words.purchases(), words.paid(), words.given_back()];
    html! {
        (titled_picture(&title, by_day(f64::from(LEDGER_DAYS), &bars, ticks.collect(), [MAIN, BAD], &whole)))
        details { summary { (words.as_table()) } (table(&title, &[0], &head, &listed)) }
    }
}

/// What was heard, by kind: how often, and last when.
pub fn heard(reader: &Reader, timeline: Fields<'_>) -> Markup {
    let words = &reader.words;
    let mut kinds: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
    for heard in timeline.list("/interactions") {
        let (Some(kind), Some(day), Some(many)) = (heard.text("/type"), heard.text("/day"), heard.count("/count"))
        else {
            continue;
        };
        let entry = kinds.entry(kind).or_insert((0, day));
        *entry = (entry.0 + many.unsigned_abs(), day);
    }
    let title = words.heard_heading();
    let rows: Vec<Vec<Markup>> = kinds
        .into_iter()
        .map(|(kind, (many, day))| vec![cell(words.code(kind)), cell(count(many)), cell(day)])
        .collect();
    html! {
        h3 { (title) }
        @if rows.is_empty() { p { (words.heard_none()) } }
        @else { (table(&title, &[0], &[words.kind(), words.times(), words.last_on()], &rows)) }
    }
}
