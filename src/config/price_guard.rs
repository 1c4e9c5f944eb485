//! The price guard: who is offered something that has a price never hangs on how a customer decides
//! (docs/decisions/0013-price-guard.md). It looks at the rules as they are drawn from, first fit first.

use crate::config::fault::Fault;
use crate::engine::alerting::playbook::{Offer, Playbook, Rule, Situation, Terms};
use crate::engine::alerting::segment::Segments;
use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::rfm::style::Style;

/// A fault for every rule with price terms that alike customers of another style would not go by. `segments` says which
/// segments themselves hang on the style.
pub fn price_faults(playbook: &Playbook, segments: &Segments) -> Vec<Fault> {
    let named = |of: fn(&Rule) -> &[Tag]| playbook.rules.iter().flat_map(of).copied().map(Some);
    let causes: Vec<Option<Tag>> = std::iter::once(None).chain(named(|rule| &rule.causes)).collect();
    let known: Vec<Option<Tag>> = std::iter::once(None).chain(named(|rule| &rule.segments)).collect();
    let alike = alike(&known, segments);
    let mut faults = Vec::new();
    for (at, rule) in playbook.rules.iter().enumerate() {
        let Some(class) = priced(playbook, rule) else { continue };
        let elsewhere = alike.iter().find_map(|segments| {
            let mut groups = Tier::ALL.iter().flat_map(|tier| causes.iter().map(move |cause| (*tier, *cause)));
            groups.find_map(|(tier, cause)| other_way(playbook, at, segments, tier, cause))
        });
        if let Some(way) = elsewhere {
            let sentence = format!(
                "offers {class}, but customers who differ in their style alone go {way}: price terms must not hang on how a customer decides"
            );
            faults.push(Fault::new(format!("rules.{}", rule.name), sentence));
        }
    }
    faults
}

/// The segments between which the style alone may decide, together; every other one by itself. From the first row with a
/// style on every row is for those whom it has left.
fn alike(known: &[Option<Tag>], segments: &Segments) -> Vec<Vec<Option<Tag>>> {
    let styled = segments.0.iter().skip_while(|segment| segment.styles.is_empty());
    let mut by_style: Vec<Option<Tag>> = styled.map(|segment| Some(Tag::of(&segment.name))).collect();
    if !by_style.is_empty() {
        // Before the first close a customer has no segment yet.
        by_style.push(None);
    }
    let alone = known.iter().filter(|segment| !by_style.contains(segment)).map(|segment| vec![*segment]);
    let mut groups: Vec<Vec<Option<Tag>>> = alone.collect();
    groups.push(by_style);
    groups
}

/// Where style alone takes some of the customers whom the rule at `at` is for, in words; `None` where nowhere else.
fn other_way(
    playbook: &Playbook,
    at: usize,
    segments: &[Option<Tag>],
    tier: Tier,
    cause: Option<Tag>,
) -> Option<String> {
    let ways = segments.iter().flat_map(|segment| {
        let situation = move |style| Situation { tier, segment: *segment, cause, style };
        Style::ALL.into_iter().map(move |style| playbook.rules.iter().position(|rule| rule.fits(&situation(style))))
    });
    let ways: Vec<Option<usize>> = ways.collect();
    if !ways.contains(&Some(at)) {
        return None;
    }
    let other = ways.into_iter().find(|way| *way != Some(at))?;
    let rule = other.and_then(|other| playbook.rules.get(other));
    Some(rule.map_or_else(|| "to no rule".to_owned(), |rule| format!("to the rule \"{}\"", rule.name)))
}

/// The class of an offer with price terms that the rule may draw.
fn priced<'a>(playbook: &'a Playbook, rule: &Rule) -> Option<&'a str> {
    let drawn = rule.weights.iter().filter(|(_, weight)| *weight > 0.0);
    let mut offers = drawn.filter_map(|(at, _)| playbook.actions.get(*at)?.offer.as_ref());
    let has_price = |offer: &&Offer| match offer.terms {
        Terms::Discount(_) | Terms::Voucher(_) | Terms::Points(_) => true,
        Terms::Unpriced => false,
    };
    offers.find(has_price).map(|offer| &*offer.class)
}
