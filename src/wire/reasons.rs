//! A score taken apart, for people: each group's contribution with its parameters and a sentence in every language.

use fluent_bundle::FluentArgs;
use iso_currency::Currency;

use crate::engine::effect::{Facts, Scored};
use crate::engine::rfm::features::Group;
use crate::wire::shapes::alert::{ReasonParameters, ReasonShape, Usual};
use crate::wire::shapes::scalars::MoneyText;
use crate::wire::shapes::vocabulary::Word;
use crate::wire::texts::in_all_languages;

/// The groups that say something: what speaks most for leaving first, what speaks most for staying last; where nothing
/// speaks for leaving, the silence itself goes first, since a warning is no word of praise. Contributions add up to
/// log-odds less reference.
pub fn reasons(scored: &Scored, currency: Currency) -> Vec<ReasonShape> {
    let mut parts: Vec<(Group, f64)> =
        Group::ALL.into_iter().zip(scored.reasons.contributions).filter(|(_, part)| *part != 0.0).collect();
    parts.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    if parts.first().is_some_and(|(_, most)| *most < 0.0) {
        parts.sort_by_key(|(group, _)| *group != Group::Silence);
    }
    parts.into_iter().map(|(group, contribution)| reason(group, contribution, scored, currency)).collect()
}

fn reason(group: Group, contribution: f64, scored: &Scored, currency: Currency) -> ReasonShape {
    let (id, parameters) = template(group, contribution > 0.0, scored, currency);
    let [en, zh] = in_all_languages(id, &arguments(&parameters));
    ReasonShape { code: Word(group), contribution, parameters, en, zh }
}

/// The parameters as the templates name them.
fn arguments(parameters: &ReasonParameters) -> FluentArgs<'_> {
    let ReasonParameters { days, gap, recent, usual, last, currency, attention, satisfied } = parameters;
    let mut arguments = FluentArgs::new();
    let usual_days = match usual {
        Some(Usual::Days(days)) => Some(*days),
        Some(Usual::Spend(spend)) => {
            arguments.set("usual", spend.as_str());
            None
        }
        None => None,
    };
    let numbers = [
        ("days", days.map(f64::from)),
        ("gap", gap.map(|gap| gap as f64)),
        ("recent", recent.map(|recent| recent as f64)),
        ("usual", usual_days.map(|usual| usual as f64)),
        ("attention", *attention),
        ("satisfied", satisfied.map(|satisfied| satisfied as f64)),
    ];
    for (name, number) in numbers.into_iter().filter_map(|(name, number)| Some((name, number?))) {
        arguments.set(name, number);
    }
    if let Some(last) = last {
        arguments.set("last", last.as_str());
    }
    if let Some(currency) = currency {
        arguments.set("currency", currency.as_str());
    }
    arguments
}

/// The message of a group's reason, and its parameters; `rises`: it speaks for leaving.
fn template(group: Group, rises: bool, scored: &Scored, currency: Currency) -> (&'static str, ReasonParameters) {
    let facts = &scored.facts;
    let none = ReasonParameters::default();
    match group {
        Group::Silence => silence(scored),
        Group::Trend => trend(rises, facts),
        Group::Value => value(rises, facts, currency),
        Group::Engagement => {
            let id = if rises { "reason-engagement-less" } else { "reason-engagement-kept" };
            (id, ReasonParameters { attention: Some(rounded(facts.attention)), ..none })
        }
        Group::Satisfaction => satisfaction(rises, facts),
        Group::Season if rises => ("reason-season-less", none),
        Group::Season => ("reason-season-more", none),
    }
}

fn silence(scored: &Scored) -> (&'static str, ReasonParameters) {
    let parameters = ReasonParameters { days: Some(scored.silence_days), ..ReasonParameters::default() };
    match scored.facts.usual_gap_days.map(libm::rint) {
        // So rare a buyer is not late yet, but hardly comes in time either.
        Some(gap) if gap > f64::from(scored.horizon_days) => {
            ("reason-silence-rare", ReasonParameters { gap: Some(gap as i64), ..parameters })
        }
        Some(gap) if gap >= 1.0 => ("reason-silence", ReasonParameters { gap: Some(gap as i64), ..parameters }),
        _ => ("reason-silence-once", parameters),
    }
}

fn trend(rises: bool, facts: &Facts) -> (&'static str, ReasonParameters) {
    let none = ReasonParameters::default();
    let gaps =
        facts.recent_gap_days.zip(facts.usual_gap_days).map(|(recent, usual)| (libm::rint(recent), libm::rint(usual)));
    match gaps {
        Some((recent, usual)) if rises && recent > usual => {
            let usual = Some(Usual::Days(usual as i64));
            ("reason-trend-rarer-by", ReasonParameters { recent: Some(recent as i64), usual, ..none })
        }
        _ if rises => ("reason-trend-rarer", none),
        _ => ("reason-trend-steady", none),
    }
}

fn value(rises: bool, facts: &Facts, currency: Currency) -> (&'static str, ReasonParameters) {
    let none = ReasonParameters::default();
    if rises && facts.last_spend < facts.usual_spend {
        let money = |amount| MoneyText::of(amount, currency);
        let spend = ReasonParameters {
            last: Some(money(facts.last_spend)),
            usual: Some(Usual::Spend(money(facts.usual_spend))),
            currency: Some(currency.into()),
            ..none
        };
        ("reason-value-less-by", spend)
    } else if rises {
        ("reason-value-less", none)
    } else {
        ("reason-value-kept", none)
    }
}

fn satisfaction(rises: bool, facts: &Facts) -> (&'static str, ReasonParameters) {
    let none = ReasonParameters::default();
    match facts.survey.map(|share| libm::rint(100.0 * share) as i64) {
        _ if rises && facts.complaint_open => ("reason-satisfaction-complaint", none),
        Some(satisfied) if rises => {
            ("reason-satisfaction-survey", ReasonParameters { satisfied: Some(satisfied), ..none })
        }
        _ if rises => ("reason-satisfaction-less", none),
        _ => ("reason-satisfaction-kept", none),
    }
}

fn rounded(value: f64) -> f64 {
    libm::rint(value * 10.0) / 10.0
}
