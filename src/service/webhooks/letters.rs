//! Alerts that an endpoint did not take, put aside with the reason. A letter is there before its alert counts as done.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseRecord, NoCustomPartitioner, ProducerContext, ThreadedProducer};

use crate::config::settings::Settings;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::letter_writer;
use crate::service::kafka::context::heard;
use crate::service::kafka::refusal::Refusals;
use crate::service::kafka::transaction::owned;
use crate::service::webhooks::job::Job;
use crate::service::webhooks::post::Tried;

/// Longest wait for a broker to take a letter. librdkafka gives one up before.
const PATIENCE: Duration = Duration::from_secs(15);

/// Tells each letter's writer what became of it.
#[derive(Default)]
struct Context {
    refusals: Refusals,
}

impl ClientContext for Context {
    fn error(&self, fault: KafkaError, reason: &str) {
        heard(&fault, reason, &self.refusals);
    }
}

impl ProducerContext<NoCustomPartitioner> for Context {
    type DeliveryOpaque = Box<SyncSender<Result<(), KafkaError>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, told: Self::DeliveryOpaque) {
        // Who asked may have given up.
        let _ = told.send(result.as_ref().map(|_| ()).map_err(|(fault, _)| fault.clone()));
    }
}

/// Writes letters, for every endpoint.
pub struct Letters {
    producer: ThreadedProducer<Context>,
    topic: String,
    alerts: String,
}

impl Letters {
    /// A writer into `topics.webhook_dead_letters`.
    pub fn new(settings: &Settings) -> Result<Self, ServiceFault> {
        let made = letter_writer(settings).create_with_context(Context::default());
        let producer = made.map_err(|fault| ServiceFault::settings("producer", &fault))?;
        let topics = &settings.file.topics;
        Ok(Self { producer, topic: topics.webhook_dead_letters.clone(), alerts: topics.alerts.clone() })
    }

    /// Puts an alert aside; it has done so when this returns without a fault.
    pub fn write(&self, endpoint: &str, job: &Job, tried: &Tried) -> Result<(), KafkaError> {
        let numbers = [job.partition.to_string(), job.offset.to_string(), job.tries.to_string()];
        let [partition, offset, tries] = numbers.each_ref().map(String::as_str);
        let status = tried.status.map(|status| status.to_string());
        let mut headers = vec![
            ("endpoint", endpoint),
            ("reason", tried.ending.name()),
            ("tries", tries),
            ("topic", &self.alerts),
            ("partition", partition),
            ("offset", offset),
        ];
        headers.extend(status.as_deref().map(|status| ("status", status)));
        headers.extend(Some(("said", tried.said.as_str())).filter(|(_, said)| !said.is_empty()));
        let headers = owned(headers.into_iter().map(|(name, text)| (name, text.as_bytes())));
        let (sender, told) = sync_channel(1);
        let record = BaseRecord::with_opaque_to(&self.topic, Box::new(sender))
            .key(job.key.as_ref())
            .payload(job.record.as_ref())
            .headers(headers);
        self.producer.send(record).map_err(|(fault, _)| fault)?;
        told.recv_timeout(PATIENCE).unwrap_or(Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut)))
    }
}
