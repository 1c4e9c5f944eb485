//! Numbers that must lie within bounds, and names that must differ.

use crate::config::checker::Checker;
use crate::config::file::ConfigFile;

/// Looks whether each lies where it may.
pub(crate) fn check_ranges(file: &ConfigFile, check: &mut Checker) {
    let share = 0.0..=1.0;
    check.must("money.margin_rate", share.contains(&file.money.margin_rate), "must lie between 0 and 1");
    check.must("holdout.share", share.contains(&file.holdout.share), "must lie between 0 and 1");
    check.must("alerts.exit_margin", (0.0..0.5).contains(&file.alerts.exit_margin), "must lie between 0 and 0.5");
    check.must("alerts.tier_margin", (0.0..0.5).contains(&file.alerts.tier_margin), "must lie between 0 and 0.5");
    check.must("time.quorum", (1..=100).contains(&file.time.quorum), "must lie between 1 and 100");
    check.must("time.lateness_days", (1..=100).contains(&file.time.lateness_days), "must lie between 1 and 100");
    check.must("churn.horizon_days", (7..=730).contains(&file.churn.horizon_days), "must lie between 7 and 730");
    check.must(
        "alerts.min_silence_days",
        file.alerts.min_silence_days + 1 < file.churn.horizon_days,
        "must be smaller than churn.horizon_days less 1, or no close is left to warn at",
    );
    check.must("alerts.dwell_days", (1..=60).contains(&file.alerts.dwell_days), "must lie between 1 and 60");
    check.must("alerts.outcome_days", file.alerts.outcome_days <= 365, "must be at most 365; 0 measures no outcomes");
    check.must(
        "alerts.cooldown_days",
        (file.alerts.outcome_days..=3650).contains(&file.alerts.cooldown_days),
        "must be at least alerts.outcome_days, so that one outcome is pending at most",
    );
    check.must(
        "kafka.commit_interval_ms",
        (5..=5_000).contains(&file.kafka.commit_interval_ms),
        "must lie between 5 and 5000",
    );
    check.must("kafka.group_id", !file.kafka.group_id.is_empty(), "must not be empty");
    check.must(
        "http.max_connections",
        (1..=65_536).contains(&file.http.max_connections),
        "must lie between 1 and 65536",
    );
    check.must("http.requests_per_second", file.http.requests_per_second <= 1_000_000, "must be at most 1000000");
    check.must("service.workers", (1..=64).contains(&file.service.workers), "must lie between 1 and 64");
    check.must(
        "service.max_customers_per_partition",
        file.service.max_customers_per_partition != Some(0),
        "must be at least 1; leave it out for no limit",
    );
    check.must("topics.events", !file.topics.events.is_empty(), "name at least one input topic");
    let topics = &file.topics;
    let outputs = [
        &topics.alerts,
        &topics.risk,
        &topics.outcomes,
        &topics.profiles,
        &topics.dead_letters,
        &topics.models,
        &topics.webhook_dead_letters,
        &topics.merges,
    ];
    let mut names: Vec<&String> = topics.events.iter().chain(outputs).chain(&file.rekey.topics).collect();
    check.must("topics", names.iter().all(|name| !name.is_empty()), "a topic has an empty name");
    names.sort_unstable();
    let distinct = names.windows(2).all(|pair| matches!(pair, [a, b] if a != b));
    check.must("topics", distinct, "two topics have the same name");
}
