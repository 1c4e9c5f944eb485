//! `inspect`: what the running service knows of a customer.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::cli::args::InspectArgs;
use crate::cli::exit::Failure;
use crate::cli::output::say;
use crate::engine::alerting::episode::Suppression;

/// What is encoded in a path.
const SPECIAL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_');

/// Runs the command.
pub fn run(args: &InspectArgs) -> Result<(), Failure> {
    let customer = utf8_percent_encode(&args.customer, SPECIAL);
    let body = args.service.get(&format!("/v1/customers/{customer}"))?;
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
    let liking = |what: &str| {
        let count = profile.pointer(&format!("/preferences/{what}/purchases")).and_then(Value::as_u64);
        match (word(&format!("/preferences/{what}/value")), count.unwrap_or_default()) {
            (none, 0) if none == "—" => "not in the data".to_owned(),
            (none, 1) if none == "—" => "no clear preference in 1 purchase".to_owned(),
            (none, count) if none == "—" => format!("no clear preference in {count} purchases"),
            (value, count) => format!("{value}, {} of {count} purchases", word(&format!("/preferences/{what}/count"))),
        }
    };
    // Nothing was ever heard of points where the balance is 0 and no interaction told of any.
    let points = match (word("/points/balance"), profile.pointer("/interactions/loyalty")) {
        (balance, None) if balance == "0" => "not in the data".to_owned(),
        (balance, _) => balance,
    };
    let rows = [
        ("customer", word("/customer_id")),
        ("as of", word("/day")),
        ("silent for", format!("{} days", word("/recency_days"))),
        ("bought on", format!("{} days, last on {}", word("/purchase_days"), word("/last_purchase_day"))),
        ("spent in a year", format!("{} {}", word("/windows/365d/net_spend"), word("/currency"))),
        ("RFM, tier, segment", format!("{}, {}, {}", rfm(profile), word("/tier"), word("/segment"))),
        ("style", word("/style")),
        ("weekday", liking("week")),
        ("part of day", liking("day_part")),
        ("channel", liking("channel")),
        ("category", liking("category")),
        ("displeased by", word("/satisfaction/cause")),
        ("points", points),
        ("band", word("/band")),
        ("this silence will last", word("/score")),
        ("value at risk", word("/value_at_risk")),
        ("warning open since", word("/episode/opened_day")),
        ("recommended", recommended(profile).unwrap_or_else(|| "—".to_owned())),
        ("not warned because", not_warned(profile).unwrap_or_else(|| "—".to_owned())),
    ];
    rows.map(|(name, value)| format!("{name:>24}  {value}\n")).concat()
}

/// The three scores in a row.
fn rfm(profile: &Value) -> String {
    let score = |name| profile.pointer(&format!("/rfm/{name}")).map_or("—".to_owned(), Value::to_string);
    ["recency", "frequency", "monetary"].map(score).concat()
}

/// What to do about the open warning, by when, and what is offered; `None` where nothing is recommended.
fn recommended(profile: &Value) -> Option<String> {
    let action = profile.pointer("/episode/action").filter(|action| action.is_object())?;
    let word = |pointer: &str| action.pointer(pointer).and_then(Value::as_str);
    let mut said = word("/name").unwrap_or("an action that nobody remembers").to_owned();
    if let Some(day) = word("/deadline_day") {
        let _ = write!(said, " by {day}");
    }
    if let Some(class) = word("/offer/class") {
        let currency = profile.get("currency").and_then(Value::as_str).unwrap_or_default();
        let number = |name: &str| action.pointer(&format!("/offer/{name}")).filter(|value| value.is_number());
        let terms = match (number("percent"), word("/offer/amount"), number("points")) {
            (Some(percent), _, _) => format!("{class} of {percent} %"),
            (None, Some(amount), _) => format!("{class} of {amount} {currency}"),
            (None, None, Some(points)) => format!("{points} {class}"),
            (None, None, None) => class.to_owned(),
        };
        let _ = write!(said, ", offering {terms}");
    }
    if let Some(text) = word("/en") {
        let _ = write!(said, ": {text}");
    }
    Some(said)
}

