//! A shop whose customers answer with known probabilities: what the study of effects must find again.

use std::sync::Arc;

use churnwatch::effect_study::episode::{Endings, Episode, LeftOut, Opening, Study};
use churnwatch::engine::alerting::holdout::{Arm, arm};
use churnwatch::engine::alerting::value::Tier;
use churnwatch::engine::customer::uniform;
use churnwatch::engine::day::Day;

use churnwatch::wire::calendar::day_text;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::draw::Draw;

/// The first day of openings, 2026-01-05.
pub(crate) const START: Day = Day(20_458);
/// Days from an opening to its outcome.
pub(crate) const WINDOW_DAYS: i32 = 30;
/// Customers; each is warned again after 45 days at the earliest.
const CUSTOMERS: u32 = 4_500;

/// Share held out in truth, by day.
pub(crate) type TrueShare = fn(i32) -> f64;

/// How customers answer.
#[derive(Clone)]
pub(crate) struct Responses {
    /// Actions with the return rate of those treated by them, and how often each is drawn.
    pub(crate) actions: Vec<(&'static str, f64, f64)>,
    /// Return rate of those held out.
    pub(crate) holdout: f64,
    /// Share held out, as recorded.
    pub(crate) share: f64,
    /// Share held out in truth, by day.
    pub(crate) true_share: TrueShare,
    /// How much customers differ: at 1 some return half as often as the rate says, others half as often again.
    pub(crate) unlike: f64,
    /// Openings a day.
    pub(crate) per_day: u32,
}

impl Responses {
    /// Three actions that are drawn alike.
    pub(crate) fn uniform(rates: [f64; 3], holdout: f64) -> Self {
        let actions = ["letter", "points", "call"].into_iter().zip(rates).map(|(name, rate)| (name, rate, 1.0 / 3.0));
        Self { actions: actions.collect(), holdout, share: 0.1, true_share: |_| 0.1, unlike: 0.0, per_day: 100 }
    }

    /// The episodes that open on a day, counted from 0.
    pub(crate) fn day(&self, number: i32, salt: &str, draw: &mut Draw) -> Vec<Episode> {
        let opened = START.plus(number);
        let episode = |place: u32| {
            let customer = (number as u32 * self.per_day + place) % CUSTOMERS;
            let name = customer.to_string();
            let arm = arm(&name, opened, salt, (self.true_share)(number));
            let mut at = draw.unit();
            let action = self.actions.iter().find(|(_, _, often)| {
                at -= often;
                at < 0.0
            });
            let (action, rate, _) = *action.or(self.actions.last()).unwrap();
            let inclination = 1.0 + self.unlike * (uniform(&[b"inclination", name.as_bytes()]) - 0.5);
            let returned = draw.unit() < inclination * if arm == Arm::Treated { rate } else { self.holdout };
            let value = 20.0 + 180.0 * uniform(&[b"value", name.as_bytes()]);
            Episode {
                opening: Opening { customer, arm, propensity: 1.0 - self.share, opened },
                matured: opened.plus(WINDOW_DAYS),
                tier: *Tier::ALL.iter().cycle().nth(customer as usize % 3).unwrap(),
                segment: Some(Arc::from(if customer.is_multiple_of(2) { "loyal" } else { "at_risk" })),
                action: Some(Arc::from(action)),
                rule: None,
                value_at_risk: value,
                fold_draw: uniform(&[b"fold", name.as_bytes()]),
                contacted: arm == Arm::Treated,
                returned,
                margin: if returned { value * (0.5 + draw.unit()) } else { 0.0 },
            }
        };
        (0..self.per_day).map(episode).collect()
    }

    /// A study of so many days of openings, all matured.
    pub(crate) fn study(&self, days: i32, seed: u64) -> Study {
        let (mut draw, salt) = (Draw::new(seed), format!("salt {seed}"));
        study((0..days).flat_map(|day| self.day(day, &salt, &mut draw)).collect())
    }
}

/// A study in which acting brings 40 % of those whom it helps back and everybody else comes back with 10 %, all for the same
/// margin; who is worth more in the tier is no likelier to be helped.
pub(crate) fn helpful(days: i32, seed: u64, helped: impl Fn(&Episode) -> bool) -> Study {
    let mut study = Responses::uniform([0.10; 3], 0.10).study(days, seed);
    let mut draw = Draw::new(seed);
    for episode in &mut study.episodes {
        let rate = if episode.opening.arm == Arm::Treated && helped(episode) { 0.40 } else { 0.10 };
        episode.returned = draw.unit() < rate;
        episode.margin = if episode.returned { 100.0 } else { 0.0 };
    }
    study
}

/// A study of these episodes.
pub(crate) fn study(episodes: Vec<Episode>) -> Study {
    Study {
        openings: episodes.iter().map(|episode| episode.opening).collect(),
        customers: CUSTOMERS as usize,
        window_days: WINDOW_DAYS,
        first: START,
        last: episodes.last().map_or(START, |episode| episode.matured),
        episodes,
        currency: "CNY".into(),
        endings: Endings::default(),
        left_out: LeftOut::default(),
    }
}

/// The opening and the matured outcome of each episode, as the service writes them.
pub(crate) fn lines(episodes: &[Episode]) -> Vec<String> {
    let mut lines = Vec::new();
    for (number, episode) in (1_u128..).zip(episodes) {
        let id = |of: u128| Uuid::from_u128(number * 10 + of).to_string();
        let event = |kind: &str, id: String, data: Value| {
            let subject = format!("c{:05}", episode.opening.customer);
            json!({"specversion": "1.0", "id": id, "type": format!("churnwatch.outcome.{kind}"),
                "source": "/churnwatch", "subject": subject, "data": data})
            .to_string()
        };
        let common = |day: Day| {
            json!({
                "episode_id": id(0), "arm": episode.opening.arm.name(), "propensity": episode.opening.propensity,
                "opened_day": day_text(episode.opening.opened), "day": day_text(day), "band": "watch",
                "tier": episode.tier.name(), "segment": episode.segment.as_deref(), "currency": "CNY",
                "action": episode.action.as_deref(), "rule": episode.rule.as_deref(),
            })
        };
        let with = |day: Day, more: Value| {
            let mut data = common(day);
            data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            data
        };
        let more = json!({"value_at_risk": format!("{:.2}", episode.value_at_risk), "score": 0.7});
        lines.push(event("opened", id(1), with(episode.opening.opened, more)));
        let more = json!({
            "contacted": episode.contacted,
            "purchases": u8::from(episode.returned),
            "margin": format!("{:.2}", episode.margin),
        });
        lines.push(event("matured", id(2), with(episode.matured, more)));
    }
    lines
}
