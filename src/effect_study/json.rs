//! The report for machines: JSON, the same in every language; absent values are null.

use serde_json::{Value, json};

use crate::effect_study::contrast::Contrast;
use crate::effect_study::mismatch::Mismatch;
use crate::effect_study::periods::{Period, Row};
use crate::effect_study::pooling::Cell;
use crate::effect_study::ranking::{Advice, Ranking, Rankings};
use crate::effect_study::report::{Judged, Report};
use crate::effect_study::sequence::{Look, Measured};
use crate::wire::calendar::day_text;

/// The whole report.
pub fn report_json(report: &Report) -> Value {
    let [from, until] = report.span.map(day_text);
    let [detectable_return, detectable_margin] = report.detectable;
    let [openings, matured] = report.mismatches.each_ref().map(mismatch);
    let [retention, incremental_margin, false_alarms] = report.goals.each_ref().map(|goal| goal.as_ref().map(judged));
    let endings = &report.endings;
    json!({
        "from": from,
        "known_until": until,
        "window_days": report.window_days,
        "currency": report.currency,
        "verdict": report.verdict.name(),
        "look": report.look.as_ref().map(look),
        "year_before": report.year_before.as_ref().map(look),
        "sample_ratio": {"openings": openings, "matured": matured},
        "exposed_held_out": report.exposed,
        "false_alarms": report.look.as_ref().map(|look| json!({
            "share": look.returns.contrast.means.get(1),
            "interval": interval(look.returns.mean_interval(1)),
        })),
        "minimum_detectable_effect": {"return_rate": detectable_return, "margin": detectable_margin},
        "incremental_margin": {
            "period": period(report.period),
            "treated": report.treated_a_period,
            "estimate": report.added_margin.contrast.difference,
            "interval": report.look.as_ref().and_then(|_| interval(report.added_margin.interval())),
        },
        "goals": {"retention": retention, "incremental_margin": incremental_margin, "false_alarms": false_alarms},
        "cells": report.cells.iter().map(cell).collect::<Vec<_>>(),
        "ranking": ranking_json(&report.ranking),
        "periods": report.rows.iter().map(row).collect::<Vec<_>>(),
        "endings": {
            "won_back": endings.won_back,
            "calmed": endings.calmed,
            "lapsed": endings.lapsed,
            "withdrawn": endings.withdrawn,
        },
        "left_out": {
            "unreadable": report.left_out.unreadable,
            "repeated": report.left_out.repeated,
            "other_currency": report.left_out.other_currency,
            "without_both_arms": report.left_out.without_both_arms,
        },
    })
}

fn interval(ends: [f64; 2]) -> Option<[f64; 2]> {
    ends.iter().all(|end| end.is_finite()).then_some(ends)
}

/// The name of a period.
pub const fn period(period: Period) -> &'static str {
    match period {
        Period::Week => "week",
        Period::Month => "month",
    }
}

fn look(look: &Look) -> Value {
    json!({
        "year": look.year,
        "number": look.number,
        "from": day_text(look.from),
        "day": day_text(look.day),
        "enough": look.enough,
        "return_rate": measured(&look.returns),
        "margin": measured(&look.margin),
    })
}

fn measured(measured: &Measured) -> Value {
    let mut told = contrast(&measured.contrast);
    if let Some(told) = told.as_object_mut() {
        told.insert("bound".into(), measured.bound.is_finite().then_some(measured.bound).into());
        told.insert("interval".into(), json!(interval(measured.interval())));
    }
    told
}

fn contrast(contrast: &Contrast) -> Value {
    let [treated, held_out] = contrast.episodes;
    let [treated_mean, held_out_mean] = contrast.means;
    json!({
        "treated": {"episodes": treated, "mean": treated_mean},
        "holdout": {"episodes": held_out, "mean": held_out_mean},
        "difference": contrast.difference,
        "standard_error": contrast.error,
    })
}

fn mismatch(mismatch: &Mismatch) -> Value {
    let [treated, held_out] = mismatch.drawn;
    json!({
        "treated": treated,
        "holdout": held_out,
        "expected_treated": mismatch.expected,
        "p": mismatch.p_whole,
        "p_blocks": mismatch.p_blocks,
        "changed": mismatch.changed,
        "match": mismatch.arms_match(),
    })
}

fn judged(judged: &Judged) -> Value {
    json!({
        "goal": judged.goal,
        "estimate": judged.estimate,
        "interval": judged.interval,
        "state": judged.reached.name(),
    })
}

fn cell(cell: &Cell) -> Value {
    let [treated, held_out] = cell.episodes;
    json!({
        "action": cell.name.action.as_deref(),
        "segment": cell.name.segment.as_deref(),
        "tier": cell.name.tier.name(),
        "treated": treated,
        "holdout": held_out,
        "difference": cell.raw.map(|raw| raw.difference),
        "standard_error": cell.raw.map(|raw| raw.error),
        "pooled": cell.pooled.estimate,
        "interval": cell.pooled.interval,
    })
}

/// Whether ranking by uplift wins.
pub fn ranking_json(ranking: &Ranking) -> Value {
    let advice = match ranking.advice {
        Advice::Recommended => "by_uplift",
        Advice::NotRecommended => "by_value_at_risk",
        Advice::NotAsked => "not_asked",
    };
    let figures = ranking.rankings.map(|rankings: Rankings| {
        json!({
            "by_uplift": rankings.by_uplift,
            "by_value_at_risk": rankings.by_value,
            "gain": rankings.gain(),
            "standard_error": rankings.error,
            "interval": interval(rankings.interval(ranking.bound)),
        })
    });
    json!({"advice": advice, "margin_an_episode": figures})
}

fn row(row: &Row) -> Value {
    let [from, to] = row.days.map(day_text);
    let alone = |part: &Contrast| {
        let mut told = contrast(part);
        if let Some(told) = told.as_object_mut() {
            told.insert("interval".into(), json!(Row::interval(part)));
        }
        told
    };
    json!({
        "from": from,
        "to": to,
        "return_rate": alone(&row.returns),
        "margin": alone(&row.margin),
        "known_by_then": row.look.as_ref().map(look),
    })
}
