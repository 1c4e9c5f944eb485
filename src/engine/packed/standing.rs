//! Where a customer stands, packed: what the closes have led to.

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::{Cause, Episode, PendingOutcome, Standing, Told, Transition, Withdrawal};
use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::playbook::Recommended;
use crate::engine::alerting::value::Tier;
use crate::engine::packed::bytes::{Reader, Writer};

// The bits of the first byte: which parts follow.
const ABOVE: u8 = 1;
const ENDED: u8 = 2;
const LAST_OPENED: u8 = 4;
const CALMED: u8 = 8;
const PURCHASED: u8 = 16;
const EPISODE: u8 = 32;
const PENDING: u8 = 64;
const TOLD: u8 = 128;
/// The bit of a segment, in the byte that holds band (three bits) and tier (two).
const SEGMENT: u8 = 32;

pub(crate) fn write_standing(writer: &mut Writer, standing: &Standing) {
    let Standing { band, tier, above_since, episode, pending, ended, last_opened, .. } = standing;
    let Standing { told, calmed, purchased, generation, segment, .. } = standing;
    let days = [above_since, ended, last_opened, calmed, purchased];
    let bits = [ABOVE, ENDED, LAST_OPENED, CALMED, PURCHASED];
    let mut parts = 0;
    for (day, bit) in days.iter().zip(bits) {
        parts |= if day.is_some() { bit } else { 0 };
    }
    parts |= if episode.is_some() { EPISODE } else { 0 };
    parts |= if pending.is_some() { PENDING } else { 0 };
    parts |= if told.is_some() { TOLD } else { 0 };
    writer.byte(parts);
    let place = band.map_or(0, |band| band as u8 + 1) | tier.map_or(0, |tier| tier as u8 + 1) << 3;
    writer.byte(place | if segment.is_some() { SEGMENT } else { 0 });
    writer.byte(*generation);
    days.iter().filter_map(|day| **day).for_each(|day| writer.day(day));
    if let Some(segment) = segment {
        writer.name(*segment);
    }
    if let Some(episode) = episode {
        write_episode(writer, episode);
    }
    if let Some(pending) = pending {
        write_pending(writer, pending, episode.as_ref());
    }
    if let Some(told) = told {
        write_told(writer, told);
    }
}

pub(crate) fn read_standing(reader: &mut Reader<'_>) -> Option<Standing> {
    let (parts, place, generation) = (reader.byte()?, reader.byte()?, reader.byte()?);
    let mut day = |bit: u8| if parts & bit == 0 { Some(None) } else { reader.day().map(Some) };
    let (above_since, ended, last_opened) = (day(ABOVE)?, day(ENDED)?, day(LAST_OPENED)?);
    let (calmed, purchased) = (day(CALMED)?, day(PURCHASED)?);
    let segment = if place & SEGMENT == 0 { None } else { Some(reader.name()?) };
    let episode = if parts & EPISODE == 0 { None } else { Some(read_episode(reader)?) };
    let pending = if parts & PENDING == 0 { None } else { Some(read_pending(reader, episode.as_ref())?) };
    let told = if parts & TOLD == 0 { None } else { Some(read_told(reader)?) };
    let band = match place & 7 {
        0 => None,
        number => Some(band(number - 1)?),
    };
    let tier = match place >> 3 & 3 {
        0 => None,
        number => Some(tier(number - 1)?),
    };
    Some(Standing {
        band,
        tier,
        above_since,
        episode,
        pending,
        ended,
        last_opened,
        told,
        calmed,
        purchased,
        generation,
        segment,
    })
}

fn band(number: u8) -> Option<Band> {
    Band::ALL.get(usize::from(number)).copied()
}

fn tier(number: u8) -> Option<Tier> {
    Tier::ALL.get(usize::from(number)).copied()
}

// The bits behind band and tier (two each) of an episode or an outcome.
const HELD_OUT: u8 = 16;
/// Published, or contacted.
const KNOWN: u8 = 32;
const RECOMMENDED: u8 = 64;
/// Of an outcome: what can be is as in the episode before it.
const AS_EPISODE: u8 = 128;

fn code(band: Band, tier: Tier, arm: Arm, known: bool, recommended: Option<Recommended>) -> u8 {
    let bit = |there: bool, bit: u8| if there { bit } else { 0 };
    band as u8
        | (tier as u8) << 2
        | bit(arm == Arm::Holdout, HELD_OUT)
        | bit(known, KNOWN)
        | bit(recommended.is_some(), RECOMMENDED)
}

const fn arm(code: u8) -> Arm {
    if code & HELD_OUT == 0 { Arm::Treated } else { Arm::Holdout }
}

