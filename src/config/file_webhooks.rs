//! The shape of `[webhooks]`: where alerts are posted to, in which form, and how often it is tried.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::texts::Language;
use crate::wire::webhooks::request::Format;

/// Addresses that alerts are posted to, by `churnwatch webhooks`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Address of its listener for probes and metrics; port 0 takes a free one.
    pub listen: String,
    /// The addresses. Each has a consumer group of its own.
    pub endpoints: Vec<EndpointFile>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8081".into(), endpoints: Vec::new() }
    }
}

/// Where a new endpoint begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With the alerts that come from now on.
    #[default]
    End,
    /// With the oldest alert that the topic still has.
    Beginning,
}

/// One address.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EndpointFile {
    /// Its name, in the consumer group, in metrics and in dead letters: small letters, digits and `-`.
    pub name: String,
    /// Where it is. Salesforce: `https://…/services/data/vNN.N/composite/sobjects/OBJECT/FIELD`, FIELD being an external id.
    pub url: Option<String>,
    /// File that holds the URL, where it is a secret itself, as of Slack, DingTalk and WeCom.
    pub url_file: Option<PathBuf>,
    /// What it understands.
    pub format: Format,
    /// The language of sentences in messages and upserts.
    pub language: Language,
    /// Files with secrets of Standard Webhooks (`whsec_…`): each request is signed with all of them, so that a receiver can
    /// change from one to the next. DingTalk: one file, the robot's secret.
    pub secret_files: Vec<PathBuf>,
    /// File with a bearer token; read again for every request.
    pub token_file: Option<PathBuf>,
    /// PEM file of the authority that vouches for its certificate; absent: those that browsers trust.
    pub ca_file: Option<PathBuf>,
    /// Whether `http://` may leave this machine, where alerts can be read on the way.
    pub allow_http: bool,
    /// These types alone: opened, escalated, resolved, lapsed, withdrawn; empty: all.
    pub types: Vec<String>,
    /// These bands alone: watch, high, critical; empty: all.
    pub bands: Vec<String>,
    /// These value tiers alone: low, mid, high; empty: all.
    pub tiers: Vec<String>,
    /// HubSpot: the contact property of unique values that holds the customer's id.
    pub id_property: String,
    /// Where it begins when it is new.
    pub start: Start,
    /// How often an alert is tried before it becomes a dead letter.
    pub tries: u32,
    /// Longest time for one try.
    pub timeout: String,
    /// Wait after the first try that failed; twice as long after each more.
    pub first_wait: String,
    /// Longest wait between two tries.
    pub longest_wait: String,
    /// Most requests under way at a time, each about another customer.
    pub parallel: u32,
    /// Most requests a minute; absent: what the format's own document says (Slack 60, DingTalk and WeCom 20), else no
    /// limit.
    pub per_minute: Option<u32>,
}

/// An address may be a secret.
impl fmt::Debug for EndpointFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EndpointFile").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Default for EndpointFile {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: None,
            url_file: None,
            format: Format::Cloudevents,
            language: Language::En,
            secret_files: Vec::new(),
            token_file: None,
            ca_file: None,
            allow_http: false,
            types: Vec::new(),
            bands: Vec::new(),
            tiers: Vec::new(),
            id_property: "churnwatch_customer_id".into(),
            start: Start::End,
            tries: 20,
            timeout: "10s".into(),
            first_wait: "1s".into(),
            longest_wait: "1h".into(),
            parallel: 8,
            per_minute: None,
        }
    }
}
