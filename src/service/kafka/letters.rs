//! The dead letters' topic, read from its beginning to the end that it has now.

use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::service::fault::ServiceFault;
use crate::service::kafka::read::{Left, TopicReader};
use crate::service::pulse::Pulse;
use crate::wire::letter::{Letter, LetterRecord, Place};

/// Key and value of a letter, as far as they were kept.
pub type Content<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Shows every record of some partitions, those of one partition in the order of their offsets.
pub fn each(
    settings: &Settings,
    partitions: &[u32],
    left: &Left<'_>,
    mut see: impl FnMut(LetterRecord, Content<'_>) -> Result<(), ServiceFault>,
) -> Result<(), ServiceFault> {
    let pulse = Pulse::free();
    let mut reader = TopicReader::open(settings, &settings.file.topics.dead_letters, partitions, &pulse)?;
    loop {
        left(reader.left());
        let Some(message) = reader.next(&pulse)? else { break };
        see(read(&message), (message.key(), message.payload()))?;
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
    pub headers: Vec<(String, String)>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The value.
    pub value: Option<Vec<u8>>,
    /// Whether its record was put back.
    pub replayed: bool,
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
        let Some(message) = reader.next(&pulse)? else { break };
        match read(&message) {
            LetterRecord::Letter(letter) if letter.place == place => {
                let headers = headers(&message);
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                found = Some(WholeLetter {
                    letter,
                    headers: headers.map(|(name, value)| (name.to_owned(), text(value))).collect(),
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
