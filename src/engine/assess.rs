//! How a customer looks to the policy on a day: scores, band, tier, value, and whether it may be warned about.

use crate::engine::alerting::band::{Band, Thresholds};
use crate::engine::alerting::episode::{Standing, Suppression};
use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::playbook::Situation;
use crate::engine::alerting::policy::Policy;
use crate::engine::alerting::value::{Tier, value_at_risk};
use crate::engine::day::Day;
use crate::engine::drift::{Seen, cohort_silence, next_sampled};
use crate::engine::effect::{Facts, Moment, Risk, Scored};
use crate::engine::money::Money;
use crate::engine::packed::customer::Customer;
use crate::engine::rfm::cause::cause;
use crate::engine::rfm::deliberation::style;
use crate::engine::rfm::features::{Features, Steady};
use crate::engine::rfm::open::Entry;
use crate::engine::rfm::profile::Profile;
use crate::engine::rfm::settled::{Rhythm, Totals};
use crate::engine::rfm::view::View;
use crate::engine::scoring::clears::clears;
use crate::engine::scoring::logistic::sigmoid;
use crate::engine::scoring::model::Model;
use crate::engine::scoring::path::Path;
use crate::engine::scoring::reasons::reasons;
use crate::engine::scoring::rough::RoughHead;

/// Policy and model together: what decisions are made by.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// The company's settings.
    pub policy: &'a Policy,
    /// The model in force.
    pub model: &'a Model,
    /// The rough copy of its silence head.
    pub rough: &'a RoughHead,
}

/// A customer with a purchase, seen at the end of a day.
pub struct Assessed {
    /// The view.
    pub view: View,
    /// What of its features stays while the silence grows.
    pub steady: Steady,
    /// Its features.
    pub features: Features,
    /// Days since the last purchase, at least 0.
    pub silence_days: i32,
    /// The last purchase day.
    pub last: Day,
    /// P(this silence will exceed H); defined below H.
    pub silence: f64,
    /// How many of its features were clipped.
    pub clipped: u32,
}

/// What is told of a customer with a purchase, whether its silence has become churn or not.
pub struct Outlook {
    /// The last purchase day.
    pub last: Day,
    /// Days since then.
    pub silence_days: i32,
    /// P(this silence will exceed H); `None` once it has.
    pub silence: Option<f64>,
    /// P(no purchase in the next H days).
    pub forward: f64,
    /// Margin at risk.
    pub value_at_risk: Money,
}

