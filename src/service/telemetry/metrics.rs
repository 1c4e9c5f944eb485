//! Prometheus metrics, observed after a commit. Labels come from closed sets; never a customer.

use std::collections::{BTreeMap, BTreeSet};

use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::engine::alerting::band::Band;
use crate::engine::alerting::episode::Suppression;
use crate::engine::alerting::segment::Segments;
use crate::engine::alerting::value::Tier;
use crate::engine::drift::DriftFigures;
use crate::engine::event::Reason;
use crate::processor::stats::{Stats, TRANSITIONS, event_type};

/// Every metric of the service.
#[derive(Clone)]
pub struct Metrics {
    registry: Registry,
    records: IntCounter,
    events: IntCounterVec,
    duplicates: IntCounter,
    erased: IntCounter,
    unknown_fields: IntCounter,
    dead_letters: IntCounterVec,
    alerts: IntCounterVec,
    held_out: IntCounterVec,
    won_back: IntCounter,
    suppressed: IntCounterVec,
    segment_moves: IntCounterVec,
    matured: IntCounter,
    closes: IntCounter,
    commits: IntCounter,
    commit_seconds: Histogram,
    rolled_back: IntCounter,
    rebuilt: IntCounter,
    offset_gaps: IntCounter,
    restored_records: IntCounter,
    restore_left: IntGauge,
    state_bytes: IntGaugeVec,
    customers: IntGaugeVec,
    state_limit: IntGaugeVec,
    closed_day: IntGaugeVec,
    lag: IntGaugeVec,
    source_silent: IntGauge,
    models_refused: IntCounter,
    model_in_force: IntGaugeVec,
    score_psi: Gauge,
    clipped_share: Gauge,
    calibration_ratio: Gauge,
    matured_silences: IntGauge,
}

