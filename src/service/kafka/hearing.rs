//! Whether a client still has brokers to ask.
//!
//! librdkafka forgets every broker that an answer about the cluster does not name. Where all nodes stood still for longer
//! than their session, the first answers after that name none; a client that got one asks nobody any more, for as long as it
//! lives (confluentinc/librdkafka#5301). Only another client helps.

use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::client::Client;
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode;
use tracing::warn;

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::end;
use crate::service::kafka::context::Reader;
use crate::service::kafka::topics::asker;

/// How far apart two looks are that find a client without anybody to ask before another client asks.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bound on one answer, and on the one that decides: a connection that was lost is tried again within a second or two.
const ANSWER: Duration = Duration::from_secs(1);
const LAST_ANSWER: Duration = Duration::from_secs(3);

/// What is known of a client's hearing.
#[derive(Default)]
pub struct Hearing {
    /// Since when the client has had nobody to ask.
    silent: Option<Instant>,
    /// Another client, which has asked meanwhile.
    other: Option<Reader>,
}

impl Hearing {
    /// The client had an answer.
    pub fn heard(&mut self) {
        self.silent = None;
        if let Some(other) = self.other.take() {
            end(other);
        }
    }

    /// Asks for a topic; a fault where the client has nobody to ask while another gets answers.
    pub fn check<C: ClientContext>(
        &mut self,
        settings: &Settings,
        client: &Client<C>,
        topic: &str,
    ) -> Result<(), ServiceFault> {
        if has_somebody(client, topic, ANSWER) {
            self.heard();
            return Ok(());
        }
        if self.silent.get_or_insert_with(Instant::now).elapsed() < PATIENCE {
            return Ok(());
        }
        let other = match self.other.take() {
            Some(other) => other,
            None => asker(settings)?,
        };
        let other = self.other.insert(other).client();
        // The first answer may come from an address that was configured, the second only from one that the cluster names.
        if names_brokers(other, topic) && names_brokers(other, topic) {
            if has_somebody(client, topic, LAST_ANSWER) {
                self.heard();
                return Ok(());
            }
            return Err(ServiceFault::CutOff(
                "a Kafka client has lost all its brokers and does not look for them any more".into(),
            ));
        }
        Ok(())
    }

    /// Puts another client in the place of one that only asks, where that helps.
    pub fn renew(&mut self, settings: &Settings, client: &mut Reader, topic: &str) {
        if let Err(fault) = self.check(settings, client.client(), topic)
            && let Some(other) = self.other.take()
        {
            warn!(topic, %fault, "watching with another");
            end(std::mem::replace(client, other));
            self.silent = None;
        }
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        self.heard();
    }
}

/// Whether a client has a broker to ask. One whose broker takes its time, as a quota makes it, is told that the time is over.
fn has_somebody<C: ClientContext>(client: &Client<C>, topic: &str, patience: Duration) -> bool {
    let answer = client.fetch_metadata(Some(topic), patience);
    !answer.is_err_and(|fault| fault.rdkafka_error_code() == Some(RDKafkaErrorCode::BrokerTransportFailure))
}

fn names_brokers<C: ClientContext>(client: &Client<C>, topic: &str) -> bool {
    client.fetch_metadata(Some(topic), ANSWER).is_ok_and(|answer| !answer.brokers().is_empty())
}
