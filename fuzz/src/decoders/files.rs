//! What people write: the configuration and the playbook.

use churnwatch::config::load::check;
use churnwatch::config::playbook::from_value;
use churnwatch::config::toml_file::read_bytes;
use churnwatch::effect_study::playbook_edit::Playbook;
use churnwatch::engine::alerting::segment::Segments;
use iso_currency::Currency;

/// The configuration: every fault is a sentence.
pub(super) fn configuration(bytes: &[u8]) {
    // Passwords and certificates may lie in files; devices would never end.
    if bytes.windows(5).any(|part| matches!(part, b"/dev/" | b"/proc")) {
        return;
    }
    let checked = read_bytes("a file", bytes.to_vec()).and_then(check);
    match checked {
        Ok(settings) => drop(settings.setup(12)),
        Err(faults) => assert!(faults.iter().all(|fault| !fault.sentence.is_empty()) && !faults.is_empty()),
    }
}

/// The playbook, as the service reads it and as `optimize` writes it.
pub(super) fn playbook(bytes: &[u8]) {
    if let Ok(value) = read_bytes("a file", bytes.to_vec()) {
        match from_value(value, Currency::CNY, &Segments::default()) {
            Ok(playbook) => drop(playbook),
            Err(faults) => assert!(!faults.is_empty()),
        }
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(mut playbook) = Playbook::read(text) else { return };
    let own: Vec<_> = playbook.rules.iter().map(|rule| rule.weights.clone()).collect();
    for (at, weights) in own.iter().enumerate() {
        playbook.set(at, weights);
    }
    let again = Playbook::read(&playbook.text()).expect("what was edited is read");
    let kept: Vec<_> = again.rules.iter().map(|rule| rule.weights.clone()).collect();
    assert_eq!(format!("{kept:?}"), format!("{own:?}"));
}
