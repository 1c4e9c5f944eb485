//! A reason in words. The sentence says what was seen, never what the model made of it.

use serde_json::{Value, json};

use crate::engine::effect::Scored;
use crate::engine::rfm::features::Group;

/// Parameters and English sentence of one group's reason.
pub fn reason(group: Group, contribution: f64, scored: &Scored) -> (Value, String) {
    let rises = contribution > 0.0;
    match group {
        Group::Silence => silence(scored),
        Group::Trend if rises => (json!({}), "purchases have become rarer".into()),
        Group::Trend => (json!({}), "purchases have been coming steadily".into()),
        Group::Value if rises => (json!({}), "recent spend is below what it was".into()),
        Group::Value => (json!({}), "recent spend speaks for staying".into()),
        Group::Engagement if rises => (json!({}), "visits and answers to messages have died down".into()),
        Group::Engagement => (json!({}), "still visits or answers messages".into()),
        Group::Satisfaction if rises => {
            (json!({}), "something displeased: a complaint, a support case or a poor survey".into())
        }
        Group::Satisfaction => (json!({}), "was content in the last survey".into()),
        Group::Season if rises => (json!({}), "customers buy less at this time of the year".into()),
        Group::Season => (json!({}), "customers buy more at this time of the year".into()),
    }
}

fn silence(scored: &Scored) -> (Value, String) {
    let days = scored.silence_days;
    let unit = if days == 1 { "day" } else { "days" };
    match scored.usual_gap_days.map(libm::rint) {
        Some(gap) if gap >= 1.0 => {
            let text = if gap == 1.0 {
                format!("{days} {unit} of silence; usually buys every day")
            } else {
                format!("{days} {unit} of silence; usually buys every {gap}")
            };
            (json!({"silence_days": days, "usual_gap_days": gap as i64}), text)
        }
        _ => (json!({"silence_days": days}), format!("{days} {unit} of silence after one purchase day")),
    }
}
