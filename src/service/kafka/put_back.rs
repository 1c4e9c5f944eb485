//! Dead letters put back into their inputs, each record once. A record and its mark become visible together or not at all.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::config::settings::Settings;
use crate::engine::day::Millis;
use crate::service::fault::ServiceFault;
use crate::service::kafka::client::producer;
use crate::service::kafka::letters::each;
use crate::service::kafka::read::Left;
use crate::service::kafka::topics::partitions;
use crate::service::kafka::transaction::{SHUT_OUT, delivered, owned};
use crate::service::registry::at_once::AtOnce;
use crate::wire::dead_letter::pairs;
use crate::wire::event::RawRecord;
use crate::wire::letter::{DEAD_LETTER, Letter, LetterRecord, Place, Source, mark};
use crate::wire::letter_choice::{Choice, Chooser, Filter};
use crate::wire::partitioner::partition;

/// Most records, and about as many bytes, of one transaction.
const MOST_RECORDS: usize = 1_000;
const MOST_BYTES: usize = 8 << 20;
/// Bound on each step of a transaction.
const STEP: Duration = Duration::from_secs(10);
/// How long the transaction coordinator may take to answer at all.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is asked for.
pub struct Wish<'a> {
    /// Which letters are meant.
    pub filter: &'a Filter,
    /// Also those that would be refused again.
    pub all: bool,
    /// Put them back; otherwise it is only counted what would be.
    pub write: bool,
    /// The time now.
    pub wall: Millis,
}

/// What became of the letters that were meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutBack {
    /// All of them.
    pub letters: u64,
    /// Put back, or would be.
    pub put_back: u64,
    /// Put back before.
    pub already: u64,
    /// Cut, so there is nothing whole to put back.
    pub cut: u64,
    /// Of topics that are no inputs any more.
    pub elsewhere: u64,
    /// Taken in when they came.
    pub taken_in: u64,
    /// Would be refused again, by the reason now.
    pub refused: BTreeMap<&'static str, u64>,
}

/// Puts the records of letters back into their inputs, which have `inputs` partitions each, in the order in which the
/// letters of a partition were written.
///
/// No record is put back twice. The record and the mark of its letter are written in one transaction, so a crash leaves
/// both or neither, and whoever reads committed records sees both or neither. The marks stand in the letters' topic, in
/// the letter's partition and behind it, so no retention takes a mark before its letter. They are read only after the one
/// transactional id that all replays of a group share was taken over: that ends what an earlier replay left open, and shuts
/// out one that still runs, so no mark can appear unseen. They name the record's place in the inputs, which a second
/// letter of the same record, left by a rebuild, names too. Where the outcome of a commit is unknown this one ends, and
/// the next begins by finding out.
pub fn put_back(settings: &Settings, inputs: u32, wish: &Wish<'_>, left: &Left<'_>) -> Result<PutBack, ServiceFault> {
    let numbers = partitions(settings, &settings.file.topics.dead_letters)?;
    let writer = if wish.write { Some(Writer::take_over(settings, inputs)?) } else { None };
    let replayed = replayed(settings, &numbers, &wish.filter.places, left)?;
    let (rules, topics): (_, Vec<String>) = (&settings.rules, settings.inputs().cloned().collect());
    let mut chooser =
        Chooser { rules, wall: wish.wall, topics: &topics, shapes: &settings.shapes, all: wish.all, replayed };
    let (mut done, mut waiting, mut schemas) = (PutBack::default(), Waiting::default(), AtOnce::new(settings));
    each(settings, &numbers, left, |read, record| {
        let LetterRecord::Letter(letter) = read else { return Ok(()) };
        if !wish.filter.takes(&letter) {
            return Ok(());
        }
        done.letters += 1;
        schemas.learn(&letter.source.topic, record.value)?;
        match chooser.choose(&letter, record) {
            Choice::PutBack => {
                done.put_back += 1;
                if let Some(writer) = &writer {
                    let keyed = !settings.shapes.is_unkeyed(&letter.source.topic);
                    waiting.add(letter, record, keyed);
                    if waiting.full() {
                        writer.commit(&mut waiting)?;
                    }
                }
            }
            Choice::Already => done.already += 1,
            Choice::Cut => done.cut += 1,
            Choice::Elsewhere => done.elsewhere += 1,
            Choice::TakenIn => done.taken_in += 1,
            Choice::Refused(reject) => *done.refused.entry(reject.reason.words()).or_default() += 1,
        }
        Ok(())
    })?;
    if let Some(writer) = &writer {
        writer.commit(&mut waiting)?;
    }
    Ok(done)
}

/// The records that were put back. Fails where there is no letter at one of `places`.
pub fn replayed(
    settings: &Settings,
    numbers: &[u32],
    places: &BTreeSet<Place>,
    left: &Left<'_>,
) -> Result<HashSet<Source>, ServiceFault> {
    let (mut replayed, mut absent) = (HashSet::new(), places.clone());
    each(settings, numbers, left, |record, _| {
        match record {
            LetterRecord::Replayed(source) => _ = replayed.insert(source),
            LetterRecord::Letter(letter) => _ = absent.remove(&letter.place),
            LetterRecord::Foreign => {}
        }
        Ok(())
    })?;
    match absent.first() {
        None => Ok(replayed),
        Some(place) => Err(no_letter(settings, *place)),
    }
}

