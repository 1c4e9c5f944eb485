//! A dead letter read back, and the mark that says it was put back into its input.
//!
//! Invariant: a record is known again by its place in the inputs, not by its letter: a rebuild leaves a second letter.

use std::fmt;
use std::str::FromStr;

use crate::engine::day::Millis;
use crate::engine::event::Reason;
use crate::wire::dead_letter::{Header, ORIGINAL, header};

/// Header of a mark: the place of the letter that was put back. A letter has none.
pub const REPLAYED: &str = "replayed";
/// Header of a record that was put back: the place of its letter.
pub const DEAD_LETTER: &str = "dead_letter";

/// Where a letter stands in its topic; written as `PARTITION@OFFSET`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The partition.
    pub partition: u32,
    /// The offset.
    pub offset: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.partition, self.offset)
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('@');
        let place = parts.and_then(|(partition, offset)| {
            let offset = offset.parse().ok().filter(|offset| *offset >= 0)?;
            Some(Self { partition: partition.parse().ok()?, offset })
        });
        place
            .ok_or_else(|| format!("\"{text}\" is no place of a dead letter: write it as PARTITION@OFFSET, as in 3@17"))
    }
}

/// Where the record stood in the inputs. The timestamp tells it from one at the same place of a topic made anew.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: u32,
    /// The offset.
    pub offset: i64,
    /// The record's own timestamp.
    pub timestamp: Millis,
}

/// What the headers of a dead letter say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Where it stands.
    pub place: Place,
    /// When it was written.
    pub time: Millis,
    /// Why the record could not be used.
    pub reason: Reason,
    /// The field at fault; `None` where it is the record as a whole.
    pub field: Option<String>,
    /// Where the record stood.
    pub source: Source,
    /// Part of its key or value, or its headers are gone.
    pub cut: bool,
}

/// A record of the dead letters' topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterRecord {
    /// A dead letter.
    Letter(Letter),
    /// The mark that the record from there was put back.
    Replayed(Source),
    /// Nothing that this program writes.
    Foreign,
}

impl LetterRecord {
    /// Reads the headers of the record at `place`, written at `time`.
    pub fn read<'a>(place: Place, time: Millis, headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut found = Found::default();
        for (name, value) in headers {
            let Ok(text) = std::str::from_utf8(value) else { continue };
            match name {
                "reason" => found.reason = Reason::ALL.into_iter().find(|reason| reason.words() == text),
                "field" => found.field = Some(text.to_owned()),
                "topic" => found.topic = Some(text.to_owned()),
                "partition" => found.partition = text.parse().ok(),
                "offset" => found.offset = text.parse().ok(),
                "timestamp" => found.timestamp = text.parse().ok().map(Millis),
                "sha256" | "key_sha256" | "headers_size" => found.cut = true,
                REPLAYED => found.replayed = true,
                _ => {}
            }
        }
        found.record(place, time).unwrap_or(Self::Foreign)
    }
}

/// The headers as far as they are there.
#[derive(Default)]
struct Found {
    reason: Option<Reason>,
    field: Option<String>,
    topic: Option<String>,
    partition: Option<u32>,
    offset: Option<i64>,
    timestamp: Option<Millis>,
    cut: bool,
    replayed: bool,
}

impl Found {
    fn record(self, place: Place, time: Millis) -> Option<LetterRecord> {
        let Self { reason, field, topic, partition, offset, timestamp, cut, replayed } = self;
        // A letter without a timestamp was written by an older version, a moment after its record was read.
        let timestamp = timestamp.unwrap_or(time);
        let source = Source { topic: topic?, partition: partition?, offset: offset?, timestamp };
        if replayed {
            return Some(LetterRecord::Replayed(source));
        }
        Some(LetterRecord::Letter(Letter { place, time, reason: reason?, field, source, cut }))
    }
}

/// The headers that the record itself had, of those of its letter.
pub fn originals<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<(&'a str, &'a [u8])> {
    headers.filter_map(|(name, value)| Some((name.strip_prefix(ORIGINAL)?, value))).collect()
}

