//! A bad configuration prints every fault and exits 64; a good one is printed as it is in force.

#![allow(clippy::unwrap_used, reason = "a test stops at the first thing that is not as it should be")]

use std::process::Command;

/// Exit code, standard output and standard error of `config check` on these bytes.
fn check(bytes: &[u8], command: &str) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("churnwatch.toml");
    std::fs::write(&path, bytes).unwrap();
    let program = env!("CARGO_BIN_EXE_churnwatch");
    let output = Command::new(program).args(["config", command, "--config"]).arg(&path).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_smallest_file_is_sound_and_printed_with_its_defaults() {
    let (code, out, err) = check(b"[kafka]\nbrokers = \"localhost:9092\"\n", "check");
    assert_eq!((code, out.trim()), (0, "the configuration is sound"), "{err}");
    let (code, out, _) = check(b"[kafka]\nbrokers = \"localhost:9092\"\n", "print");
    assert_eq!(code, 0);
    for line in
        ["group_id = \"churnwatch\"", "cooldown_days = 30", "zone = \"UTC\"", "horizon_days = 90", "share = 0.1"]
    {
        assert!(out.contains(line), "{line} is not in\n{out}");
    }
}

#[test]
fn files_that_are_no_configuration_get_a_sentence() {
    let enormous = vec![b'#'; (1 << 20) + 1];
    let cases: [(&[u8], &str); 4] = [
        (b"", "is empty"),
        (&enormous, "at most 1048576"),
        (b"[kafka]\nbrokers = \"\xff\xfe\"", "not UTF-8"),
        (b"[kafka\nbrokers = 1", "is not TOML"),
    ];
    for (bytes, sentence) in cases {
        let (code, _, err) = check(bytes, "check");
        assert_eq!(code, 64);
        assert!(err.contains(sentence), "{sentence}: {err}");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let file = r#"
[kafka]
broker = "x"
commit_interval_ms = 1
[time]
zone = "Mars/Olympus"
earliest = "yesterday"
clock = "sundial"
until = "2026-13-01"
quorum = 0
close_delay = "2 moons"
source_silence = "long"
lateness_days = 0
[money]
currency = "XXQ"
rates = { EUR = "-1", QQQ = "2" }
margin_rate = 3.0
[churn]
horizon_days = 3
[alerts]
watch = 0.9
high = 0.5
critical = 0.95
exit_margin = 0.7
dwell_days = 0
cooldown_days = 5
outcome_days = 30
min_silence_days = -1
publish_from = "soon"
capacity_per_day = { middle = 3 }
immediate = ["shouting"]
[holdout]
share = 1.5
[http]
listen = "0.0.0.0:8080"
admin_listen = "here"
token_file = "/nonexistent/token"
[service]
workers = 0
[playbok]
path = "x"
"#;
    let (code, _, err) = check(file.as_bytes(), "check");
    assert_eq!(code, 64);
    let expected = [
        "kafka.broker: unknown key; did you mean \"brokers\"?",
        "kafka.commit_interval_ms",
        "time.zone",
        "time.earliest",
        "time.clock",
        "time.until",
        "time.quorum",
        "time.close_delay",
        "time.source_silence",
        "time.lateness_days",
        "money.currency",
        "money.rates.EUR",
        "money.rates.QQQ",
        "money.margin_rate",
        "churn.horizon_days",
        "alerts.watch",
        "alerts.exit_margin",
        "alerts.dwell_days",
        "alerts.cooldown_days",
        "alerts.min_silence_days",
        "alerts.publish_from",
        "alerts.capacity_per_day.middle",
        "alerts.immediate",
        "holdout.share",
        "http.admin_listen",
        "http.token_file",
        "service.workers",
        "playbok: unknown key; did you mean \"playbook\"?",
    ];
    let missing: Vec<&str> = expected.iter().copied().filter(|fault| !err.contains(fault)).collect();
    assert!(missing.is_empty(), "not told: {missing:?}\n{err}");
}

#[test]
fn the_environment_wins_and_customer_data_needs_a_token_off_loopback() {
    let program = env!("CARGO_BIN_EXE_churnwatch");
    let run =
        |name: &str, value: &str| Command::new(program).args(["config", "print"]).env(name, value).output().unwrap();
    let output = run("CHURNWATCH_CHURN__HORIZON_DAYS", "60");
    assert!(String::from_utf8_lossy(&output.stdout).contains("horizon_days = 60"));
    let output = run("CHURNWATCH_HTTP__LISTEN", "0.0.0.0:1");
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("http.token_file: needed because"));
}
