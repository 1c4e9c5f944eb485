//! The shape of the configuration file, with every key's default. Values are checked in [`crate::config::settings`].

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::file_http::Http;
use crate::config::file_inputs::{Identity, InputFile, Rekey};
use crate::config::file_kafka::Kafka;
use crate::config::file_registry::SchemaRegistry;
use crate::config::file_tracing::Tracing;
use crate::config::file_webhooks::Webhooks;
use crate::config::segments::SegmentsFile;

/// The whole file.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// How Kafka is reached.
    pub kafka: Kafka,
    /// Names of the topics.
    pub topics: Topics,
    /// In which shape the records of an input come, by its topic; our own events where none is named.
    pub inputs: BTreeMap<String, InputFile>,
    /// Where the schemas of framed records are.
    pub schema_registry: SchemaRegistry,
    /// Inputs that are not keyed by their customer.
    pub rekey: Rekey,
    /// Customers who have several ids.
    pub identity: Identity,
    /// Days, zones and lateness.
    pub time: Time,
    /// Currency and margin.
    pub money: Money,
    /// What counts as churn.
    pub churn: Churn,
    /// Who is warned about, when, how many a day.
    pub alerts: Alerts,
    /// The experiment.
    pub holdout: Holdout,
    /// Forgetting customers.
    pub erasure: Erasure,
    /// Named segments, in order.
    pub segments: SegmentsFile,
    /// What the company wants to reach.
    pub goals: Goals,
    /// Probes, metrics and the API.
    pub http: Http,
    /// The model.
    pub model: Model,
    /// The process.
    pub service: Service,
    /// What to do about a warning.
    pub playbook: Playbook,
    /// Addresses that alerts are posted to.
    pub webhooks: Webhooks,
    /// Spans of sampled events.
    pub tracing: Tracing,
}

/// Names of the topics.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Topics {
    /// The inputs: one or several, with the same number of partitions.
    pub events: Vec<String>,
    /// Warnings.
    pub alerts: String,
    /// Current risk.
    pub risk: String,
    /// Outcomes.
    pub outcomes: String,
    /// The changelog.
    pub profiles: String,
    /// Inputs that could not be used.
    pub dead_letters: String,
    /// Model artifacts.
    pub models: String,
    /// Alerts that an address of `[webhooks]` did not take.
    pub webhook_dead_letters: String,
    /// What partitions say to each other where two ids are one customer; used with `identity.merge` only.
    pub merges: String,
}

impl Default for Topics {
    fn default() -> Self {
        let name = |last: &str| format!("churn.{last}");
        Self {
            events: vec![name("events")],
            alerts: name("alerts"),
            risk: name("risk"),
            outcomes: name("outcomes"),
            profiles: name("profiles"),
            dead_letters: name("dead-letters"),
            models: name("models"),
            webhook_dead_letters: name("webhook-dead-letters"),
            merges: name("merges"),
        }
    }
}

/// Days, zones and lateness.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Time {
    /// IANA zone in which days begin.
    pub zone: String,
    /// Events before this date are too old.
    pub earliest: String,
    /// Which clock closes days.
    pub clock: Clock,
    /// With the event clock: everything is published before `serve` starts, and days close through the one before this.
    pub until: Option<String>,
    /// Distinct customers whose newest events must agree before time moves.
    pub quorum: u32,
    /// How long after midnight a day still waits for events.
    pub close_delay: String,
    /// With the wall clock: days are held open when no input moved for this long; "0s" is off.
    pub source_silence: String,
    /// Days behind a customer's newest event after which an event is too late.
    pub lateness_days: u32,
}

/// Which clock closes days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// The frontier and the wall clock.
    #[default]
    Wall,
    /// The frontier alone.
    Event,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            zone: "UTC".into(),
            earliest: "1990-01-01".into(),
            clock: Clock::Wall,
            until: None,
            quorum: 3,
            close_delay: "2h".into(),
            source_silence: "26h".into(),
            lateness_days: 35,
        }
    }
}

