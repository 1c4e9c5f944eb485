//! A bad configuration prints every fault and exits 64; a good one is printed as it is in force.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

use churnwatch::config::environment::overlay;
use churnwatch::config::schema::{schema, shape_faults};
use churnwatch::config::toml_file::read_file;
use serde_json::{Value, json};

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
fn segments_are_read_in_order_printed_and_known_to_the_playbook() {
    let kafka = "[kafka]\nbrokers = \"localhost:9092\"\n";
    let (_, out, _) = check(kafka.as_bytes(), "print");
    assert!(
        out.contains("[[segments]]\nname = \"lost\"") && out.contains("[segments.recency_days]\nat_least = 365"),
        "{out}"
    );
    let own = "[[segments]]\nname = \"vip\"\ntier = [\"high\"]\n[[segments]]\nname = \"rest\"\n";
    let (code, out, err) = check(format!("{kafka}{own}").as_bytes(), "print");
    assert_eq!((code, out.matches("[[segments]]").count()), (0, 2), "{out}{err}");
    let playbook = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/playbook.toml");
    let file = format!("{kafka}[playbook]\npath = \"{playbook}\"\n");
    assert_eq!(check(file.as_bytes(), "check").0, 0);
    let (code, _, err) = check(format!("{file}{own}").as_bytes(), "check");
    assert_eq!(code, 64);
    assert!(err.contains("names a segment that there is not: known are vip, rest"), "{err}");
    let (code, _, err) = check(format!("{kafka}[segments]\nvip = 3\n").as_bytes(), "check");
    assert_eq!((code, err.trim()), (64, "churnwatch: segments: must be of type array"));
    let (code, _, err) = check(b"segments = [\"vip\"]\n[kafka]\nbrokers = \"x:1\"\n", "check");
    assert_eq!(code, 64);
    assert!(err.contains("segments.0: must be of type object"), "{err}");
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
tier_margin = 0.5
[holdout]
share = 1.5
[goals]
retention = "2"
incremental_margin = "50000 EUR"
false_alarms = 40
retentoin = "2 points"
[http]
listen = "0.0.0.0:8080"
admin_listen = "here"
token_file = "/nonexistent/token"
[service]
workers = 0
listen = "127.0.0.1:8080"
max_customers_per_partition = 0
[playbok]
path = "x"
[[segments]]
name = "big spenders"
recencey = { at_least = 4 }
monetary = { at_least = 6 }
recency_days = { at_least = 9, at_most = 8 }
[[segments]]
name = "all"
[[segments]]
name = "all"
tier = ["top"]
band = ["high", "red"]
style = ["frugal"]
tenure_days = { least = 3 }
lapsed = true
"#;
    let (code, _, err) = check(file.as_bytes(), "check");
    assert_eq!(code, 64);
    let expected = [
        "kafka.broker: unknown key; did you mean \"brokers\"?",
        "kafka.commit_interval_ms",
        "time.zone",
        "time.earliest",
        "time.clock: must be wall or event",
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
        "alerts.tier_margin",
        "alerts.dwell_days",
        "alerts.cooldown_days",
        "alerts.min_silence_days",
        "alerts.publish_from",
        "alerts.capacity_per_day.middle",
        "alerts.immediate",
        "holdout.share",
        "goals.retention: \"2\" is a goal without unit: write it like \"2 points\"",
        "goals.incremental_margin: \"EUR\" is not the unit of this goal",
        "goals.false_alarms: \"40\" is a goal without unit",
        "goals.retentoin: unknown key; did you mean \"retention\"?",
        "http.admin_listen",
        "http.token_file",
        "service.workers",
        "service.listen: unknown key; did you mean \"http.listen\"?",
        "service.max_customers_per_partition",
        "segments.0.name: must be 1 to 40 letters",
        "segments.0.recencey: unknown key; did you mean \"recency\"?",
        "segments.0.monetary: is a score",
        "segments.0.recency_days: fits nobody",
        "segments.1: fits everybody",
        "segments.2.name: two segments are called \"all\"",
        "segments.2.tier: \"top\" is none of low, mid, high",
        "segments.2.band: \"red\"",
        "segments.2.style: \"frugal\"",
        "segments.2.tenure_days.least: unknown key; did you mean \"at_least\"?",
        "segments.2: must have no conditions",
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

/// A password is shown by nothing: not by `print`, not in the sentence about a wrong value, not with a broken line.
#[test]
fn secrets_are_not_shown() {
    let canary = "hunter2-canary";
    let files = [
        format!(
            "[kafka]\nbrokers = \"b:1\"\nclient = {{ \"sasl.password\" = \"{canary}\" }}\n[kafka.sasl]\nusername = \"u\"\npassword = \"{canary}\"\n"
        ),
        format!("[kafka]\nbrokers = \"b:1\"\n[kafka.sasl]\nusername = \"u\"\npassword = [\"{canary}\"]\n"),
        format!("[kafka]\nbrokers = \"b:1\"\n[kafka.sasl]\npassword = \"{canary}\n"),
        format!("[kafka]\nbrokers = \"b:1\"\n[kafka.sasl]\nusername = \"u\"\npasword = \"{canary}\"\n"),
    ];
    for (at, file) in files.iter().enumerate() {
        let (code, out, err) = check(file.as_bytes(), "print");
        assert_eq!(code, if at == 0 { 0 } else { 64 }, "{err}");
        assert!(!out.contains(canary) && !err.contains(canary), "file {at}: {out}{err}");
    }
    let (_, out, _) = check(files[0].as_bytes(), "print");
    assert_eq!(out.matches("[hidden]").count(), 2, "{out}");
}

#[test]
fn properties_that_delivery_rests_on_are_refused_and_others_are_taken_as_they_come() {
    let file = "[kafka]\nbrokers = \"b:1\"\n[kafka.client]\nisolation.level = \"read_uncommitted\"\nsocket.timeout.ms = 5000\n\"fetch.wait.max.ms\" = \"20\"\n[time]\nuntil = 2026-01-01\n";
    let (code, _, err) = check(file.as_bytes(), "check");
    assert_eq!(code, 64);
    assert_eq!(
        err.trim(),
        "churnwatch: kafka.client.isolation.level: is set by churnwatch itself: delivery rests on it"
    );
    let sound = file.replace("isolation.level = \"read_uncommitted\"\n", "");
    let (code, out, err) = check(sound.as_bytes(), "print");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("\"socket.timeout.ms\" = \"5000\"") && out.contains("until = \"2026-01-01\""), "{out}");
}

/// OAUTHBEARER takes its own keys and no others, and no secret goes to an endpoint in clear text.
#[test]
fn each_mechanism_takes_its_own_keys() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "of nobody's business\n").unwrap();
    let tokens = format!(
        "[kafka]\nbrokers = \"b:1\"\n[kafka.tls]\n[kafka.sasl]\nmechanism = \"OAUTHBEARER\"\nclient_id = \"us\"\nclient_secret_file = \"{}\"\ntoken_endpoint = \"https://login.example/token\"\n",
        secret.display()
    );
    let (code, out, err) = check(tokens.as_bytes(), "print");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("client_id = \"us\"") && !out.contains("business"), "{out}");
    let endpoint = "kafka.sasl.token_endpoint: give the URL that hands tokens out; it begins with https://";
    let cases: [(&str, &str, &[&str]); 6] = [
        ("https://login", "http://login", &[endpoint]),
        ("https://login", "https://us:word@login", &[endpoint]),
        ("https://login.example", "http://localhost:8080", &[]),
        ("client_id = \"us\"\n", "", &["kafka.sasl.client_id: is missing"]),
        ("client_id", "username = \"us\"\nclient_id", &["kafka.sasl.username: OAUTHBEARER logs in by client_id"]),
        (
            "OAUTHBEARER",
            "PLAIN",
            &[
                "kafka.sasl.client_id: is for OAUTHBEARER only",
                "kafka.sasl.username: is missing",
                "kafka.sasl.password_file: give the password's file",
            ],
        ),
    ];
    for (from, to, faults) in cases {
        let (code, _, err) = check(tokens.replace(from, to).as_bytes(), "check");
        assert_eq!((code == 0, err.lines().count()), (faults.is_empty(), faults.len()), "{to}: {err}");
        assert!(faults.iter().all(|fault| err.contains(fault)), "{to}: {err}");
    }
}

