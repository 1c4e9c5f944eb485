//! From a history to a model: both heads, their L2 strength and calibration by later time, thresholds, tier edges.
//!
//! Nothing on or after the cutoff is looked at.

use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::rfm::features::{FeatureConstants, feature_index};
use crate::engine::scoring::logistic::{Head, sigmoid};
use crate::engine::scoring::model::Model;
use crate::training::calibrate::{Platt, platt};
use crate::training::fit::{Design, FitFault};
use crate::training::history::History;
use crate::training::metrics::log_loss;
use crate::training::rows::{Row, RowRules, SilenceSample, forward_rows, knots, mean_gap_days, silence_rows};
use crate::training::thresholds::{band_thresholds, silence_peaks};

/// Days between two forward cutoffs.
const CUTOFF_STEP_DAYS: i32 = 15;
/// Numbers of newest forward cutoffs tried: a shop drifts, and a year back is another shop, unless it has seasons.
const CUTOFFS: [usize; 2] = [12, 48];
/// Season terms need cutoffs over at least this many days.
const SEASON_DAYS: i32 = 365;
/// L2 strengths tried, in the order of preference where they are equally good.
const ALPHAS: [f64; 4] = [100.0, 10.0, 1.0, 0.1];
/// Most silence rows of one fit.
const MAX_SILENCE_ROWS: f64 = 150_000.0;
/// Shares of customers below tier mid and below tier high.
const TIER_QUANTILES: [f64; 2] = [0.5, 0.8];

/// Features of the compact forward head: the fourteen of docs/accuracy.md.
const COMPACT: [&str; 14] = [
    "ld7",
    "ld14",
    "ld60",
    "ld90",
    "ld0_60",
    "ld0_90",
    "bg7",
    "sur60",
    "lod",
    "lod_mx",
    "one",
    "lr_x_one",
    "gtrend",
    "lamt_last_ratio",
];
/// What the rich heads use besides.
const RICH: [&str; 3] = ["lspend30", "lspend90", "laov"];
/// What the silence head uses besides: the shape of the idle day.
const SHAPE: [&str; 10] =
    ["r", "lr", "lr2", "sqrt_r", "lod_x_ln_n", "lr_x_ln_n", "hinge1", "hinge2", "hinge3", "hinge4"];
/// What is known of a customer besides purchases; constant, and so left out, in a log that has none of it.
const HEARD: [&str; 11] = [
    "lattention7",
    "lattention30",
    "lattention90",
    "lintent30",
    "lopened30",
    "lignored30",
    "unsubscribed90",
    "lsupport30",
    "complaint_open",
    "survey",
    "lr_x_attention30",
];
/// The time of the year.
const SEASON: [&str; 2] = ["season_sin", "season_cos"];

/// What `train` is asked for.
#[derive(Clone, Copy, Debug)]
pub struct TrainSettings {
    /// The midnight that closes the training window.
    pub at: Day,
    /// Churn horizon H, days.
    pub horizon_days: i32,
    /// Whether the heads use more than the compact features.
    pub rich: bool,
    /// Lateness of the profile, days.
    pub lateness_days: i32,
    /// Minor units in one major unit.
    pub minor_per_major: f64,
    /// Silence at which alerts begin, for the thresholds.
    pub min_silence_days: i32,
    /// Seed of the sampling.
    pub seed: u64,
}

/// A fitted head and how it came about.
#[derive(Clone, Debug)]
pub struct FittedHead {
    /// The head, calibrated.
    pub head: Head,
    /// Rows of the last fit.
    pub rows: u64,
    /// L2 strength chosen.
    pub alpha: f64,
    /// Log loss of the uncalibrated scores on the validation period.
    pub validation_log_loss: f64,
    /// Whether season terms were taken.
    pub season: bool,
}

/// A model with both heads' stories.
pub struct Trained {
    /// The model.
    pub model: Model,
    /// The silence head's story.
    pub silence: FittedHead,
    /// The forward head's story.
    pub forward: FittedHead,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TrainFault {
    /// No events before the cutoff.
    #[error("there is no event before --at: choose a date inside the data")]
    Empty,
    /// Less than two horizons of history.
    #[error(
        "the history before --at covers {days} days, but two horizons ({needed} days) are needed: choose a later --at or a shorter --horizon-days"
    )]
    TooShort {
        /// Days there are.
        days: i32,
        /// Days needed.
        needed: i32,
    },
    /// A head could not be fitted.
    #[error("the {head} head: {fault}")]
    Head {
        /// Which.
        head: &'static str,
        /// Why.
        fault: FitFault,
    },
}