/// Currency and margin.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Money {
    /// ISO 4217 code of the base currency.
    pub currency: String,
    /// Value of one unit of another currency in the base currency, as a decimal string.
    pub rates: BTreeMap<String, String>,
    /// Margin as a share of net spend.
    pub margin_rate: f64,
}

impl Default for Money {
    fn default() -> Self {
        Self { currency: "CNY".into(), rates: BTreeMap::new(), margin_rate: 0.3 }
    }
}

/// What counts as churn.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Churn {
    /// The silence, in days, that counts as churn.
    pub horizon_days: u32,
}

impl Default for Churn {
    fn default() -> Self {
        Self { horizon_days: 90 }
    }
}

/// Who is warned about, when, how many a day.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// Score at which watch begins; absent: the model's own.
    pub watch: Option<f64>,
    /// Score at which high begins.
    pub high: Option<f64>,
    /// Score at which critical begins.
    pub critical: Option<f64>,
    /// How far below its threshold a band is left.
    pub exit_margin: f64,
    /// A customer leaves a value tier only below its edge less this share of it.
    pub tier_margin: f64,
    /// Consecutive closes at or above the watch threshold before an episode opens.
    pub dwell_days: u32,
    /// Days from the end of an episode before another may open.
    pub cooldown_days: u32,
    /// Days from an opening to the measurement of its outcome.
    pub outcome_days: u32,
    /// Least silence, in days, at an opening.
    pub min_silence_days: u32,
    /// Least number of purchase days at an opening.
    pub min_purchase_days: u32,
    /// First closed day whose openings are published. Risk is told from the close before it on.
    pub publish_from: Option<String>,
    /// With the wall clock: a close decided later than this many days opens nothing; 0 is off.
    pub max_age_days: u32,
    /// Most openings a day by tier (low, mid, high); absent: no limit.
    pub capacity_per_day: BTreeMap<String, u32>,
    /// Interactions that may open an episode at once.
    pub immediate: Vec<String>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            watch: None,
            high: None,
            critical: None,
            exit_margin: 0.05,
            tier_margin: 0.1,
            dwell_days: 1,
            cooldown_days: 30,
            outcome_days: 30,
            min_silence_days: 7,
            min_purchase_days: 1,
            publish_from: None,
            max_age_days: 0,
            capacity_per_day: BTreeMap::new(),
            immediate: ["complaint", "survey", "unsubscribed"].map(String::from).to_vec(),
        }
    }
}

/// The experiment.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Holdout {
    /// Share of customers held out.
    pub share: f64,
    /// What the arms are drawn with.
    pub salt: String,
}

impl Default for Holdout {
    fn default() -> Self {
        Self { share: 0.1, salt: "churnwatch".into() }
    }
}

/// What the company wants to reach; each goal is a text with its unit.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Goals {
    /// Return rate that acting adds at least, as "2 points" (percentage points).
    pub retention: Option<serde_json::Value>,
    /// Margin that acting adds at least in a period of the report, in the base currency, as "50000 CNY".
    pub incremental_margin: Option<serde_json::Value>,
    /// Held-out customers who come back by themselves at most, as "40 %".
    pub false_alarms: Option<serde_json::Value>,
}

/// Forgetting customers.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Erasure {
    /// File with the key of the digests of erased ids.
    pub secret_file: Option<PathBuf>,
}

/// The model.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Model {
    /// Artifact in force until a promoted one is; absent: the default model that ships with this release.
    pub path: Option<PathBuf>,
}

/// The process.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Service {
    /// Worker threads.
    pub workers: u32,
    /// Stable name of this replica: static membership and a stable transactional id.
    pub instance: Option<String>,
    /// How long a worker that has records to read may commit nothing, while brokers answer, before the process ends with
    /// exit code 70; "0s" is off.
    pub stall: String,
    /// Most customers of a partition, which bounds the memory; new ones beyond it become dead letters. Absent: no limit.
    pub max_customers_per_partition: Option<u32>,
}

impl Default for Service {
    fn default() -> Self {
        Self { workers: 1, instance: None, stall: "5m".into(), max_customers_per_partition: None }
    }
}

/// What to do about a warning.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Playbook {
    /// TOML file of the playbook.
    pub path: Option<PathBuf>,
}
