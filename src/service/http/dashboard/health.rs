//! *Health*: whether the service keeps up, what it could not use, and how it starts again.

use std::collections::BTreeMap;
use std::time::Instant;

use maud::{Markup, html};

use crate::effect_study::numbers::{count, fixed};
use crate::engine::day::Day;
use crate::service::http::dashboard::charts::canvas::{MAIN, whole_value};
use crate::service::http::dashboard::charts::lines::{Frame, Line, lines};
use crate::service::http::dashboard::figures::{NONE, cell, or_none, table, tiles, titled_picture, whole};
use crate::service::http::dashboard::reader::Reader;
use crate::service::telemetry::recent::{Readings, Sample};
use crate::wire::calendar::day_text;

/// Bytes of a mebibyte.
const MEBIBYTE: f64 = 1_048_576.0;
const MINUTE_SECONDS: f64 = 60.0;
/// Minutes between what is written below a diagram, at most four times.
const TICKS: [f64; 6] = [0.25, 0.5, 1.0, 5.0, 10.0, 15.0];

/// The page; `not_ready`: why the service is not, if it is not.
pub fn health(reader: &Reader, not_ready: Option<&str>, readings: &Readings, samples: &[Sample]) -> Markup {
    let words = &reader.words;
    html! {
        p.lead role="status" {
            @match not_ready {
                None => (words.ready()),
                Some(why) => { (words.not_ready()) " " bdi lang="en" { (why) } },
            }
        }
        (figures(reader, readings, samples))
        section { h2 { (words.flow_heading()) } (flow(reader, samples)) }
        section { h2 { (words.letters_heading()) } (letters(reader, readings)) }
        section { h2 { (words.partitions_heading()) } (partitions(reader, readings)) }
    }
}

fn named(name: &str) -> String {
    format!("churnwatch_{name}")
}

fn figures(reader: &Reader, readings: &Readings, samples: &[Sample]) -> Markup {
    let words = &reader.words;
    let sum = |name: &str| readings.sum(&named(name));
    let lag_seconds = readings.most(&named("lag_seconds")).unwrap_or_default();
    let pace = rates(samples, |sample| sample.records).last().map_or(0.0, |(_, rate)| *rate);
    let memory = readings.sum("process_resident_memory_bytes") / MEBIBYTE;
    let restored = count(sum("restored_records_total") as u64);
    let restore_seconds = fixed(sum("restore_duration_seconds"), 1);
    let rolled_back = count(sum("rolled_back_batches_total") as u64);
    tiles(&[
        [
            words.lag(),
            words.records(&[("count", &count(sum("lag_records") as u64))]),
            words.oldest(&[("seconds", &fixed(lag_seconds, 1))]),
        ],
        [
            words.pace(),
            words.per_second(&[("count", &count(pace as u64))]),
            words.so_far(&[("count", &count(sum("records_total") as u64))]),
        ],
        [
            words.customers_known(),
            count(sum("customers") as u64),
            words.customers_note(&[("mebibytes", &count(memory as u64))]),
        ],
        [
            words.restored(),
            words.records(&[("count", &restored)]),
            words.restore_time(&[("seconds", &restore_seconds)]),
        ],
        [words.commits(), count(sum("commits_total") as u64), words.rolled_back(&[("count", &rolled_back)])],
    ])
}

/// What a counter grew by in a second, between each two samples; minutes before now.
fn rates(samples: &[Sample], counter: impl Fn(&Sample) -> f64) -> Vec<(f64, f64)> {
    let rate = |[one, next]: [&Sample; 2]| {
        let seconds = next.at.duration_since(one.at).as_secs_f64().max(f64::MIN_POSITIVE);
        (minutes_ago(next), (counter(next) - counter(one)).max(0.0) / seconds)
    };
    samples.iter().zip(samples.iter().skip(1)).map(|(one, next)| rate([one, next])).collect()
}

