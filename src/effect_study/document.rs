//! The report in words: headings, sentences and tables, which text and page lay out each in their way.

use std::collections::BTreeMap;

use crate::effect_study::goals::Reached;
use crate::effect_study::mismatch::Mismatch;
use crate::effect_study::numbers::{
    between, between_percent, between_points, count, currency_name, fixed, p_value, percent, signed, whole,
};
use crate::effect_study::periods::{Period, Row};
use crate::effect_study::pooling::Cell;
use crate::effect_study::ranking::{Advice, LEAST_HELD_OUT};
use crate::effect_study::report::{Judged, Report, Verdict};
use crate::effect_study::sequence::{LEAST_EPISODES, LEAST_RETURNS, Look};
use crate::effect_study::words::Words;
use crate::engine::alerting::value::Tier;
use crate::wire::calendar::day_text;

/// A report in words.
pub struct Document {
    /// The heading.
    pub title: String,
    /// What the report is about.
    pub about: Vec<String>,
    /// The word that it ends in.
    pub verdict: String,
    /// The rest.
    pub parts: Vec<Part>,
}

/// A part under a heading.
pub struct Part {
    /// The heading.
    pub heading: String,
    /// A table; empty where there is none. The first row is its head.
    pub table: Vec<Vec<String>>,
    /// How many of its columns are names, which stand on the left.
    pub names: usize,
    /// Sentences below.
    pub sentences: Vec<String>,
}

/// Puts a report in words; `names` says what actions are called.
pub fn document(report: &Report, words: &Words, names: &BTreeMap<String, String>) -> Document {
    let [from, until] = report.span.map(day_text);
    let window = report.window_days.to_string();
    let mut about = vec![words.span(&[("from", &from), ("days", &window), ("until", &until)])];
    let mut push = |sentence: String| about.push(sentence);
    push(report.look.as_ref().map_or_else(
        || words.no_look(),
        |look| {
            let (number, year) = (look.number.to_string(), look.year.to_string());
            words.look(&[("number", &number), ("year", &year), ("day", &day_text(look.day))])
        },
    ));
    if let Some(look) = &report.year_before {
        let difference = signed(points(look.returns.contrast.difference), 1);
        let interval = between_points(look.returns.interval(), words);
        let day = day_text(look.day);
        push(words.year_before(&[("day", &day), ("points", &difference), ("interval", &interval)]));
    }
    if report.look.is_some() && report.contacted == 0 {
        push(words.nobody_contacted());
    }
    let mut parts = Vec::new();
    if let Some(look) = &report.look {
        parts.push(arms(report, look, words));
    }
    parts.push(notes(report, words));
    parts.extend(goals(report, words));
    if !report.cells.is_empty() {
        parts.push(cells(&report.cells, words, names));
    }
    parts.push(ranking(report, words));
    if !report.rows.is_empty() {
        parts.push(periods(report, words));
    }
    parts.push(sentences(words.reading_heading(), vec![words.reading()]));
    Document { title: words.title(), about, verdict: verdict(report, words), parts }
}

/// The verdict; where data are lacking also what would be enough.
fn verdict(report: &Report, words: &Words) -> String {
    match report.verdict {
        Verdict::ArmsDoNotMatch => words.verdict_arms_do_not_match(),
        Verdict::NotEnoughData => {
            let (episodes, returns) = (LEAST_EPISODES.to_string(), whole(LEAST_RETURNS));
            let rule = words.enough_rule(&[("episodes", &episodes), ("returns", &returns)]);
            format!("{} {rule}", words.verdict_not_enough())
        }
        Verdict::Helps => words.verdict_helps(),
        Verdict::Harms => words.verdict_harms(),
        Verdict::NotShown => words.verdict_not_shown(),
    }
}

fn sentences(heading: String, sentences: Vec<String>) -> Part {
    Part { heading, table: Vec::new(), names: 0, sentences }
}

fn arms(report: &Report, look: &Look, words: &Words) -> Part {
    let [treated, held_out] = look.returns.contrast.episodes;
    let [treated_rate, held_out_rate] = look.returns.contrast.means;
    let [treated_margin, held_out_margin] = look.margin.contrast.means;
    let margin = look.margin.contrast.difference;
    let returns = points(look.returns.contrast.difference);
    let table = vec![
        vec![String::new(), words.treated(), words.held_out(), words.difference(), words.interval()],
        vec![words.episodes(), count(treated), count(held_out), String::new(), String::new()],
        vec![
            words.came_back(&[("days", &report.window_days.to_string())]),
            percent(treated_rate, words.language),
            percent(held_out_rate, words.language),
            format!("{} {}", signed(returns, 1), words.points()),
            between_points(look.returns.interval(), words),
        ],
        vec![
            words.margin_each(&[("currency", currency_name(&report.currency, words.language))]),
            fixed(treated_margin, 2),
            fixed(held_out_margin, 2),
            signed(margin, 2),
            between(look.margin.interval(), 2, words),
        ],
    ];
    Part { heading: words.arms_heading(), table, names: 1, sentences: Vec::new() }
}

