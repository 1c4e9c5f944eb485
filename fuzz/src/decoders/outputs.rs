//! What the program reads of its own outputs: outcomes for studies, alerts for sales teams.

use churnwatch::effect_study::collect::Collector;
use churnwatch::wire::alert_line::{opened_alert, warning};
use churnwatch::wire::outcome_facts::facts;
use churnwatch::wire::outcome_lines::opening;
use iso_currency::Currency;

/// Lines are outcomes; what can be read becomes a study.
pub(super) fn outcomes(bytes: &[u8]) {
    let mut collector = Collector::new(None, None, None);
    let mut read = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        let fact = facts(line);
        if let Ok(Some(facts)) = &fact {
            read += 1;
            assert!((0.0..=1.0).contains(&facts.propensity));
            assert!(facts.value_at_risk.is_none_or(f64::is_finite));
        }
        if let Ok(Some(opening)) = opening(line)
            && let Ok(Some(facts)) = &fact
        {
            assert_eq!((&*opening.customer, opening.opened), (&*facts.customer, facts.opened));
        }
        collector.take(fact);
    }
    if let Ok(study) = collector.study() {
        assert!(study.episodes.len() <= read);
    }
}

/// One alert, by both that read it.
pub(super) fn alert(bytes: &[u8]) {
    let opened = opened_alert(bytes, Currency::CNY);
    let _ = opened_alert(bytes, Currency::JPY);
    if let (Some(opened), Ok(Some(warning))) = (opened, warning(bytes)) {
        assert_eq!((opened.customer, opened.opened), (warning.customer, warning.opened));
    }
}
