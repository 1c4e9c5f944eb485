//! One alert as one request of a format.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::wire::texts::Language;
use crate::wire::webhooks::chat::{dingtalk, slack, wecom};
use crate::wire::webhooks::crm::{hubspot, salesforce, salesforce_object};
use crate::wire::webhooks::signature::{Secret, dingtalk_query, signatures};
use crate::wire::webhooks::told::Told;

/// What an address understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The alert as it is, a CloudEvent, signed by Standard Webhooks.
    #[default]
    Cloudevents,
    /// An incoming webhook of Slack.
    Slack,
    /// A custom robot of DingTalk.
    Dingtalk,
    /// A group robot of WeCom.
    Wecom,
    /// Upserts of HubSpot contacts.
    Hubspot,
    /// Upserts of a Salesforce object.
    Salesforce,
}

impl Format {
    /// Whether its address is itself a secret: whoever knows it may write.
    pub const fn has_secret_url(self) -> bool {
        matches!(self, Self::Slack | Self::Dingtalk | Self::Wecom)
    }

    /// Most messages a minute that the other side takes, by its own document; `None`: it does not say.
    pub const fn most_a_minute(self) -> Option<u32> {
        match self {
            Self::Slack => Some(60),
            Self::Dingtalk | Self::Wecom => Some(20),
            Self::Cloudevents | Self::Hubspot | Self::Salesforce => None,
        }
    }
}

/// What is known of an address besides what it is sent.
pub struct Way<'a> {
    /// What it understands.
    pub format: Format,
    /// Where it is.
    pub url: &'a str,
    /// The language of sentences.
    pub language: Language,
    /// Of HubSpot: the property that holds the customer's id.
    pub id_property: &'a str,
}

/// What a request is signed and let in by.
#[derive(Default)]
pub struct Credentials {
    /// Secrets of Standard Webhooks.
    pub secrets: Vec<Secret>,
    /// The secret of a robot of DingTalk.
    pub robot: Option<String>,
    /// A bearer token.
    pub token: Option<String>,
}

/// A request that can be sent.
pub struct Request {
    /// POST or PATCH.
    pub method: &'static str,
    /// Where to.
    pub url: String,
    /// Headers, without length and host.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// The request for an alert; `record` is the alert as it was read, `millis` the time since 1970.
pub fn request(way: &Way<'_>, credentials: &Credentials, told: &Told, record: &[u8], millis: i64) -> Request {
    let (json, language) = ("application/json; charset=utf-8", way.language);
    let bytes = |value: Value| value.to_string().into_bytes();
    let (mut method, mut url, mut kind) = ("POST", way.url.to_owned(), json);
    let body = match way.format {
        Format::Cloudevents => {
            kind = "application/cloudevents+json; charset=utf-8";
            record.to_vec()
        }
        Format::Slack => bytes(slack(told, language)),
        Format::Dingtalk => {
            if let Some(robot) = &credentials.robot {
                url.push(if url.contains('?') { '&' } else { '?' });
                url.push_str(&dingtalk_query(robot, millis));
            }
            bytes(dingtalk(told, language))
        }
        Format::Wecom => bytes(wecom(told, language)),
        Format::Hubspot => bytes(hubspot(told, language, way.id_property)),
        Format::Salesforce => {
            method = "PATCH";
            let (object, field) = salesforce_object(way.url).unwrap_or_default();
            bytes(salesforce(told, language, object, field))
        }
    };
    let mut headers = vec![("content-type", kind.to_owned())];
    if !credentials.secrets.is_empty() {
        let seconds = millis.div_euclid(1_000);
        headers.push(("webhook-id", told.id.clone()));
        headers.push(("webhook-timestamp", seconds.to_string()));
        headers.push(("webhook-signature", signatures(&credentials.secrets, &told.id, seconds, &body)));
    }
    if let Some(token) = &credentials.token {
        headers.push(("authorization", format!("Bearer {token}")));
    }
    Request { method, url, headers, body }
}

#[cfg(test)]
mod tests {
    use super::{Credentials, Format, Way, request};
    use crate::wire::texts::Language;
    use crate::wire::webhooks::example::example;
    use crate::wire::webhooks::signature::Secret;
    use crate::wire::webhooks::told::Told;

    #[test]
    fn a_cloudevent_goes_out_byte_for_byte_and_signed() {
        let record = example("8f14e45f-ceea-467f-a8e6-6f1a2c0d9b11").to_string();
        let told = Told::read(record.as_bytes()).unwrap();
        let secrets = vec![Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()];
        let url = "https://crm.example/hooks";
        let way = Way { format: Format::Cloudevents, url, language: Language::En, id_property: "" };
        let credentials = Credentials { secrets, token: Some("word".into()), robot: None };
        let sent = request(&way, &credentials, &told, record.as_bytes(), 1_700_000_000_999);
        assert_eq!((sent.method, sent.url.as_str(), sent.body.as_slice()), ("POST", url, record.as_bytes()));
        let header = |name| sent.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!(header("webhook-id"), Some("8f14e45f-ceea-467f-a8e6-6f1a2c0d9b11"));
        assert_eq!(header("webhook-timestamp"), Some("1700000000"));
        assert_eq!(header("authorization"), Some("Bearer word"));
        assert!(header("webhook-signature").unwrap().starts_with("v1,"));
    }

    #[test]
    fn a_robot_s_signature_stands_in_its_address() {
        let record = example("1").to_string();
        let told = Told::read(record.as_bytes()).unwrap();
        let url = "https://oapi.dingtalk.com/robot/send?access_token=x";
        let way = Way { format: Format::Dingtalk, url, language: Language::Zh, id_property: "" };
        let credentials = Credentials { robot: Some("SECtest".into()), ..Credentials::default() };
        let sent = request(&way, &credentials, &told, record.as_bytes(), 1_700_000_000_000);
        assert!(sent.url.starts_with(&format!("{url}&timestamp=1700000000000&sign=")), "{}", sent.url);
        assert_eq!(sent.headers.len(), 1);
    }
}
