//! The models' topic: promotions in the order of their offsets. It has one partition that counts, the first.

use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::BaseRecord;

use crate::config::settings::Settings;
use crate::engine::day::Day;
use crate::engine::promotion::{Promotion, Schedule};
use crate::service::fault::ServiceFault;
use crate::service::kafka::publish::Publisher;
use crate::service::kafka::read::TopicReader;
use crate::service::pulse::Pulse;
use crate::wire::artifact::Artifact;
use crate::wire::calendar::day_text;
use crate::wire::promotion::{EFFECTIVE_DAY, PromotionFault, read_promotion};

/// Promotions that are kept; older ones have long been in force or replaced.
const KEPT: usize = 1_000;

/// What the topic holds.
pub struct Promoted {
    /// The usable promotions, in the order of their offsets.
    pub promotions: Vec<PromotedModel>,
    /// What can't be used, by offset.
    pub refused: Vec<(i64, PromotionFault)>,
    /// The offset up to which the topic was read.
    pub end: i64,
}

impl Promoted {
    /// The promotions without their artifacts.
    pub fn schedule(self) -> Schedule {
        Schedule::new(self.promotions.into_iter().map(|one| one.promotion).collect(), self.end)
    }
}

/// A promotion with its artifact.
pub struct PromotedModel {
    /// The promotion.
    pub promotion: Promotion,
    /// The artifact.
    pub artifact: Artifact,
}

/// Reads the topic to its end. A tombstone takes back what was promoted under its key.
pub fn read(settings: &Settings, pulse: &Pulse) -> Result<Promoted, ServiceFault> {
    let mut reader = TopicReader::open(settings, &settings.file.topics.models, &[0], pulse)?;
    let (fit, end) = (settings.fit(), reader.ends().first().copied().unwrap_or_default());
    let (mut promotions, mut refused) = (Vec::<PromotedModel>::new(), Vec::new());
    let mut note = |message: &BorrowedMessage<'_>| {
        let (offset, key) = (message.offset(), message.key().unwrap_or_default());
        let Some(value) = message.payload() else {
            promotions.retain(|one| one.promotion.model.version.as_bytes() != key);
            return;
        };
        let headers = message.headers();
        let day = headers.and_then(|headers| headers.iter().find(|header| header.key == EFFECTIVE_DAY)?.value);
        match read_promotion(key, value, day, &fit) {
            Ok((effective, artifact, model)) => {
                promotions.push(PromotedModel { promotion: Promotion { offset, effective, model }, artifact });
                promotions.drain(..promotions.len().saturating_sub(KEPT));
            }
            Err(fault) => refused.push((offset, fault)),
        }
    };
    while reader.next(pulse, &mut note)?.is_some() {}
    reader.close();
    Ok(Promoted { promotions, refused, end })
}

/// Promotes a model of this version from a day on, and waits until the brokers have it.
pub fn promote(settings: &Settings, version: &str, artifact: &Artifact, effective: Day) -> Result<(), ServiceFault> {
    let publisher = Publisher::new(settings, &settings.file.topics.models, 1)?;
    let (day, value) = (day_text(effective), artifact.write());
    let headers = OwnedHeaders::new().insert(Header { key: EFFECTIVE_DAY, value: Some(&day) });
    let record = BaseRecord::to(&settings.file.topics.models).key(version.as_bytes()).payload(&value[..]);
    publisher.enqueue(record.partition(0).headers(headers))?;
    publisher.finish()
}
