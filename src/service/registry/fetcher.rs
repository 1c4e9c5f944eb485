//! Fetches schemas that somebody waits for, in a thread of its own, as long as the process lives.
//!
//! Invariant: a record is only judged by what the registry said. As long as it says nothing, records wait.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::pulse::Pulse;
use crate::service::registry::client::{Client, Ending, Found, Trouble};
use crate::service::telemetry::registry::RegistryMetrics;
use crate::wire::registry::schemas::{Known, Schemas};

/// How often it looks whether somebody waits.
const LOOK: Duration = Duration::from_millis(20);
/// Pause after a question that came to nothing, doubled with each more, and the longest.
const PAUSE: Duration = Duration::from_millis(200);
const MAX_PAUSE: Duration = Duration::from_secs(5);
/// How often the same trouble is spoken of.
const SPEAK: Duration = Duration::from_mins(1);
/// A replica of a registry may be a moment behind the one that a producer asked, so what it does not know it is asked twice.
const SECOND_LOOK: Duration = Duration::from_secs(1);
/// So many unknown ids at a time are no sign of a replica behind, but of bytes that are no frames.
const CROWD: usize = 16;
/// How long what is unknown, or can't be read, is believed to be so.
const DOUBT: Duration = Duration::from_mins(1);

/// Starts the thread, where records of any input name schemas.
pub fn start(settings: &Settings, metrics: &RegistryMetrics, pulse: &Pulse) -> Result<(), ServiceFault> {
    let (Some(registry), Some(framed)) = (&settings.registry, settings.shapes.framing()) else { return Ok(()) };
    let client = Client::new(registry, None).map_err(|fault| ServiceFault::Setup(fault.to_string()))?;
    let fetcher = Fetcher {
        client,
        schemas: framed.schemas.clone(),
        metrics: metrics.clone(),
        unknown: HashMap::new(),
        told: None,
    };
    let pulse = pulse.clone();
    let thread = std::thread::Builder::new().name("registry".into()).spawn(move || fetcher.follow(&pulse));
    thread.map(drop).map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))
}

struct Fetcher {
    client: Client,
    schemas: Arc<Schemas>,
    metrics: RegistryMetrics,
    /// When an id was first found to be unknown or unreadable.
    unknown: HashMap<u32, Instant>,
    /// The trouble that was last spoken of, and when.
    told: Option<(Trouble, Instant)>,
}

impl Fetcher {
    fn follow(mut self, pulse: &Pulse) {
        let mut pause = PAUSE;
        while !pulse.stopping() {
            self.doubt();
            let mut rest = LOOK;
            for id in self.schemas.wanted() {
                if self.unknown.get(&id).is_some_and(|since| since.elapsed() < SECOND_LOOK) {
                    continue;
                }
                match self.client.schema(id) {
                    Ok(found) => {
                        pause = PAUSE;
                        self.answers();
                        self.take(id, found);
                    }
                    Err(trouble) => {
                        self.speak(trouble);
                        (rest, pause) = (pause, (pause * 2).min(MAX_PAUSE));
                        break;
                    }
                }
            }
            let until = Instant::now() + rest;
            while Instant::now() < until && !pulse.stopping() {
                std::thread::sleep(LOOK);
            }
        }
    }

    /// What was unknown a while ago may be there by now.
    fn doubt(&mut self) {
        let schemas = &self.schemas;
        self.unknown.retain(|id, since| {
            let is_fresh = since.elapsed() < DOUBT;
            if !is_fresh {
                schemas.forget(*id);
            }
            is_fresh
        });
    }

    fn take(&mut self, id: u32, found: Found) {
        let (ending, why) = match found {
            Found::Schema(schema) => {
                self.unknown.remove(&id);
                self.metrics.asked(Ending::Found);
                info!(id, "schema fetched");
                return self.schemas.tell(id, Known::Schema(Arc::new(schema)));
            }
            Found::Unknown => (Ending::Unknown, "the registry has none of this id".to_owned()),
            Found::Unreadable(why) => (Ending::Unreadable, why),
        };
        self.metrics.asked(ending);
        let is_certain = ending == Ending::Unreadable || self.unknown.len() >= CROWD;
        if self.unknown.insert(id, Instant::now()).is_some() || is_certain {
            warn!(id, why, "no schema to read records by: they become dead letters");
            self.schemas.tell(id, Known::Unusable);
        }
    }

    fn speak(&mut self, trouble: Trouble) {
        self.metrics.asked(trouble.ending);
        let is_known = self.told.as_ref().is_some_and(|(told, at)| *told == trouble && at.elapsed() < SPEAK);
        if !is_known {
            warn!("records wait for their schema: {}", trouble.said);
            self.told = Some((trouble, Instant::now()));
        }
    }

    fn answers(&mut self) {
        if self.told.take().is_some() {
            info!("the schema registry answers again");
        }
    }
}
