//! `evaluate`: scores at a date against what then happened.

use std::io::Write;

use serde_json::json;

use crate::cli::args::EvaluateArgs;
use crate::cli::common::{artifact, history, settings};
use crate::cli::exit::Failure;
use crate::cli::output::{create, say};
use crate::training::evaluate::{figures, score};
use crate::wire::calendar::{day, day_text};

/// Runs the command.
pub fn run(args: &EvaluateArgs) -> Result<(), Failure> {
    let settings = settings(args.input.config.as_deref())?;
    let model = artifact(args.model.as_deref(), &settings)?.model().map_err(Failure::usage)?;
    let at = day(args.at);
    let horizon = model.horizon_days();
    let read = history(&args.input, &settings, Some(at.plus(horizon)))?;
    match read.history.span {
        Some((first, last)) if first < at && last >= at.plus(horizon - 7) => {}
        _ => {
            return Err(Failure::usage(format!(
                "the data must reach from before {} to {}: choose another --at",
                day_text(at),
                day_text(at.plus(horizon - 1))
            )));
        }
    }
    let scored = score(&read.history, &model, at, settings.policy.lateness_days);
    if let Some(path) = &args.scores {
        let mut out = create(Some(path))?;
        for customer in &scored {
            let line = json!({"customer_id": customer.customer, "forward_score": customer.forward, "silence_days": customer.silence_days, "churned": customer.churned});
            writeln!(out, "{line}").map_err(Failure::of)?;
        }
        out.flush().map_err(Failure::of)?;
    }
    let figures = figures(&scored, horizon);
    let report = json!({
        "model": model.version,
        "at": day_text(at),
        "horizon_days": horizon,
        "customers": figures.customers,
        "base_rate": figures.base_rate,
        "auc": figures.auc,
        "auc_active": figures.auc_active,
        "log_loss": figures.log_loss,
        "brier": figures.brier,
        "ece": figures.ece,
        "idle": {"auc": figures.idle_auc, "auc_active": figures.idle_auc_active},
        "trained_until": day_text(model.trained_until),
    });
    if model.trained_until > at {
        eprintln!("churnwatch: the model was trained on events after --at, so these figures flatter it");
    }
    say(serde_json::to_string_pretty(&report).unwrap_or_default());
    Ok(())
}
