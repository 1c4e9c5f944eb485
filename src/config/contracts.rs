//! Every contract of this program as JSON Schema: what goes in, what comes out, what files hold.

use serde_json::Value;

use crate::config::playbook::playbook_schema;
use crate::config::schema::schema as config_schema;
use crate::wire::artifact::Artifact;
use crate::wire::shapes::alert::Alert;
use crate::wire::shapes::dead_letter::DeadLetter;
use crate::wire::shapes::doctor::DoctorShape;
use crate::wire::shapes::event::EventShape;
use crate::wire::shapes::forecast::ForecastShape;
use crate::wire::shapes::listing::{CustomersShape, SummaryShape, WhatIfShape};
use crate::wire::shapes::outcome::Outcome;
use crate::wire::shapes::profile::ProfileShape;
use crate::wire::shapes::risk::RiskRecord;
use crate::wire::shapes::schema::{accepted, written};
use crate::wire::shapes::timeline::TimelineShape;

/// Something that others read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// An event on an input topic, or a line of a file.
    Event,
    /// A warning.
    Alert,
    /// A customer's current risk.
    Risk,
    /// What became of a warning.
    Outcome,
    /// A record that could not be used.
    DeadLetter,
    /// A model.
    Artifact,
    /// The playbook file.
    Playbook,
    /// The configuration file.
    Config,
    /// What is known of a customer.
    Profile,
    /// The warnings to come.
    Forecast,
    /// A page of customers.
    Customers,
    /// What a purchase would change.
    WhatIf,
    /// A customer's last days.
    Timeline,
    /// Customers and warnings, counted.
    Summary,
    /// What `doctor` found.
    Doctor,
}

impl Contract {
    /// Every contract, in the order of declaration.
    pub const ALL: [Self; 15] = [
        Self::Event,
        Self::Alert,
        Self::Risk,
        Self::Outcome,
        Self::DeadLetter,
        Self::Artifact,
        Self::Playbook,
        Self::Config,
        Self::Profile,
        Self::Forecast,
        Self::Customers,
        Self::WhatIf,
        Self::Timeline,
        Self::Summary,
        Self::Doctor,
    ];

    /// The name, as `churnwatch schema` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Alert => "alert",
            Self::Risk => "risk",
            Self::Outcome => "outcome",
            Self::DeadLetter => "dead-letter",
            Self::Artifact => "artifact",
            Self::Playbook => "playbook",
            Self::Config => "config",
            Self::Profile => "profile",
            Self::Forecast => "forecast",
            Self::Customers => "customers",
            Self::WhatIf => "what-if",
            Self::Timeline => "timeline",
            Self::Summary => "summary",
            Self::Doctor => "doctor",
        }
    }

    /// The JSON Schema, draft 2020-12.
    pub fn schema(self) -> Value {
        match self {
            Self::Event => accepted::<EventShape>(),
            Self::Alert => written::<Alert<'_>>(),
            Self::Risk => written::<RiskRecord<'_>>(),
            Self::Outcome => written::<Outcome<'_>>(),
            Self::DeadLetter => written::<DeadLetter>(),
            Self::Artifact => written::<Artifact>(),
            Self::Playbook => playbook_schema(),
            Self::Config => config_schema(),
            Self::Profile => written::<ProfileShape<'_>>(),
            Self::Forecast => written::<ForecastShape>(),
            Self::Customers => written::<CustomersShape>(),
            Self::WhatIf => written::<WhatIfShape<'_>>(),
            Self::Timeline => written::<TimelineShape<'_>>(),
            Self::Summary => written::<SummaryShape>(),
            Self::Doctor => written::<DoctorShape>(),
        }
    }

    /// The schema as its file holds it.
    pub fn text(self) -> String {
        serde_json::to_string_pretty(&self.schema()).unwrap_or_default()
    }
}
