//! Where a customer stands among the others: RFM scores, value tier, segment. Decided at closes, over one year's window.

use crate::engine::alerting::band::Band;
use crate::engine::alerting::segment::Picture;
use crate::engine::alerting::value::Tier;
use crate::engine::assess::Judge;
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::money::Money;
use crate::engine::packed::customer::Customer;
use crate::engine::rfm::deliberation::style;
use crate::engine::rfm::ledger::Window;
use crate::engine::rfm::profile::Profile;
use crate::engine::rfm::rfm_scores::RfmScores;
use crate::engine::rfm::settled::Rhythm;
use crate::engine::rfm::style::Style;

/// Where a customer with a purchase stands after a close.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Value tier.
    pub tier: Tier,
    /// Segment, by its name's tag.
    pub segment: Option<Tag>,
}

/// Days of the window that value and frequency are measured over.
pub(crate) const YEAR_DAYS: i32 = 365;

impl Judge<'_> {
    /// The value tier that everybody is shown: that of the last close, or before the first the plain one.
    pub fn tier(&self, customer: &Customer, day: Day) -> Tier {
        customer.standing.tier.unwrap_or_else(|| self.tier_after(customer, day))
    }

    /// The value tier after the close of `day`.
    pub fn tier_after(&self, customer: &Customer, day: Day) -> Tier {
        let net = customer.profile.net_year(day, self.policy.lateness_days);
        Tier::after(customer.standing.tier, net, self.model.tier_edges, self.policy.tier_margin)
    }

    /// Tier and segment after the close of `day` that left the customer in `band`.
    pub fn place(&self, customer: &Customer, rhythm: &Rhythm, day: Day, band: Option<Band>) -> Place {
        let profile = &customer.profile;
        let year = self.year(profile, day);
        let net = year.net.max(Money::ZERO);
        let tier = Tier::after(customer.standing.tier, net, self.model.tier_edges, self.policy.tier_margin);
        let recency_days = day.since(rhythm.last);
        // The style takes a look at every open order, so it is found out only where a segment asks for it.
        let asked = self.policy.segments.look_at_style();
        let picture = Picture {
            rfm: self.scores(rhythm, &year, day),
            recency_days,
            tenure_days: day.since(rhythm.first),
            purchase_days: rhythm.days,
            tier,
            band,
            style: if asked { style(&profile.habits_at(day)) } else { Style::Unknown },
            lapsed: recency_days >= self.model.horizon_days(),
        };
        Place { tier, segment: self.policy.segments.of(&picture).map(|segment| Tag::of(&segment.name)) }
    }

    /// The RFM scores at the end of `day`.
    pub fn rfm(&self, profile: &Profile, rhythm: &Rhythm, day: Day) -> RfmScores {
        self.scores(rhythm, &self.year(profile, day), day)
    }

    fn year(&self, profile: &Profile, day: Day) -> Window {
        profile.window(day, YEAR_DAYS, self.policy.lateness_days)
    }

    fn scores(&self, rhythm: &Rhythm, year: &Window, day: Day) -> RfmScores {
        let recency_days = day.since(rhythm.last);
        self.model.rfm_edges.scores(recency_days, year.purchase_days as i32, year.net.max(Money::ZERO))
    }
}
