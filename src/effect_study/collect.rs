//! From outcomes in any order, some of them twice, to a study. The same records give the same study, however they lie.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::effect_study::episode::{Endings, Episode, LeftOut, Opening, Study, side};
use crate::engine::customer::uniform;
use crate::engine::day::Day;
use crate::wire::outcome_facts::{Ending, Facts, Told};

/// Days from an opening to its outcome where no outcome says so.
const USUAL_WINDOW_DAYS: i32 = 30;

/// What is known of an episode.
struct Known {
    customer: u32,
    facts: Facts,
}

/// Why there is no study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoStudy {
    /// Nothing was told.
    NothingTold,
    /// Outcomes of several currencies, whose amounts can't be added: how many of each.
    Currencies(BTreeMap<String, u64>),
    /// None is of the currency asked for: how many of others.
    OtherCurrencies(BTreeMap<String, u64>),
}

impl fmt::Display for NoStudy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &BTreeMap<String, u64>| {
            counts.iter().map(|(currency, count)| format!("{count} in {currency}")).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::NothingTold => formatter.write_str("there is no outcome in what was read"),
            Self::Currencies(counts) => write!(
                formatter,
                "the outcomes are of several currencies, {}: pick one by --currency, amounts of two can't be added",
                list(counts)
            ),
            Self::OtherCurrencies(counts) => {
                write!(formatter, "no outcome is in the currency asked for; there are {}", list(counts))
            }
        }
    }
}

/// Takes outcomes, one by one.
pub struct Collector {
    /// Openings before this day don't count.
    from: Option<Day>,
    /// Nothing of this day or later is known yet.
    until: Option<Day>,
    seen: HashSet<u128>,
    customers: HashMap<String, u32>,
    opened: HashMap<Uuid, Known>,
    matured: HashMap<Uuid, Known>,
    ended: HashMap<Uuid, (usize, Ending)>,
    /// The currency that counts; absent: the only one there is.
    currency: Option<String>,
    currencies: BTreeMap<String, u64>,
    last: Option<Day>,
    left_out: LeftOut,
}

impl Collector {
    /// Counts openings from a day on, what was known before another, and what is in a currency, where one is asked for.
    pub fn new(from: Option<Day>, until: Option<Day>, currency: Option<String>) -> Self {
        Self {
            from,
            until,
            seen: HashSet::new(),
            customers: HashMap::new(),
            opened: HashMap::new(),
            matured: HashMap::new(),
            ended: HashMap::new(),
            currency,
            currencies: BTreeMap::new(),
            last: None,
            left_out: LeftOut::default(),
        }
    }

    /// Takes one line's outcome, or counts it as unreadable.
    pub fn take(&mut self, read: Result<Option<Facts>, String>) {
        let Ok(facts) = read else {
            self.left_out.unreadable += 1;
            return;
        };
        let Some(mut facts) = facts else { return };
        if self.from.is_some_and(|from| facts.opened < from) || self.until.is_some_and(|until| facts.day >= until) {
            return;
        }
        let known = match facts.told {
            Told::Opened => self.opened.contains_key(&facts.episode),
            Told::Ended(_) => self.ended.contains_key(&facts.episode),
            Told::Matured { .. } => self.matured.contains_key(&facts.episode),
        };
        if !self.seen.insert(facts.id) || known {
            self.left_out.repeated += 1;
            return;
        }
        *self.currencies.entry(facts.currency.clone()).or_default() += 1;
        if self.currency.as_ref().is_some_and(|currency| *currency != facts.currency) {
            self.left_out.other_currency += 1;
            return;
        }
        // An event may tell of a day that is still open, a matured outcome only of a closed one.
        if matches!(facts.told, Told::Matured { .. }) {
            self.last = self.last.max(Some(facts.day));
        }
        let next = self.customers.len() as u32;
        let customer = std::mem::take(&mut facts.customer);
        let customer = *self.customers.entry(customer).or_insert(next);
        let (episode, told) = (facts.episode, facts.told);
        match told {
            Told::Opened => {
                self.opened.insert(episode, Known { customer, facts });
            }
            Told::Matured { .. } => {
                self.matured.insert(episode, Known { customer, facts });
            }
            Told::Ended(ending) => {
                self.ended.insert(episode, (side(facts.arm), ending));
            }
        }
    }

