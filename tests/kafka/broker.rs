//! One broker for the whole test binary.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::support::did_not_run;

/// Bootstrap address of a real broker; `None`, said plainly, where none can be had. In CI that is a failure.
pub(crate) fn broker() -> Option<String> {
    static BROKER: OnceLock<Option<String>> = OnceLock::new();
    BROKER
        .get_or_init(|| {
            let given = std::env::var("CHURNWATCH_TEST_BROKERS").ok();
            given.or_else(|| start(1, 20_000 + std::process::id() % 10_000))
        })
        .clone()
}

/// Bootstrap addresses of three real brokers that replicate everything.
pub(crate) fn three_nodes() -> Option<String> {
    start(3, 31_000 + std::process::id() % 1_500)
}

/// Starts a cluster that ends with this process; ports lie below the range that the system hands out by itself.
fn start(nodes: u32, port: u32) -> Option<String> {
    let there = |program: &str| {
        Command::new(program).arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    };
    if !there("java") || !(there("mvn") || std::env::var_os("KAFKA_HOME").is_some()) {
        assert!(std::env::var_os("CI").is_none(), "CI needs Java 17 and Maven for the Kafka suite");
        did_not_run("the Kafka suite needs Java 17 and Maven, KAFKA_HOME or CHURNWATCH_TEST_BROKERS");
        return None;
    }
    let pid = std::process::id();
    let output = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/kafka/kafka.sh"))
        .args(["start", "--nodes", &nodes.to_string(), "--dir"])
        .arg(std::env::temp_dir().join(format!("churnwatch-kafka-{pid}-{nodes}")))
        .args(["--port", &port.to_string(), "--parent", &pid.to_string()])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the broker did not start");
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}
