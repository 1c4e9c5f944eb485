//! Records in other shapes than our own.

use std::sync::LazyLock;

use churnwatch::config::load::check;
use churnwatch::config::settings::Settings;
use churnwatch::engine::day::Millis;
use churnwatch::wire::event::RawRecord;
use churnwatch::wire::inputs::reader::Reader;
use churnwatch::wire::inputs::told::Told;
use serde_json::Value;

use super::cut;

const WALL: Millis = Millis(1_780_272_000_000);

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let file: Value = toml::from_str(include_str!("../../../tests/fixtures/inputs/all.toml")).expect("TOML");
    check(file).expect("a sound configuration")
});

/// A line names the topic, whose shape is the configuration's; then comes the record.
///
/// Whatever a record tells is JSON, of a bounded number; the same record tells the same; where its customer's key is given
/// it is used exactly as far as it is without.
pub(super) fn foreign(bytes: &[u8]) {
    let (topic, value) = cut(bytes, b'\n');
    let Ok(topic) = std::str::from_utf8(topic) else { return };
    let format = SETTINGS.shapes.of(topic);
    let headers = [("ce_specversion", &b"1.0"[..]), ("ce_type", b"visit"), ("ce_id", b"7")];
    for headers in [&headers[..], &[]] {
        let record = RawRecord { headers, ..RawRecord::new(Some(b"ann"), Some(value), WALL) };
        let (mut told, mut again) = (Told::default(), Told::default());
        let first = format.translate(&record, &SETTINGS.rules, &mut told);
        assert_eq!(first, format.translate(&record, &SETTINGS.rules, &mut again));
        let texts = |told: &Told| told.events().iter().map(|event| event.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&told), texts(&again));
        for text in texts(&told) {
            assert!(serde_json::from_slice::<Value>(&text).expect("JSON").is_object());
        }
        let (mut reader, mut keyed, mut taken) = (Reader::default(), Vec::new(), 0);
        let rekeyed = reader.rekey(format, &SETTINGS.rules, &record, WALL, |event| keyed.push(event.customer.clone()));
        assert_eq!(rekeyed.refused.is_some(), first.is_err() || keyed.len() < rekeyed.events);
        if let Some(customer) = keyed.first().filter(|first| keyed.iter().all(|one| one == *first)) {
            let record = RawRecord { key: Some(customer.as_bytes()), ..record };
            let mut count = |_: &churnwatch::wire::event::Parsed<'_>, _: &[u8]| {
                taken += 1;
                None
            };
            let mut now = Told::default();
            // The key may itself be part of what is told.
            let same = format.translate(&record, &SETTINGS.rules, &mut now).is_ok() && texts(&now) == texts(&told);
            reader.read(format, &SETTINGS.rules, &record, WALL, &mut count);
            assert!(!same || taken == keyed.len(), "{taken} of {}", keyed.len());
        }
    }
}
