//! One broker with an authorizer and a listener for each way to it, and the doctor run as its user runs it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use churnwatch::config::contracts::Contract;
use serde_json::Value;

use crate::acls::{Permission, allow, permissions};
use crate::bench::{Bench, PROGRAM};
use crate::support::did_not_run;

/// The service's user and its password.
pub(crate) const USER: &str = "service";
pub(crate) const PASSWORD: &str = "canary-password-7f3a";
/// Longest time to a report, whatever hangs.
const LONGEST: Duration = Duration::from_secs(30);
/// What one of the configurations may not do: operation, kind of resource and end of its name.
pub(crate) const FORBIDDEN: [(&str, &str, &str); 4] = [
    ("Read", "--topic", ".events"),
    ("Write", "--topic", ".alerts"),
    ("Read", "--group", ""),
    ("Write", "--transactional-id", ""),
];

/// The broker.
pub(crate) struct Stage {
    /// Administrators come in here.
    pub(crate) plain: String,
    /// By SCRAM.
    pub(crate) login: String,
    /// What is told here is an address at which nobody is.
    pub(crate) elsewhere: String,
    /// What is told here is an address at which nobody says anything.
    pub(crate) mute: String,
    _silent: TcpListener,
}

/// A planted fault.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) plant: fn(&Stage, &str),
}

/// Plants all at once: most of the time each only waits.
pub(crate) fn all(cases: &[Case]) {
    let Some(stage) = stage() else { return };
    std::thread::scope(|scope| {
        let running: Vec<_> =
            cases.iter().map(|case| (case.name, scope.spawn(move || (case.plant)(stage, case.name)))).collect();
        for (name, one) in running {
            assert!(one.join().is_ok(), "{name}");
        }
    });
}

fn stage() -> Option<&'static Stage> {
    static STAGE: OnceLock<Option<Stage>> = OnceLock::new();
    STAGE.get_or_init(start).as_ref()
}

