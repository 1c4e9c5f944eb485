//! `optimize`: how often each approved action shall be drawn next, and whom to serve first; the playbook comes back with new
//! weights and the table of uplifts that follows, and nothing else changed.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::cli::common::settings;
use crate::cli::exit::Failure;
use crate::cli::outcomes::{same_currency, study};
use crate::cli::output::{check_folder, say, write_whole};
use crate::cli::progress::during;
use crate::cli::study_args::{OptimizeArgs, RewardArg};
use crate::config::playbook::playbook;
use crate::effect_study::bandit::{LEAST_TREATED, Reward};
use crate::effect_study::json::ranking_json;
use crate::effect_study::optimize::{Decision, RankingRecord, RuleRecord, TableChange, optimize, rank};
use crate::effect_study::playbook_edit::Playbook;
use crate::effect_study::ranking::{Advice, LEAST_HELD_OUT};

/// Runs the command.
pub fn run(args: &OptimizeArgs) -> Result<(), Failure> {
    let settings = settings(args.input.config.as_deref())?;
    if let Some(path) = &args.output {
        check_folder(path)?;
    }
    let path = args.playbook.as_deref().or(settings.file.playbook.path.as_deref());
    let path = path.ok_or_else(|| Failure::usage("name the playbook, by --playbook or in the configuration"))?;
    // The service's own reader finds every fault; what follows edits the text and looks at weights alone.
    playbook(path, settings.rules.currency, &settings.policy.segments)?;
    let text = std::fs::read_to_string(path)
        .map_err(|fault| Failure::usage(format!("cannot read the playbook {}: {fault}", path.display())))?;
    let mut editable =
        Playbook::read(&text).map_err(|fault| Failure::usage(format!("the playbook {}: {fault}", path.display())))?;
    let study = study(&args.input, &settings)?;
    let reward = args.reward.map(|reward| match reward {
        RewardArg::Return => Reward::Return,
        RewardArg::Margin => Reward::Margin,
    });
    let records = during("drawing", || optimize(&mut editable, &study.episodes, reward, args.seed));
    let (text, ranking) = rank(&editable.text(), &study, settings.rules.currency, &settings.policy.segments)
        .map_err(|fault| Failure::usage(format!("the playbook {}: {fault}", path.display())))?;
    if let TableChange::Written(_) = ranking.table {
        same_currency(&study, &settings)?;
    }
    if args.json {
        let rules: Vec<Value> = records.iter().map(rule_json).collect();
        let ranking = ranking_record_json(&ranking);
        say(json!({"episodes": study.episodes.len(), "seed": args.seed, "rules": rules, "ranking": ranking}));
    } else {
        table(&records, &study.currency);
        eprintln!("{}", ranking_sentence(&ranking, &study.currency));
    }
    match args.output.as_deref().filter(|path| *path != Path::new("-")) {
        Some(output) => write_whole(output, text.as_bytes()),
        None if args.json => Ok(()),
        None => {
            say(text.trim_end());
            Ok(())
        }
    }
}

fn ranking_record_json(record: &RankingRecord) -> Value {
    let mut told = ranking_json(&record.ranking);
    if let Some(told) = told.as_object_mut() {
        let uplift = match &record.table {
            TableChange::Written(table) => table.json(),
            TableChange::Removed | TableChange::Kept | TableChange::Absent => Value::Null,
        };
        told.insert("table".to_owned(), json!(record.table.name()));
        told.insert("uplift".to_owned(), uplift);
    }
    told
}

/// What was done about the ranking, and why.
fn ranking_sentence(record: &RankingRecord, currency: &str) -> String {
    let figures = record.ranking.rankings.map(|rankings| {
        let [low, high] = rankings.interval(record.ranking.bound);
        let (by_uplift, by_value, gain) = (rankings.by_uplift, rankings.by_value, rankings.gain());
        format!(
            "{by_uplift:+.2} {currency} an episode against {by_value:+.2} by value at risk, difference {gain:+.2}, {low:+.2} to {high:+.2}"
        )
    });
    let figures = figures.unwrap_or_default();
    let why = match record.ranking.advice {
        Advice::Recommended => format!("ranking by uplift wins on the holdout ({figures})"),
        Advice::NotRecommended => format!("ranking by uplift does not win on the holdout beyond doubt ({figures})"),
        Advice::NotAsked => format!(
            "whether ranking by uplift wins can't be asked yet: it needs {LEAST_HELD_OUT} held-out episodes, and arms that match"
        ),
    };
    let done = match &record.table {
        TableChange::Written(_) => "[uplift] is written",
        TableChange::Removed => "[uplift] is taken out",
        TableChange::Kept => "[uplift] stays as it is",
        TableChange::Absent => "value at risk goes on deciding",
    };
    format!("whom to serve first: {why}; {done}")
}

fn rule_json(record: &RuleRecord) -> Value {
    let actions: Map<String, Value> = record
        .actions
        .iter()
        .map(|action| {
            let told = json!({
                "old_weight": action.old,
                "new_weight": action.new,
                "treated": action.treated.episodes,
                "mean_reward": action.treated.mean(),
                "best": action.best,
                "harms": action.harm,
            });
            (action.name.clone(), told)
        })
        .collect();
    json!({
        "decision": record.decision.name(),
        "reward": record.reward.name(),
        "holdout": record.holdout.episodes,
        "holdout_mean_reward": record.holdout.mean(),
        "actions": actions,
    })
}

/// What was decided, on standard error.
fn table(records: &[RuleRecord], currency: &str) {
    for (number, record) in records.iter().enumerate() {
        let word = match record.decision {
            Decision::Weighted => "new weights".to_owned(),
            Decision::Kept => format!("weights stay: fewer than {LEAST_TREATED} matured treated episodes"),
            Decision::DoNotDisturb => "do not disturb: every action does harm".to_owned(),
        };
        let basis = match record.reward {
            Reward::Return => "share that came back".to_owned(),
            Reward::Margin => format!("margin less cost cap, {currency}"),
        };
        eprintln!("rule {}: {word}", number + 1);
        eprintln!(
            "  {:<20}{:>8}{:>8}{:>9}{:>8}{:>8}  mean {basis}",
            "action", "old", "new", "treated", "best", "harms"
        );
        for action in &record.actions {
            eprintln!(
                "  {:<20}{:>8.3}{:>8.3}{:>9}{:>8.3}{:>8.3}  {:.4}",
                action.name,
                action.old,
                action.new,
                action.treated.episodes,
                action.best,
                action.harm,
                action.treated.mean()
            );
        }
        let holdout = &record.holdout;
        eprintln!("  {:<36}{:>9}{:>18}{:.4}", "held out", holdout.episodes, "", holdout.mean());
    }
}
