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

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::context::Reader;
use crate::service::kafka::topics::asker;

/// How long a client may have nobody to ask before another asks for it.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bound on one answer.
const ANSWER: Duration = Duration::from_secs(1);

/// What is known of a client's hearing.
#[derive(Default)]
pub struct Hearing {
    /// Since when it has nobody to ask, or since another got no answer either.
    silent: Option<Instant>,
}

impl Hearing {
    /// Asks for a topic; a fault where the client has had nobody to ask for some time and another gets an answer at once.
    pub fn check<C: ClientContext>(
        &mut self,
        settings: &Settings,
        client: &Client<C>,
        topic: &str,
    ) -> Result<(), ServiceFault> {
        let answer = client.fetch_metadata(Some(topic), ANSWER);
        // One that has a broker, which takes its time, as a quota makes it, is told that the time is over.
        if !answer.is_err_and(|fault| fault.rdkafka_error_code() == Some(RDKafkaErrorCode::BrokerTransportFailure)) {
            self.silent = None;
            return Ok(());
        }
        let silent = *self.silent.get_or_insert_with(Instant::now);
        if silent.elapsed() < PATIENCE {
            return Ok(());
        }
        if asker(settings)?.fetch_metadata(Some(topic), ANSWER).is_ok_and(|answer| !answer.brokers().is_empty()) {
            return Err(ServiceFault::CutOff(
                "a Kafka client has lost all its brokers and does not look for them any more: start again".into(),
            ));
        }
        self.silent = Some(Instant::now());
        Ok(())
    }

    /// Puts another client in the place of one that only asks, where that helps.
    pub fn renew(&mut self, settings: &Settings, client: &mut Reader, topic: &str) {
        if self.check(settings, client.client(), topic).is_err()
            && let Ok(other) = asker(settings)
        {
            *client = other;
            self.silent = None;
        }
    }
}
