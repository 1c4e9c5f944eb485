//! What the service does for the company, counted: warnings, what became of them in both arms, and how customers stand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use iso_currency::Currency;
use prometheus::{GaugeVec, IntCounterVec, IntGaugeVec};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::Suppression;
use crate::engine::alerting::holdout::Arm;
use crate::engine::alerting::segment::Segments;
use crate::engine::alerting::value::Tier;
use crate::engine::packed::census::Census;
use crate::processor::stats::{Stats, TRANSITIONS};
use crate::service::telemetry::register::Register;
use crate::wire::money::minor_per_major;

/// Labels of what is either so or not.
const NO_YES: [&str; 2] = ["no", "yes"];

/// The metrics of the business.
#[derive(Clone)]
pub(crate) struct Business {
    alerts: IntCounterVec,
    held_out: IntCounterVec,
    won_back: IntCounterVec,
    suppressed: IntCounterVec,
    segment_moves: IntCounterVec,
    matured: IntCounterVec,
    banded: IntGaugeVec,
    open: IntGaugeVec,
    at_risk: GaugeVec,
    /// By partition.
    censuses: Arc<Mutex<BTreeMap<u32, Census>>>,
    currency: Arc<OnceLock<Currency>>,
}

impl Business {
    pub(crate) fn new(register: &Register<'_>) -> Result<Self, prometheus::Error> {
        let business = Self {
            alerts: register.counters("alerts_total", "Published alerts", &["transition", "band", "tier"])?,
            held_out: register.counters(
                "held_out_transitions_total",
                "Transitions of held-out episodes",
                &["transition"],
            )?,
            won_back: register.counters("won_back_total", "Episodes resolved by a purchase", &["arm"])?,
            suppressed: register.counters(
                "suppressed_candidates_total",
                "Candidates not published, by reason",
                &["reason"],
            )?,
            segment_moves: register.counters(
                "segment_moves_total",
                "Customers who changed segments at closes; none: before the first, or no purchase left",
                &["from", "to"],
            )?,
            matured: register.counters(
                "matured_outcomes_total",
                "Outcomes measured, by whether somebody got in touch and whether the customer bought within the window",
                &["arm", "tier", "contacted", "returned"],
            )?,
            banded: register.whole_gauges(
                "banded_customers",
                "Customers whose silence is scored, as of the last close",
                &["band", "tier"],
            )?,
            open: register.whole_gauges(
                "open_episodes",
                "Open episodes of both arms by their highest band, as of the last close",
                &["arm", "band", "tier"],
            )?,
            at_risk: register.gauges(
                "open_value_at_risk",
                "Margin that was at risk when the open episodes opened, in major units of the currency, as of the last close",
                &["arm", "tier", "currency"],
            )?,
            censuses: Arc::default(),
            currency: Arc::default(),
        };
        business.name_labels();
        Ok(business)
    }

    /// Makes every series known from the start, so that a rate over a first event is not lost.
    fn name_labels(&self) {
        for reason in Suppression::ALL {
            self.suppressed.with_label_values(&[reason.name()]);
        }
        for transition in TRANSITIONS {
            self.held_out.with_label_values(&[transition]);
            for band in Band::ALL {
                for tier in Tier::ALL {
                    self.alerts.with_label_values(&[transition, band.name(), tier.name()]);
                }
            }
        }
        for arm in Arm::ALL {
            self.won_back.with_label_values(&[arm.name()]);
            for tier in Tier::ALL {
                for contacted in NO_YES {
                    for returned in NO_YES {
                        self.matured.with_label_values(&[arm.name(), tier.name(), contacted, returned]);
                    }
                }
            }
        }
    }

    /// The same for what the configuration says: money is in this currency, and every move between two segments of the table
    /// has its series, which would grow with the customers otherwise.
    pub(crate) fn configured(&self, segments: &Segments, currency: Currency) {
        let _ = self.currency.set(currency);
        self.show(&BTreeMap::new());
        let names = || std::iter::once("none").chain(segments.0.iter().map(|segment| &*segment.name));
        for from in names() {
            for to in names().filter(|to| *to != from) {
                self.segment_moves.with_label_values(&[from, to]);
            }
        }
    }

    /// Counts what one commit brought.
    pub(crate) fn committed(&self, fresh: &Stats) {
        for (transition, bands) in TRANSITIONS.iter().zip(fresh.alerts) {
            for (band, tiers) in Band::ALL.iter().zip(bands) {
                for (tier, count) in Tier::ALL.iter().zip(tiers).filter(|(_, count)| *count > 0) {
                    self.alerts.with_label_values(&[transition, band.name(), tier.name()]).inc_by(count);
                }
            }
        }
        for (transition, count) in TRANSITIONS.iter().zip(fresh.held_out).filter(|(_, count)| *count > 0) {
            self.held_out.with_label_values(&[transition]).inc_by(count);
        }
        for (arm, count) in Arm::ALL.iter().zip(fresh.won_back).filter(|(_, count)| *count > 0) {
            self.won_back.with_label_values(&[arm.name()]).inc_by(count);
        }
        for (reason, count) in Suppression::ALL.iter().zip(fresh.suppressed).filter(|(_, count)| *count > 0) {
            self.suppressed.with_label_values(&[reason.name()]).inc_by(count);
        }
        for ((from, to), count) in &fresh.segment_moves {
            self.segment_moves.with_label_values(&[&**from, &**to]).inc_by(*count);
        }
        for (arm, tiers) in Arm::ALL.iter().zip(fresh.matured) {
            for (tier, contacts) in Tier::ALL.iter().zip(tiers) {
                for (contacted, returns) in NO_YES.iter().zip(contacts) {
                    for (returned, count) in NO_YES.iter().zip(returns).filter(|(_, count)| *count > 0) {
                        self.matured.with_label_values(&[arm.name(), tier.name(), contacted, returned]).inc_by(count);
                    }
                }
            }
        }
    }

    /// How a partition's customers stand since its last close; `None`: it is no longer this process's.
    pub(crate) fn stand(&self, partition: u32, census: Option<Census>) {
        let mut censuses = self.censuses.lock().unwrap_or_else(PoisonError::into_inner);
        match census {
            Some(census) => censuses.insert(partition, census),
            None => censuses.remove(&partition),
        };
        self.show(&censuses);
    }

    fn show(&self, censuses: &BTreeMap<u32, Census>) {
        let mut all = Census::default();
        for census in censuses.values() {
            all.add(census);
        }
        for (band, tiers) in Band::ALL.iter().zip(all.banded) {
            for (tier, count) in Tier::ALL.iter().zip(tiers) {
                self.banded.with_label_values(&[band.name(), tier.name()]).set(count as i64);
            }
        }
        for (arm, bands) in Arm::ALL.iter().zip(all.open) {
            // Nobody is warned of in the lowest band.
            for (band, tiers) in Band::ALL.iter().zip(bands).skip(1) {
                for (tier, count) in Tier::ALL.iter().zip(tiers) {
                    self.open.with_label_values(&[arm.name(), band.name(), tier.name()]).set(count as i64);
                }
            }
        }
        let Some(currency) = self.currency.get() else { return };
        for (arm, tiers) in Arm::ALL.iter().zip(all.at_risk) {
            for (tier, money) in Tier::ALL.iter().zip(tiers) {
                let major = money.0 as f64 / minor_per_major(*currency) as f64;
                self.at_risk.with_label_values(&[arm.name(), tier.name(), currency.code()]).set(major);
            }
        }
    }
}
