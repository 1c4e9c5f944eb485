//! The brokers that a cluster names to somebody who then gets no answer from any of them.
//!
//! librdkafka turns from the configured addresses to those that the cluster names as soon as it is told them, and gives
//! nobody the list before it has an answer from there. Its own words for what it was told are all that there is.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};

use crate::config::settings::Settings;
use crate::service::doctor::addresses::{Address, addresses};
use crate::service::doctor::time_left::TimeLeft;
use crate::service::kafka::client::{asking, end};

/// How long it listens, and how often it looks whether it has heard.
const LISTEN: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(200);

/// Keeps what the client was told.
#[derive(Default)]
struct Told(Mutex<BTreeMap<i32, Address>>);

impl ClientContext for Told {
    fn log(&self, _: RDKafkaLogLevel, _: &str, message: &str) {
        if let Some((id, address)) = broker(message) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, address);
        }
    }
}

impl ConsumerContext for Told {}

/// The brokers by their numbers.
pub fn named(settings: &Settings) -> Vec<(i32, Address)> {
    let mut config = asking(settings, "read_uncommitted");
    // Its words at this level, whatever is logged otherwise.
    config.set("debug", "metadata").set_log_level(RDKafkaLogLevel::Debug);
    let made: Result<BaseConsumer<Told>, _> = config.create_with_context(Told::default());
    let Ok(client) = made else { return Vec::new() };
    let (time, mut told) = (TimeLeft::of(LISTEN), BTreeMap::new());
    while told.is_empty() && !time.is_over() {
        // It connects when it is asked, and speaks when it is polled.
        let _ = client.fetch_metadata(None, LOOK);
        let _ = client.poll(LOOK);
        told = std::mem::take(&mut *client.context().0.lock().unwrap_or_else(PoisonError::into_inner));
    }
    end(client);
    told.into_iter().collect()
}

/// Reads `… Broker #0/1: HOST:PORT NodeId 1`.
fn broker(message: &str) -> Option<(i32, Address)> {
    let (_, rest) = message.split_once(" Broker #")?;
    let (_, rest) = rest.split_once(": ")?;
    let (address, id) = rest.split_once(" NodeId ")?;
    Some((id.trim().parse().ok()?, addresses(address).pop()?))
}

#[cfg(test)]
mod tests {
    use super::broker;

    #[test]
    fn a_broker_is_read_off_the_client_s_words() {
        let (id, address) = broker("[thrd:main]: k:9092/bootstrap:   Broker #0/3: far.example:9093 NodeId 7").unwrap();
        assert_eq!((id, address.to_string()), (7, "far.example:9093".to_owned()));
        assert_eq!(broker("[thrd:main]: 1 brokers, 7 topics"), None);
    }
}
