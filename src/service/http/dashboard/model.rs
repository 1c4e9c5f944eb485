//! *Model*: what is in force, how it did when it was made, and whether it still fits.

use maud::{Markup, html};

use crate::effect_study::numbers::{count, fixed, percent, whole_percent};
use crate::service::http::dashboard::charts::bars::grouped;
use crate::service::http::dashboard::charts::canvas::{BAD, MAIN, OTHER, whole_value};
use crate::service::http::dashboard::charts::lines::{Frame, Line, lines};
use crate::service::http::dashboard::figures::{Fields, NONE, cell, or_none, table, tiles, titled_picture};
use crate::service::http::dashboard::reader::Reader;
use crate::service::models_known::{CALIBRATION_LIMITS, CALIBRATION_SILENCES, CLIPPED_MARGIN, PSI_LIMIT};

/// The page, of what `/v1/model` answers.
pub fn model(reader: &Reader, models: Fields<'_>) -> Markup {
    let words = &reader.words;
    if models.text("/version").is_none() {
        return html! { p.lead { (words.model_none()) } };
    }
    html! {
        (figures(reader, models))
        section { h2 { (words.in_force_heading()) } (in_force(reader, models)) }
        section { h2 { (words.validation_heading()) } (validation(reader, models)) }
        section { h2 { (words.drift_heading()) } (drift(reader, models)) }
    }
}

fn figures(reader: &Reader, models: Fields<'_>) -> Markup {
    let words = &reader.words;
    let thresholds: Vec<String> =
        models.list("/thresholds").filter_map(|threshold| threshold.percent("", words)).collect();
    let due = models.flag("/drift/retraining_due") == Some(true);
    let horizon = or_none(models.count("/horizon_days").map(|days| days.to_string()));
    tiles(&[
        [
            words.model(),
            or_none(models.text("/version")),
            words.trained_until(&[("day", models.text("/trained_until").unwrap_or(NONE))]),
        ],
        [words.horizon(), words.days(&[("days", &horizon)]), words.horizon_note()],
        [words.thresholds(), thresholds.join(" · "), words.thresholds_note()],
        [words.fits(), if due { words.retrain() } else { words.fits_yes() }, words.fits_note()],
    ])
}

fn in_force(reader: &Reader, models: Fields<'_>) -> Markup {
    let words = &reader.words;
    let rows: Vec<Vec<Markup>> = models
        .list("/in_force")
        .map(|one| {
            let since = one.text("/since").map_or_else(|| words.since_ever(), str::to_owned);
            vec![cell(or_none(one.text("/model"))), cell(since), cell(one.list("/partitions").count().to_string())]
        })
        .collect();
    html! {
        (table(&words.in_force_heading(), &[0, 1], &[words.model(), words.since(), words.partitions()], &rows))
        @if let (Some(next), Some(day)) = (models.text("/pending/model"), models.text("/pending/effective_day")) {
            p { (words.pending(&[("model", next), ("day", day)])) }
        }
    }
}

fn validation(reader: &Reader, models: Fields<'_>) -> Markup {
    let words = &reader.words;
    let horizon = or_none(models.count("/horizon_days").map(|days| days.to_string()));
    let heads = [("silence", words.score()), ("forward", words.forward_score(&[("days", &horizon)]))];
    let rows: Vec<Vec<Markup>> = heads
        .into_iter()
        .filter_map(|(head, name)| {
            let at = |field: &str| format!("/validation/{head}/{field}");
            let three = |field: &str| models.number(&at(field)).map_or_else(|| NONE.into(), |value| fixed(value, 3));
            let rows = models.count(&at("rows"))?;
            let texts = [
                name,
                or_none(models.text(&at("at"))),
                count(rows.unsigned_abs()),
                or_none(models.percent(&at("base_rate"), words)),
                three("auc"),
                three("auc_active"),
                three("brier"),
                three("ece"),
            ];
            Some(texts.map(cell).to_vec())
        })
        .collect();
    let head = [
        words.head(),
        words.judged_from(),
        words.rows(),
        words.base_rate(),
        "AUC".into(),
        words.auc_active(),
        "Brier".into(),
        "ECE".into(),
    ];
    html! {
        @if rows.is_empty() { p { (words.validation_none()) } }
        @else { (table(&words.validation_heading(), &[0, 1], &head, &rows)) p.small { (words.validation_note()) } }
    }
}