impl Metrics {
    /// All metrics at zero. Fails only if two had the same name.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("churnwatch".into()), None)?;
        let counter = |name: &str, help: &str| -> Result<IntCounter, prometheus::Error> {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| -> Result<IntCounterVec, prometheus::Error> {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone()))?;
            Ok(counters)
        };
        let gauges = |name: &str, help: &str, label: &str| -> Result<IntGaugeVec, prometheus::Error> {
            let gauges = IntGaugeVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(gauges.clone()))?;
            Ok(gauges)
        };
        let buckets = vec![0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
        let commit_seconds = Histogram::with_opts(
            HistogramOpts::new("commit_duration_seconds", "Time of one transaction, from its hand-over to its end")
                .buckets(buckets),
        )?;
        registry.register(Box::new(commit_seconds.clone()))?;
        let gauge = |name: &str, help: &str| -> Result<Gauge, prometheus::Error> {
            let gauge = Gauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let whole_gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let metrics = Self {
            score_psi: gauge(
                "model_score_psi",
                "Population stability index of the scores of the last 64 closes against the training's; above 0.25 they have changed",
            )?,
            clipped_share: gauge("model_clipped_features_share", "Share of features outside what the training saw")?,
            calibration_ratio: gauge(
                "model_calibration_ratio",
                "Silences that became churn over those predicted to, warned or not; NaN until some have matured",
            )?,
            matured_silences: whole_gauge(
                "model_matured_silences",
                "Silences of the last 90 days whose end is known, that calibration is measured on",
            )?,
            records: counter("records_total", "Input records read and committed")?,
            events: counters("events_total", "Usable events by type", &["type"])?,
            duplicates: counter("duplicate_events_total", "Events that were known already")?,
            erased: counter("erased_events_total", "Events from before their customer asked to be forgotten, dropped")?,
            unknown_fields: counter("unknown_fields_total", "Fields of events that nobody here knows")?,
            dead_letters: counters("dead_letters_total", "Inputs that could not be used, by reason", &["reason"])?,
            alerts: counters("alerts_total", "Published alerts", &["transition", "band", "tier"])?,
            held_out: counters("held_out_transitions_total", "Transitions of held-out episodes", &["transition"])?,
            won_back: counter("won_back_total", "Episodes of both arms resolved by a purchase")?,
            suppressed: counters("suppressed_candidates_total", "Candidates not published, by reason", &["reason"])?,
            segment_moves: counters(
                "segment_moves_total",
                "Customers who changed segments at closes; none: before the first, or no purchase left",
                &["from", "to"],
            )?,
            matured: counter("matured_outcomes_total", "Outcomes measured")?,
            closes: counter("closed_days_total", "Days closed, over all partitions")?,
            commits: counter("commits_total", "Committed transactions")?,
            rolled_back: counter("rolled_back_batches_total", "Transactions aborted and done again")?,
            rebuilt: counter(
                "rebuilds_total",
                "Producers replaced and states read again after a commit of unknown outcome, or because a client had lost its brokers",
            )?,
            offset_gaps: counter("offset_gaps_total", "Input records that were gone before they were read")?,
            restored_records: counter(
                "restored_records_total",
                "Changelog records read at start and after rebalances",
            )?,
            restore_left: whole_gauge(
                "restore_left_offsets",
                "Offsets of the changelog still to be read before the partitions are ready; 0 when nothing is being restored",
            )?,
            state_bytes: gauges("state_bytes", "Memory that the customers take, index included", "partition")?,
            customers: gauges("customers", "Customers in memory", "partition")?,
            state_limit: gauges(
                "state_limit_customers",
                "Most customers that the partition takes in; none without service.max_customers_per_partition",
                "partition",
            )?,
            closed_day: gauges("closed_day", "Last closed day, as days since 1970-01-01", "partition")?,
            lag: gauges("lag_records", "Input records not yet committed", "partition")?,
            models_refused: counter("models_refused_total", "Promotions that can't be used; the log says why")?,
            model_in_force: gauges("model_in_force", "Partitions of this process that the model decides in", "model")?,
            source_silent: whole_gauge(
                "source_silent",
                "1 while no input has moved for time.source_silence, so that days are held open",
            )?,
            commit_seconds,
            registry: registry.clone(),
        };
        metrics.name_labels();
        Ok(metrics)
    }

    /// Makes every series known from the start, so that a rate over a first event is not lost.
    fn name_labels(&self) {
        for at in 0..crate::processor::stats::EVENT_TYPES {
            self.events.with_label_values(&[event_type(at)]);
        }
        for reason in Reason::ALL {
            self.dead_letters.with_label_values(&[reason.words()]);
        }
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
    }

    /// The same for every move between two segments of this table: otherwise the series would grow with the customers.
    pub fn name_segments(&self, segments: &Segments) {
        let names = || std::iter::once("none").chain(segments.0.iter().map(|segment| &*segment.name));
        for from in names() {
            for to in names().filter(|to| *to != from) {
                self.segment_moves.with_label_values(&[from, to]);
            }
        }
    }

    /// Counts what one commit brought.
    pub fn committed(&self, fresh: &Stats) {
        self.records.inc_by(fresh.records);
        for (at, count) in fresh.events.iter().enumerate().filter(|(_, count)| **count > 0) {
            self.events.with_label_values(&[event_type(at)]).inc_by(*count);
        }
        self.duplicates.inc_by(fresh.duplicates);
        self.erased.inc_by(fresh.erased);
        self.unknown_fields.inc_by(fresh.unknown_fields);
        for (reason, count) in Reason::ALL.iter().zip(fresh.dead_letters).filter(|(_, count)| *count > 0) {
            self.dead_letters.with_label_values(&[reason.words()]).inc_by(count);
        }
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
        self.won_back.inc_by(fresh.won_back);
        for (reason, count) in Suppression::ALL.iter().zip(fresh.suppressed).filter(|(_, count)| *count > 0) {
            self.suppressed.with_label_values(&[reason.name()]).inc_by(count);
        }
        for ((from, to), count) in &fresh.segment_moves {
            self.segment_moves.with_label_values(&[&**from, &**to]).inc_by(*count);
        }
        self.matured.inc_by(fresh.matured);
        self.closes.inc_by(fresh.closes);
    }

    /// One transaction was committed.
    pub fn transaction(&self, seconds: f64) {
        self.commits.inc();
        self.commit_seconds.observe(seconds);
    }

    /// One transaction was aborted.
    pub fn rolled_back(&self) {
        self.rolled_back.inc();
    }

    /// The producer was replaced and the states read again.
    pub fn rebuilt(&self) {
        self.rebuilt.inc();
    }

    /// Records were gone before they were read.
    pub fn offset_gap(&self, records: u64) {
        self.offset_gaps.inc_by(records);
    }

    /// Changelog records were read.
    pub fn restored(&self, records: u64) {
        self.restored_records.inc_by(records);
    }

    /// So many more offsets of the changelog are left to be read, or fewer.
    pub fn left_to_restore(&self, more: i64) {
        self.restore_left.add(more);
    }

    /// A partition's customers, the most that it takes in, and the memory that they take.
    pub fn state(&self, partition: u32, customers: usize, most: Option<usize>, bytes: usize) {
        let label = partition.to_string();
        self.customers.with_label_values(&[&label]).set(customers as i64);
        self.state_bytes.with_label_values(&[&label]).set(bytes as i64);
        if let Some(most) = most {
            self.state_limit.with_label_values(&[&label]).set(most as i64);
        }
    }

    /// How far a partition is.
    pub fn stand(&self, partition: u32, closed_day: Option<i32>, lag: Option<i64>) {
        let label = partition.to_string();
        if let Some(day) = closed_day {
            self.closed_day.with_label_values(&[&label]).set(i64::from(day));
        }
        if let Some(lag) = lag {
            self.lag.with_label_values(&[&label]).set(lag);
        }
    }

    /// A partition is no longer this process's.
    pub fn partition_gone(&self, partition: u32) {
        let label = partition.to_string();
        for gauges in [&self.customers, &self.state_limit, &self.state_bytes, &self.closed_day, &self.lag] {
            let _ = gauges.remove_label_values(&[&label]);
        }
    }

    /// Whether the inputs have been silent for too long.
    pub fn source_silent(&self, silent: bool) {
        self.source_silent.set(i64::from(silent));
    }

    /// A promotion can't be used.
    pub fn model_refused(&self) {
        self.models_refused.inc();
    }

    /// Partitions by the model in force; a model that was `shown` and has none left goes.
    pub fn models_in_force(&self, counts: &BTreeMap<&str, i64>, shown: &BTreeSet<String>) {
        for gone in shown.iter().filter(|model| !counts.contains_key(model.as_str())) {
            let _ = self.model_in_force.remove_label_values(&[gone]);
        }
        for (model, count) in counts {
            self.model_in_force.with_label_values(&[model]).set(*count);
        }
    }

    /// How customers have moved away from what the training saw.
    pub fn drift(&self, figures: DriftFigures) {
        self.score_psi.set(figures.psi.unwrap_or(f64::NAN));
        self.clipped_share.set(figures.clipped);
        self.calibration_ratio.set(figures.calibration().unwrap_or(f64::NAN));
        self.matured_silences.set(figures.silences as i64);
    }

    /// Input records read and committed so far.
    pub fn records(&self) -> u64 {
        self.records.get()
    }

    /// Sum over all series of a counter, by its name without the prefix; 0 where there is none.
    pub fn total(&self, name: &str) -> u64 {
        let families = self.registry.gather();
        let family = families.iter().find(|family| family.name().strip_prefix("churnwatch_") == Some(name));
        let series = family.map(prometheus::proto::MetricFamily::get_metric).unwrap_or_default();
        series.iter().map(|metric| metric.get_counter().get_value() as u64).sum()
    }

    /// The metrics in Prometheus's text format.
    pub fn text(&self) -> String {
        let mut out = Vec::new();
        let encoded = TextEncoder::new().encode(&self.registry.gather(), &mut out);
        if encoded.is_err() {
            out.clear();
        }
        String::from_utf8(out).unwrap_or_default()
    }

    /// Name, kind and meaning of every metric as a Markdown table: docs/metrics.md.
    pub fn document(&self) -> String {
        self.state(0, 0, Some(0), 0);
        self.stand(0, Some(0), Some(0));
        self.model_in_force.with_label_values(&[""]);
        self.segment_moves.with_label_values(&["", ""]);
        let mut rows: Vec<String> = self
            .registry
            .gather()
            .iter()
            .map(|family| {
                let labels = family.get_metric().first().map(|metric| {
                    metric.get_label().iter().map(|label| format!("`{}`", label.name())).collect::<Vec<_>>().join(", ")
                });
                let kind = format!("{:?}", family.get_field_type()).to_lowercase();
                format!("| `{}` | {kind} | {} | {} |", family.name(), labels.unwrap_or_default(), family.help())
            })
            .collect();
        rows.sort();
        format!(
            "# Metrics\nServed at `/metrics`. Written by the program; `CHURNWATCH_BLESS=1 cargo test --test documents` writes it anew.\n\n| name | kind | labels | meaning |\n|---|---|---|---|\n{}\n",
            rows.join("\n")
        )
    }
}
