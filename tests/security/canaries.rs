//! Secrets that are planted in every key that takes one, and looked for in everything that comes out.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use churnwatch::config::load::load;

use crate::bench::{PROGRAM, Replica};
use crate::secured::{CLIENT_SECRET, PASSWORD, Secured, secured};
use crate::support::page::free_port;
use crate::tokens::base64;
use crate::way::Way;

/// Properties of librdkafka that are secrets.
const PROPERTIES: [&str; 11] = [
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.certificate.pem",
    "ssl.ca.pem",
    "ssl.keystore.password",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.assertion.private.key.pem",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.jaas.config",
];
/// The token of the API and the key of erasures.
const TOKEN: &str = "canary-token-0a6f37c2d1";
const ERASURE: &str = "canary-erasure-key-55d0";
/// What ends the password of a key.
const KEY_PASSWORD: &str = "canary-key-password-e2";
/// An unsecured JSON Web Signature begins so: {"alg":"none"}.
const ANY_TOKEN: &str = "eyJhbGciOiJub25lIn0";

/// Whatever comes out holds none of the secrets, nor what HTTP makes of them.
fn holds_none(what: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        let hits = text.matches(secret.as_str()).count() + text.matches(&base64(secret.as_bytes())).count();
        assert_eq!(hits, 0, "{what} holds {secret}");
    }
}

#[test]
fn twenty_secrets_are_in_no_configuration_that_is_printed_or_debugged() {
    let folder = tempfile::tempdir().unwrap();
    let mut secrets: Vec<String> = (0..PROPERTIES.len()).map(|at| format!("canary-property-{at}-")).collect();
    let lines = PROPERTIES.iter().zip(&secrets).map(|(name, secret)| format!("\"{name}\" = \"{secret}\""));
    let client = lines.collect::<Vec<_>>().join("\n");
    let own: Vec<String> = (0..9).map(|at| format!("canary-own-secret-{at}-")).collect();
    let file = |at: usize| {
        let path = folder.path().join(format!("file-{at}"));
        std::fs::write(&path, &own[at]).unwrap();
        path.display().to_string()
    };
    let head = "[kafka]\nbrokers = \"b:1\"\n[kafka.client]\n";
    let tls = format!("[kafka.tls]\nkey_password_file = \"{}\"\n", file(0));
    let rest = format!("[http]\ntoken_file = \"{}\"\n[erasure]\nsecret_file = \"{}\"\n", file(1), file(2));
    let tokens =
        "[kafka.sasl]\nmechanism = \"OAUTHBEARER\"\nclient_id = \"us\"\ntoken_endpoint = \"https://t.example/\"\n";
    let logins = [
        format!("[kafka.sasl]\nusername = \"us\"\npassword_file = \"{}\"\n", file(3)),
        format!("[kafka.sasl]\nusername = \"us\"\npassword = \"{}\"\n", own[4]),
        format!("{tokens}client_secret_file = \"{}\"\n", file(5)),
        format!("{tokens}client_secret = \"{}\"\n", own[6]),
    ];
    secrets.extend(own.iter().cloned());
    assert_eq!(secrets.len(), 20);
    for login in logins {
        let path = folder.path().join("churnwatch.toml");
        std::fs::write(&path, format!("{head}{client}\n{tls}{login}{rest}")).unwrap();
        for command in ["print", "check"] {
            let mut run = Command::new(PROGRAM);
            run.args(["config", command, "--config"]).arg(&path).args(["--log-level", "trace"]);
            run.env("CHURNWATCH_KAFKA__CLIENT__sasl.password", &own[7]);
            run.env("CHURNWATCH_KAFKA__CLIENT__ssl.key.password", &own[8]);
            let output = run.output().unwrap();
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(output.status.success(), "{said}");
            holds_none(command, &said, &secrets);
        }
        let settings = load(Some(&path)).unwrap();
        holds_none("Debug", &format!("{settings:?}"), &secrets);
    }
}

/// A service at the most talkative level, with all that librdkafka can tell.
fn tells_nothing(broker: &Secured, way: &Way) {
    let bench = broker.bench(way.tag);
    bench.topics(1);
    let (token, erasure) = (broker.file("token", TOKEN), broker.file("erasure", ERASURE));
    let port = free_port();
    let log = broker.folder().join(format!("{}.log", way.tag));
    let child = way
        .command(&bench, &["serve", "--log-level", "trace"])
        .env("CHURNWATCH_KAFKA__CLIENT__debug", "all")
        .env("CHURNWATCH_KAFKA__TLS__KEY_PASSWORD_FILE", broker.file("key-password", KEY_PASSWORD))
        .env("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"))
        .env("CHURNWATCH_HTTP__TOKEN_FILE", &token)
        .env("CHURNWATCH_ERASURE__SECRET_FILE", &erasure)
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn();
    let mut replica = Replica::of(child.unwrap());
    let page = |path: &str, token: &str| -> Option<String> {
        let request = ureq::get(format!("http://127.0.0.1:{port}{path}")).header("Authorization", token);
        request.call().ok()?.body_mut().read_to_string().ok()
    };
    let started = Instant::now();
    while page("/readyz", "").is_none() {
        assert!(started.elapsed() < Duration::from_mins(1), "{} does not get ready", way.tag);
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(page("/v1/model", &format!("Bearer {TOKEN}")).is_some());
    assert!(page("/v1/model", &format!("Bearer {TOKEN}x")).is_none());
    let metrics = page("/metrics", "").unwrap();
    replica.terminate();
    let secrets = [PASSWORD, CLIENT_SECRET, TOKEN, ERASURE, KEY_PASSWORD, ANY_TOKEN].map(str::to_owned);
    let said = std::fs::read_to_string(&log).unwrap();
    assert!(said.lines().count() > 500 && said.contains("TRACE"), "{} lines", said.lines().count());
    println!("{}: {} lines of the log", way.tag, said.lines().count());
    holds_none("the log", &said, &secrets);
    holds_none("/metrics", &metrics, &secrets);
}

#[test]
fn the_log_at_trace_level_and_the_metrics_hold_no_secret() {
    let Some(broker) = secured() else { return };
    tells_nothing(broker, &broker.plain().called("canary-plain"));
    tells_nothing(broker, &broker.scram().called("canary-scram"));
    tells_nothing(broker, &broker.oauth().called("canary-oauth"));
}
