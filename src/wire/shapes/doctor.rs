//! What `doctor --json` prints: every check, what it saw, and what it found with its remedy.

use schemars::JsonSchema;
use serde::Serialize;

/// How a configuration, its Kafka and its service are.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Doctor")]
pub struct DoctorShape {
    /// The release that looked.
    pub churnwatch: String,
    /// The Kafka client inside it.
    pub librdkafka: String,
    /// When it began to look.
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
    /// How long it looked.
    pub seconds: f64,
    /// Whether no finding is an error: the exit code is 0 then, otherwise 1.
    pub healthy: bool,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
    /// Findings that are notes.
    pub notes: usize,
    /// Every check, in a fixed order.
    pub checks: Vec<CheckShape>,
}

/// A check.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Checked")]
pub struct CheckShape {
    /// Which.
    pub check: Check,
    /// What came of it.
    pub result: CheckResult,
    /// What it saw, or why it was skipped.
    pub seen: String,
    /// What it found, the worst first.
    pub findings: Vec<FindingShape>,
}

/// Something that is not as it should be.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields, rename = "Finding")]
pub struct FindingShape {
    /// Its name, which stays from release to release; docs/operations.md lists all.
    #[schemars(regex(pattern = "^[a-z]+(-[a-z]+)*$"))]
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, as a topic or an address; null where the check says it.
    pub about: Option<String>,
    /// What was seen, with figures.
    pub seen: String,
    /// What to do, in one sentence.
    pub remedy: String,
}

/// What is looked at, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The configuration, beyond what loading it refuses.
    Configuration,
    /// Whether every broker can be reached, and lets us in.
    Brokers,
    /// Whether the schema registry answers, where any input needs it.
    SchemaRegistry,
    /// The topics: there, fitting together, kept as they must be, copied.
    Topics,
    /// What the service must be allowed to do.
    Permissions,
    /// Transactions that stay open.
    Transactions,
    /// Who reads the inputs, and how far they are.
    Consumers,
    /// The clocks of whoever writes.
    Clocks,
    /// What the changelog says of the partitions.
    State,
    /// The models.
    Model,
    /// What could not be used.
    DeadLetters,
    /// What the running service says of itself.
    Service,
    /// Memory against customers.
    Memory,
}

impl Check {
    /// All, in the order of the report.
    pub const ALL: [Self; 13] = [
        Self::Configuration,
        Self::Brokers,
        Self::SchemaRegistry,
        Self::Topics,
        Self::Permissions,
        Self::Transactions,
        Self::Consumers,
        Self::Clocks,
        Self::State,
        Self::Model,
        Self::DeadLetters,
        Self::Service,
        Self::Memory,
    ];

    /// Its name for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Brokers => "brokers",
            Self::SchemaRegistry => "registry",
            Self::Topics => "topics",
            Self::Permissions => "permissions",
            Self::Transactions => "transactions",
            Self::Consumers => "consumers",
            Self::Clocks => "clocks",
            Self::State => "state",
            Self::Model => "model",
            Self::DeadLetters => "dead letters",
            Self::Service => "service",
            Self::Memory => "memory",
        }
    }
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckResult {
    /// Nothing was found.
    Ok,
    /// Something was.
    Found,
    /// It could not be made.
    Skipped,
}

/// How bad a finding is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The service cannot do its work, or loses something.
    Error,
    /// It works, and something is in danger or slower than it should be.
    Warning,
    /// Worth knowing.
    Note,
}

impl Severity {
    /// Its name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}
