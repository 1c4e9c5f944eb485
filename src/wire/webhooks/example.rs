//! An alert that nobody's data are in, for trying an address out.

use serde_json::{Value, json};

/// An opening of this id about a customer who does not exist.
pub fn example(id: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "type": "churnwatch.alert.opened",
        "source": "/churnwatch",
        "datacontenttype": "application/json",
        "subject": "example-customer",
        "time": "2026-01-31T00:00:00Z",
        "data": {
            "action": {
                "channel": "phone",
                "cost_cap": "20.00",
                "deadline_day": "2026-02-03",
                "en": "This is a test: nobody is to be called.",
                "name": "example",
                "offer": null,
                "owner": "sales",
                "probability": 1.0,
                "rule": "example",
                "zh": "这是测试消息，无需联系任何人。",
            },
            "band": "high",
            "cause": null,
            "changed": null,
            "clears": ["purchase"],
            "currency": "CNY",
            "day": "2026-01-30",
            "episode_id": "00000000-0000-5000-8000-000000000000",
            "expected_churn_day": "2026-03-03",
            "expires_day": "2026-03-03",
            "forward_score": 0.4,
            "late": null,
            "log_odds": 0.98,
            "model": "example@000000000000",
            "opened_day": "2026-01-30",
            "personalised": true,
            "previous_band": "low",
            "propensity": 0.9,
            "reasons": [{
                "code": "silence",
                "contribution": 3.98,
                "en": "59 days of silence; usually buys every 20",
                "parameters": {"days": 59, "gap": 20},
                "zh": "已 59 天未购买；平时每 20 天购买一次",
            }],
            "reference_log_odds": -3.0,
            "rfm": {"frequency": 5, "monetary": 4, "recency": 2},
            "score": 0.7271,
            "segment": "loyal",
            "silence_days": 59,
            "tier": "high",
            "value_at_risk": "320.50",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::example;
    use crate::wire::shapes::alert::Alert;
    use crate::wire::shapes::schema::written;

    #[test]
    fn the_example_is_an_alert() {
        let schema = jsonschema::validator_for(&written::<Alert<'_>>()).unwrap();
        let value = example("8f14e45f-ceea-467f-a8e6-6f1a2c0d9b11");
        let faults: Vec<String> = schema.iter_errors(&value).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}
