//! What the playbook recommended for an episode, as subscribers read it.

use crate::engine::alerting::playbook::{Offer, Recommended, Terms};
use crate::engine::day::Day;
use crate::wire::shapes::alert::{ActionShape, OfferShape};
use crate::wire::shapes::scalars::MoneyText;
use crate::wire::words::Words;

/// The action drawn for an episode opened on `opened`, with what the playbook says of it today.
pub fn action_shape<'a>(recommended: Recommended, opened: Day, words: &Words<'a>) -> ActionShape<'a> {
    let action = words.playbook.action(recommended.action);
    let money = |amount| MoneyText::of(amount, words.locale.currency);
    ActionShape {
        name: words.names.get(recommended.action),
        rule: words.names.get(recommended.rule),
        probability: recommended.probability,
        channel: action.map(|action| &*action.channel),
        owner: action.map(|action| &*action.owner),
        deadline_day: action.map(|action| opened.plus(action.deadline_days).into()),
        cost_cap: action.and_then(|action| action.cost_cap).map(money),
        offer: action.and_then(|action| action.offer.as_ref()).map(|offer| offer_shape(offer, recommended, words)),
        en: action.map(|action| &*action.en),
        zh: action.map(|action| &*action.zh),
    }
}

fn offer_shape<'a>(offer: &'a Offer, recommended: Recommended, words: &Words<'a>) -> OfferShape<'a> {
    let (percent, amount, points) = match offer.terms {
        Terms::Unpriced => (None, None, None),
        Terms::Discount(share) => (Some(libm::rint(share * 1e4) / 1e2), None, None),
        Terms::Voucher(amount) => (None, Some(MoneyText::of(amount, words.locale.currency)), None),
        Terms::Points(_) => (None, None, Some(recommended.points)),
    };
    OfferShape { class: &offer.class, percent, amount, points }
}