/// Trains both heads on the events before `settings.at`. The history must hold nothing later.
pub fn train(history: &History, settings: &TrainSettings, name: &str) -> Result<Trained, TrainFault> {
    let (first, _) = history.span.ok_or(TrainFault::Empty)?;
    let (days, needed) = (settings.at.since(first), 2 * settings.horizon_days);
    if days < needed {
        return Err(TrainFault::TooShort { days, needed });
    }
    let constants = FeatureConstants {
        mean_gap_days: mean_gap_days(history, settings.at).max(1.0),
        knots: knots(settings.horizon_days),
        minor_per_major: settings.minor_per_major,
        horizon_days: settings.horizon_days,
    };
    let rules = RowRules { constants, lateness_days: settings.lateness_days };
    let fault = |head| move |fault| TrainFault::Head { head, fault };
    let forward = forward_head(history, first, settings, &rules).map_err(fault("forward"))?;
    let (silence, thresholds) = silence_head(history, first, settings, &rules).map_err(fault("silence"))?;
    let model = Model {
        version: name.into(),
        constants,
        silence: silence.head.clone(),
        forward: forward.head.clone(),
        thresholds,
        tier_edges: tier_edges(history, settings),
        trained_until: settings.at,
    };
    Ok(Trained { model, silence, forward })
}

fn indices(parts: &[&[&str]]) -> Vec<usize> {
    let mut indices: Vec<usize> =
        parts.iter().flat_map(|part| part.iter()).filter_map(|name| feature_index(name)).collect();
    indices.sort_unstable();
    indices
}

/// Forward cutoffs `T_k` with `T_k` + H ≤ `at`, ascending, one horizon after the first event at the earliest.
pub fn cutoffs(first: Day, at: Day, horizon_days: i32) -> Vec<Day> {
    let newest = at.plus(-horizon_days);
    let oldest = first.plus(horizon_days.min(newest.since(first)));
    let [.., most] = CUTOFFS;
    let mut cutoffs: Vec<Day> = (0..most as i32)
        .map(|back| newest.plus(-back * CUTOFF_STEP_DAYS))
        .take_while(|cutoff| *cutoff >= oldest)
        .collect();
    cutoffs.reverse();
    cutoffs
}

fn forward_head(
    history: &History,
    first: Day,
    settings: &TrainSettings,
    rules: &RowRules,
) -> Result<FittedHead, FitFault> {
    let cutoffs = cutoffs(first, settings.at, settings.horizon_days);
    let rows = forward_rows(history, &cutoffs, rules);
    let last = cutoffs.last().map_or(settings.at, |cutoff| cutoff.plus(-1));
    let year = cutoffs.first().is_some_and(|oldest| last.since(*oldest) + 1 >= SEASON_DAYS);
    let plain = if settings.rich { indices(&[&COMPACT, &RICH, &HEARD]) } else { indices(&[&COMPACT]) };
    // Of cutoffs whose labels are known, the newest `count` before `day`.
    let newest = |count: usize, day: Day| -> Vec<&Row> {
        let known = cutoffs.iter().rev().map(|cutoff| cutoff.plus(-1)).filter(|view| *view <= day);
        let oldest = known.take(count).last().unwrap_or(day);
        rows.iter().filter(|row| (oldest..=day).contains(&row.day)).collect()
    };
    let split = |count: usize| Split {
        earlier: newest(count, last.plus(-settings.horizon_days)),
        later: rows.iter().filter(|row| row.day == last).collect(),
        all: newest(count, last),
    };
    let [few, most] = CUTOFFS.map(split);
    let mut candidates = vec![Candidate { split: &few, indices: plain.clone(), season: false }];
    if most.all.len() > few.all.len() {
        candidates.push(Candidate { split: &most, indices: plain.clone(), season: false });
    }
    if year {
        candidates.push(Candidate { split: &most, indices: with_season(&plain), season: true });
    }
    // One later cutoff cannot tell its season from a fault of calibration, so the forward head keeps its own: an offset
    // learnt on one quarter did harm in the next on both shared logs (docs/accuracy.md).
    let fitted = fit_best(&candidates)?;
    let Platt { slope, offset } = Platt::IDENTITY;
    Ok(FittedHead { head: Head { slope, offset, ..fitted.head }, ..fitted })
}

