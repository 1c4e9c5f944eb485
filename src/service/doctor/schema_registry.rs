//! Whether the schema registry answers, where any input needs it.

use std::time::Duration;

use crate::config::settings::Settings;
use crate::service::doctor::finding::{Checked, Kind, count, failed};
use crate::service::doctor::time_left::TimeLeft;
use crate::service::registry::client::{Client, Ending};
use crate::wire::shapes::doctor::{Check, Severity};

/// Bound on its answer.
const ANSWER: Duration = Duration::from_secs(5);

/// No answer.
const REGISTRY_UNREACHABLE: Kind = Kind {
    code: "registry-unreachable",
    severity: Severity::Error,
    means: "the schema registry does not answer: records of schemas that the service does not know yet wait",
    remedy: "look at schema_registry.url and ca_file, and whether the registry runs; what waits goes on by itself once it answers",
};
/// Refused.
const REGISTRY_SHUT: Kind = Kind {
    code: "registry-shut",
    severity: Severity::Error,
    means: "the schema registry does not let us in: records of schemas that the service does not know yet wait",
    remedy: "look at schema_registry.username and password_file, or token_file, and let that user read schemas and subjects; a file that is changed is in force at once",
};

/// What may be found here.
pub const KINDS: [&Kind; 2] = [&REGISTRY_UNREACHABLE, &REGISTRY_SHUT];

/// Asks it for the kinds of schemas that it knows.
pub fn judge(settings: &Settings, time: TimeLeft) -> Checked {
    let (Some(registry), Some(_)) = (&settings.registry, settings.shapes.framing()) else {
        return Checked::new(Check::SchemaRegistry, "no input needs one", Vec::new());
    };
    let client = match Client::new(registry, Some(time.bound(ANSWER))) {
        Ok(client) => client,
        Err(fault) => return failed(Check::SchemaRegistry, fault),
    };
    match client.kinds() {
        Ok(kinds) => {
            let seen = format!("it answers and knows {} of schemas: {}", count(kinds.len(), "kind"), kinds.join(", "));
            Checked::new(Check::SchemaRegistry, seen, Vec::new())
        }
        Err(trouble) => {
            let kind = if trouble.ending == Ending::NotLetIn { &REGISTRY_SHUT } else { &REGISTRY_UNREACHABLE };
            let finding = kind.found("schema_registry.url", trouble.said, &[]);
            Checked::new(Check::SchemaRegistry, "no schemas to be had", vec![finding])
        }
    }
}