/// A token that can be guessed and a certificate that does not fit its key are refused before anything listens.
#[test]
fn what_http_is_secured_by_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let pair = |name: &str| {
        let issued = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        (
            file(&format!("{name}.pem"), &issued.cert.pem()),
            file(&format!("{name}.key"), &issued.signing_key.serialize_pem()),
        )
    };
    let ((one, one_key), (_, other_key)) = (pair("one"), pair("other"));
    let (token, short) = (file("token", "0123456789abcdef\n"), file("short", "canary-short"));
    let spaced = file("spaced", "canary canary canary canary");
    let of = |http: &str| check(format!("[http]\nlisten = \"0.0.0.0:8443\"\n{http}").as_bytes(), "check");
    let tls = |certificate: &str, key: &str| {
        format!("token_file = \"{token}\"\n[http.tls]\ncertificate_file = \"{certificate}\"\nkey_file = \"{key}\"\n")
    };
    let (code, _, err) = of(&tls(&one, &one_key));
    assert_eq!(code, 0, "{err}");
    let cases = [
        (format!("token_file = \"{short}\"\n"), "http.token_file: a token has at least 16 letters"),
        (format!("token_file = \"{spaced}\"\n"), "http.token_file: a token has at least 16 letters"),
        (tls(&one, &other_key), "can't be used together"),
        (tls(&one_key, &one_key), "holds no certificate in PEM"),
        (tls(&one, &one), "holds no private key in PEM"),
        (tls(&one, "/nowhere/key"), "http.tls: cannot read /nowhere/key"),
        (format!("token_file = \"{token}\"\nmax_connections = 0\n"), "http.max_connections: must lie between"),
        (format!("token_file = \"{token}\"\nrequests_per_second = -1\n"), "http.requests_per_second"),
    ];
    for (http, sentence) in cases {
        let (code, _, err) = of(&http);
        assert_eq!((code, err.lines().count()), (64, 1), "{err}");
        assert!(err.contains(sentence) && !err.contains("canary"), "{sentence}: {err}");
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What the files that run the service somewhere tell it are settings that there are: their configurations whole, and the
/// variables by name. Their values, and the manifests as rendered, are .ci/manifests/run's.
#[test]
fn what_is_deployed_names_settings_that_there_are() {
    let (root, schema) = (Path::new(env!("CARGO_MANIFEST_DIR")), schema());
    let faults = |value: &Value| -> Vec<String> {
        shape_faults(value, &schema).into_iter().map(|shape| shape.fault.to_string()).collect()
    };
    let mut texts = vec![root.join("Dockerfile"), root.join("docs/operations.md")];
    texts.extend(files(&root.join("deploy")));
    let (mut configurations, mut variables) = (0, 0);
    for path in texts {
        let name = path.display();
        if path.ends_with("churnwatch.toml") {
            assert_eq!(faults(&read_file(&path).unwrap()), [""; 0], "{name}");
            configurations += 1;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        for word in words.filter(|word| word.starts_with("CHURNWATCH_")) {
            let mut value = json!({});
            overlay(&mut value, &schema, std::iter::once((word.to_owned(), String::new())));
            variables += value.as_object().map_or(0, serde_json::Map::len);
            let unknown: Vec<String> =
                faults(&value).into_iter().filter(|fault| fault.contains("unknown key")).collect();
            assert_eq!(unknown, [""; 0], "{word} in {name}");
        }
    }
    assert!(configurations >= 4 && variables >= 25, "{configurations} configurations, {variables} variables");
}