fn silence_head(
    history: &History,
    first: Day,
    settings: &TrainSettings,
    rules: &RowRules,
) -> Result<(FittedHead, [f64; 3]), FitFault> {
    let horizon = settings.horizon_days;
    let days = history.customers.iter().map(|customer| customer.purchase_days(settings.at).len()).sum::<usize>();
    let expected = days as f64 * f64::from(horizon) / 2.0;
    let share = (MAX_SILENCE_ROWS / expected.max(1.0)).min(1.0);
    let sample = SilenceSample { from: Day(i32::MIN), cutoff: settings.at, share, seed: settings.seed };
    let rows = silence_rows(history, &sample, rules);
    let plain = if settings.rich { indices(&[&COMPACT, &RICH, &SHAPE, &HEARD]) } else { indices(&[&COMPACT, &SHAPE]) };
    // The later block: silences that end their horizon in the last quarter of what can be known, at most one horizon.
    let known = settings.at.since(first) - horizon;
    let border = settings.at.plus(-horizon - (known / 4).min(horizon));
    let start = |row: &Row| row.day.plus(-row.silence_days);
    let split = Split {
        earlier: rows.iter().filter(|row| start(row).plus(horizon) < border).collect(),
        later: rows.iter().filter(|row| start(row) >= border).collect(),
        all: rows.iter().collect(),
    };
    let year = settings.at.since(first) - horizon >= SEASON_DAYS;
    let mut candidates = vec![Candidate { split: &split, indices: plain.clone(), season: false }];
    if year {
        candidates.push(Candidate { split: &split, indices: with_season(&plain), season: true });
    }
    let fitted = fit_best(&candidates)?;
    let every_day = SilenceSample { from: border, share: 1.0, ..sample };
    let peaks = silence_peaks(&silence_rows(history, &every_day, rules), &fitted.head, settings.min_silence_days);
    Ok((fitted, band_thresholds(&peaks)))
}

/// Rows to choose by and rows to fit with in the end.
struct Split<'a> {
    earlier: Vec<&'a Row>,
    later: Vec<&'a Row>,
    all: Vec<&'a Row>,
}

/// One way to fit, and how it did on the later rows.
struct Trial {
    alpha: f64,
    platt: Platt,
    log_loss: f64,
}

/// Rows and features that a head may be fitted with.
struct Candidate<'a> {
    split: &'a Split<'a>,
    indices: Vec<usize>,
    season: bool,
}

fn with_season(plain: &[usize]) -> Vec<usize> {
    let mut seasonal = [plain, &indices(&[&SEASON])].concat();
    seasonal.sort_unstable();
    seasonal
}

/// Chooses rows, features, strength and calibration on the later rows, then fits on all. The first candidate is taken
/// where there is too little to choose by.
fn fit_best(candidates: &[Candidate<'_>]) -> Result<FittedHead, FitFault> {
    let mut best: Option<(&Candidate<'_>, Trial)> = None;
    for candidate in candidates {
        let Some(trial) = choose(candidate.split, &candidate.indices) else { continue };
        if best.as_ref().is_none_or(|(_, known)| trial.log_loss < known.log_loss) {
            best = Some((candidate, trial));
        }
    }
    let unvalidated = Trial { alpha: 1.0, platt: Platt::IDENTITY, log_loss: f64::NAN };
    let first = candidates.first().map(|candidate| (candidate, unvalidated));
    let Some((candidate, Trial { alpha, platt, log_loss })) = best.or(first) else {
        return Err(FitFault::TooLittle { rows: 0, rarer: 0 });
    };
    let Candidate { split, indices, season } = candidate;
    let head = Design::new(&split.all, indices).fit(alpha)?;
    let head = Head { slope: platt.slope, offset: platt.offset, ..head };
    Ok(FittedHead { head, rows: split.all.len() as u64, alpha, validation_log_loss: log_loss, season: *season })
}

/// The best strength on the later rows; `None` where there is too little to choose by.
fn choose(split: &Split<'_>, indices: &[usize]) -> Option<Trial> {
    let design = Design::new(&split.earlier, indices);
    let churned: Vec<bool> = split.later.iter().map(|row| row.churned).collect();
    let trials = ALPHAS.iter().filter_map(|alpha| {
        let head = design.fit(*alpha).ok()?;
        let raw: Vec<f64> = split.later.iter().map(|row| head.log_odds(&row.features)).collect();
        let platt = platt(&raw, &churned);
        let scores: Vec<f64> = raw.iter().map(|raw| sigmoid(*raw)).collect();
        Some(Trial { alpha: *alpha, platt, log_loss: log_loss(&scores, &churned) })
    });
    trials.filter(|trial| trial.log_loss.is_finite()).min_by(|a, b| a.log_loss.total_cmp(&b.log_loss))
}

/// Net spend of the year before the cutoff at which the upper half, and the upper fifth, of those who bought begin.
fn tier_edges(history: &History, settings: &TrainSettings) -> [Money; 2] {
    let view = settings.at.plus(-1);
    let mut spend = Vec::with_capacity(history.customers.len());
    for customer in &history.customers {
        customer.walk(&[view], settings.lateness_days, |day, profile| {
            let net = profile.net_year(day, settings.lateness_days);
            if net > Money::ZERO {
                spend.push(net);
            }
        });
    }
    spend.sort_unstable();
    TIER_QUANTILES.map(|quantile| {
        let at = (spend.len() as f64 * quantile) as usize;
        spend.get(at).or(spend.last()).copied().unwrap_or(Money(1))
    })
}
