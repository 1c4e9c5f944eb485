//! `[goals]`: each is a text with its unit; a number alone says nothing.

use iso_currency::Currency;
use serde_json::Value;

use crate::config::checker::Checker;
use crate::config::file;
use crate::effect_study::goals::{Goals, goal};

/// Reads every goal and notes every fault.
pub fn goals(file: &file::Goals, currency: Currency, check: &mut Checker) -> Goals {
    let mut read = |name: &str, value: Option<&Value>, unit: &str| {
        let text = match value? {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        check.take(&format!("goals.{name}"), goal(&text, unit).map(Some), None)
    };
    let goals = Goals {
        retention_points: read("retention", file.retention.as_ref(), "points"),
        incremental_margin: read("incremental_margin", file.incremental_margin.as_ref(), currency.code()),
        false_alarms_percent: read("false_alarms", file.false_alarms.as_ref(), "%"),
    };
    let share = goals.false_alarms_percent.is_none_or(|percent| percent <= 100.0);
    check.must("goals.false_alarms", share, "must be at most 100 %");
    goals
}
