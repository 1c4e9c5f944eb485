//! An alert as its subscribers read it (docs/alerts.md).

use fluent_bundle::FluentArgs;

use crate::engine::alerting::episode::{Cause, Transition, Withdrawal, alert_id, episode_id};
use crate::engine::effect::{Alert, Changed};
use crate::engine::event::INTERACTION_NAMES;
use crate::wire::action::action_shape;
use crate::wire::cloud_event::write;
use crate::wire::reasons::reasons;
use crate::wire::shapes::alert::{AlertData, AlertKinds, ChangedShape, ErasedData, ErasedKinds};
use crate::wire::shapes::envelope::CloudEvent;
use crate::wire::shapes::scalars::{DayText, InstantText, MoneyText};
use crate::wire::shapes::vocabulary::{Clearing, Ending, EndingCause, EpisodeBand, Word};
use crate::wire::texts::{Language, sentence};
use crate::wire::words::Words;

/// Appends the alert as a `CloudEvent`.
pub fn write_alert(alert: &Alert, words: &Words<'_>, out: &mut Vec<u8>) {
    let kind = AlertKinds::of(alert.transition);
    let id = alert_id(&alert.customer, alert.opened, alert.transition.name(), alert.band.name());
    let time = InstantText::shortest(alert.moment, words.locale);
    if is_erasure(alert.transition) {
        write(&CloudEvent::<ErasedKinds, _>::new(id, kind, &alert.customer, time, erased_data(alert)), out);
    } else {
        write(&CloudEvent::<AlertKinds, _>::new(id, kind, &alert.customer, time, alert_data(alert, words)), out);
    }
}

/// Whether the customer was erased: then nothing of it is told any more.
pub const fn is_erasure(transition: Transition) -> bool {
    matches!(transition, Transition::Withdrawn(Withdrawal::Erasure))
}

/// What is left to say of an erased customer: which warning is void.
fn erased_data(alert: &Alert) -> ErasedData {
    ErasedData {
        cause: EndingCause::of(alert.transition),
        day: alert.moment.day().into(),
        episode_id: episode_id(&alert.customer, alert.opened).into(),
    }
}

fn alert_data<'a>(alert: &Alert, words: &Words<'a>) -> AlertData<'a> {
    let scored = alert.score.as_ref();
    let currency = words.locale.currency;
    AlertData {
        episode_id: episode_id(&alert.customer, alert.opened).into(),
        opened_day: alert.opened.into(),
        day: alert.moment.day().into(),
        band: Word(EpisodeBand(alert.band)),
        previous_band: alert.previous_band.map(Word),
        cause: EndingCause::of(alert.transition),
        late: is_late(alert.transition),
        score: scored.map(|scored| scored.silence),
        forward_score: scored.map(|scored| scored.forward),
        log_odds: scored.map(|scored| scored.reasons.log_odds),
        reference_log_odds: scored.map(|scored| scored.reasons.reference),
        silence_days: scored.map(|scored| scored.silence_days),
        expected_churn_day: scored.map(|scored| scored.expected_churn.into()),
        expires_day: scored.filter(|_| is_open(alert.transition)).map(|scored| scored.expected_churn.into()),
        value_at_risk: MoneyText::of(alert.value_at_risk, currency),
        currency: currency.into(),
        tier: Word(alert.tier),
        segment: words.segment(alert.segment),
        rfm: alert.rfm.map(Into::into),
        reasons: scored.map(|scored| reasons(scored, currency)).unwrap_or_default(),
        changed: alert.changed.map(|changed| changed_shape(&changed, words)),
        clears: clears(alert),
        action: alert
            .recommended
            .map(|recommended| action_shape(recommended, alert.opened, words.playbook, words.names, currency)),
        propensity: alert.propensity,
        model: words.model,
        personalised: true,
    }
}

/// Of a resolution: whether the purchase came when its day was closed already.
fn is_late(transition: Transition) -> Option<bool> {
    match transition {
        Transition::Resolved(cause) => Some(cause == Cause::Purchase { late: true }),
        Transition::Opened | Transition::Escalated | Transition::Lapsed | Transition::Withdrawn(_) => None,
    }
}

/// Whether the warning stands after this transition.
const fn is_open(transition: Transition) -> bool {
    matches!(transition, Transition::Opened | Transition::Escalated)
}

/// Types of the events that would each end an open warning well: a purchase, and what would calm the score by itself.
fn clears(alert: &Alert) -> Vec<Word<Clearing>> {
    if !is_open(alert.transition) {
        return Vec::new();
    }
    let heard = INTERACTION_NAMES.iter().enumerate().filter(|(kind, _)| alert.clears >> kind & 1 == 1);
    let names = std::iter::once("purchase").chain(heard.map(|(_, name)| *name));
    names.map(|name| Word(Clearing(name))).collect()
}

/// What happened since the last warning that the CRM heard of.
fn changed_shape(changed: &Changed, words: &Words<'_>) -> ChangedShape {
    let Changed { last, since } = changed;
    let currency = words.locale.currency;
    let (opened, ended) = (DayText::from(last.opened), DayText::from(last.ended));
    let net = MoneyText::of(since.net, currency);
    let mut parameters = FluentArgs::new();
    parameters.set("opened", opened.as_str());
    parameters.set("ended", ended.as_str());
    parameters.set("purchases", since.purchases);
    parameters.set("net", net.as_str());
    parameters.set("currency", currency.code());
    let ending = match last.ending {
        Transition::Resolved(Cause::Purchase { .. }) => "changed-resolved-purchase",
        Transition::Resolved(Cause::Score) => "changed-resolved-score",
        Transition::Withdrawn(_) => "changed-withdrawn",
        Transition::Opened | Transition::Escalated | Transition::Lapsed => "changed-lapsed",
    };
    let told =
        |language, between| [ending, "changed-since"].map(|id| sentence(language, id, &parameters)).join(between);
    let (en, zh) = (told(Language::En, "; "), told(Language::Zh, "；"));
    drop(parameters);
    ChangedShape {
        last_opened_day: opened,
        last_ended_day: ended,
        last_ending: Ending::of(last.ending),
        last_cause: EndingCause::of(last.ending),
        last_band: Word(EpisodeBand(last.band)),
        last_score: last.score,
        last_value_at_risk: MoneyText::of(last.value_at_risk, currency),
        purchases_since: since.purchases,
        net_since: net,
        en,
        zh,
    }
}