fn write_episode(writer: &mut Writer, episode: &Episode) {
    let Episode { opened, last_purchase, band, tier, arm, published, .. } = *episode;
    let Episode { value_at_risk, propensity, score, recommended, .. } = *episode;
    writer.byte(code(band, tier, arm, published, recommended));
    writer.day(opened);
    writer.day(last_purchase);
    writer.money(value_at_risk);
    writer.f64(propensity);
    writer.f64(score);
    if let Some(recommended) = recommended {
        write_recommended(writer, &recommended);
    }
}

fn read_episode(reader: &mut Reader<'_>) -> Option<Episode> {
    let code = reader.byte()?;
    Some(Episode {
        opened: reader.day()?,
        last_purchase: reader.day()?,
        band: band(code & 3)?,
        tier: tier(code >> 2 & 3)?,
        arm: arm(code),
        published: code & KNOWN != 0,
        value_at_risk: reader.money()?,
        propensity: reader.f64()?,
        score: reader.f64()?,
        recommended: if code & RECOMMENDED == 0 { None } else { Some(read_recommended(reader)?) },
    })
}

fn write_pending(writer: &mut Writer, pending: &PendingOutcome, episode: Option<&Episode>) {
    let PendingOutcome { opened, counts_from, band, tier, arm, contacted, propensity, segment, recommended } = *pending;
    let same = episode.is_some_and(|episode| {
        (episode.opened, episode.propensity, episode.recommended) == (opened, propensity, recommended)
    });
    writer.byte(code(band, tier, arm, contacted, recommended) | if same { AS_EPISODE } else { 0 });
    writer.byte(u8::from(segment.is_some()));
    if !same {
        writer.day(opened);
    }
    writer.day(counts_from);
    if let Some(segment) = segment {
        writer.name(segment);
    }
    if !same {
        writer.f64(propensity);
        if let Some(recommended) = &recommended {
            write_recommended(writer, recommended);
        }
    }
}

fn read_pending(reader: &mut Reader<'_>, episode: Option<&Episode>) -> Option<PendingOutcome> {
    let code = reader.byte()?;
    let has_segment = reader.byte()? != 0;
    let same = if code & AS_EPISODE == 0 { None } else { Some(episode?) };
    let opened = match same {
        Some(episode) => episode.opened,
        None => reader.day()?,
    };
    let counts_from = reader.day()?;
    let segment = if has_segment { Some(reader.name()?) } else { None };
    let (propensity, recommended) = if let Some(episode) = same {
        (episode.propensity, episode.recommended)
    } else {
        let propensity = reader.f64()?;
        (propensity, if code & RECOMMENDED == 0 { None } else { Some(read_recommended(reader)?) })
    };
    Some(PendingOutcome {
        opened,
        counts_from,
        band: band(code & 3)?,
        tier: tier(code >> 2 & 3)?,
        arm: arm(code),
        contacted: code & KNOWN != 0,
        propensity,
        segment,
        recommended,
    })
}

fn write_recommended(writer: &mut Writer, recommended: &Recommended) {
    writer.name(recommended.action);
    writer.name(recommended.rule);
    writer.f64(recommended.probability);
    writer.number(u64::from(recommended.points));
}

fn read_recommended(reader: &mut Reader<'_>) -> Option<Recommended> {
    let (action, rule) = (reader.name()?, reader.name()?);
    Some(Recommended { action, rule, probability: reader.f64()?, points: reader.small()? })
}

/// How an episode can end, by its number in the record; never renumbered.
const ENDINGS: [Transition; 7] = [
    Transition::Resolved(Cause::Purchase { late: false }),
    Transition::Resolved(Cause::Purchase { late: true }),
    Transition::Resolved(Cause::Score),
    Transition::Lapsed,
    Transition::Withdrawn(Withdrawal::OptOut),
    Transition::Withdrawn(Withdrawal::Erasure),
    Transition::Withdrawn(Withdrawal::Merged),
];

fn write_told(writer: &mut Writer, told: &Told) {
    let ending = ENDINGS.iter().position(|known| *known == told.ending).unwrap_or_default() as u8;
    writer.byte(ending << 2 | told.band as u8);
    writer.day(told.opened);
    writer.signed(i64::from(told.ended.since(told.opened)));
    writer.f64(told.score);
    writer.money(told.value_at_risk);
}

fn read_told(reader: &mut Reader<'_>) -> Option<Told> {
    let code = reader.byte()?;
    let opened = reader.day()?;
    Some(Told {
        opened,
        ended: opened.plus(i32::try_from(reader.signed()?).ok()?),
        ending: *ENDINGS.get(usize::from(code >> 2))?,
        band: band(code & 3)?,
        score: reader.f64()?,
        value_at_risk: reader.money()?,
    })
}