fn minutes_ago(sample: &Sample) -> f64 {
    -Instant::now().duration_since(sample.at).as_secs_f64() / MINUTE_SECONDS
}

fn flow(reader: &Reader, samples: &[Sample]) -> Markup {
    let words = &reader.words;
    if samples.len() < 3 {
        return html! { p { (words.flow_none()) } };
    }
    let from = samples.first().map_or(-1.0, minutes_ago).min(-1.0);
    let drawn = |name: String, colour, points| {
        let step = TICKS.into_iter().find(|step| -from <= 4.0 * step).unwrap_or(-from / 4.0);
        let ticks = (0..=4).map(|part| -step * f64::from(part)).filter(|at| *at >= from);
        let written = |at: f64| {
            if step < 1.0 {
                words.seconds(&[("seconds", &whole((at * MINUTE_SECONDS).round() as i64))])
            } else {
                words.minutes(&[("minutes", &whole(at.round() as i64))])
            }
        };
        let ticks = ticks.map(|at| (at, written(at))).collect();
        let frame = Frame { across: from..0.0, top: None, ticks, value: &whole_value };
        let svg = lines(&[Line { name: name.clone(), colour, points, is_foretold: false }], &[], frame);
        titled_picture(&name, svg)
    };
    let lag = samples.iter().map(|sample| (minutes_ago(sample), sample.lag_records)).collect();
    html! {
        div.pictures {
            (drawn(words.pace_chart(), MAIN, rates(samples, |sample| sample.records)))
            (drawn(words.lag_chart(), MAIN, lag))
        }
    }
}

fn letters(reader: &Reader, readings: &Readings) -> Markup {
    let words = &reader.words;
    let reasons = readings.by(&named("dead_letters_total"), "reason");
    let rows: Vec<Vec<Markup>> = reasons
        .into_iter()
        .filter(|(_, many)| *many > 0.0)
        .map(|(reason, many)| vec![cell(words.code(&reason)), cell(count(many as u64))])
        .collect();
    html! {
        @if rows.is_empty() { p { (words.letters_none()) } }
        @else {
            (table(&words.letters_heading(), &[0], &[words.reason(), words.records_heading()], &rows))
            p.small { (words.letters_note()) " " code { "churnwatch dead-letters list" } }
        }
    }
}

fn partitions(reader: &Reader, readings: &Readings) -> Markup {
    let words = &reader.words;
    let by = |name: &str| readings.by(&named(name), "partition");
    let (customers, lag, due, bytes, closed) =
        (by("customers"), by("lag_records"), by("closes_due"), by("state_bytes"), by("closed_day"));
    let mut rows: Vec<(u32, Vec<Markup>)> = customers
        .iter()
        .map(|(partition, many)| {
            let at = |figures: &BTreeMap<String, f64>| figures.get(partition).copied();
            let whole = |figure: Option<f64>| or_none(figure.map(|figure| count(figure.max(0.0) as u64)));
            let day = at(&closed).map(|day| day_text(Day(day as i32)));
            let cells = [
                partition.clone(),
                whole(Some(*many)),
                or_none(day),
                whole(at(&due)),
                whole(at(&lag)),
                at(&bytes).map_or_else(|| NONE.into(), |bytes| fixed(bytes / MEBIBYTE, 1)),
            ];
            (partition.parse().unwrap_or(u32::MAX), cells.map(cell).to_vec())
        })
        .collect();
    rows.sort_by_key(|(partition, _)| *partition);
    let rows: Vec<Vec<Markup>> = rows.into_iter().map(|(_, row)| row).collect();
    let head = [
        words.partition(),
        words.customers_known(),
        words.closed_day(),
        words.closes_due(),
        words.lag(),
        words.state_size(),
    ];
    html! {
        @if rows.is_empty() { p { (words.partitions_none()) } }
        @else { (table(&words.partitions_heading(), &[0], &head, &rows)) }
    }
}
