//! `inspect`: what the running service knows of a customer.

use serde_json::Value;

use crate::cli::args::InspectArgs;
use crate::cli::exit::Failure;
use crate::cli::output::say;

/// Runs the command.
pub fn run(args: &InspectArgs) -> Result<(), Failure> {
    let customer = args.customer.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    let body = args.service.get(&format!("/v1/customers/{}", customer.collect::<String>()))?;
    if args.json {
        say(serde_json::to_string_pretty(&body).unwrap_or_default());
    } else {
        say(text(&body).trim_end());
    }
    Ok(())
}

/// The profile for people.
fn text(profile: &Value) -> String {
    let word = |pointer: &str| match profile.pointer(pointer) {
        None | Some(Value::Null) => "—".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) if number.is_f64() => format!("{:.3}", number.as_f64().unwrap_or_default()),
        Some(other) => other.to_string(),
    };
    let rows = [
        ("customer", word("/customer_id")),
        ("as of", word("/day")),
        ("silent for", format!("{} days", word("/recency_days"))),
        ("bought on", format!("{} days, last on {}", word("/purchase_days"), word("/last_purchase_day"))),
        ("spent in a year", format!("{} {}", word("/windows/365d/net_spend"), word("/currency"))),
        ("tier", word("/tier")),
        ("band", word("/band")),
        ("this silence will last", word("/score")),
        ("value at risk", word("/value_at_risk")),
        ("warning open since", word("/episode/opened_day")),
        ("not warned because", word("/not_warned_because")),
    ];
    rows.map(|(name, value)| format!("{name:>24}  {value}\n")).concat()
}
