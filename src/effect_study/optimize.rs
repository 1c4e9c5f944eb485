//! New weights for every rule of a playbook, and whom to serve first, from matured outcomes.

use iso_currency::Currency;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use toml_edit::TomlError;

use crate::effect_study::bandit::{CREDIBLE, LEAST_HARMED, LEAST_TREATED, Reward, Tally, best, harms, weights};
use crate::effect_study::boundary::Spending;
use crate::effect_study::episode::{Episode, Study, side};
use crate::effect_study::mismatch::mismatches;
use crate::effect_study::playbook_edit::{NONE, Playbook};
use crate::effect_study::ranking::{Advice, Ranking, ranking, uplifts};
use crate::effect_study::seasons::Weeks;
use crate::effect_study::sequence::looks;
use crate::effect_study::uplift_table::{UpliftTable, without_table};
use crate::engine::alerting::segment::Segments;

/// What becomes of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// New weights.
    Weighted,
    /// Too few outcomes: the weights stay.
    Kept,
    /// Every action does harm: leave these customers alone.
    DoNotDisturb,
}

impl Decision {
    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weighted => "weighted",
            Self::Kept => "kept",
            Self::DoNotDisturb => "do_not_disturb",
        }
    }
}

/// An action of a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionRecord {
    /// Its name.
    pub name: String,
    /// Its weight until now.
    pub old: f64,
    /// Its weight from now on.
    pub new: f64,
    /// Treated episodes, and their rewards freed from the weeks they fell in.
    pub treated: Tally,
    /// Probability that it is the best.
    pub best: f64,
    /// Probability that it does worse than nothing.
    pub harm: f64,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleRecord {
    /// What actions were judged by.
    pub reward: Reward,
    /// What becomes of it.
    pub decision: Decision,
    /// Its approved actions.
    pub actions: Vec<ActionRecord>,
    /// Its held-out episodes, likewise.
    pub holdout: Tally,
}

/// Whom the service shall serve first.
#[derive(Clone, Debug, PartialEq)]
pub struct RankingRecord {
    /// Whether ranking by uplift wins, as the report says it.
    pub ranking: Ranking,
    /// What becomes of the playbook's table.
    pub table: TableChange,
}

/// What becomes of the playbook's table of uplifts.
#[derive(Clone, Debug, PartialEq)]
pub enum TableChange {
    /// Ranking by uplift wins: it says this.
    Written(UpliftTable),
    /// Ranking by uplift does not win: it is taken out.
    Removed,
    /// The question can't be asked: it stays as it is.
    Kept,
    /// There was none, and there is none.
    Absent,
}

impl TableChange {
    /// The name in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Written(_) => "written",
            Self::Removed => "removed",
            Self::Kept => "kept",
            Self::Absent => "absent",
        }
    }
}

/// Asks what the report asks, and gives the playbook's text with the table that follows.
pub fn rank(
    playbook: &str,
    study: &Study,
    currency: Currency,
    segments: &Segments,
) -> Result<(String, RankingRecord), TomlError> {
    let looks = looks(study, &Spending::yearly());
    let ranking = ranking(study, looks.last(), &mismatches(study));
    let (without, there) = without_table(playbook)?;
    let (text, table) = match ranking.advice {
        Advice::Recommended => {
            let episodes = looks.last().map_or(&[][..], |look| study.between(look.from, look.day));
            let uplifts = uplifts(&episodes.iter().collect::<Vec<&Episode>>(), study.customers);
            let table = UpliftTable::new(&uplifts, currency, segments);
            (table.put_into(playbook)?, TableChange::Written(table))
        }
        Advice::NotRecommended if there => (without, TableChange::Removed),
        Advice::NotAsked if there => (playbook.to_owned(), TableChange::Kept),
        Advice::NotRecommended | Advice::NotAsked => (playbook.to_owned(), TableChange::Absent),
    };
    Ok((text, RankingRecord { ranking, table }))
}

