//! The whole real logs replayed over several partitions: what must hold of every episode, whatever the customers do.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use serde_json::Value;

use support::logs::log;

const COOLDOWN_DAYS: i64 = 30;
const CAPACITY: [(&str, usize); 3] = [("low", 3), ("mid", 5), ("high", 4)];

/// What a replay said, by topic.
struct Said {
    alerts: Vec<Value>,
    outcomes: Vec<Value>,
    risk: Vec<Value>,
}

fn replay(log: &Path, settings: &[(&str, &str)]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_churnwatch"));
    command.arg("replay").arg(log).args(["--partitions", "4"]);
    for name in ["alerts", "outcomes", "risk"] {
        command.arg(format!("--{name}")).arg(path(name));
    }
    for (name, value) in settings {
        command.env(format!("CHURNWATCH_{name}"), value);
    }
    let done = command.env("CHURNWATCH_MONEY__CURRENCY", "GBP").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let read = |name: &str| {
        let text = std::fs::read_to_string(path(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    Said { alerts: read("alerts"), outcomes: read("outcomes"), risk: read("risk") }
}

fn text<'a>(record: &'a Value, pointer: &str) -> &'a str {
    record.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} is not in {record}"))
}

fn day(record: &Value, name: &str) -> i64 {
    let date: jiff::civil::Date = text(record, &format!("/data/{name}")).parse().unwrap();
    i64::from(date.since(jiff::civil::date(1970, 1, 1)).unwrap().get_days())
}

fn time(record: &Value) -> Timestamp {
    text(record, "/time").parse().unwrap()
}

fn is(record: &Value, kind: &str) -> bool {
    text(record, "/type") == format!("churnwatch.outcome.{kind}")
}

/// An episode as the outcomes tell it.
struct Told {
    customer: String,
    held_out: bool,
    tier: String,
    opened: i64,
    opened_time: Timestamp,
    /// Day and time.
    ended: Option<(i64, Timestamp)>,
    /// When the outcome was measured: the midnight that ends the outcome window's last day.
    matured: Option<Timestamp>,
}

impl Told {
    /// From when on the CRM may hear of the customer again, if the log goes on that long.
    fn shown(&self) -> Option<Timestamp> {
        Some(self.ended?.1.max(self.matured?))
    }
}

/// The episodes by id; fails where one has two openings or two endings.
fn episodes(outcomes: &[Value]) -> BTreeMap<String, Told> {
    let mut episodes = BTreeMap::new();
    for outcome in outcomes {
        let id = text(outcome, "/data/episode_id").to_owned();
        if is(outcome, "opened") {
            let told = Told {
                customer: text(outcome, "/subject").to_owned(),
                held_out: text(outcome, "/data/arm") == "holdout",
                tier: text(outcome, "/data/tier").to_owned(),
                opened: day(outcome, "opened_day"),
                opened_time: time(outcome),
                ended: None,
                matured: None,
            };
            assert!(episodes.insert(id, told).is_none(), "opened twice: {outcome}");
        } else if is(outcome, "ended") {
            let told: &mut Told = episodes.get_mut(&id).unwrap_or_else(|| panic!("ended without opening: {outcome}"));
            let ended = (day(outcome, "day"), time(outcome));
            assert!(told.ended.replace(ended).is_none(), "ended twice: {outcome}");
        } else if is(outcome, "matured") {
            let told: &mut Told = episodes.get_mut(&id).unwrap_or_else(|| panic!("matured without opening: {outcome}"));
            assert!(told.matured.replace(time(outcome)).is_none(), "matured twice: {outcome}");
        }
    }
    episodes
}

/// No customer has two open episodes, and none opens within the cooldown of the last.
fn one_at_a_time(episodes: &BTreeMap<String, Told>) {
    let mut by_customer: BTreeMap<&str, Vec<&Told>> = BTreeMap::new();
    for told in episodes.values() {
        by_customer.entry(&told.customer).or_default().push(told);
    }
    for (customer, mut told) in by_customer {
        told.sort_by_key(|told| told.opened);
        for pair in told.windows(2) {
            let ended = pair[0].ended.as_ref().unwrap_or_else(|| panic!("{customer} has two open episodes"));
            assert!(pair[1].opened - ended.0 >= COOLDOWN_DAYS, "{customer} is warned again within the cooldown");
        }
    }
}

/// The capacity of a tier, summed over the partitions, is kept on every day.
fn within_capacity(episodes: &BTreeMap<String, Told>) -> usize {
    let mut openings: BTreeMap<(i64, &str), usize> = BTreeMap::new();
    for told in episodes.values() {
        *openings.entry((told.opened, &told.tier)).or_default() += 1;
    }
    let limit = |tier: &str| CAPACITY.iter().find(|(name, _)| *name == tier).unwrap().1;
    for ((day, tier), count) in &openings {
        assert!(*count <= limit(tier), "{count} openings of tier {tier} on day {day}");
    }
    openings.iter().filter(|((_, tier), count)| **count == limit(tier)).count()
}