/// A share as percentage points.
pub fn points(share: f64) -> f64 {
    share * 100.0
}

fn notes(report: &Report, words: &Words) -> Part {
    let mut notes = Vec::new();
    let currency = ("currency", currency_name(&report.currency, words.language));
    if let Some(look) = &report.look {
        if report.contacted > 0 {
            let treated = whole(report.treated_a_period);
            let estimate = whole(report.added_margin.contrast.difference);
            let interval = between(report.added_margin.interval(), 0, words);
            let values = [("episodes", treated.as_str()), ("estimate", &estimate), currency, ("interval", &interval)];
            notes.push(match report.period {
                Period::Week => words.added_margin_week(&values),
                Period::Month => words.added_margin_month(&values),
            });
        }
        let [_, held_out] = look.returns.contrast.episodes;
        let [_, rate] = look.returns.contrast.means;
        let interval = between_percent(look.returns.mean_interval(1).map(points), words);
        notes.push(words.false_alarms(&[("share", &percent(rate, words.language)), ("interval", &interval)]));
        let share = percent(report.exposed as f64 / held_out.max(1) as f64, words.language);
        let values = [("count", count(report.exposed)), ("all", count(held_out)), ("share", share)];
        let mut sentence = words.exposed(&values.each_ref().map(|(name, value)| (*name, value.as_str())));
        if report.exposed > 0 {
            sentence.push_str(&words.exposed_meaning());
        }
        notes.push(sentence);
    }
    notes.push(match report.detectable {
        [Some(returns), Some(margin)] => {
            let (returns, margin) = (format!("{:.1}", points(returns)), format!("{margin:.2}"));
            words.detectable(&[("points", &returns), ("margin", &margin), currency])
        }
        _ => words.detectable_unknown(),
    });
    notes.extend(draws(&report.mismatches, words));
    let left_out = report.left_out;
    let values = [
        ("unreadable", count(left_out.unreadable)),
        ("repeated", count(left_out.repeated)),
        ("without", count(left_out.without_both_arms)),
    ];
    notes.push(words.left_out(&values.each_ref().map(|(name, value)| (*name, value.as_str()))));
    if left_out.other_currency > 0 {
        let others = count(left_out.other_currency);
        notes.push(words.left_out_currency(&[("count", &others), currency]));
    }
    sentences(words.notes_heading(), notes)
}

/// Whether the arms have the sizes that they were drawn with.
fn draws([openings, matured]: &[Mismatch; 2], words: &Words) -> Vec<String> {
    let [treated, held_out] = openings.drawn;
    let all = (treated + held_out) as f64;
    let values = [
        ("treated", count(treated)),
        ("held_out", count(held_out)),
        ("expected", whole(openings.expected)),
        ("expected_held_out", whole(all - openings.expected)),
        ("whole", p_value(openings.p_whole)),
        ("blocks", p_value(openings.p_blocks)),
    ];
    let values = values.each_ref().map(|(name, value)| (*name, value.as_str()));
    let match_or_not = if openings.arms_match() { Words::arms_match } else { Words::arms_mismatch };
    let mut said = vec![match_or_not(words, &values)];
    if openings.changed > 0 {
        said.push(words.arms_changed(&[("count", &count(openings.changed))]));
    }
    let (whole, blocks) = (p_value(matured.p_whole), p_value(matured.p_blocks));
    let match_or_not = if matured.arms_match() { Words::matured_match } else { Words::matured_mismatch };
    said.push(match_or_not(words, &[("whole", &whole), ("blocks", &blocks)]));
    said
}

/// The goals against what was measured; `None` without a goal.
pub fn goals(report: &Report, words: &Words) -> Option<Part> {
    let [retention, margin, false_alarms] = &report.goals;
    let currency = [("currency", currency_name(&report.currency, words.language))];
    let margin_words = match report.period {
        Period::Week => words.goal_margin_week(&currency),
        Period::Month => words.goal_margin_month(&currency),
    };
    let line = |name: &str, judged: &Judged, [wanted, measured]: [String; 2], interval: Option<String>| {
        let state = match judged.reached {
            Reached::Yes => words.reached(),
            Reached::No => words.not_reached(),
            Reached::Unknown => words.not_yet_known(),
        };
        vec![name.to_owned(), wanted, measured, interval.unwrap_or_default(), state]
    };
    let mut table = vec![vec![words.goal(), words.wanted(), words.measured(), words.interval(), words.state()]];
    table.extend(retention.iter().map(|goal| {
        let interval = goal.interval.map(|interval| between(interval, 1, words));
        line(&words.goal_retention(), goal, [goal.goal, goal.estimate].map(|points| signed(points, 1)), interval)
    }));
    table.extend(margin.iter().map(|goal| {
        let interval = goal.interval.map(|interval| between(interval, 0, words));
        line(&margin_words, goal, [goal.goal, goal.estimate].map(whole), interval)
    }));
    table.extend(false_alarms.iter().map(|goal| {
        let wanted = words.at_most(&[("value", &format!("{:.1}", goal.goal))]);
        let interval = goal.interval.map(|interval| between_percent(interval, words));
        line(&words.goal_false_alarms(), goal, [wanted, fixed(goal.estimate, 1)], interval)
    }));
    let heading = words.goals_heading();
    (table.len() > 1).then_some(Part { heading, table, names: 1, sentences: Vec::new() })
}