    /// The study.
    pub fn study(self) -> Result<Study, NoStudy> {
        let Self { from, customers, opened, matured, ended, currency, mut currencies, last, mut left_out, .. } = self;
        let currency = match (currency, currencies.len()) {
            (_, 0) => return Err(NoStudy::NothingTold),
            (Some(currency), _) if currencies.contains_key(&currency) => currency,
            (Some(_), _) => return Err(NoStudy::OtherCurrencies(currencies)),
            (None, 1) => currencies.pop_first().map(|(currency, _)| currency).unwrap_or_default(),
            (None, _) => return Err(NoStudy::Currencies(currencies)),
        };
        // Numbered by name, so that the order of the records doesn't change the last bit of a sum.
        let mut names: Vec<(String, u32)> = customers.into_iter().collect();
        names.sort();
        let mut numbers = vec![0; names.len()];
        for (number, (_, read)) in (0..).zip(&names) {
            if let Some(slot) = numbers.get_mut(*read as usize) {
                *slot = number;
            }
        }
        let number = |known: &Known| numbers.get(known.customer as usize).copied().unwrap_or_default();
        let opening = |known: &Known| Opening {
            customer: number(known),
            arm: known.facts.arm,
            propensity: known.facts.propensity,
            opened: known.facts.opened,
        };
        // An outcome whose opening was not read was opened all the same.
        let orphans = matured.iter().filter(|(episode, _)| !opened.contains_key(episode));
        let mut openings: Vec<(Uuid, Opening)> =
            opened.iter().chain(orphans).map(|(episode, known)| (*episode, opening(known))).collect();
        openings.sort_by_key(|(episode, opening)| (opening.opened, *episode));
        let earliest = openings.first().map(|(_, opening)| opening.opened);
        let first = from.or(earliest).ok_or(NoStudy::NothingTold)?;
        let window_days = usual_window(&matured).unwrap_or(USUAL_WINDOW_DAYS);
        let mut labels = HashSet::new();
        let mut episodes: Vec<(Uuid, Episode)> = Vec::new();
        for (id, known) in &matured {
            let Told::Matured { contacted, purchases, margin } = known.facts.told else { continue };
            if !(known.facts.propensity > 0.0 && known.facts.propensity < 1.0) {
                left_out.without_both_arms += 1;
                continue;
            }
            let start = opened.get(id).map_or(&known.facts, |opened| &opened.facts);
            let Some(tier) = start.tier.or(known.facts.tier) else { continue };
            let mut label = |of: fn(&Facts) -> &Option<String>| {
                let text = of(start).as_deref().or_else(|| of(&known.facts).as_deref())?;
                Some(interned(&mut labels, text))
            };
            let name = names.get(number(known) as usize).map_or("", |(name, _)| name.as_str());
            let episode = Episode {
                opening: opening(known),
                matured: known.facts.day,
                tier,
                segment: label(|facts| &facts.segment),
                action: label(|facts| &facts.action),
                rule: label(|facts| &facts.rule),
                value_at_risk: start.value_at_risk.or(known.facts.value_at_risk).unwrap_or(0.0),
                fold_draw: uniform(&[b"fold", name.as_bytes()]),
                contacted,
                returned: purchases > 0,
                margin,
            };
            episodes.push((*id, episode));
        }
        episodes.sort_by_key(|(id, episode)| (episode.matured, *id));
        Ok(Study {
            openings: openings.into_iter().map(|(_, opening)| opening).collect(),
            episodes: episodes.into_iter().map(|(_, episode)| episode).collect(),
            customers: names.len(),
            window_days,
            first,
            last: last.unwrap_or(first),
            currency,
            endings: endings(ended.values()),
            left_out,
        })
    }
}

fn interned(labels: &mut HashSet<Arc<str>>, text: &str) -> Arc<str> {
    if let Some(known) = labels.get(text) {
        return Arc::clone(known);
    }
    let new: Arc<str> = Arc::from(text);
    labels.insert(Arc::clone(&new));
    new
}

/// The number of days that most outcomes waited.
fn usual_window(matured: &HashMap<Uuid, Known>) -> Option<i32> {
    let mut counts: HashMap<i32, u64> = HashMap::new();
    for known in matured.values() {
        *counts.entry(known.facts.day.since(known.facts.opened)).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(days, count)| (*count, *days)).map(|(days, _)| days)
}

fn endings<'a>(ended: impl Iterator<Item = &'a (usize, Ending)>) -> Endings {
    let mut endings = Endings::default();
    for (at, ending) in ended {
        let counts = match ending {
            Ending::WonBack => &mut endings.won_back,
            Ending::Calmed => &mut endings.calmed,
            Ending::Lapsed => &mut endings.lapsed,
            Ending::Withdrawn => &mut endings.withdrawn,
        };
        if let Some(count) = counts.get_mut(*at) {
            *count += 1;
        }
    }
    endings
}
