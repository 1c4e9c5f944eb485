//! The watch on the models' topic: whenever its end has moved, the promotions are read anew.
//!
//! One a process; a broker that does not answer stops nobody: the workers go on with what is known.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use tracing::{info, warn};

use crate::service::fault::ServiceFault;
use crate::service::kafka::context::Reader;
use crate::service::kafka::hearing::Hearing;
use crate::service::kafka::topics::asker;
use crate::service::pulse::Pulse;
use crate::service::shared::Shared;

/// How often the end of the topic is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long one look may take.
const ANSWER: Duration = Duration::from_secs(1);

/// Starts the watch.
pub fn start(shared: &Shared, pulse: &Pulse) -> Result<(), ServiceFault> {
    let consumer = asker(&shared.settings)?;
    let (shared, pulse) = (shared.clone(), pulse.clone());
    let thread = std::thread::Builder::new().name("models".into()).spawn(move || watch(consumer, &shared, &pulse));
    thread.map(drop).map_err(|fault| ServiceFault::Failed(format!("cannot start a thread: {fault}")))
}

fn watch(mut consumer: Reader, shared: &Shared, pulse: &Pulse) {
    let (topic, models) = (&shared.settings.file.topics.models, &shared.models);
    let (mut trouble, mut hearing) = (false, Hearing::default());
    while !pulse.stopping() {
        // Where no broker answers the workers speak of it.
        let end = consumer.fetch_watermarks(topic, 0, ANSWER).ok().map(|(_, end)| end);
        match end {
            Some(_) => hearing.heard(),
            None => hearing.renew(&shared.settings, &mut consumer, topic),
        }
        if end.is_some_and(|end| end != models.end()) {
            let read = models.refresh(&shared.settings, pulse);
            match &read {
                Ok(schedule) => info!(promotions = schedule.promotions().len(), "promotions read"),
                Err(fault) if !trouble && !pulse.stopping() => {
                    warn!(%fault, "promotions could not be read, trying again");
                }
                Err(_) => {}
            }
            trouble = read.is_err();
        }
        let until = Instant::now() + LOOK;
        while Instant::now() < until && !pulse.stopping() {
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
