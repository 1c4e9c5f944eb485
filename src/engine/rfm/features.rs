//! Features: the numbers a model sees in a view. One definition for serving, training and backtest.
//!
//! Formulas of the first fourteen: docs/accuracy.md. Logarithms come from the libm crate, so every machine gets the same bits.

use libm::{cos, log, log1p, sin};

use crate::engine::day::Day;
use crate::engine::rfm::number::Number;
use crate::engine::rfm::silence::{Divisor, Silence, Tabled};
use crate::engine::rfm::view::{Heard, View};

/// What part of a customer's story a feature tells; reasons are summed over these. What moves as the silence grows is told
/// as silence, so that a reason against it never stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// The silence measured against the customer's own rhythm.
    Silence,
    /// Whether purchases get denser or rarer.
    Trend,
    /// What the customer spends.
    Value,
    /// Visits, carts, messages.
    Engagement,
    /// Survey and complaints.
    Satisfaction,
    /// The time of the year.
    Season,
}

impl Group {
    /// Every group, in the order of declaration.
    pub const ALL: [Self; 6] =
        [Self::Silence, Self::Trend, Self::Value, Self::Engagement, Self::Satisfaction, Self::Season];

    /// The group's code on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Trend => "trend",
            Self::Value => "value",
            Self::Engagement => "engagement",
            Self::Satisfaction => "satisfaction",
            Self::Season => "season",
        }
    }
}

/// Constants of the training that features need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureConstants {
    /// Population mean gap between purchase days, in days (g0).
    pub mean_gap_days: f64,
    /// Knots of the hinges on ln R.
    pub knots: [f64; KNOTS],
    /// Minor units in one major unit of the base currency.
    pub minor_per_major: f64,
    /// Churn horizon H in days, for the season's window.
    pub horizon_days: i32,
}

/// ln 19, the log-odds of 95 %: where the feature `overrun` begins.
pub const LN_SURE_ODDS: f64 = 2.944_438_979_166_440_5;
/// Days that the kernel of BG/NBD adds to either age.
const KERNEL_DAYS: i32 = 7;
/// Number of hinge knots.
pub const KNOTS: usize = 4;
/// Number of features.
pub const FEATURES: usize = 45;

/// Name, group and meaning of each feature, in the order of the vector.
pub const FEATURE_TABLE: [(&str, Group, &str); FEATURES] = [
    ("ld7", Group::Silence, "ln(0.02 + decayed purchase days), half-life 7 days, now"),
    ("ld14", Group::Silence, "the same, 14 days"),
    ("ld60", Group::Silence, "the same, 60 days"),
    ("ld90", Group::Silence, "the same, 90 days"),
    ("ld0_60", Group::Trend, "ln decayed purchase days just after the last purchase, 60 days"),
    ("ld0_90", Group::Trend, "the same, 90 days"),
    ("bg7", Group::Silence, "(x + 0.5) ln((A + 7)/(tx + 7)): the log-odds kernel of BG/NBD (Fader, Hardie, Lee 2005)"),
    ("sur60", Group::Silence, "ln(1 + R D0_60 ln2/60): purchases missed at the recent rate"),
    ("lod", Group::Silence, "ln(R / mean gap + 0.001), mean gap shrunk to the population's"),
    ("lod_mx", Group::Silence, "ln((R + 1)/(longest gap + 1))"),
    ("one", Group::Trend, "1 for a customer with one purchase day"),
    ("lr_x_one", Group::Silence, "ln(1 + R) for a customer with one purchase day"),
    ("gtrend", Group::Trend, "ln((smoothed gap + 1)/(mean gap + 1))"),
    ("lamt_last_ratio", Group::Value, "ln((gross of the last purchase day + 1)/(gross / purchase days + 1))"),
    ("lspend30", Group::Value, "ln(1 + decayed gross), half-life 30 days, major units"),
    ("lspend90", Group::Value, "the same, 90 days"),
    ("laov", Group::Value, "ln(1 + gross per purchase), major units"),
    ("r", Group::Silence, "R, days of silence + 1"),
    ("lr", Group::Silence, "ln R"),
    ("lr2", Group::Silence, "(ln R)²"),
    ("sqrt_r", Group::Silence, "√R"),
    ("lod_x_ln_n", Group::Silence, "lod · ln n, n purchase days"),
    ("lr_x_ln_n", Group::Silence, "ln R · ln n"),
    ("hinge1", Group::Silence, "max(0, ln R − first knot)"),
    ("hinge2", Group::Silence, "max(0, ln R − second knot)"),
    ("hinge3", Group::Silence, "max(0, ln R − third knot)"),
    ("hinge4", Group::Silence, "max(0, ln R − fourth knot)"),
    ("ln_n", Group::Trend, "ln n"),
    ("ltenure", Group::Silence, "ln A, days since the first purchase + 1"),
    ("overrun", Group::Silence, "max(0, bg7 − ln n − ln 19): how far BG/NBD's odds of having left are beyond 19 to 1"),
    ("lattention7", Group::Engagement, "ln(1 + decayed visits, views and logins), half-life 7 days"),
    ("lattention30", Group::Engagement, "the same, 30 days"),
    ("lattention90", Group::Engagement, "the same, 90 days"),
    ("lintent30", Group::Engagement, "ln(1 + decayed carts and checkouts), 30 days"),
    ("lopened30", Group::Engagement, "ln(1 + decayed messages opened and clicked), 30 days"),
    ("lignored30", Group::Engagement, "ln(1 + decayed messages sent and not opened), 30 days"),
    ("unsubscribed90", Group::Engagement, "decayed unsubscriptions, 90 days, at most 1"),
    ("lsupport30", Group::Satisfaction, "ln(1 + decayed support contacts and complaints), 30 days"),
    ("complaint_open", Group::Satisfaction, "1 while a complaint is open"),
    ("survey", Group::Satisfaction, "satisfaction in the last survey less 0.5; 0 without one"),
    ("lr_x_attention30", Group::Engagement, "ln R · lattention30"),
    ("season_sin", Group::Season, "sine of the year at the centre of the label window"),
    ("season_cos", Group::Season, "cosine of the same"),
    ("season_sin2", Group::Season, "sine of the half-year"),
    ("season_cos2", Group::Season, "cosine of the same"),
];

