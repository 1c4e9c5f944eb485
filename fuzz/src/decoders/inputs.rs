//! What comes in from outside: events, CSV files, dead letters.

use std::sync::LazyLock;

use churnwatch::engine::customer::MAX_ID_BYTES;
use churnwatch::engine::day::Millis;
use churnwatch::engine::event::{Body, Event, Interaction, Reason};
use churnwatch::engine::money::Money;
use churnwatch::wire::csv_rows::CsvRows;
use churnwatch::wire::dead_letter::{Header, Origin, headers, pairs};
use churnwatch::wire::event::{RawRecord, Scratch, parse};
use churnwatch::wire::file_record::{Columns, FileRecord};
use churnwatch::wire::inputs::shapes::Shapes;
use churnwatch::wire::letter::{Letter, LetterRecord, Place, mark, originals};
use churnwatch::wire::letter_choice::verdict;
use churnwatch::wire::reject::Reject;
use churnwatch::wire::rules::EventRules;
use iso_currency::Currency;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::cut;

/// 2026-01-01T00:00:00Z.
pub(super) const WALL: Millis = Millis(1_767_225_600_000);

/// The plain rules, and those of a shop far from Greenwich with other currencies.
static RULES: LazyLock<[EventRules; 2]> = LazyLock::new(|| {
    let plain = EventRules::plain(Currency::CNY);
    let mut far = plain.clone();
    far.zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("a zone");
    far.rates.insert(Currency::EUR, "7.8".parse().expect("a rate"));
    far.rates.insert(Currency::JPY, "0.0487".parse().expect("a rate"));
    [plain, far]
});

/// The first line is the record's key, the rest its value.
pub(super) fn event(bytes: &[u8]) {
    let (key, value) = cut(bytes, b'\n');
    for rules in &*RULES {
        if let Err(Reject { reason: Reason::KeyDisagrees, .. }) = read(rules, key, value) {
            // What else there is to refuse is seen with the key that the record asks for.
            let id = serde_json::from_slice::<Value>(value).ok();
            let id = id.as_ref().and_then(|value| value.get("customer_id")?.as_str()).unwrap_or_default();
            let _ = read(rules, id.as_bytes(), value);
        }
    }
}

fn read(rules: &EventRules, key: &[u8], value: &[u8]) -> Result<(), Reject> {
    let record = RawRecord::new(Some(key), Some(value), WALL);
    let mut scratch = Scratch::default();
    let parsed = parse(rules, &record, WALL, &mut scratch)?;
    sound(rules, &parsed.event, key);
    serde_json::from_slice::<IgnoredAny>(value).expect("what is accepted is JSON");
    let mut again = Scratch::default();
    assert_eq!(parse(rules, &record, WALL, &mut again), Ok(parsed), "the same bytes, another event");
    Ok(())
}

/// The bounds that the engine relies on.
fn sound(rules: &EventRules, event: &Event<'_>, key: &[u8]) {
    assert_eq!(event.customer.as_bytes(), key);
    assert!((1..=MAX_ID_BYTES).contains(&event.customer.len()));
    assert!(event.time >= rules.earliest && !rules.in_the_future(event.time, WALL, WALL));
    assert_eq!(event.day, rules.day(event.time));
    let amount = |amount: Money| assert!((0..=Money::MAX_EVENT.0).contains(&amount.0), "{amount:?}");
    let share = |share: f32| assert!((0.0..=1.0).contains(&share), "{share}");
    match event.body {
        Body::Purchase { amount: paid, manner, .. } => {
            amount(paid);
            assert!(manner.hour.is_none_or(|hour| hour < 24));
        }
        Body::Refund { amount: Some(back), .. } => amount(back),
        Body::Interaction(Interaction::Review { rating }) => share(rating),
        Body::Interaction(Interaction::Survey { satisfaction }) => share(satisfaction),
        _ => {}
    }
}

/// A CSV file; every row of it is JSON afterwards, or passed on as it stands.
pub(super) fn csv(bytes: &[u8]) {
    let Ok(mut rows) = CsvRows::new(bytes, "a file", &Columns::default(), "CNY") else { return };
    let mut record = FileRecord::default();
    while let Ok(true) = rows.next(&mut record) {
        let FileRecord { key, value, .. } = &record;
        let raw = RawRecord::new(Some(key), Some(value), WALL);
        let mut scratch = Scratch::default();
        let refused = parse(&RULES[0], &raw, WALL, &mut scratch).map(|_| ()).map_err(|reject| reject.reason);
        if !key.is_empty() {
            let json: Value = serde_json::from_slice(value).expect("a row that is JSON");
            assert_eq!(json["customer_id"].as_str().map(str::as_bytes), Some(&key[..]));
            let unexpected = [Reason::KeyDisagrees, Reason::NoKey, Reason::NotJson, Reason::UnknownType];
            assert!(unexpected.iter().all(|reason| refused != Err(*reason)), "{refused:?}");
        }
    }
}

/// Lines of `name:value` are the headers of a dead letter; behind an empty line come a key, a line, and its value.
pub(super) fn letter(bytes: &[u8]) {
    let place = Place { partition: 3, offset: 17 };
    let (mut headers_found, mut rest) = (Vec::new(), bytes);
    loop {
        let (line, after) = cut(rest, b'\n');
        rest = after;
        if line.is_empty() {
            break;
        }
        let (name, value) = cut(line, b':');
        headers_found.extend(std::str::from_utf8(name).ok().map(|name| (name, value)));
    }
    let own = originals(headers_found.iter().copied());
    match LetterRecord::read(place, WALL, headers_found.iter().copied()) {
        LetterRecord::Foreign => {}
        LetterRecord::Replayed(source) => {
            assert_eq!(again(place, &mark(place, &source)), LetterRecord::Replayed(source));
        }
        LetterRecord::Letter(letter) => {
            let (key, value) = cut(rest, b'\n');
            let source = &letter.source;
            let record = RawRecord { headers: &own, ..RawRecord::new(Some(key), Some(value), source.timestamp) };
            let _ = verdict(&letter, &record, &Shapes::default(), &RULES[1], WALL);
            let origin = Origin { topic: &source.topic, partition: source.partition, offset: source.offset };
            let written = headers(letter.reason.into(), origin, &RawRecord { value: None, ..record });
            let kept = originals(pairs(&written));
            assert!(kept == own || kept.is_empty());
            // A field is written by its own name only, and what is cut is not said twice.
            let plain = Letter { field: None, cut: false, ..letter.clone() };
            assert_eq!(again(place, &written), LetterRecord::Letter(plain));
        }
    }
    if let Ok(place) = std::str::from_utf8(bytes).unwrap_or_default().parse::<Place>() {
        assert_eq!(place.to_string().parse(), Ok(place));
    }
}

fn again(place: Place, headers: &[Header]) -> LetterRecord {
    LetterRecord::read(place, WALL, pairs(headers))
}
