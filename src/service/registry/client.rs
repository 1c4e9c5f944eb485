//! The questions to a registry, by the interface that Confluent's, Karapace's, Redpanda's and Apicurio's have in common.
//!
//! Nothing of address, password or token is in what it tells.

use std::io::Read;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde::Deserialize;
use ureq::http::header::{ACCEPT, AUTHORIZATION};

use crate::config::fault::Fault;
use crate::config::registry::Registry;
use crate::service::outgoing::{configured, obstacle};
use crate::wire::registry::definition::{Definition, Reference, WriterSchema};

/// Longest time for one answer.
const ANSWER: Duration = Duration::from_secs(10);
/// Most bytes of an answer, far beyond any schema.
const MOST_ANSWER: u64 = 8 << 20;
/// Most schemas that one refers to, through others too.
const MAX_REFERENCES: usize = 1_000;
/// What a registry calls an unknown subject, version or schema.
const UNKNOWN: [u32; 3] = [40_401, 40_402, 40_403];
/// What is understood.
const UNDERSTOOD: &str = "application/vnd.schemaregistry.v1+json, application/json";

/// What came of a question for a schema.
#[derive(Debug)]
pub enum Found {
    /// Records can be read by it.
    Schema(WriterSchema),
    /// There is none of this id.
    Unknown,
    /// There is one that can't be read, for this reason.
    Unreadable(String),
}

/// Why nothing can be said of a schema for now: how it is counted, and what to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// How the question ended.
    pub ending: Ending,
    /// What was in the way and what to do.
    pub said: String,
}

/// How a question ended, as metrics call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With a schema.
    Found,
    /// There is none.
    Unknown,
    /// There is one that can't be read.
    Unreadable,
    /// We are not let in.
    NotLetIn,
    /// No connection, no answer in time, or none that a registry gives.
    Unreachable,
}

impl Ending {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Found, Self::Unknown, Self::Unreadable, Self::NotLetIn, Self::Unreachable];

    /// The name in labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
            Self::NotLetIn => "not let in",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What a registry says where it does not answer as asked.
#[derive(Deserialize)]
struct Refusal {
    error_code: u32,
}

/// Asks one registry.
pub struct Client {
    registry: Registry,
    agent: ureq::Agent,
}

impl Client {
    /// The authority's certificate must be readable now.
    pub fn new(registry: &Registry, answer: Option<Duration>) -> Result<Self, Fault> {
        let config = configured(registry.authority()?, answer.unwrap_or(ANSWER));
        Ok(Self { registry: registry.clone(), agent: config.build().new_agent() })
    }

    /// The kinds of schemas that it knows: what shows that it is there and lets us in.
    pub fn kinds(&self) -> Result<Vec<String>, Trouble> {
        let kinds = self.get::<Vec<String>>("/schemas/types")?;
        kinds.ok_or_else(|| unreachable("what answers is no schema registry: look at the path of schema_registry.url"))
    }

    /// The schema of an id, with all that it refers to.
    pub fn schema(&self, id: u32) -> Result<Found, Trouble> {
        let Some(definition) = self.get::<Definition>(&format!("/schemas/ids/{id}"))? else {
            return Ok(Found::Unknown);
        };
        let mut gathering = Gathering::default();
        if let Some(missing) = self.gather(&definition, &mut gathering)? {
            return Ok(Found::Unreadable(missing));
        }
        Ok(WriterSchema::new(&definition, &gathering.texts).map_or_else(Found::Unreadable, Found::Schema))
    }

    /// Gathers what a schema refers to, the innermost first; gives what can't be had.
    fn gather(&self, definition: &Definition, gathering: &mut Gathering) -> Result<Option<String>, Trouble> {
        for reference in definition.references.iter().flatten() {
            let Reference { name, subject, version } = reference;
            let place = (subject.clone(), *version);
            if gathering.seen.contains(&place) {
                continue;
            }
            if gathering.seen.len() == MAX_REFERENCES {
                return Ok(Some(format!("it refers to more than {MAX_REFERENCES} others")));
            }
            gathering.seen.push(place);
            // A subject that was given up still says what old records mean.
            let subject_text = utf8_percent_encode(subject, NON_ALPHANUMERIC);
            let path = format!("/subjects/{subject_text}/versions/{version}?deleted=true");
            let Some(found) = self.get::<Definition>(&path)? else {
                return Ok(Some(format!("it refers to version {version} of {subject}, which is not there")));
            };
            if let Some(missing) = self.gather(&found, gathering)? {
                return Ok(Some(missing));
            }
            gathering.texts.push((name.clone(), found.schema));
        }
        Ok(None)
    }

    /// An answer; `None` where the registry says that there is nothing of the kind.
    fn get<T: for<'a> Deserialize<'a>>(&self, path: &str) -> Result<Option<T>, Trouble> {
        let authorization = self.registry.authorization();
        let authorization =
            authorization.map_err(|fault| Trouble { ending: Ending::NotLetIn, said: fault.to_string() })?;
        let mut request = self.agent.get(format!("{}{path}", self.registry.url)).header(ACCEPT, UNDERSTOOD);
        if let Some(secret) = &authorization {
            request = request.header(AUTHORIZATION, secret.expose_secret());
        }
        let mut response = request.call().map_err(|fault| {
            let (_, said) = obstacle(&fault);
            unreachable(format!("{said}: look at schema_registry.url and whether the registry runs"))
        })?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(MOST_ANSWER).read_to_end(&mut body);
        match (status, read) {
            (200, Ok(_)) => serde_json::from_slice(&body).map(Some).map_err(|_| {
                unreachable("what was answered is nothing that a schema registry says: look at schema_registry.url")
            }),
            (404, Ok(_)) => match serde_json::from_slice::<Refusal>(&body) {
                Ok(refusal) if UNKNOWN.contains(&refusal.error_code) => Ok(None),
                // A wrong path would make a dead letter of every record.
                _ => Err(unreachable(
                    "what answers is no schema registry (404): look at the path of schema_registry.url",
                )),
            },
            (401 | 403, _) => {
                let keys = match authorization {
                    Some(_) => {
                        "look at schema_registry.username and password_file, or token_file, and at what they may read"
                    }
                    None => "give schema_registry.username and password_file, or token_file",
                };
                Err(Trouble {
                    ending: Ending::NotLetIn,
                    said: format!("the registry does not let us in ({status}): {keys}"),
                })
            }
            (200, Err(_)) => Err(unreachable("the answer broke off")),
            _ => Err(unreachable(format!("the registry answered {status}: its own log says why"))),
        }
    }
}

/// What a schema refers to, as it is found.
#[derive(Default)]
struct Gathering {
    texts: Vec<(String, String)>,
    seen: Vec<(String, u32)>,
}

fn unreachable(said: impl Into<String>) -> Trouble {
    Trouble { ending: Ending::Unreachable, said: said.into() }
}
