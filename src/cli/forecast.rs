//! `forecast`: the warnings that the coming days will bring, as the running service expects them.

use serde_json::Value;

use crate::cli::args::ForecastArgs;
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::engine::alerting::value::Tier;

/// Runs the command.
pub fn run(args: &ForecastArgs) -> Result<(), Failure> {
    let expected = args.service.get(&format!("/v1/forecast?days={}", args.days))?;
    if args.json {
        say(serde_json::to_string_pretty(&expected).unwrap_or_default());
    } else {
        say(text(&expected));
    }
    if expected.get("incomplete") == Some(&Value::Bool(true)) {
        eprintln!("other replicas hold partitions that are not counted here: ask each of them");
    }
    Ok(())
}

/// The forecast for people: a sentence a tier, then a line a day.
fn text(expected: &Value) -> String {
    let of = |table: &Value, tier: Tier, name: &str| match table.pointer(&format!("/{}/{name}", tier.name())) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "0".to_owned(),
    };
    let word = |name: &str| match expected.get(name) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "—".to_owned(),
        Some(other) => other.to_string(),
    };
    let sums = expected.get("warnings").unwrap_or(&Value::Null);
    let mut lines =
        vec![format!("if nothing more is heard, in the {} days after {}:", word("days"), word("closed_day"))];
    for tier in Tier::ALL.into_iter().rev() {
        let (count, value) = (of(sums, tier, "count"), of(sums, tier, "value_at_risk"));
        let warnings = if count == "1" { "warning" } else { "warnings" };
        lines.push(format!("  {count} {}-tier {warnings} due, worth {value} {}", tier.name(), word("currency")));
    }
    let days = expected.get("by_day").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if !days.is_empty() {
        lines.push(format!("\n{:<12}{:>8}{:>8}{:>8}{:>16}", "day", "high", "mid", "low", "high, worth"));
    }
    for day in days {
        let [high, mid, low] = [Tier::High, Tier::Mid, Tier::Low].map(|tier| of(day, tier, "count"));
        let date = day.get("day").and_then(Value::as_str).unwrap_or_default();
        let worth = of(day, Tier::High, "value_at_risk");
        lines.push(format!("{date:<12}{high:>8}{mid:>8}{low:>8}{worth:>16}"));
    }
    lines.join("\n")
}
