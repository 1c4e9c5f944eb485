//! The dead letters' topic, read from its beginning to the end that it has now.

use std::borrow::Cow;

use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::service::fault::ServiceFault;
use crate::service::kafka::read::{Left, TopicReader};
use crate::service::pulse::Pulse;
use crate::wire::event::RawRecord;
use crate::wire::letter::{Letter, LetterRecord, Place, originals};

/// Shows every record of some partitions, those of one partition in the order of their offsets, each with what a letter
/// kept of its own record.
pub fn each(
    settings: &Settings,
    partitions: &[u32],
    left: &Left<'_>,
    mut see: impl FnMut(LetterRecord, &RawRecord<'_>) -> Result<(), ServiceFault>,
) -> Result<(), ServiceFault> {
    let pulse = Pulse::free();
    let mut reader = TopicReader::open(settings, &settings.file.topics.dead_letters, partitions, &pulse)?;
    loop {
        left(reader.left());
        let seen = reader.next(&pulse, |message| {
            let (read, own) = (read(message), originals(headers(message)));
            let timestamp = match &read {
                LetterRecord::Letter(Letter { source, .. }) | LetterRecord::Replayed(source) => source.timestamp,
                LetterRecord::Foreign => Millis::default(),
            };
            see(read, &RawRecord { headers: &own, ..RawRecord::new(message.key(), message.payload(), timestamp) })
        })?;
        let Some(seen) = seen else { break };
        seen?;
    }
    reader.close();
    Ok(())
}

/// A letter with all of it.
#[derive(Clone, Debug)]
pub struct WholeLetter {
    /// What its headers say.
    pub letter: Letter,
    /// Its headers as they are.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// Whether its record was put back.
    pub replayed: bool,
}

impl WholeLetter {
    /// Its headers as texts.
    pub fn texts(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value)))
    }

    /// The headers that its record had itself.
    pub fn originals(&self) -> Vec<(&str, &[u8])> {
        originals(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())))
    }
}

/// The letter at a place; `None` where there is none. Reads its whole partition: the mark that it was put back stands
/// somewhere behind it.
pub fn one(settings: &Settings, place: Place, left: &Left<'_>) -> Result<Option<WholeLetter>, ServiceFault> {
    let pulse = Pulse::free();
    let topic = &settings.file.topics.dead_letters;
    let mut reader = TopicReader::open(settings, topic, &[place.partition], &pulse)?;
    let mut found: Option<WholeLetter> = None;
    loop {
        left(reader.left());
        let seen = reader.next(&pulse, |message| match read(message) {
            LetterRecord::Letter(letter) if letter.place == place => {
                found = Some(WholeLetter {
                    letter,
                    headers: headers(message).map(|(name, value)| (name.to_owned(), value.to_vec())).collect(),
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().map(<[u8]>::to_vec),
                    replayed: false,
                });
            }
            LetterRecord::Replayed(source) => {
                if let Some(found) = &mut found {
                    found.replayed |= found.letter.source == source;
                }
            }
            LetterRecord::Letter(_) | LetterRecord::Foreign => {}
        })?;
        if seen.is_none() {
            break;
        }
    }
    reader.close();
    Ok(found)
}

fn read(message: &BorrowedMessage<'_>) -> LetterRecord {
    let place = Place { partition: message.partition() as u32, offset: message.offset() };
    let time = Millis(message.timestamp().to_millis().unwrap_or_default());
    LetterRecord::read(place, time, headers(message))
}

fn headers<'a>(message: &'a BorrowedMessage<'_>) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    let headers = message.headers().into_iter();
    headers.flat_map(Headers::iter).map(|header| (header.key, header.value.unwrap_or_default()))
}
