//! What the playbook recommended for an episode, as subscribers read it.

use iso_currency::Currency;

use crate::engine::alerting::playbook::{Offer, Playbook, Recommended, Terms};
use crate::engine::day::Day;
use crate::engine::names::Names;
use crate::wire::shapes::alert::{ActionShape, OfferShape};
use crate::wire::shapes::scalars::MoneyText;

/// The action drawn for an episode opened on `opened`, with what the playbook says of it today.
pub fn action_shape<'a>(
    recommended: Recommended,
    opened: Day,
    playbook: &'a Playbook,
    names: &'a Names,
    currency: Currency,
) -> ActionShape<'a> {
    let action = playbook.action(recommended.action);
    let offer = action.and_then(|action| action.offer.as_ref());
    ActionShape {
        name: names.get(recommended.action),
        rule: names.get(recommended.rule),
        probability: recommended.probability,
        channel: action.map(|action| &*action.channel),
        owner: action.map(|action| &*action.owner),
        deadline_day: action.map(|action| opened.plus(action.deadline_days).into()),
        cost_cap: action.and_then(|action| action.cost_cap).map(|cap| MoneyText::of(cap, currency)),
        offer: offer.map(|offer| offer_shape(offer, recommended, currency)),
        en: action.map(|action| &*action.en),
        zh: action.map(|action| &*action.zh),
    }
}

fn offer_shape(offer: &Offer, recommended: Recommended, currency: Currency) -> OfferShape<'_> {
    let (percent, amount, points) = match offer.terms {
        Terms::Unpriced => (None, None, None),
        Terms::Discount(share) => (Some(libm::rint(share * 1e4) / 1e2), None, None),
        Terms::Voucher(amount) => (None, Some(MoneyText::of(amount, currency)), None),
        Terms::Points(_) => (None, None, Some(recommended.points)),
    };
    OfferShape { class: &offer.class, percent, amount, points }
}
