//! What `demo` prints: alerts as they open, and a summary that adds up.

use serde_json::Value;

/// The heading of the alerts.
pub fn heading() -> String {
    format!("{:<11} {:<10} {:<9} {:<5} {:>6} {:>12}  why", "day", "customer", "band", "tier", "score", "at risk")
}

/// One line for an opened or escalated alert; `None` for other transitions.
pub fn line(alert: &Value) -> Option<String> {
    let kind = alert.get("type")?.as_str()?;
    if kind != "churnwatch.alert.opened" && kind != "churnwatch.alert.escalated" {
        return None;
    }
    let text = |pointer: &str| alert.pointer(pointer).and_then(Value::as_str).unwrap_or("—");
    let score = alert.pointer("/data/score").and_then(Value::as_f64).unwrap_or_default();
    Some(format!(
        "{:<11} {:<10} {:<9} {:<5} {:>6.2} {:>12}  {}",
        text("/data/day"),
        text("/subject"),
        text("/data/band"),
        text("/data/tier"),
        score,
        text("/data/value_at_risk"),
        text("/data/reasons/0/en"),
    ))
}
