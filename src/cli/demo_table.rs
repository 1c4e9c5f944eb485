//! What `demo` prints: alerts as they open, and a summary that adds up.

use std::collections::BTreeMap;
use std::fmt;

use iso_currency::Currency;
use serde_json::{Value, json};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::value::Tier;
use crate::processor::stats::TRANSITIONS;
use crate::service::models_known::PSI_LIMIT;

/// The heading of the alerts.
pub fn heading(currency: Currency) -> String {
    let at_risk = format!("at risk, {}", currency.code());
    format!("{:<11} {:<10} {:<9} {:<5} {:>6} {:>12}  why", "day", "customer", "band", "tier", "score", at_risk)
}

/// What is to be said where customers are not like those that the model was made of; `models`: what `/v1/model` answers.
pub fn misfit(models: &Value) -> Option<String> {
    let moved = models.pointer("/drift/score_psi").and_then(Value::as_f64).filter(|moved| *moved > PSI_LIMIT)?;
    Some(format!(
        "\nThe model was made of other customers (scores moved {moved:.2}, limit {PSI_LIMIT}): make one of your own, as in the \
         fourth walk of docs/quickstart.md"
    ))
}

/// One line for an opened alert.
pub fn line(alert: &Value) -> String {
    let text = |pointer: &str| alert.pointer(pointer).and_then(Value::as_str).unwrap_or("—");
    let score = alert.pointer("/data/score").and_then(Value::as_f64).unwrap_or_default();
    format!(
        "{:<11} {:<10} {:<9} {:<5} {:>6.2} {:>12}  {}",
        text("/data/day"),
        text("/subject"),
        text("/data/band"),
        text("/data/tier"),
        score,
        text("/data/value_at_risk"),
        text("/data/reasons/0/en"),
    )
}

/// What came of a play. Every record is a usable event, known already, or a dead letter.
pub struct Summary {
    /// Customers that played.
    pub customers: u64,
    /// Records published.
    pub published: u64,
    /// How long it took.
    pub seconds: f64,
    /// When the first warning was on the screen.
    pub first_warning_seconds: Option<f64>,
    /// Records read and committed.
    pub records: u64,
    /// Usable events.
    pub events: u64,
    /// Events known already.
    pub duplicates: u64,
    /// Dead letters by their reasons.
    pub dead_letters: BTreeMap<&'static str, u64>,
    /// Days closed, over all partitions.
    pub days_closed: u64,
    /// Transitions of treated episodes, by [`TRANSITIONS`].
    pub transitions: [u64; TRANSITIONS.len()],
    /// Transitions of held-out episodes.
    pub held_out: u64,
    /// Episodes of both arms resolved by a purchase.
    pub won_back: u64,
    /// Openings by band and tier.
    pub opened: BTreeMap<(String, String), u64>,
}

impl Summary {
    /// The summary for machines.
    pub fn json(&self) -> Value {
        let transitions: BTreeMap<&str, u64> = TRANSITIONS.into_iter().zip(self.transitions).collect();
        let opened: Vec<Value> = self
            .opened
            .iter()
            .map(|((band, tier), count)| json!({"band": band, "tier": tier, "count": count}))
            .collect();
        json!({
            "customers": self.customers,
            "published": self.published,
            "seconds": self.seconds,
            "events_per_second": self.published as f64 / self.seconds,
            "first_warning_seconds": self.first_warning_seconds,
            "records": self.records,
            "events": self.events,
            "duplicates": self.duplicates,
            "dead_letters": self.dead_letters.values().sum::<u64>(),
            "dead_letter_reasons": self.dead_letters,
            "days_closed": self.days_closed,
            "alerts": transitions,
            "held_out_transitions": self.held_out,
            "won_back": self.won_back,
            "opened": opened,
        })
    }

    fn openings(&self, band: Band, tier: Tier) -> u64 {
        self.opened.get(&(band.name().to_owned(), tier.name().to_owned())).copied().unwrap_or_default()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            customers, published, seconds, records, events, duplicates, dead_letters, held_out, won_back, ..
        } = self;
        let rate = *published as f64 / seconds;
        writeln!(out, "\n{published} records of {customers} customers in {seconds:.1} s, {rate:.0} a second")?;
        writeln!(
            out,
            "{records} read and committed: {events} usable events, {duplicates} known already, {} dead letters",
            dead_letters.values().sum::<u64>()
        )?;
        for (reason, count) in dead_letters {
            writeln!(out, "  dead letters, {reason}: {count}")?;
        }
        if let Some(first) = self.first_warning_seconds {
            writeln!(out, "first warning after {first:.1} s")?;
        }
        let [opened, escalated, resolved, lapsed, withdrawn] = self.transitions;
        let open = opened.saturating_sub(resolved + lapsed + withdrawn);
        writeln!(
            out,
            "{opened} warnings opened: {resolved} resolved (customer back, or calmed), {lapsed} lapsed (customer lost), {withdrawn} withdrawn, {open} still open"
        )?;
        writeln!(
            out,
            "{escalated} escalations; {won_back} customers won back, held out or not (of those held out {held_out} openings, escalations and endings were told to nobody)\n"
        )?;
        write!(out, "{:<11}", "band \\ tier")?;
        for tier in Tier::ALL {
            write!(out, " {:>8}", tier.name())?;
        }
        write!(out, " {:>8}", "all")?;
        for band in Band::ALL.into_iter().filter(|band| *band != Band::Low) {
            let counts = Tier::ALL.map(|tier| self.openings(band, tier));
            write!(out, "\n{:<11}", band.name())?;
            for count in counts {
                write!(out, " {count:>8}")?;
            }
            write!(out, " {:>8}", counts.iter().sum::<u64>())?;
        }
        Ok(())
    }
}