/// Held-out episodes are on no topic but the outcomes. What the CRM reads of their customers gives no band from the
/// opening until the episode has ended and its outcome is measured, and at once after that it does again.
fn holdout_unseen(said: &Said, episodes: &BTreeMap<String, Told>) -> [usize; 3] {
    let held: BTreeSet<&str> = episodes.iter().filter(|(_, told)| told.held_out).map(|(id, _)| id.as_str()).collect();
    assert!(said.alerts.iter().all(|alert| !held.contains(text(alert, "/data/episode_id"))));
    let mut hidden: BTreeMap<&str, Vec<&Told>> = BTreeMap::new();
    for told in episodes.values().filter(|told| told.held_out) {
        hidden.entry(&told.customer).or_default().push(told);
    }
    let mut records: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for risk in &said.risk {
        records.entry(text(risk, "/customer_id")).or_default().push(risk);
    }
    let [mut unbanded, mut after_the_end, mut again] = [0; 3];
    for (customer, records) in records {
        let hidden = hidden.remove(customer).unwrap_or_default();
        let mut before = true;
        for risk in &records {
            let time = time(risk);
            let within = |told: &&&Told| told.opened_time <= time && told.shown().is_none_or(|shown| time < shown);
            let contactable = risk["contactable"].as_bool().unwrap();
            if let Some(told) = hidden.iter().find(within) {
                assert!(!contactable, "{risk}");
                assert!(["band", "segment"].iter().all(|name| risk[*name].is_null()), "{risk}");
                assert!(risk["forecast"].as_array().unwrap().is_empty(), "{risk}");
                unbanded += 1;
                after_the_end += usize::from(told.ended.is_some_and(|(_, ended)| ended <= time));
            } else {
                // Later events may come before the close that measures the outcome.
                assert!(contactable || !before && !is_of_close(risk), "hidden for nothing: {risk}");
            }
            before = contactable;
        }
        for shown in hidden.iter().filter_map(|told| told.shown()) {
            let next = records.iter().find(|risk| time(risk) >= shown && risk["contactable"] == true);
            let next = next.unwrap_or_else(|| panic!("{customer} stays hidden after {shown}"));
            // Whose next purchase was known already is told of at the close of that purchase's day.
            let purchase = is_of_close(next) && next["silence_days"] == 0;
            assert!(time(next) == shown || purchase, "{customer} is shown after {shown}, but by {next}");
            again += 1;
        }
    }
    assert!(hidden.is_empty(), "held-out customers of whom no risk was told");
    [unbanded, after_the_end, again]
}

/// Whether a risk record tells of a close, at the midnight that ends its day, and not of an event.
fn is_of_close(risk: &Value) -> bool {
    let day: jiff::civil::Date = text(risk, "/as_of").parse().unwrap();
    jiff::tz::TimeZone::UTC.to_timestamp(day.tomorrow().unwrap().at(0, 0, 0, 0)).unwrap() == time(risk)
}

fn check(name: &str) {
    let Some(path) = log(name) else { return };
    let settings = [
        ("HOLDOUT__SHARE", "0.2"),
        ("ALERTS__CAPACITY_PER_DAY__LOW", "3"),
        ("ALERTS__CAPACITY_PER_DAY__MID", "5"),
        ("ALERTS__CAPACITY_PER_DAY__HIGH", "4"),
    ];
    let said = replay(&path, &settings);
    let episodes = episodes(&said.outcomes);
    one_at_a_time(&episodes);
    let full = within_capacity(&episodes);
    let [unbanded, after_the_end, again] = holdout_unseen(&said, &episodes);
    // What is open at the end is younger than the horizon of 90 days; everything else has its one ending.
    let newest = said.outcomes.iter().map(|outcome| day(outcome, "day")).max().unwrap();
    let open = episodes.values().filter(|told| told.ended.is_none());
    assert!(open.clone().all(|told| newest - told.opened <= 90), "an old episode never ended");
    let held = episodes.values().filter(|told| told.held_out).count();
    println!(
        "{name}: {} episodes, {held} held out, {} open at the end, {full} tier days full, {unbanded} risk records unbanded, {after_the_end} of them after the end, {again} shown again",
        episodes.len(),
        open.count()
    );
    assert!(episodes.len() > 500 && held > 50 && full > 20, "the log tells too little");
    assert!(after_the_end > 20 && again > 50, "too few held-out episodes end within the outcome window");
}

#[test]
fn every_episode_of_cdnow_keeps_the_rules() {
    check("cdnow.csv.gz");
}

#[test]
fn every_episode_of_online_retail_keeps_the_rules() {
    check("online_retail_ii.csv.gz");
}

/// What hysteresis and dwell save: openings, escalations, and changes of a customer's band.
#[test]
fn hysteresis_and_dwell_calm_the_warnings() {
    let name = "online_retail_ii.csv.gz";
    let Some(path) = log(name) else { return };
    let mut counts = Vec::new();
    for (dwell, margin) in [("1", "0"), ("1", "0.05"), ("3", "0.05")] {
        let settings = [("ALERTS__DWELL_DAYS", dwell), ("ALERTS__EXIT_MARGIN", margin), ("HOLDOUT__SHARE", "0")];
        let said = replay(&path, &settings);
        let count = |kind: &str| {
            said.alerts.iter().filter(|alert| text(alert, "/type") == format!("churnwatch.alert.{kind}")).count()
        };
        let (opened, escalated) = (count("opened"), count("escalated"));
        println!(
            "{name}: dwell {dwell}, margin {margin}: {opened} opened, {escalated} escalated, {} risk records",
            said.risk.len()
        );
        counts.push(opened + escalated);
    }
    assert!(counts[1] <= counts[0] && counts[2] < counts[0], "{counts:?}");
}