impl Judge<'_> {
    /// The thresholds in force: the company's, else the model's.
    pub fn thresholds(&self) -> Thresholds {
        let enter = self.policy.thresholds.unwrap_or(self.model.thresholds);
        Thresholds { enter, exit_margin: self.policy.exit_margin }
    }

    /// Scores a customer at the end of `day`; `None` without a standing purchase up to it, or after a lapse.
    pub fn assess(&self, profile: &Profile, day: Day) -> Option<Assessed> {
        self.fold(profile, day).1
    }

    /// The same with the rhythm at the end of `day`, which the score is founded on and which a lapsed customer has too.
    pub fn fold(&self, profile: &Profile, day: Day) -> (Option<Rhythm>, Option<Assessed>) {
        let (rhythm, totals) = profile.money_at(day, self.policy.lateness_days);
        let assessed = rhythm.as_ref().and_then(|Rhythm { last, .. }| {
            let (last, silence_days) = (*last, day.since(*last));
            if !self.is_within_horizon(silence_days) {
                return None;
            }
            let view = self.view_of(profile, day, rhythm, totals);
            let steady = Steady::of(&view, &self.model.constants)?;
            let features = self.model.features_of(&steady, &view);
            let (log_odds, clipped) = self.model.silence.measure(&features);
            Some(Assessed { view, steady, features, silence_days, last, silence: sigmoid(log_odds), clipped })
        });
        (rhythm, assessed)
    }

    /// The view that a score is founded on: without counts of interactions where no head looks at them.
    fn view_of(&self, profile: &Profile, day: Day, rhythm: Option<Rhythm>, totals: Totals) -> View {
        let view = profile.unheard_view(day, rhythm, totals);
        if self.model.hears() { view.with_interactions(profile) } else { view }
    }

    /// P(this silence will exceed H) in a view; `None` without a purchase or after a lapse.
    pub fn silence_score(&self, view: &View) -> Option<f64> {
        if !self.is_within_horizon(view.silence_days()?) {
            return None;
        }
        self.model.features(view).map(|features| self.model.silence.score(&features))
    }

    /// Whether a silence exceeds the horizon with the close of `day`.
    pub fn exceeds_on(&self, rhythm: &Rhythm, day: Day) -> bool {
        day.since(rhythm.last) == self.model.horizon_days()
    }

    /// Counts a scored customer of this hash for drift.
    pub fn see(&self, assessed: &Assessed, hash: u64, seen: &mut Seen) {
        if next_sampled(hash, assessed.view.day) == assessed.view.day {
            let features = self.model.silence.columns.len();
            seen.score(assessed.silence, assessed.clipped, features, self.model.reference.as_ref());
        }
        if assessed.silence_days == cohort_silence(self.model.horizon_days()) {
            seen.expect(assessed.silence);
        }
    }

    /// Margin at risk at the end of the assessed day.
    pub fn value_at_risk(&self, profile: &Profile, assessed: &Assessed) -> Money {
        let forward = self.model.forward.score(&assessed.features);
        self.margin_at_risk(profile, &assessed.view, forward)
    }

    /// What is told of a customer in a view of its profile, after a lapse too; `None` without a purchase.
    pub fn outlook(&self, profile: &Profile, view: &View) -> Option<Outlook> {
        let silence_days = view.silence_days()?;
        let features = self.model.features(view)?;
        let silence = self.is_within_horizon(silence_days).then(|| self.model.silence.score(&features));
        self.outlook_by(profile, view, &features, silence)
    }

    /// The same, of which features and silence score are known.
    fn outlook_by(&self, profile: &Profile, view: &View, features: &Features, silence: Option<f64>) -> Option<Outlook> {
        let forward = self.model.forward.score(features);
        Some(Outlook {
            last: view.last()?,
            silence_days: view.silence_days()?,
            silence,
            forward,
            value_at_risk: self.margin_at_risk(profile, view, forward),
        })
    }

    /// Whether the silence score is defined: the silence has not yet become churn.
    fn is_within_horizon(&self, silence_days: i32) -> bool {
        (0..self.model.horizon_days()).contains(&silence_days)
    }

    fn margin_at_risk(&self, profile: &Profile, view: &View, forward: f64) -> Money {
        let first = view.rhythm.as_ref().map_or(view.day, |rhythm| rhythm.first);
        let net = profile.net_year(view.day, self.policy.lateness_days);
        value_at_risk(net, view.day.since(first), self.model.horizon_days(), self.policy.margin_rate, forward)
    }

    /// Why an episode may not open on `opens` although the score enters; capacity apart.
    pub fn suppression(
        &self,
        profile: &Profile,
        standing: &Standing,
        assessed: &Assessed,
        opens: Day,
    ) -> Option<Suppression> {
        let policy = self.policy;
        let day = assessed.view.day;
        let purchase_days = assessed.view.rhythm.as_ref().map_or(0, |rhythm| rhythm.days);
        if purchase_days < policy.min_purchase_days {
            Some(Suppression::History)
        } else if profile.marks.opt_out.is_some() {
            Some(Suppression::OptedOut)
        } else if purchase_known_after(profile, day) {
            Some(Suppression::PurchaseKnown)
        } else if assessed.silence_days < policy.min_silence_days {
            Some(Suppression::Silence)
        } else if standing.ended.is_some_and(|ended| opens.since(ended) < policy.cooldown_days) {
            Some(Suppression::Cooldown)
        } else if standing.above_since.is_none_or(|since| day.since(since) + 1 < policy.dwell_days) {
            Some(Suppression::Dwell)
        } else {
            None
        }
    }

    /// Everything about the score that an alert tells.
    pub fn scored(&self, profile: &Profile, assessed: &Assessed) -> Option<Scored> {
        Some(Scored {
            silence: assessed.silence,
            forward: self.model.forward.score(&assessed.features),
            silence_days: assessed.silence_days,
            expected_churn: assessed.last.plus(self.model.horizon_days()),
            horizon_days: self.model.horizon_days(),
            facts: facts(&assessed.view.clone().with_interactions(profile))?,
            reasons: reasons(self.model, &assessed.steady, &assessed.features),
        })
    }

    /// What the playbook looks at.
    pub fn situation(&self, customer: &Customer, assessed: &Assessed, tier: Tier) -> Situation {
        let (cause, habits) = (cause(&assessed.view), customer.profile.habits_at(assessed.view.day));
        Situation { tier, segment: customer.standing.segment, cause, style: style(&habits) }
    }

    /// The interactions that would each clear an episode, told at `moment`, if they came next.
    pub fn clears(&self, assessed: &Assessed, moment: Moment) -> u32 {
        let counts_on = match moment {
            Moment::Close(day) => day.plus(1),
            Moment::Event(..) => assessed.view.day,
        };
        clears(self.model, &assessed.steady, &assessed.view, counts_on, self.thresholds().exit())
    }

    /// The risk record of a customer as of `day`; `assessed` is how it was seen then if it was.
    pub fn risk(&self, customer: &Customer, day: Day, moment: Moment, assessed: Option<&Assessed>) -> Risk {
        let (profile, standing) = (&customer.profile, &customer.standing);
        let contactable = !held_out(standing);
        let (outlook, forecast) = if let Some(assessed) = assessed {
            let Assessed { view, steady, features, silence, .. } = assessed;
            let outlook = self.outlook_by(profile, view, features, Some(*silence));
            (outlook, contactable.then(|| self.band_changes(steady, view, standing.band)))
        } else {
            let (rhythm, totals) = profile.money_at(day, self.policy.lateness_days);
            let view = self.view_of(profile, day, rhythm, totals);
            (self.outlook(profile, &view), contactable.then(|| self.band_forecast(&view, standing.band)))
        };
        let outlook = outlook.as_ref();
        Risk {
            customer: customer.id.as_str().into(),
            as_of: day,
            moment,
            band: standing.band.filter(|_| contactable),
            contactable,
            opted_out: profile.marks.opt_out.is_some(),
            tier: standing.tier,
            segment: standing.segment.filter(|_| contactable),
            value_at_risk: outlook.map_or(Money::ZERO, |seen| seen.value_at_risk),
            score: outlook.and_then(|seen| seen.silence),
            forward: outlook.map(|seen| seen.forward),
            silence_days: outlook.map(|seen| seen.silence_days),
            expected_churn: outlook
                .filter(|seen| seen.silence.is_some())
                .map(|seen| seen.last.plus(self.model.horizon_days())),
            forecast: forecast.unwrap_or_default(),
        }
    }

    /// What silence alone will bring after the day of a view.
    pub fn path<'a>(&'a self, steady: &'a Steady, view: &'a View) -> Path<'a> {
        Path::of(self.model, self.rough, steady, view)
    }

    /// The days after that of the view on which silence alone will change the band.
    pub fn band_forecast(&self, view: &View, band: Option<Band>) -> Vec<(Day, Band)> {
        let steady = Steady::of(view, &self.model.constants);
        steady.map_or_else(Vec::new, |steady| self.band_changes(&steady, view, band))
    }

    /// The same, of which is known what stays.
    fn band_changes(&self, steady: &Steady, view: &View, band: Option<Band>) -> Vec<(Day, Band)> {
        let (thresholds, mut changes) = (self.thresholds(), Vec::new());
        let mut path = self.path(steady, view);
        let (mut day, mut held) = (view.day, band);
        while let Some((left, scores)) = path.leaves(day, Day(i32::MAX), &thresholds.kept(held)) {
            let (least, most) = (thresholds.next(held, *scores.start()), thresholds.next(held, *scores.end()));
            let next = if least == most { least } else { thresholds.next(held, path.score(left)) };
            changes.push((left, next));
            (day, held) = (left, Some(next));
        }
        changes
    }
}