/// The feature vector.
pub type Features = [f64; FEATURES];

/// Position of a feature by its name.
pub fn feature_index(name: &str) -> Option<usize> {
    FEATURE_TABLE.iter().position(|(known, _, _)| *known == name)
}

/// The features of a view; `None` where no purchase stands.
pub fn features(view: &View, constants: &FeatureConstants) -> Option<Features> {
    Some(Steady::of(view, constants)?.features(view.day, Some(view), true))
}

/// What of the features stays as it is while a silence grows, so that many days of it cost one look at the rest.
#[derive(Clone, Copy, Debug)]
pub struct Steady {
    constants: FeatureConstants,
    pub(crate) last: Day,
    span_days: i32,
    repeats: f64,
    ln_n: f64,
    mean_gap: f64,
    /// A + 7 when the last purchase was made.
    known: Divisor,
    /// The longest gap and a day.
    longest: Divisor,
    one: f64,
    frequency: [f64; 4],
    spend: [f64; 2],
    /// `ld0_60`, `ld0_90`.
    recent: [f64; 2],
    gap_trend: f64,
    last_amount: f64,
    order_value: f64,
}

impl Steady {
    /// What stays of a view; `None` where no purchase stands.
    pub fn of(view: &View, constants: &FeatureConstants) -> Option<Self> {
        let rhythm = view.rhythm.as_ref()?;
        let span_days = rhythm.last.since(rhythm.first);
        let n = f64::from(rhythm.days);
        let repeats = n - 1.0;
        let g0 = constants.mean_gap_days;
        let single = rhythm.days == 1;
        let mean_gap = (f64::from(span_days) + g0) / n;
        let smoothed_gap = if single { g0 } else { (repeats * f64::from(rhythm.smoothed_gap) + g0) / n };
        let frequency = rhythm.frequency.map(f64::from);
        let [_, _, h60, h90] = frequency;
        let major = constants.minor_per_major;
        let gross = view.totals.gross.major(major);
        Some(Self {
            constants: *constants,
            last: rhythm.last,
            span_days,
            repeats,
            ln_n: log(n),
            mean_gap,
            known: Divisor::of(f64::from(span_days + KERNEL_DAYS)),
            longest: Divisor::of(1.0 + if single { g0 } else { f64::from(rhythm.longest_gap) }),
            one: f64::from(u8::from(single)),
            frequency,
            spend: rhythm.spend.map(f64::from),
            recent: [log(h60), log(h90)],
            gap_trend: log((smoothed_gap + 1.0) / (mean_gap + 1.0)),
            last_amount: log((rhythm.last_gross.major(major) + 1.0) / (gross / f64::from(rhythm.days) + 1.0)),
            order_value: log1p(gross / f64::from(view.totals.purchases.max(1))),
        })
    }

