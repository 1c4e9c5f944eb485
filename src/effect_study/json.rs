//! The report for machines: JSON, the same in every language; absent values are null.

use serde_json::Value;

use crate::effect_study::contrast::Contrast;
use crate::effect_study::mismatch::Mismatch;
use crate::effect_study::periods::{Period, Row};
use crate::effect_study::pooling::Cell;
use crate::effect_study::ranking::{Advice, Ranking, Rankings};
use crate::effect_study::report::{Judged, Report};
use crate::effect_study::sequence::{Look, Measured};
use crate::wire::shapes::report::{
    AddedShape, AloneShape, ArmShape, CellShape, DetectableShape, DrawnShape, EndingsShape, FalseAlarmsShape,
    GoalShape, GoalsShape, LeftOutShape, LookShape, MeasuredShape, PeriodShape, RankingShape, RankingsShape,
    ReportShape, SampleRatioShape,
};
use crate::wire::shapes::vocabulary::Word;

/// The whole report.
pub fn report_json(report: &Report) -> Value {
    let [from, known_until] = report.span.map(Into::into);
    let [return_rate, margin] = report.detectable;
    let [openings, matured] = report.mismatches.each_ref().map(drawn);
    let [retention, incremental_margin, false_alarms] = report.goals.each_ref().map(|goal| goal.as_ref().map(judged));
    let (endings, left_out) = (&report.endings, &report.left_out);
    let shape = ReportShape {
        from,
        known_until,
        window_days: report.window_days,
        currency: &report.currency,
        verdict: report.verdict.name(),
        look: report.look.as_ref().map(look),
        year_before: report.year_before.as_ref().map(look),
        sample_ratio: SampleRatioShape { openings, matured },
        exposed_held_out: report.exposed,
        false_alarms: report.look.as_ref().map(|look| FalseAlarmsShape {
            share: look.returns.contrast.means.get(1).copied().and_then(known),
            interval: interval(look.returns.mean_interval(1)),
        }),
        minimum_detectable_effect: DetectableShape {
            return_rate: return_rate.and_then(known),
            margin: margin.and_then(known),
        },
        incremental_margin: AddedShape {
            period: period(report.period),
            treated: report.treated_a_period,
            estimate: known(report.added_margin.contrast.difference),
            interval: report.look.as_ref().and_then(|_| interval(report.added_margin.interval())),
        },
        goals: GoalsShape { retention, incremental_margin, false_alarms },
        cells: report.cells.iter().map(cell).collect(),
        ranking: ranking_shape(&report.ranking),
        periods: report.rows.iter().map(row).collect(),
        endings: EndingsShape {
            won_back: endings.won_back,
            calmed: endings.calmed,
            lapsed: endings.lapsed,
            withdrawn: endings.withdrawn,
        },
        left_out: LeftOutShape {
            unreadable: left_out.unreadable,
            repeated: left_out.repeated,
            other_currency: left_out.other_currency,
            without_both_arms: left_out.without_both_arms,
        },
    };
    serde_json::to_value(shape).unwrap_or_default()
}

/// A figure, if it is a number: what an empty arm leaves unknown is none.
fn known(figure: f64) -> Option<f64> {
    Some(figure).filter(|figure| figure.is_finite())
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

fn look(look: &Look) -> LookShape {
    LookShape {
        year: look.year,
        number: look.number,
        from: look.from.into(),
        day: look.day.into(),
        enough: look.enough,
        return_rate: measured(&look.returns),
        margin: measured(&look.margin),
    }
}

fn measured(measured: &Measured) -> MeasuredShape {
    let Contrast { difference, error, .. } = measured.contrast;
    let [treated, holdout] = arms(&measured.contrast);
    MeasuredShape {
        treated,
        holdout,
        difference: known(difference),
        standard_error: known(error),
        interval: interval(measured.interval()),
        bound: known(measured.bound),
    }
}

fn arms(contrast: &Contrast) -> [ArmShape; 2] {
    let [treated, held_out] = contrast.episodes;
    let [treated_mean, held_out_mean] = contrast.means.map(known);
    [ArmShape { episodes: treated, mean: treated_mean }, ArmShape { episodes: held_out, mean: held_out_mean }]
}

fn drawn(mismatch: &Mismatch) -> DrawnShape {
    let [treated, holdout] = mismatch.drawn;
    DrawnShape {
        treated,
        holdout,
        expected_treated: mismatch.expected,
        p: mismatch.p_whole,
        p_blocks: mismatch.p_blocks,
        changed: mismatch.changed,
        is_match: mismatch.arms_match(),
    }
}

fn judged(judged: &Judged) -> GoalShape {
    GoalShape {
        goal: judged.goal,
        estimate: known(judged.estimate),
        interval: judged.interval.and_then(interval),
        state: judged.reached.name(),
    }
}

fn cell(cell: &Cell) -> CellShape<'_> {
    let [treated, holdout] = cell.episodes;
    CellShape {
        action: cell.name.action.as_deref(),
        segment: cell.name.segment.as_deref(),
        tier: Word(cell.name.tier),
        treated,
        holdout,
        difference: cell.raw.and_then(|raw| known(raw.difference)),
        standard_error: cell.raw.and_then(|raw| known(raw.error)),
        pooled: known(cell.pooled.estimate),
        interval: interval(cell.pooled.interval),
    }
}

/// Whether ranking by uplift wins.
pub fn ranking_json(ranking: &Ranking) -> Value {
    serde_json::to_value(ranking_shape(ranking)).unwrap_or_default()
}

fn ranking_shape(ranking: &Ranking) -> RankingShape {
    let advice = match ranking.advice {
        Advice::Recommended => "by_uplift",
        Advice::NotRecommended => "by_value_at_risk",
        Advice::NotAsked => "not_asked",
    };
    let figures = |rankings: Rankings| RankingsShape {
        by_uplift: known(rankings.by_uplift),
        by_value_at_risk: known(rankings.by_value),
        gain: known(rankings.gain()),
        standard_error: known(rankings.error),
        interval: interval(rankings.interval(ranking.bound)),
    };
    RankingShape { advice, margin_an_episode: ranking.rankings.map(figures) }
}

fn row(row: &Row) -> PeriodShape {
    let [from, to] = row.days.map(Into::into);
    let alone = |part: &Contrast| {
        let [treated, holdout] = arms(part);
        AloneShape {
            treated,
            holdout,
            difference: known(part.difference),
            standard_error: known(part.error),
            interval: Row::interval(part).and_then(interval),
        }
    };
    PeriodShape {
        from,
        to,
        return_rate: alone(&row.returns),
        margin: alone(&row.margin),
        known_by_then: row.look.as_ref().map(look),
    }
}
