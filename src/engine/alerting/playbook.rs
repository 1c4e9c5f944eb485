//! What to do about a warning: ordered rules say for whom, their actions are drawn by weight.
//!
//! Price terms belong to the class of an offer, never to a rule or an action, so that alike customers are offered alike.

use std::collections::BTreeMap;

use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::money::Money;
use crate::engine::rfm::style::Style;

/// The company's playbook, checked by the configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Playbook {
    /// What may be done.
    pub actions: Vec<Action>,
    /// For whom; the first that fits decides.
    pub rules: Vec<Rule>,
    /// Whom to serve first when a day's places are short; absent: whoever has most value at risk.
    pub uplift: Option<Uplift>,
}

/// The margin that a warning adds, by what is known of a customer before an action is drawn. It may be negative.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uplift {
    /// By tier and segment, the latter by its name's tag.
    pub cells: BTreeMap<(Tier, Tag), Money>,
    /// Anywhere else, and without a segment.
    pub others: Money,
}

/// Something that the company does to keep a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Its name in the playbook.
    pub name: Box<str>,
    /// How the customer is reached.
    pub channel: Box<str>,
    /// Who does it.
    pub owner: Box<str>,
    /// Days after the opening by which it is to be done.
    pub deadline_days: i32,
    /// Most that may be spent on one customer.
    pub cost_cap: Option<Money>,
    /// What is offered.
    pub offer: Option<Offer>,
    /// What to do, in English.
    pub en: Box<str>,
    /// What to do, in Chinese.
    pub zh: Box<str>,
}

/// An offer: its class, and the one set of terms that the class has.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// `points`, `discount`, `voucher` or a name without price terms.
    pub class: Box<str>,
    /// The price terms.
    pub terms: Terms,
}

/// What an offer is worth to the customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Terms {
    /// Nothing that has a price: a service, a preview, an apology.
    Unpriced,
    /// A share off the next order, the same for everybody, 0 to 1.
    Discount(f64),
    /// An amount off the next order, the same for everybody.
    Voucher(Money),
    /// Loyalty points for a share of the value at risk.
    Points(PointsTerms),
}

/// How many loyalty points are offered: the same function of the value at risk for everybody.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointsTerms {
    /// Share of the value at risk that the points are worth, 0 to 1.
    pub share: f64,
    /// What a point is worth, in minor units, above 0.
    pub point_value: f64,
    /// Points come in whole steps of this many, at least 1.
    pub step: u32,
    /// Fewest points.
    pub at_least: u32,
    /// Most points.
    pub at_most: u32,
}

impl PointsTerms {
    /// Points for a value at risk: rounded up to a whole step, within the bounds.
    pub fn points(&self, value_at_risk: Money) -> u32 {
        let wanted = value_at_risk.0.max(0) as f64 * self.share / self.point_value;
        let steps = libm::ceil(wanted / f64::from(self.step)).min(f64::from(u32::MAX));
        let points = steps * f64::from(self.step);
        (points as u32).clamp(self.at_least, self.at_most)
    }
}

/// For whom some actions are meant. An empty list fits everybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: Box<str>,
    /// Value tiers.
    pub tiers: Vec<Tier>,
    /// Names of segments, as tags.
    pub segments: Vec<Tag>,
    /// Causes of displeasure, as tags.
    pub causes: Vec<Tag>,
    /// Styles.
    pub styles: Vec<Style>,
    /// Positions among the actions with the probability of each; they sum to 1.
    pub weights: Vec<(usize, f64)>,
}

/// What the rules look at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Situation {
    /// Value tier.
    pub tier: Tier,
    /// Segment.
    pub segment: Option<Tag>,
    /// What displeased.
    pub cause: Option<Tag>,
    /// How the customer decides.
    pub style: Style,
}

/// What was drawn for an episode. Kept with it, since the playbook may change meanwhile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recommended {
    /// Name of the action, as a tag.
    pub action: Tag,
    /// Name of the rule, as a tag.
    pub rule: Tag,
    /// Probability that the action was drawn with.
    pub probability: f64,
    /// Loyalty points offered; 0: none.
    pub points: u32,
}

impl Rule {
    /// Whether the rule is meant for the situation.
    pub fn fits(&self, situation: &Situation) -> bool {
        fits(&self.tiers, Some(situation.tier))
            && fits(&self.segments, situation.segment)
            && fits(&self.causes, situation.cause)
            && fits(&self.styles, Some(situation.style))
    }

    /// The action on which `ticket`, uniform in [0, 1), falls.
    fn drawn(&self, ticket: f64) -> Option<(usize, f64)> {
        let mut below = 0.0;
        let hit = self.weights.iter().find(|(_, weight)| {
            below += weight;
            ticket < below
        });
        // Rounding may leave the sum a hair below 1.
        hit.or_else(|| self.weights.iter().rev().find(|(_, weight)| *weight > 0.0)).copied()
    }
}

impl Uplift {
    /// The margin that a warning adds for a customer of this tier and segment.
    pub fn of(&self, tier: Tier, segment: Option<Tag>) -> Money {
        let cell = segment.and_then(|segment| self.cells.get(&(tier, segment)));
        cell.copied().unwrap_or(self.others)
    }
}

