//! What the playbook recommended for an episode, as subscribers read it.

use serde_json::{Value, json};

use crate::engine::alerting::playbook::{Offer, Recommended, Terms};
use crate::engine::day::Day;
use crate::wire::calendar::day_text;
use crate::wire::money::money_text;
use crate::wire::words::Words;

/// The action drawn for an episode opened on `opened`, with what the playbook says of it today.
pub fn action_json(recommended: &Recommended, opened: Day, words: &Words<'_>) -> Value {
    let action = words.playbook.action(recommended.action);
    let cost_cap = action.and_then(|action| action.cost_cap);
    json!({
        "name": words.names.get(recommended.action),
        "rule": words.names.get(recommended.rule),
        "probability": recommended.probability,
        "channel": action.map(|action| &action.channel),
        "owner": action.map(|action| &action.owner),
        "deadline_day": action.map(|action| day_text(opened.plus(action.deadline_days))),
        "cost_cap": cost_cap.map(|cap| money_text(cap, words.locale.currency)),
        "offer": action.and_then(|action| action.offer.as_ref()).map(|offer| offer_json(offer, recommended, words)),
        "en": action.map(|action| &action.en),
        "zh": action.map(|action| &action.zh),
    })
}

fn offer_json(offer: &Offer, recommended: &Recommended, words: &Words<'_>) -> Value {
    let (percent, amount, points) = match offer.terms {
        Terms::Unpriced => (None, None, None),
        Terms::Discount(share) => (Some(libm::rint(share * 1e4) / 1e2), None, None),
        Terms::Voucher(amount) => (None, Some(money_text(amount, words.locale.currency)), None),
        Terms::Points(_) => (None, None, Some(recommended.points)),
    };
    json!({"class": offer.class, "percent": percent, "amount": amount, "points": points})
}
