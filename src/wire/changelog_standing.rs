//! Where a customer stands, as the changelog holds it behind the profile.

use serde::{Deserialize, Serialize};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::{Cause, Episode, PendingOutcome, Standing, Told, Transition, Withdrawal};
use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::playbook::Recommended;
use crate::engine::alerting::value::Tier;
use crate::engine::customer::Tag;
use crate::engine::day::Day;
use crate::engine::money::Money;

/// Opened day, last purchase day, band, tier, held out, published, value at risk, propensity.
type EpisodeRecord = (i32, i32, u8, u8, bool, bool, i64, f64);
/// Opened day, first day that counts, band, tier, held out, contacted, propensity.
type PendingRecord = (i32, i32, u8, u8, bool, bool, f64);

/// A standing as the first version had it.
#[derive(Serialize, Deserialize)]
pub struct StandingRecord {
    band: Option<u8>,
    tier: Option<u8>,
    above_since: Option<i32>,
    episode: Option<EpisodeRecord>,
    pending: Option<PendingRecord>,
    ended: Option<i32>,
    last_opened: Option<i32>,
    calmed: Option<i32>,
    purchased: Option<i32>,
}

/// Action, rule, probability, points.
type RecommendedRecord = (u64, u64, f64, u32);
/// Opened day, days open, ending, band, score, value at risk.
type ToldRecord = (i32, i32, u8, u8, f64, i64);

/// What the third version added to a standing.
#[derive(Default, Serialize, Deserialize)]
pub struct StandingThird {
    score: Option<f64>,
    recommended: Option<RecommendedRecord>,
    pending: Option<RecommendedRecord>,
    told: Option<ToldRecord>,
}

/// What the first version says of a standing.
pub fn standing_record(standing: &Standing) -> StandingRecord {
    StandingRecord {
        band: standing.band.map(|band| band as u8),
        tier: standing.tier.map(|tier| tier as u8),
        above_since: standing.above_since.map(|day| day.0),
        episode: standing.episode.map(|episode| {
            let Episode { opened, last_purchase, band, tier, arm, published, value_at_risk, propensity, .. } = episode;
            let held = arm == Arm::Holdout;
            (opened.0, last_purchase.0, band as u8, tier as u8, held, published, value_at_risk.0, propensity)
        }),
        pending: standing.pending.map(|pending| {
            let PendingOutcome { opened, counts_from, band, tier, arm, contacted, propensity, .. } = pending;
            (opened.0, counts_from.0, band as u8, tier as u8, arm == Arm::Holdout, contacted, propensity)
        }),
        ended: standing.ended.map(|day| day.0),
        last_opened: standing.last_opened.map(|day| day.0),
        calmed: standing.calmed.map(|day| day.0),
        purchased: standing.purchased.map(|day| day.0),
    }
}

/// The standing that the parts of a record say; `None` where a number is none of ours.
pub fn standing_of(record: &StandingRecord, generation: u8, third: &StandingThird) -> Option<Standing> {
    with_third(Standing { generation, ..standing_first(record)? }, third)
}

fn standing_first(record: &StandingRecord) -> Option<Standing> {
    let band = |number: u8| Band::ALL.get(usize::from(number)).copied();
    let tier = |number: u8| Tier::ALL.get(usize::from(number)).copied();
    let arm = |held: bool| if held { Arm::Holdout } else { Arm::Treated };
    let episode = match record.episode {
        None => None,
        Some((opened, last_purchase, highest, worth, held, published, value, propensity)) => Some(Episode {
            opened: Day(opened),
            last_purchase: Day(last_purchase),
            band: band(highest)?,
            tier: tier(worth)?,
            arm: arm(held),
            published,
            value_at_risk: Money(value),
            propensity,
            score: 0.0,
            recommended: None,
        }),
    };
    let pending = match record.pending {
        None => None,
        Some((opened, counts_from, highest, worth, held, contacted, propensity)) => Some(PendingOutcome {
            opened: Day(opened),
            counts_from: Day(counts_from),
            band: band(highest)?,
            tier: tier(worth)?,
            arm: arm(held),
            contacted,
            propensity,
            segment: None,
            recommended: None,
        }),
    };
    Some(Standing {
        band: record.band.map(band).map_or(Some(None), |band| band.map(Some))?,
        tier: record.tier.map(tier).map_or(Some(None), |tier| tier.map(Some))?,
        above_since: record.above_since.map(Day),
        episode,
        pending,
        ended: record.ended.map(Day),
        last_opened: record.last_opened.map(Day),
        told: None,
        calmed: record.calmed.map(Day),
        purchased: record.purchased.map(Day),
        generation: 0,
        segment: None,
    })
}

/// What the third version added.
pub fn standing_third(standing: &Standing) -> StandingThird {
    let recommended = |one: Recommended| (one.action.bits(), one.rule.bits(), one.probability, one.points);
    StandingThird {
        score: standing.episode.map(|episode| episode.score),
        recommended: standing.episode.and_then(|episode| episode.recommended).map(recommended),
        pending: standing.pending.and_then(|pending| pending.recommended).map(recommended),
        told: standing.told.map(|told| {
            let Told { opened, ended, ending, band, score, value_at_risk } = told;
            (opened.0, ended.since(opened), ending_number(ending), band as u8, score, value_at_risk.0)
        }),
    }
}

fn with_third(standing: Standing, third: &StandingThird) -> Option<Standing> {
    let recommended = |(action, rule, probability, points): RecommendedRecord| Recommended {
        action: Tag::from_bits(action),
        rule: Tag::from_bits(rule),
        probability,
        points,
    };
    let told = match third.told {
        None => None,
        Some((opened, days, ending, band, score, value)) => Some(Told {
            opened: Day(opened),
            ended: Day(opened).plus(days),
            ending: *ENDINGS.get(usize::from(ending))?,
            band: *Band::ALL.get(usize::from(band))?,
            score,
            value_at_risk: Money(value),
        }),
    };
    let episode = standing.episode.map(|episode| Episode {
        score: third.score.unwrap_or_default(),
        recommended: third.recommended.map(recommended),
        ..episode
    });
    let pending =
        standing.pending.map(|pending| PendingOutcome { recommended: third.pending.map(recommended), ..pending });
    Some(Standing { episode, pending, told, ..standing })
}

/// How an episode can end, by its number in the changelog; never renumbered.
const ENDINGS: [Transition; 6] = [
    Transition::Resolved(Cause::Purchase { late: false }),
    Transition::Resolved(Cause::Purchase { late: true }),
    Transition::Resolved(Cause::Score),
    Transition::Lapsed,
    Transition::Withdrawn(Withdrawal::OptOut),
    Transition::Withdrawn(Withdrawal::Erasure),
];

fn ending_number(ending: Transition) -> u8 {
    ENDINGS.iter().position(|known| *known == ending).unwrap_or_default() as u8
}
