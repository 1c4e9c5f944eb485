//! The report as one CSV table, a figure a row; shares are shares, money is in major units.

use crate::effect_study::contrast::Contrast;
use crate::effect_study::json::period;
use crate::effect_study::periods::Row;
use crate::effect_study::report::Report;
use crate::effect_study::sequence::Measured;
use crate::wire::calendar::day_text;

const HEAD: [&str; 13] = [
    "part",
    "figure",
    "from",
    "to",
    "action",
    "segment",
    "tier",
    "treated_episodes",
    "holdout_episodes",
    "difference",
    "low",
    "high",
    "state",
];

/// A figure.
#[derive(Default)]
struct Line<'a> {
    part: &'a str,
    figure: &'a str,
    days: [String; 2],
    cell: [&'a str; 3],
    episodes: Option<[u64; 2]>,
    difference: f64,
    interval: Option<[f64; 2]>,
    state: &'a str,
}

/// The whole report as CSV.
pub fn report_csv(report: &Report) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = out.write_record(HEAD);
    for line in lines(report) {
        let [from, to] = line.days;
        let [action, segment, tier] = line.cell.map(String::from);
        let episodes = line.episodes.map_or_else(|| [String::new(), String::new()], |pair| pair.map(|n| n.to_string()));
        let [treated, held_out] = episodes;
        let ends = line.interval.filter(|ends| ends.iter().all(|end| end.is_finite()));
        let [low, high] = ends.map_or_else(|| [String::new(), String::new()], |ends| ends.map(|end| end.to_string()));
        let difference = if line.difference.is_finite() { line.difference.to_string() } else { String::new() };
        let (part, figure, state) = (line.part.to_owned(), line.figure.to_owned(), line.state.to_owned());
        let fields = [part, figure, from, to, action, segment, tier, treated, held_out, difference, low, high, state];
        let _ = out.write_record(fields);
    }
    out.into_inner().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

fn lines(report: &Report) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for look in &report.looks {
        let days = || [day_text(look.from), day_text(look.day)];
        let known = |figure, measured: &Measured| Line {
            part: "look",
            figure,
            days: days(),
            episodes: Some(measured.contrast.episodes),
            difference: measured.contrast.difference,
            interval: Some(measured.interval()),
            ..Line::default()
        };
        lines.push(known("return_rate", &look.returns));
        lines.push(known("margin", &look.margin));
    }
    // The verdict stands beside the return rate of the last look.
    if let Some(last) = lines.iter_mut().rev().nth(1) {
        last.state = report.verdict.name();
    }
    for row in &report.rows {
        let alone = |figure, contrast: &Contrast| Line {
            part: period(report.period),
            figure,
            days: row.days.map(day_text),
            episodes: Some(contrast.episodes),
            difference: contrast.difference,
            interval: Row::interval(contrast),
            ..Line::default()
        };
        lines.push(alone("return_rate", &row.returns));
        lines.push(alone("margin", &row.margin));
    }
    for cell in &report.cells {
        let name = &cell.name;
        lines.push(Line {
            part: "cell",
            figure: "return_rate",
            cell: [
                name.action.as_deref().unwrap_or_default(),
                name.segment.as_deref().unwrap_or_default(),
                name.tier.name(),
            ],
            episodes: Some(cell.episodes),
            difference: cell.pooled.estimate,
            interval: Some(cell.pooled.interval),
            ..Line::default()
        });
    }
    let names = ["retention", "incremental_margin", "false_alarms"];
    for (figure, goal) in names.into_iter().zip(&report.goals) {
        lines.extend(goal.iter().map(|goal| Line {
            part: "goal",
            figure,
            difference: goal.estimate,
            interval: goal.interval,
            state: goal.reached.name(),
            ..Line::default()
        }));
    }
    lines
}