fn fits<T: PartialEq>(wanted: &[T], is: Option<T>) -> bool {
    wanted.is_empty() || is.is_some_and(|is| wanted.contains(&is))
}

impl Playbook {
    /// Draws the action of an episode; `None` where no rule fits. `ticket` is uniform in [0, 1).
    pub fn draw(
        &self,
        situation: &Situation,
        value_at_risk: Money,
        ticket: f64,
    ) -> Option<(&Rule, &Action, Recommended)> {
        let rule = self.rules.iter().find(|rule| rule.fits(situation))?;
        let (at, probability) = rule.drawn(ticket)?;
        let action = self.actions.get(at)?;
        let points = match action.offer.as_ref().map(|offer| offer.terms) {
            Some(Terms::Points(terms)) => terms.points(value_at_risk),
            Some(Terms::Unpriced | Terms::Discount(_) | Terms::Voucher(_)) | None => 0,
        };
        let recommended = Recommended { action: Tag::of(&action.name), rule: Tag::of(&rule.name), probability, points };
        Some((rule, action, recommended))
    }

    /// An action by the tag of its name; `None` where the playbook does not hold it any more.
    pub fn action(&self, name: Tag) -> Option<&Action> {
        self.actions.iter().find(|action| Tag::of(&action.name) == name)
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Offer, Playbook, PointsTerms, Rule, Situation, Terms, Uplift};
    use crate::engine::alerting::value::Tier;
    use crate::engine::customer::Tag;
    use crate::engine::money::Money;
    use crate::engine::rfm::style::Style;

    fn action(name: &str, offer: Option<Offer>) -> Action {
        let text = |text: &str| text.into();
        Action {
            name: name.into(),
            channel: text("phone"),
            owner: text("sales"),
            deadline_days: 3,
            cost_cap: None,
            offer,
            en: text(""),
            zh: text(""),
        }
    }

    fn rule(name: &str, tiers: &[Tier], causes: &[&str], weights: &[(usize, f64)]) -> Rule {
        Rule {
            name: name.into(),
            tiers: tiers.to_vec(),
            segments: Vec::new(),
            causes: causes.iter().map(|cause| Tag::of(cause)).collect(),
            styles: Vec::new(),
            weights: weights.to_vec(),
        }
    }

    const POINTS: PointsTerms = PointsTerms { share: 0.2, point_value: 1.0, step: 50, at_least: 50, at_most: 500 };

    fn playbook() -> Playbook {
        let points = Offer { class: "points".into(), terms: Terms::Points(POINTS) };
        Playbook {
            actions: vec![action("apologise", None), action("call", None), action("points", Some(points))],
            rules: vec![
                rule("displeased", &[], &["complaint"], &[(0, 1.0)]),
                rule("valuable", &[Tier::High, Tier::Mid], &[], &[(1, 0.25), (2, 0.75)]),
            ],
            uplift: None,
        }
    }

    fn situation(tier: Tier, cause: Option<&str>) -> Situation {
        Situation { tier, segment: None, cause: cause.map(Tag::of), style: Style::Unknown }
    }

    fn drawn(tier: Tier, cause: Option<&str>, ticket: f64) -> Option<(String, f64, u32)> {
        let playbook = playbook();
        let (_, action, drawn) = playbook.draw(&situation(tier, cause), Money(1_234), ticket)?;
        Some((action.name.to_string(), drawn.probability, drawn.points))
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_the_ticket_picks_by_weight() {
        assert_eq!(drawn(Tier::Low, Some("complaint"), 0.9), Some(("apologise".into(), 1.0, 0)));
        assert_eq!(drawn(Tier::High, None, 0.24), Some(("call".into(), 0.25, 0)));
        assert_eq!(drawn(Tier::High, Some("moved"), 0.25), Some(("points".into(), 0.75, 250)));
        assert_eq!(drawn(Tier::Low, None, 0.5), None);
    }

    #[test]
    fn uplift_is_that_of_the_cell_or_of_all_others() {
        let cells = [((Tier::High, Tag::of("loyal")), Money(510)), ((Tier::Low, Tag::of("new")), Money(-20))];
        let uplift = Uplift { cells: cells.into(), others: Money(120) };
        let of = |tier, segment: Option<&str>| uplift.of(tier, segment.map(Tag::of)).0;
        assert_eq!([of(Tier::High, Some("loyal")), of(Tier::Low, Some("new"))], [510, -20]);
        assert_eq!([of(Tier::Low, Some("loyal")), of(Tier::High, Some("new")), of(Tier::High, None)], [120; 3]);
    }

    #[test]
    fn points_follow_the_value_at_risk_in_steps_and_nothing_else() {
        let points = [-5, 0, 1, 250, 251, 2_600, 1_000_000].map(|value| POINTS.points(Money(value)));
        assert_eq!(
            points,
            [50, 50, 50, 50, 100, 500, 500].map(|points: u32| points),
            "shares of a fifth in steps of fifty"
        );
    }
}