/// What is plain to see in a view; `None` without a purchase.
fn facts(view: &View) -> Option<Facts> {
    let rhythm = view.rhythm.as_ref()?;
    let repeats = (rhythm.days > 1).then(|| f64::from(rhythm.days - 1));
    let [_, attention, _] = view.heard::<f64>(view.day).attention;
    Some(Facts {
        usual_gap_days: repeats.map(|repeats| f64::from(rhythm.last.since(rhythm.first)) / repeats),
        recent_gap_days: repeats.map(|_| f64::from(rhythm.smoothed_gap)),
        last_spend: rhythm.last_gross,
        usual_spend: Money(view.totals.gross.0 / i64::from(rhythm.days)),
        attention,
        complaint_open: view.complaint_open(),
        survey: view.survey.map(f64::from),
    })
}

/// Whether nobody may hear of the customer's warning: a held-out one is open, or its outcome is still to be measured. Who
/// were told of it meanwhile could act, and the holdout would not be one.
pub fn held_out(standing: &Standing) -> bool {
    let open = standing.episode.is_some_and(|episode| episode.published && episode.arm == Arm::Holdout);
    open || standing.pending.is_some_and(|pending| pending.arm == Arm::Holdout)
}

/// Whether a purchase later than `day` is known.
pub fn purchase_known_after(profile: &Profile, day: Day) -> bool {
    profile.rhythm.is_some_and(|rhythm| rhythm.last > day)
        || profile.orders.iter().any(|order| order.day > day && matches!(order.entry, Entry::Purchase(_)))
}
