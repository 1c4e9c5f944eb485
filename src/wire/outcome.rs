//! Outcomes: openings and endings of both arms, and what came of them. What `report` reads; the CRM never needs to.

use crate::engine::alerting::episode::{Transition, alert_id, episode_id};
use crate::engine::alerting::playbook::Recommended;
use crate::engine::customer::Tag;
use crate::engine::effect::{Alert, Matured, Moment};
use crate::wire::alert::is_erasure;
use crate::wire::cloud_event::write;
use crate::wire::shapes::envelope::CloudEvent;
use crate::wire::shapes::outcome::{MaturedData, MaturedKinds, TransitionData, TransitionKinds};
use crate::wire::shapes::scalars::{InstantText, MoneyText};
use crate::wire::shapes::vocabulary::{Ending, EndingCause, EpisodeBand, Word};
use crate::wire::words::Words;

/// Appends an opening, an escalation or an ending.
pub fn write_transition(alert: &Alert, words: &Words<'_>, out: &mut Vec<u8>) {
    let (kind, transition) = match alert.transition {
        Transition::Opened => ("churnwatch.outcome.opened", "outcome.opened"),
        Transition::Escalated => ("churnwatch.outcome.escalated", "outcome.escalated"),
        Transition::Resolved(_) | Transition::Lapsed | Transition::Withdrawn(_) => {
            ("churnwatch.outcome.ended", "outcome.ended")
        }
    };
    let told = (!is_erasure(alert.transition)).then_some(alert);
    let data = TransitionData {
        episode_id: episode_id(&alert.customer, alert.opened).into(),
        arm: Word(alert.arm),
        propensity: alert.propensity,
        opened_day: alert.opened.into(),
        day: alert.moment.day().into(),
        band: told.map(|alert| Word(EpisodeBand(alert.band))),
        tier: told.map(|alert| Word(alert.tier)),
        segment: words.segment(told.and_then(|alert| alert.segment)),
        score: alert.score.as_ref().map(|scored| scored.silence),
        value_at_risk: told.map(|alert| MoneyText::of(alert.value_at_risk, words.locale.currency)),
        currency: words.locale.currency.into(),
        ending: Ending::of(alert.transition),
        cause: EndingCause::of(alert.transition),
        action: name(alert.recommended, |one| one.action, words),
        rule: name(alert.recommended, |one| one.rule, words),
        action_probability: alert.recommended.map(|one| one.probability),
        model: words.model,
    };
    let id = alert_id(&alert.customer, alert.opened, transition, alert.band.name());
    let time = InstantText::shortest(alert.moment, words.locale);
    write(&CloudEvent::<TransitionKinds, _>::new(id, kind, &alert.customer, time, data), out);
}

/// The name behind one of the tags of what was recommended.
fn name<'a>(recommended: Option<Recommended>, tag: fn(Recommended) -> Tag, words: &Words<'a>) -> Option<&'a str> {
    words.names.get(tag(recommended?))
}

/// Appends a matured outcome.
pub fn write_matured(matured: &Matured, words: &Words<'_>, out: &mut Vec<u8>) {
    let locale = words.locale;
    let pending = &matured.pending;
    let money = |amount| MoneyText::of(amount, locale.currency);
    let data = MaturedData {
        episode_id: episode_id(&matured.customer, pending.opened).into(),
        arm: Word(pending.arm),
        propensity: pending.propensity,
        opened_day: pending.opened.into(),
        day: matured.day.into(),
        band: Word(EpisodeBand(pending.band)),
        tier: Word(pending.tier),
        segment: words.segment(pending.segment),
        contacted: pending.contacted,
        purchases: matured.window.purchases,
        purchase_days: matured.window.purchase_days,
        revenue: money(matured.window.net),
        gross: money(matured.window.gross),
        margin: money(matured.margin),
        currency: locale.currency.into(),
        action: name(pending.recommended, |one| one.action, words),
        rule: name(pending.recommended, |one| one.rule, words),
        action_probability: pending.recommended.map(|one| one.probability),
    };
    let id = alert_id(&matured.customer, pending.opened, "outcome.matured", pending.band.name());
    let time = InstantText::shortest(Moment::Close(matured.day), locale);
    write(&CloudEvent::<MaturedKinds, _>::new(id, "churnwatch.outcome.matured", &matured.customer, time, data), out);
}