/// Decides every rule and edits the playbook. An episode belongs to the first rule that takes it. Without `reward` a rule is
/// judged by margin where its actions may cost differently much, else by return.
pub fn optimize(playbook: &mut Playbook, episodes: &[Episode], reward: Option<Reward>, seed: u64) -> Vec<RuleRecord> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut belonging: Vec<Vec<&Episode>> = vec![Vec::new(); playbook.rules.len()];
    for episode in episodes {
        let rule = playbook.rules.iter().position(|rule| rule.takes(episode));
        if let Some(list) = rule.and_then(|at| belonging.get_mut(at)) {
            list.push(episode);
        }
    }
    let mut records = Vec::new();
    for (at, episodes) in belonging.into_iter().enumerate() {
        let Some(rule) = playbook.rules.get(at) else { break };
        let actions: Vec<(String, f64, f64)> = rule
            .weights
            .iter()
            .map(|(name, weight)| (name.clone(), *weight, playbook.cost_caps.get(name).copied().unwrap_or_default()))
            .collect();
        let record = decide(&actions, &episodes, reward, playbook.has_none, &mut random);
        if record.decision != Decision::Kept {
            let mut weights: Vec<(String, f64)> =
                record.actions.iter().map(|action| (action.name.clone(), action.new)).collect();
            if record.decision == Decision::DoNotDisturb && playbook.has_none {
                weights.retain(|(name, _)| name != NONE);
                weights.push((NONE.to_owned(), 1.0));
            }
            playbook.set(at, &weights);
        }
        records.push(record);
    }
    records
}

/// Decides a rule. Actions are name, weight and cost cap.
fn decide(
    actions: &[(String, f64, f64)],
    episodes: &[&Episode],
    reward: Option<Reward>,
    has_none: bool,
    random: &mut ChaCha8Rng,
) -> RuleRecord {
    let cost = actions.first().map_or(0.0, |(_, _, cap)| *cap);
    let differ = actions.iter().any(|(_, _, cap)| *cap != cost);
    let reward = reward.unwrap_or(if differ { Reward::Margin } else { Reward::Return });
    let value = |episode: &Episode, cap: f64| match reward {
        Reward::Return => episode.came_back(),
        Reward::Margin => episode.margin - cap,
    };
    // The holdout is the last arm.
    let mut weeks = Weeks::new(actions.len() + 1);
    for episode in episodes {
        if side(episode.opening.arm) == 1 {
            weeks.add(episode.opening.opened, actions.len(), value(episode, 0.0));
            continue;
        }
        let action = actions.iter().position(|(name, _, _)| Some(name.as_str()) == episode.action.as_deref());
        if let Some((at, (_, _, cap))) = action.and_then(|at| Some((at, actions.get(at)?))) {
            weeks.add(episode.opening.opened, at, value(episode, *cap));
        }
    }
    let mut treated = weeks.tallies();
    let holdout = treated.pop().unwrap_or_default();
    let (best, harm) = (best(&treated, reward, random), harms(&treated, &holdout, reward, random));
    let harmful = |((name, _, _), (tally, harm)): (&(String, f64, f64), (&Tally, &f64))| {
        name == NONE || tally.episodes >= LEAST_HARMED && holdout.episodes >= LEAST_HARMED && *harm >= CREDIBLE
    };
    let acts = actions.iter().any(|(name, _, _)| name != NONE);
    let all_harm = acts && actions.iter().zip(treated.iter().zip(&harm)).all(harmful);
    let decision = if all_harm {
        Decision::DoNotDisturb
    } else if treated.iter().map(|tally| tally.episodes).sum::<u64>() < LEAST_TREATED {
        Decision::Kept
    } else {
        Decision::Weighted
    };
    let weights = weights(&best);
    let lists = treated.into_iter().zip(best).zip(harm).zip(weights);
    let record = |((name, old, _), (((treated, best), harm), weight)): (&(String, f64, f64), _)| {
        let new = match decision {
            Decision::Weighted => weight,
            Decision::Kept => *old,
            Decision::DoNotDisturb if !has_none => *old,
            Decision::DoNotDisturb => f64::from(u8::from(name == NONE)),
        };
        ActionRecord { name: name.clone(), old: *old, new, treated, best, harm }
    };
    RuleRecord { reward, decision, actions: actions.iter().zip(lists).map(record).collect(), holdout }
}