/// Why no warning of the customer is open, in a sentence; `None` where one is.
fn not_warned(profile: &Value) -> Option<String> {
    let word = |pointer: &str| profile.pointer(pointer).and_then(Value::as_str);
    if profile.get("episode").is_some_and(Value::is_object) {
        return None;
    }
    if profile.get("contactable") == Some(&Value::Bool(false)) {
        return Some("the customer is held out, so that the effect of warnings can be measured".to_owned());
    }
    let reason = Suppression::ALL.into_iter().find(|reason| word("/not_warned_because") == Some(reason.name()));
    Some(match reason {
        Some(Suppression::History) => "it has bought on fewer days than alerts.min_purchase_days".to_owned(),
        Some(Suppression::OptedOut) => "it wants no messages".to_owned(),
        Some(Suppression::Silence) => "it has been silent for less than alerts.min_silence_days".to_owned(),
        Some(Suppression::Dwell) => "the score has been high for fewer closes than alerts.dwell_days".to_owned(),
        Some(Suppression::Cooldown) => "the last warning ended less than alerts.cooldown_days ago".to_owned(),
        Some(Suppression::PurchaseKnown) => "a purchase after the closed day is known already".to_owned(),
        Some(Suppression::Capacity) => {
            "the day's places went to customers who rank higher (alerts.capacity_per_day)".to_owned()
        }
        Some(Suppression::Stale) => "the close was decided more than alerts.max_age_days late".to_owned(),
        None if word("/last_purchase_day").is_none() => "it never bought".to_owned(),
        None if profile.get("score").is_none_or(Value::is_null) => "the silence is churn already".to_owned(),
        None if word("/band").is_none() => {
            "its newest day has not closed: warnings are decided as a day closes, and need a silence of alerts.min_silence_days"
                .to_owned()
        }
        None => match profile.pointer("/forecast/0/day").and_then(Value::as_str) {
            Some(day) => {
                format!("at the last close the score was below the threshold; silence alone changes the band on {day}")
            }
            None => {
                "at the last close the score was below the threshold, and silence alone will not change that".to_owned()
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::text;

    fn shown(contactable: bool, episode: &Value) -> String {
        let profile = json!({"currency": "CNY", "contactable": contactable, "episode": episode});
        let text = text(&profile);
        let row = text.lines().find_map(|line| line.trim_start().strip_prefix("recommended  "));
        row.unwrap_or_default().to_owned()
    }

    #[test]
    fn what_is_recommended_is_told_with_deadline_and_offer() {
        let action = |offer: Value| json!({"action": {"name": "gift", "deadline_day": "2025-07-17", "offer": offer, "en": "Send a gift."}});
        let offer = |percent: Value, amount: Value, points: Value| {
            action(json!({"class": "thanks", "percent": percent, "amount": amount, "points": points}))
        };
        let none = Value::Null;
        for (episode, said) in [
            (action(none.clone()), "gift by 2025-07-17: Send a gift."),
            (
                offer(json!(7.5), none.clone(), none.clone()),
                "gift by 2025-07-17, offering thanks of 7.5 %: Send a gift.",
            ),
            (
                offer(none.clone(), json!("20.00"), none.clone()),
                "gift by 2025-07-17, offering thanks of 20.00 CNY: Send a gift.",
            ),
            (offer(none.clone(), none.clone(), json!(250)), "gift by 2025-07-17, offering 250 thanks: Send a gift."),
            (offer(none.clone(), none.clone(), none.clone()), "gift by 2025-07-17, offering thanks: Send a gift."),
            (json!({"action": {"name": "gift", "deadline_day": none, "offer": none, "en": none}}), "gift"),
            (json!({"action": none}), "—"),
        ] {
            assert_eq!(shown(true, &episode), said);
        }
        assert_eq!(shown(false, &Value::Null), "—", "a held-out customer");
    }
}
