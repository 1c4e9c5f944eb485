//! An alert as an upsert of the customer in a CRM: HubSpot contacts, and any object of Salesforce.
//!
//! Invariant: each alert writes every field, so that what an earlier one said and this one does not is emptied.

use serde_json::{Map, Value, json};

use crate::wire::texts::Language;
use crate::wire::webhooks::told::Told;

/// A field: its name, words of it apart by `_`, and what an alert says of it.
type Field = (&'static str, fn(&Told, Language) -> Value);

/// Every field.
const FIELDS: [Field; 15] = [
    ("status", |told, _| if told.is_open() { "open".into() } else { told.transition().into() }),
    ("band", |told, _| told.data.band.clone().into()),
    ("score", |told, _| told.data.score.into()),
    ("silence_days", |told, _| told.data.silence_days.into()),
    ("expected_churn_day", |told, _| told.data.expected_churn_day.clone().into()),
    ("value_at_risk", |told, _| told.data.value_at_risk.as_deref().map_or(Value::Null, number)),
    ("currency", |told, _| told.data.currency.clone().into()),
    ("tier", |told, _| told.data.tier.clone().into()),
    ("segment", |told, _| told.data.segment.clone().into()),
    ("reason", |told, language| told.data.reasons.first().map(|reason| reason.get(language)).into()),
    ("action", |told, _| of_open(told).and_then(|action| action.name.clone()).into()),
    ("action_text", |told, language| of_open(told).map(|action| action.text.get(language)).into()),
    ("action_deadline", |told, _| of_open(told).and_then(|action| action.deadline_day.clone()).into()),
    ("episode_id", |told, _| told.data.episode_id.clone().into()),
    ("alert_id", |told, _| told.id.clone().into()),
];

/// What is to be done, while there is something to do.
fn of_open(told: &Told) -> Option<&crate::wire::webhooks::told::Action> {
    told.data.action.as_ref().filter(|_| told.is_open())
}

/// A decimal as a JSON number, digit by digit.
fn number(decimal: &str) -> Value {
    serde_json::from_str(decimal).ok().filter(Value::is_number).unwrap_or(Value::Null)
}

/// `POST /crm/v3/objects/contacts/batch/upsert` of HubSpot: one contact by a property of unique values. Every value is a
/// text to HubSpot, and the empty one empties a property.
pub fn hubspot(told: &Told, language: Language, id_property: &str) -> Value {
    let properties: Map<String, Value> = FIELDS
        .iter()
        .map(|(name, tell)| {
            let value = match tell(told, language) {
                Value::Null => String::new(),
                Value::String(text) => text,
                other => other.to_string(),
            };
            (format!("churnwatch_{name}"), value.into())
        })
        .collect();
    json!({"inputs": [{"idProperty": id_property, "id": told.subject, "properties": properties}]})
}

/// `PATCH …/composite/sobjects/OBJECT/FIELD` of Salesforce: one record by its external id. The customer's id stands in the
/// body, not in the address, which others log.
pub fn salesforce(told: &Told, language: Language, object: &str, field: &str) -> Value {
    let mut record = Map::from_iter([
        ("attributes".to_owned(), json!({"type": object})),
        (field.to_owned(), told.subject.clone().into()),
    ]);
    record.extend(FIELDS.iter().map(|(name, tell)| (custom_field(name), tell(told, language))));
    json!({"allOrNone": true, "records": [record]})
}

/// `silence_days` is `Churnwatch_Silence_Days__c`.
fn custom_field(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    let words: Vec<String> = name.split('_').map(capital).collect();
    format!("Churnwatch_{}__c", words.join("_"))
}

/// Object and field that an address of Salesforce's upsert names.
pub fn salesforce_object(url: &str) -> Option<(&str, &str)> {
    let (_, named) = url.split_once("/composite/sobjects/")?;
    let (object, field) = named.split_once('/')?;
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name(object) && is_name(field)).then_some((object, field))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{hubspot, salesforce, salesforce_object};
    use crate::wire::texts::Language;
    use crate::wire::webhooks::told::Told;

    fn told(kind: &str, data: &Value) -> Told {
        let alert = json!({"id": "1", "type": format!("churnwatch.alert.{kind}"), "subject": "bob", "data": data});
        Told::read(alert.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn an_erasure_empties_every_field() {
        let erased = told("withdrawn", &json!({"episode_id": "e", "cause": "erasure", "day": "2026-01-01"}));
        let upsert = hubspot(&erased, Language::En, "customer_number");
        let input = &upsert["inputs"][0];
        assert_eq!((&input["idProperty"], &input["id"]), (&json!("customer_number"), &json!("bob")));
        let told = input["properties"].as_object().unwrap().iter().filter(|(_, value)| **value != json!(""));
        let names: Vec<&str> = told.map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["churnwatch_alert_id", "churnwatch_episode_id", "churnwatch_status"]);
        let record = salesforce(&erased, Language::En, "Account", "Number__c")["records"][0].clone();
        assert_eq!((&record["Number__c"], &record["attributes"]["type"]), (&json!("bob"), &json!("Account")));
        assert_eq!(record["Churnwatch_Silence_Days__c"], Value::Null);
        assert_eq!(record.as_object().unwrap().len(), 17);
    }

    #[test]
    fn an_action_is_told_while_there_is_something_to_do() {
        let data = json!({"action": {"name": "call", "en": "Call.", "zh": "致电。"}, "value_at_risk": "1234567.10"});
        let open = salesforce(&told("opened", &data), Language::Zh, "Contact", "Id__c")["records"][0].clone();
        assert_eq!(
            (&open["Churnwatch_Action_Text__c"], &open["Churnwatch_Status__c"]),
            (&json!("致电。"), &json!("open"))
        );
        assert_eq!(open["Churnwatch_Value_At_Risk__c"].to_string(), "1234567.1");
        let contact = hubspot(&told("opened", &data), Language::En, "id")["inputs"][0]["properties"].clone();
        assert_eq!(contact["churnwatch_value_at_risk"], "1234567.1");
        let ended = salesforce(&told("resolved", &data), Language::Zh, "Contact", "Id__c")["records"][0].clone();
        assert_eq!(
            (&ended["Churnwatch_Action__c"], &ended["Churnwatch_Status__c"]),
            (&Value::Null, &json!("resolved"))
        );
    }

    #[test]
    fn an_address_of_salesforce_names_object_and_field() {
        let at = |path: &str| format!("https://x.my.salesforce.com/services/data/v65.0{path}");
        assert_eq!(salesforce_object(&at("/composite/sobjects/Contact/Number__c")), Some(("Contact", "Number__c")));
        for wrong in ["/sobjects/Contact/Number__c", "/composite/sobjects/Contact", "/composite/sobjects/a/b?c"] {
            assert_eq!(salesforce_object(&at(wrong)), None);
        }
    }
}