fn drift(reader: &Reader, models: Fields<'_>) -> Markup {
    let words = &reader.words;
    let Some(silences) = models.count("/drift/matured/silences") else { return html! { p { (words.drift_none()) } } };
    let [low, high] = CALIBRATION_LIMITS;
    let state = |fits: Option<bool>| match fits {
        None => words.not_yet_known(),
        Some(true) => words.fits_still(),
        Some(false) => words.beyond(),
    };
    let psi = models.number("/drift/score_psi");
    let ratio = models.number("/drift/matured/ratio");
    let clipped = models.number("/drift/clipped_share");
    let most_clipped = models.number("/drift/clipped_share_in_training").map(|share| share + CLIPPED_MARGIN);
    let enough = silences.unsigned_abs() >= CALIBRATION_SILENCES;
    let share = |share: f64| percent(share, words.language);
    let figure = |number: Option<f64>| number.map_or_else(|| NONE.into(), |number| fixed(number, 2));
    let rows = vec![
        vec![
            words.psi(),
            figure(psi),
            words.at_most(&[("value", &figure(Some(PSI_LIMIT)))]),
            state(psi.map(|psi| psi <= PSI_LIMIT)),
        ],
        vec![
            words.calibration(),
            figure(ratio),
            format!("{low}–{high}"),
            state(ratio.filter(|_| enough).map(|ratio| (low..=high).contains(&ratio))),
        ],
        vec![
            words.clipped(),
            or_none(clipped.map(share)),
            or_none(most_clipped.map(|most| words.at_most(&[("value", &share(most))]))),
            state(clipped.zip(most_clipped).map(|(clipped, most)| clipped <= most)),
        ],
    ];
    let rows: Vec<Vec<Markup>> = rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    html! {
        (table(&words.drift_heading(), &[0], &[words.figure(), words.now(), words.limit(), words.state()], &rows))
        (scores(reader, models))
        (cohorts(reader, models))
    }
}

/// How the scores lie in the deciles of the training.
fn scores(reader: &Reader, models: Fields<'_>) -> Markup {
    let words = &reader.words;
    let bars: Vec<(String, [f64; 2])> = models
        .list("/drift/scores")
        .filter_map(|bin| {
            let below = whole_percent(bin.number("/below").unwrap_or(1.0), words.language);
            Some((format!("<{below}"), [bin.number("/training_share")?, bin.number("/seen_share")?]))
        })
        .collect();
    let kinds = [(words.in_training(), OTHER), (words.seen_now(), MAIN)];
    html! {
        @if bars.is_empty() { p { (words.drift_none()) } }
        @else { (titled_picture(&words.scores_heading(), grouped(&bars, &kinds, &|share| whole_percent(share, words.language)))) }
    }
}

/// Predicted against what came of it, summed up over the days.
fn cohorts(reader: &Reader, models: Fields<'_>) -> Markup {
    let words = &reader.words;
    let (mut expected, mut exceeded) = (Vec::new(), Vec::new());
    let (mut sums, mut ticks) = ([0.0; 2], Vec::new());
    for (at, cohort) in (0..).map(f64::from).zip(models.list("/drift/cohorts")) {
        sums[0] += cohort.number("/expected").unwrap_or_default();
        sums[1] += cohort.number("/exceeded").unwrap_or_default();
        expected.push((at, sums[0]));
        exceeded.push((at, sums[1]));
        ticks.push((at, cohort.text("/day").and_then(|day| day.get(5..)).unwrap_or(NONE).to_owned()));
    }
    if expected.len() < 2 {
        return html! { p { (words.cohorts_none()) } };
    }
    let every = ticks.len().div_ceil(6);
    let ticks = ticks.into_iter().step_by(every).collect();
    let across = 0.0..(expected.len() - 1) as f64;
    let drawn = [
        Line { name: words.predicted(), colour: OTHER, points: expected, is_foretold: true },
        Line { name: words.occurred(), colour: BAD, points: exceeded, is_foretold: false },
    ];
    let frame = Frame { across, top: None, ticks, value: &whole_value };
    html! { (titled_picture(&words.cohorts_heading(), lines(&drawn, &[], frame))) p.small { (words.cohorts_note()) } }
}