    /// Days with a purchase.
    pub const fn purchase_days(&self) -> f64 {
        self.repeats + 1.0
    }

    /// The features of the same customer at the end of `day`, of the same silence, or of that and the following days. Those
    /// of interactions are 0 without the view, those of the season unless `season`.
    pub fn features<T: Tabled>(&self, day: Day, view: Option<&View>, season: bool) -> [T; FEATURES] {
        let all = |value: f64| T::same(value);
        let silence_days = day.since(self.last).max(0);
        let Silence { r, ln_r, sqrt_r, left, left_spend } = T::silence(silence_days);
        let age_days = self.span_days + silence_days + 1;
        let overdue = (r / all(self.mean_gap) + all(0.001)).ln();
        let [h7, h14, h60, h90] = self.frequency.map(all);
        let [p7, p14, p60, p90] = left;
        let [s30, s90] = self.spend.map(all);
        let [q30, q90] = left_spend;
        let major = all(self.constants.minor_per_major);
        let [h1, h2, h3, h4] = self.constants.knots.map(|knot| (ln_r - all(knot)).max(0.0));
        let none = all(0.0);
        let [e0, e1, e2, e3, e4, e5, e6, e7, e8, e9] = view.map_or([none; 10], |view| engagement(&view.heard(day)));
        let [c0, c1, c2, c3] = if season { season_terms(day, self.constants.horizon_days) } else { [none; 4] };
        let [recent_60, recent_90] = self.recent.map(all);
        let ln_n = all(self.ln_n);
        let left_kernel = all(self.repeats + 0.5) * T::ln_ratio(age_days + KERNEL_DAYS, &self.known);
        [
            (all(0.02) + h7 * p7).ln(),
            (all(0.02) + h14 * p14).ln(),
            (all(0.02) + h60 * p60).ln(),
            (all(0.02) + h90 * p90).ln(),
            recent_60,
            recent_90,
            left_kernel,
            (r * h60 * all(std::f64::consts::LN_2) / all(60.0)).ln_1p(),
            overdue,
            T::ln_ratio(silence_days + 2, &self.longest),
            all(self.one),
            all(self.one) * T::ln_of(silence_days + 2),
            all(self.gap_trend),
            all(self.last_amount),
            ((s30 * q30).max(0.0) / major).ln_1p(),
            ((s90 * q90).max(0.0) / major).ln_1p(),
            all(self.order_value),
            r,
            ln_r,
            ln_r * ln_r,
            sqrt_r,
            overdue * ln_n,
            ln_r * ln_n,
            h1,
            h2,
            h3,
            h4,
            ln_n,
            T::ln_of(age_days),
            (left_kernel - all(self.ln_n + LN_SURE_ODDS)).max(0.0),
            e0,
            e1,
            e2,
            e3,
            e4,
            e5,
            e6,
            e7,
            e8,
            e9,
            ln_r * e1,
            c0,
            c1,
            c2,
            c3,
        ]
    }
}

fn engagement<T: Number>(heard: &Heard<T>) -> [T; 10] {
    let [attention7, attention30, attention90] = heard.attention;
    [
        attention7.ln_1p(),
        attention30.ln_1p(),
        attention90.ln_1p(),
        heard.intent.ln_1p(),
        heard.opened.ln_1p(),
        heard.ignored.ln_1p(),
        heard.unsubscribed,
        heard.support.ln_1p(),
        heard.complaint_open,
        heard.satisfaction,
    ]
}

/// Days of a mean year.
const YEAR_DAYS: f64 = 365.2425;

/// The label window's centre on the circle of the year, and on that of the half-year.
fn season_terms<T: Number>(day: Day, horizon_days: i32) -> [T; 4] {
    let angle = |days: i32| {
        let centre = f64::from(day.0 + days) + 1.0 + f64::from(horizon_days) / 2.0;
        std::f64::consts::TAU * centre / YEAR_DAYS
    };
    [
        T::by_day(|days| sin(angle(days))),
        T::by_day(|days| cos(angle(days))),
        T::by_day(|days| sin(2.0 * angle(days))),
        T::by_day(|days| cos(2.0 * angle(days))),
    ]
}