/// The headers of the mark that the letter at `place` was put back.
pub fn mark(place: Place, source: &Source) -> [Header; 5] {
    [
        header(REPLAYED, &place.to_string()),
        header("topic", &source.topic),
        header("partition", &source.partition.to_string()),
        header("offset", &source.offset.to_string()),
        header("timestamp", &source.timestamp.0.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Letter, LetterRecord, Place, Source, mark, originals};
    use crate::engine::day::Millis;
    use crate::engine::event::Reason;
    use crate::wire::dead_letter::{Header, MAX_HEADER_BYTES, Origin, headers, pairs};
    use crate::wire::event::RawRecord;
    use crate::wire::reject::Reject;

    const PLACE: Place = Place { partition: 3, offset: 17 };

    const ORIGIN: Origin<'static> = Origin { topic: "churn.events", partition: 2, offset: 40 };

    fn read(headers: &[Header]) -> LetterRecord {
        LetterRecord::read(PLACE, Millis(9), pairs(headers))
    }

    fn record<'a>(key: &'a [u8], headers: &'a [(&'a str, &'a [u8])]) -> RawRecord<'a> {
        RawRecord { headers, ..RawRecord::new(Some(key), Some(b"{}"), Millis(-5)) }
    }

    fn source() -> Source {
        Source { topic: "churn.events".into(), partition: 2, offset: 40, timestamp: Millis(-5) }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for reason in Reason::ALL {
            let written = headers(Reject { reason, field: "time" }, ORIGIN, &record(b"ann", &[]));
            let (field, place) = (Some("time".to_owned()), PLACE);
            let letter = Letter { place, time: Millis(9), reason, field, source: source(), cut: false };
            assert_eq!(read(&written), LetterRecord::Letter(letter));
        }
        let long = vec![b'k'; 70_000];
        let written = headers(Reason::TooLarge.into(), ORIGIN, &record(&long, &[]));
        assert!(matches!(read(&written), LetterRecord::Letter(Letter { cut: true, field: None, .. })));
        assert_eq!(read(&mark(PLACE, &source())), LetterRecord::Replayed(source()));
    }

    #[test]
    fn what_others_wrote_is_no_letter() {
        assert_eq!(read(&[]), LetterRecord::Foreign);
        let mut written = headers(Reason::NoKey.into(), ORIGIN, &record(b"", &[]));
        written[0].1 = Box::from(&b"bad luck"[..]);
        assert_eq!(read(&written), LetterRecord::Foreign);
    }

    /// A header of the record's own may be called as one of the letter's.
    #[test]
    fn the_record_s_own_headers_are_kept_apart_or_the_letter_is_cut() {
        let own: [(&str, &[u8]); 3] = [("ce_id", b"1"), ("reason", b"\xff"), ("replayed", b"0@0")];
        let written = headers(Reason::BadField.into(), ORIGIN, &record(b"ann", &own));
        assert_eq!(originals(pairs(&written)), own);
        let LetterRecord::Letter(letter) = read(&written) else { panic!("{written:?}") };
        assert_eq!((letter.reason, letter.cut), (Reason::BadField, false));
        let long = vec![b'x'; MAX_HEADER_BYTES];
        let written = headers(Reason::BadField.into(), ORIGIN, &record(b"ann", &[("ce_id", &long)]));
        assert_eq!(originals(pairs(&written)), []);
        assert!(matches!(read(&written), LetterRecord::Letter(Letter { cut: true, .. })));
    }

    #[test]
    fn a_place_is_written_as_it_is_read() {
        assert_eq!("3@17".parse(), Ok(PLACE));
        assert_eq!(PLACE.to_string(), "3@17");
        for bad in ["", "3", "@", "3@", "@17", "3@-1", "-3@17", "3@17@1"] {
            assert!(bad.parse::<Place>().unwrap_err().contains("PARTITION@OFFSET"), "{bad}");
        }
    }
}