fn start() -> Option<Stage> {
    let there = |program: &str| {
        Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    if !there("java") || !(there("mvn") || std::env::var_os("KAFKA_HOME").is_some()) {
        assert!(std::env::var_os("CI").is_none(), "CI needs Java 17 and Maven for the doctor's suite");
        did_not_run("the doctor's suite needs Java 17 and Maven or KAFKA_HOME");
        return None;
    }
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let pid = std::process::id();
    let port = 26_000 + pid % 3_900;
    let at = |number: u32| format!("127.0.0.1:{}", port + number);
    let listeners = format!("PLAINTEXT://{},LOGIN://{},ELSEWHERE://{},MUTE://{}", at(0), at(1), at(2), at(3));
    let told = format!(
        "PLAINTEXT://{},LOGIN://{},ELSEWHERE://127.0.0.1:1,MUTE://{}",
        at(0),
        at(1),
        silent.local_addr().unwrap()
    );
    let protocols = "PLAINTEXT:PLAINTEXT,LOGIN:SASL_PLAINTEXT,ELSEWHERE:PLAINTEXT,MUTE:PLAINTEXT,CONTROLLER:PLAINTEXT";
    let module = "org.apache.kafka.common.security.scram.ScramLoginModule";
    let mut kafka = kafka();
    kafka.args(["start", "--port", &port.to_string(), "--parent", &pid.to_string(), "--dir"]);
    kafka.arg(std::env::temp_dir().join(format!("churnwatch-doctor-{pid}")));
    kafka.args(["--scram", &format!("{USER}={PASSWORD}")]);
    let properties = [
        format!("listeners={listeners},CONTROLLER://{}", at(101)),
        format!("advertised.listeners={told}"),
        format!("listener.security.protocol.map={protocols}"),
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".into(),
        "super.users=User:ANONYMOUS".into(),
        "sasl.enabled.mechanisms=SCRAM-SHA-512".into(),
        format!("listener.name.login.scram-sha-512.sasl.jaas.config={module} required;"),
    ];
    for property in properties {
        kafka.args(["--set", &property]);
    }
    let output = kafka.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the broker did not start");
    let mut wanted = permissions("serve", &tag("allowed"));
    wanted.extend(permissions("doctor", &tag("allowed")));
    let is_left = |one: &Permission| {
        !FORBIDDEN.iter().any(|(operation, resource, name)| {
            one.operation == *operation && one.resource == *resource && one.name.ends_with(name)
        })
    };
    wanted.extend(permissions("serve", &tag("forbidden")).into_iter().filter(is_left));
    allow(&at(0), USER, &wanted);
    Some(Stage { plain: at(0), login: at(1), elsewhere: at(2), mute: at(3), _silent: silent })
}

/// What the topics and the group of a bench begin with.
pub(crate) fn tag(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

/// Kafka for tests.
fn kafka() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka/kafka.sh"))
}

impl Stage {
    /// A configuration with topics of its own, made with this many partitions.
    pub(crate) fn bench(&self, name: &str, partitions: u32, more: &str) -> Bench {
        let bench = self.bare(name, more);
        bench.topics(partitions);
        bench
    }

    /// The same without topics, and where no port is named without HTTP.
    pub(crate) fn bare(&self, name: &str, more: &str) -> Bench {
        let http = if more.contains("[http]") { "" } else { "[http]\nlisten = \"127.0.0.1:0\"\n" };
        Bench::with(&self.plain, name, &format!("{more}{http}"))
    }
}

/// What the doctor said.
pub(crate) struct Report {
    pub(crate) code: i32,
    pub(crate) json: Value,
    took: Duration,
}

/// Runs the doctor on a configuration, with these variables in the environment.
pub(crate) fn doctor(bench: &Bench, variables: &[(&str, &str)]) -> Report {
    let begun = Instant::now();
    let mut command = Command::new(PROGRAM);
    command.args(["doctor", "--json", "--config"]).arg(bench.path());
    command.envs(variables.iter().map(|(name, value)| (format!("CHURNWATCH_{name}"), *value)));
    let output = command.output().unwrap();
    let took = begun.elapsed();
    let (said, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(took < LONGEST, "it took {took:?}: {said}");
    assert!(!said.contains(PASSWORD) && !stderr.contains(PASSWORD), "{said}{stderr}");
    let json = serde_json::from_str(&said).unwrap_or_else(|fault| panic!("{fault}: {said}{stderr}"));
    let report = Report { code: output.status.code().unwrap(), json, took };
    report.keeps_its_contract();
    report
}

impl Report {
    /// Every finding: code, severity, what it is about, and its remedy.
    pub(crate) fn findings(&self) -> Vec<(&str, &str, &str, &str)> {
        fn text(value: &Value) -> &str {
            value.as_str().unwrap_or_default()
        }
        let checks = self.json["checks"].as_array().unwrap().iter();
        let findings = checks.flat_map(|check| check["findings"].as_array().unwrap());
        findings
            .map(|one| (text(&one["code"]), text(&one["severity"]), text(&one["about"]), text(&one["remedy"])))
            .collect()
    }

    fn keeps_its_contract(&self) {
        let schema = jsonschema::validator_for(&Contract::Doctor.schema()).unwrap();
        let faults: Vec<String> = schema.iter_errors(&self.json).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:?}");
        let findings = self.findings();
        let errors = findings.iter().filter(|(_, severity, ..)| *severity == "error").count();
        assert_eq!(self.code, i32::from(errors > 0), "{:#}", self.json);
        for (code, _, _, remedy) in findings {
            assert!(remedy.len() > 20 && !remedy.contains(['{', '}']), "{code}: {remedy}");
        }
    }

    /// Exactly these were found, in any order, each with words of its remedy; nothing else.
    pub(crate) fn finds(&self, name: &str, expected: &[(&str, &str)]) {
        let found = self.findings();
        for (code, words) in expected {
            let one = found.iter().find(|(known, .., remedy)| known == code && remedy.contains(words));
            assert!(one.is_some(), "{name}: no {code} with \"{words}\" in {found:#?}");
            println!("{name} ({:.1} s): {code}: {}", self.took.as_secs_f64(), one.unwrap().3);
        }
        let others: Vec<_> =
            found.iter().filter(|(code, ..)| !expected.iter().any(|(known, _)| known == code)).collect();
        assert!(others.is_empty(), "{name}: also {others:#?}");
    }

    /// How a check went.
    pub(crate) fn result(&self, check: &str) -> &str {
        let checks = self.json["checks"].as_array().unwrap();
        checks.iter().find(|one| one["check"] == check).unwrap()["result"].as_str().unwrap()
    }
}