/// The sentence where there is no letter.
pub fn no_letter(settings: &Settings, place: Place) -> ServiceFault {
    let topic = &settings.file.topics.dead_letters;
    ServiceFault::Failed(format!(
        "there is no dead letter at {place} in {topic}: it may be past its retention; see `churnwatch dead-letters list`"
    ))
}

/// A record to be put back.
struct Again {
    letter: Letter,
    /// Whether its topic is keyed by customer.
    keyed: bool,
    headers: OwnedHeaders,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
}

/// Records for the next transaction.
#[derive(Default)]
struct Waiting {
    records: Vec<Again>,
    bytes: usize,
}

impl Waiting {
    fn add(&mut self, letter: Letter, record: &RawRecord<'_>, keyed: bool) {
        self.bytes += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
        self.bytes += record.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        let place = letter.place.to_string();
        // A record that had been put back before names its last letter alone.
        let own = record.headers.iter().copied().filter(|(name, _)| *name != DEAD_LETTER);
        let headers = owned([(DEAD_LETTER, place.as_bytes())].into_iter().chain(own));
        let [key, value] = [record.key, record.value].map(|bytes| bytes.map(<[u8]>::to_vec));
        self.records.push(Again { letter, keyed, headers, key, value });
    }

    const fn full(&self) -> bool {
        self.records.len() >= MOST_RECORDS || self.bytes >= MOST_BYTES
    }
}

/// The transactional producer.
struct Writer {
    producer: BaseProducer,
    letters: String,
    inputs: u32,
}

impl Writer {
    /// Takes the group's transactional id for replays over, which ends a predecessor and its open transaction.
    fn take_over(settings: &Settings, inputs: u32) -> Result<Self, ServiceFault> {
        let id = format!("{}-dead-letters", settings.file.kafka.group_id);
        let made = producer(settings, &id).create();
        let producer: BaseProducer = made.map_err(|fault| ServiceFault::settings("producer", &fault))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match producer.init_transactions(STEP) {
                Ok(()) => break,
                Err(KafkaError::Transaction(fault)) if fault.is_retriable() && Instant::now() < deadline => {}
                Err(fault) => return Err(ServiceFault::kafka("taking over the transactional id", &fault)),
            }
        }
        Ok(Self { producer, letters: settings.file.topics.dead_letters.clone(), inputs })
    }

    /// One transaction of what waits: nothing of it becomes visible before all of it.
    fn commit(&self, waiting: &mut Waiting) -> Result<(), ServiceFault> {
        let Waiting { records, .. } = std::mem::take(waiting);
        if records.is_empty() {
            return Ok(());
        }
        let begun = self.producer.begin_transaction();
        let sent = begun.and_then(|()| records.into_iter().try_for_each(|again| self.send(again)));
        let deadline = Instant::now() + STEP;
        let left = || deadline.saturating_duration_since(Instant::now());
        let committed =
            sent.and_then(|()| delivered(&self.producer, left)).and_then(|()| self.producer.commit_transaction(STEP));
        committed.map_err(|fault| {
            // Where this fails too, the next replay ends the transaction.
            let _ = self.producer.abort_transaction(STEP);
            // A record that comes after the word is refused as a fatal error alone.
            let fatal = self.producer.client().fatal_error().map(|(code, _)| code);
            let codes = [fault.rdkafka_error_code(), fatal];
            ServiceFault::Failed(if codes.into_iter().flatten().any(|code| SHUT_OUT.contains(&code)) {
                "another `dead-letters replay` of this group took over: it goes on from where this one came".into()
            } else {
                format!("putting records back failed ({fault}): run it again, what was put back is not put back twice")
            })
        })
    }

    /// The record into its input, and the mark behind its letter.
    fn send(&self, again: Again) -> Result<(), KafkaError> {
        let (key, value) = (again.key.as_deref(), again.value.as_deref());
        let Letter { place, source, .. } = &again.letter;
        // Keyed as `publish` keys; a record without a key stays where it was, as does one whose key is no customer.
        let number = match key {
            _ if !again.keyed => source.partition,
            Some(key) => partition(key, self.inputs),
            None => source.partition.min(self.inputs.saturating_sub(1)),
        };
        let mut record = BaseRecord::<[u8], [u8]>::to(&source.topic).partition(number as i32);
        (record.key, record.payload) = (key, value);
        // The rule on the future goes by it; 0 would mean now.
        record.timestamp = Some(source.timestamp.0).filter(|millis| *millis > 0);
        record.headers = Some(again.headers);
        self.producer.send(record).map_err(|(fault, _)| fault)?;
        let marking = mark(*place, source);
        let mut mark = BaseRecord::<[u8], [u8]>::to(&self.letters).partition(place.partition as i32);
        mark.headers = Some(owned(pairs(&marking)));
        self.producer.send(mark).map_err(|(fault, _)| fault)?;
        self.producer.poll(Duration::ZERO);
        Ok(())
    }
}