/// What a segment is called: those of the default table in the report's language, a company's own as the company says.
pub fn segment_label(name: Option<&str>, words: &Words) -> String {
    match name {
        None => words.none(),
        Some("champion") => words.champion(),
        Some("loyal") => words.loyal(),
        Some("promising") => words.promising(),
        Some("new") => words.new_customer(),
        Some("at_risk") => words.at_risk(),
        Some("lapsed") => words.lapsed(),
        Some("lost") => words.lost(),
        Some("other") => words.other(),
        Some(own) => own.to_owned(),
    }
}

/// What a cell's action, segment and tier are called.
pub fn cell_labels(cell: &Cell, words: &Words, names: &BTreeMap<String, String>) -> [String; 3] {
    let tier = match cell.name.tier {
        Tier::Low => words.low(),
        Tier::Mid => words.mid(),
        Tier::High => words.high(),
    };
    let action = action_label(cell.name.action.as_deref(), names, words);
    [action, segment_label(cell.name.segment.as_deref(), words), tier]
}

/// What an action is called, by the playbook where it says so.
fn action_label(name: Option<&str>, names: &BTreeMap<String, String>, words: &Words) -> String {
    let named = name.and_then(|name| names.get(name)).map(String::as_str);
    named.or(name).map_or_else(|| words.none(), str::to_owned)
}

fn cells(cells: &[Cell], words: &Words, names: &BTreeMap<String, String>) -> Part {
    let head = [
        words.action(),
        words.segment(),
        words.tier(),
        words.treated(),
        words.held_out(),
        words.own(),
        words.pooled(),
        words.interval(),
    ];
    let mut table = vec![head.map(String::from).to_vec()];
    table.extend(cells.iter().map(|cell| {
        let [treated, held_out] = cell.episodes;
        let [action, segment, tier] = cell_labels(cell, words, names);
        vec![
            action,
            segment,
            tier,
            count(treated),
            count(held_out),
            cell.raw.map_or_else(String::new, |raw| signed(points(raw.difference), 1)),
            signed(points(cell.pooled.estimate), 1),
            between_points(cell.pooled.interval, words),
        ]
    }));
    Part { heading: words.cells_heading(), table, names: 3, sentences: vec![words.cells_note()] }
}

fn ranking(report: &Report, words: &Words) -> Part {
    let mut said = Vec::new();
    if let Some(rankings) = report.ranking.rankings {
        let values = [
            ("uplift", signed(rankings.by_uplift, 2)),
            ("value", signed(rankings.by_value, 2)),
            ("gain", signed(rankings.gain(), 2)),
            ("interval", between(rankings.interval(report.ranking.bound), 2, words)),
            ("currency", currency_name(&report.currency, words.language).to_owned()),
        ];
        said.push(words.ranking_figures(&values.each_ref().map(|(name, value)| (*name, value.as_str()))));
    }
    said.push(match report.ranking.advice {
        Advice::Recommended => words.ranking_recommended(),
        Advice::NotRecommended => words.ranking_not(),
        Advice::NotAsked => words.ranking_not_asked(&[("count", &LEAST_HELD_OUT.to_string())]),
    });
    sentences(words.ranking_heading(), said)
}

fn periods(report: &Report, words: &Words) -> Part {
    let heading = match report.period {
        Period::Week => words.periods_week(),
        Period::Month => words.periods_month(),
    };
    let head = [
        words.days(),
        words.treated(),
        words.held_out(),
        words.difference(),
        words.alone(),
        words.known_by_then(),
        words.interval(),
    ];
    let mut table = vec![head.map(String::from).to_vec()];
    table.extend(report.rows.iter().map(|row| {
        let [first, last] = row.days.map(day_text);
        let [treated, held_out] = row.returns.episodes;
        let alone = Row::interval(&row.returns).map(|interval| between_points(interval, words));
        let known = row.look.as_ref().map(|look| &look.returns);
        vec![
            format!("{first} {} {last}", words.to()),
            count(treated),
            count(held_out),
            signed(points(row.returns.difference), 1),
            alone.unwrap_or_default(),
            known.map_or_else(String::new, |known| signed(points(known.contrast.difference), 1)),
            known.map_or_else(String::new, |known| between_points(known.interval(), words)),
        ]
    }));
    Part { heading, table, names: 1, sentences: vec![words.periods_note()] }
}
