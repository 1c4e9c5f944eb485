//! What is wrong or missing is told in one sentence that says what to do, soon, and without a secret.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::acls::{Permission, permissions};
use crate::secured::{CLIENT_SECRET, LEAVER, PASSWORD, Secured, USER, kafka, secured};
use crate::support::page::{free_port, page};
use crate::way::Way;

/// Longest time to the sentence.
const SOON: Duration = Duration::from_secs(30);
/// A password that nobody has.
const WRONG: &str = "canary-wrong-5c20";

/// A configuration whose user lacks one permission of docs/operations.md.
pub(crate) struct Forbidden {
    pub(crate) tag: &'static str,
    /// The resource, by the end of its name, and the operation.
    lacks: (&'static str, &'static str),
    says: &'static str,
}

impl Forbidden {
    pub(crate) fn lacks(&self, permission: &Permission) -> bool {
        let (name, operation) = self.lacks;
        permission.operation == operation && format!("{} {}", permission.resource, permission.name).contains(name)
    }
}

/// Every permission of `serve` is missed by one of these.
pub(crate) static FORBIDDEN: [Forbidden; 10] = [
    Forbidden { tag: "no-input", lacks: (".events", "Read"), says: "Read on the topic" },
    Forbidden { tag: "no-models", lacks: (".models", "Read"), says: "Read on the topic" },
    Forbidden { tag: "no-restore", lacks: (".profiles", "Read"), says: "Read on the topic" },
    Forbidden { tag: "no-changelog", lacks: (".profiles", "Write"), says: "Write on the topic" },
    Forbidden { tag: "no-alerts", lacks: (".alerts", "Write"), says: "Write on the topic" },
    Forbidden { tag: "no-risk", lacks: (".risk", "Write"), says: "Write on the topic" },
    Forbidden { tag: "no-outcomes", lacks: (".outcomes", "Write"), says: "Write on the topic" },
    Forbidden { tag: "no-dead", lacks: (".dead", "Write"), says: "Write on the topic" },
    Forbidden { tag: "no-group", lacks: ("--group", "Read"), says: "Read on the group no-group" },
    Forbidden {
        tag: "no-id",
        lacks: ("--transactional-id", "Write"),
        says: "Write on the transactional ids that begin with no-id",
    },
];

/// `serve` ends soon, with one sentence, exit code 64, and nothing secret.
fn refused(broker: &Secured, way: &Way, words: &[&str]) {
    ends(broker, way, 64, words);
}

fn ends(broker: &Secured, way: &Way, expected: i32, words: &[&str]) {
    let started = Instant::now();
    let (code, said) = way.run(&broker.bench(way.tag), &["serve"]);
    let took = started.elapsed();
    let sentences: Vec<&str> = said.lines().filter(|line| line.starts_with("churnwatch: ")).collect();
    assert_eq!((code, sentences.len()), (expected, 1), "{}: {said}", way.tag);
    println!("{} ({:.1} s): {}", way.tag, took.as_secs_f64(), sentences[0]);
    assert!(words.iter().all(|word| sentences[0].contains(word)), "{}: {said}", way.tag);
    assert!(took < SOON, "{} took {took:?}", way.tag);
    for secret in [PASSWORD, CLIENT_SECRET, WRONG] {
        assert!(!said.contains(secret), "{}: {said}", way.tag);
    }
}

/// Several at a time: most of the time each only waits for its bound.
fn all_refused(broker: &Secured, ways: &[(Way, &[&str])]) {
    std::thread::scope(|scope| {
        let running: Vec<_> =
            ways.iter().map(|(way, words)| scope.spawn(move || refused(broker, way, words))).collect();
        for one in running {
            if let Err(panic) = one.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

#[test]
fn a_wrong_certificate_is_told_in_one_sentence() {
    let Some(broker) = secured() else { return };
    let not_theirs: &[&str] = &["is not trusted", "kafka.tls.ca_file", "openssl s_client"];
    let not_ours: &[&str] = &["do not accept the certificate in kafka.tls.certificate_file", "expired"];
    let ours = |name: &'static str, authority: &crate::certificates::Authority, is_old| {
        let (certificate, key) = authority.client(broker.folder(), USER, name, is_old);
        let way = broker.mutual_tls().called(name);
        way.with("TLS__CERTIFICATE_FILE", certificate.display()).with("TLS__KEY_FILE", key.display())
    };
    let without = broker.mutual_tls().called("no-certificate").without("TLS__CERTIFICATE_FILE");
    let cases = [
        (broker.tls().called("unknown-authority").with("TLS__CA_FILE", broker.stranger.file.display()), not_theirs),
        (broker.tls().called("expired").at(&broker.listener("EXPIRED")), not_theirs),
        (broker.tls().called("wrong-host").at(&broker.listener("ELSEWHERE")), not_theirs),
        (ours("our-expired", &broker.authority, true), not_ours),
        (ours("our-stranger", &broker.stranger, false), not_ours),
        (without.without("TLS__KEY_FILE"), &["ask for a certificate of ours", "kafka.tls.certificate_file"]),
    ];
    all_refused(broker, &cases);
}

#[test]
fn a_wrong_login_is_told_in_one_sentence() {
    let Some(broker) = secured() else { return };
    let wrong = broker.file("wrong", WRONG);
    let not_accepted: &[&str] = &["do not accept the user or the password", "kafka.sasl.password_file"];
    let not_given: &[&str] = &["no token is to be had from http://127.0.0.1", "kafka.sasl.client_secret_file"];
    let other_protocol: &[&str] = &["wants another security protocol", "kafka.brokers"];
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        (broker.plain().called("plain-wrong").with("SASL__PASSWORD_FILE", wrong.display()), not_accepted),
        (broker.scram().called("scram-wrong").with("SASL__PASSWORD_FILE", wrong.display()), not_accepted),
        (broker.scram().called("scram-nobody").with("SASL__USERNAME", "nobody"), not_accepted),
        (
            broker.scram().called("other-mechanism").with("SASL__MECHANISM", "SCRAM-SHA-256"),
            &["do not know kafka.sasl.mechanism = \"SCRAM-SHA-256\"", "sasl.enabled.mechanisms"],
        ),
        (broker.oauth().called("secret-wrong").with("SASL__CLIENT_SECRET_FILE", wrong.display()), not_given),
        (
            broker.oauth().called("no-endpoint").with("SASL__TOKEN_ENDPOINT", format!("http://{nobody}/token")),
            not_given,
        ),
        (
            broker.oauth().called("scope-wrong").with("SASL__SCOPE", "stranger"),
            &["do not accept the tokens of", "kafka.sasl.client_id"],
        ),
        (broker.tls().called("tls-to-plain").at(&broker.plaintext()), other_protocol),
    ];
    all_refused(broker, &cases);
    // A listener hangs up on whoever speaks without encryption or login: so does a broker that restarts.
    let unknown = ["no Kafka broker answers at", "kafka.brokers, [kafka.tls] or [kafka.sasl]"];
    let clear = Way::new("no-tls", &broker.listener("TLS"));
    let stranger = broker.tls().called("no-login").at(&broker.listener("LOGIN"));
    std::thread::scope(|scope| {
        scope.spawn(|| ends(broker, &clear, 1, &unknown));
        ends(broker, &stranger, 1, &unknown);
    });
}

/// Brokers let nobody in whose password was changed or taken away, and sooner or later everybody has to log in anew.
#[test]
fn a_running_service_that_is_let_in_no_more_ends_with_the_same_sentence() {
    let Some(broker) = secured() else { return };
    let way = broker.scram().called("left").with("SASL__USERNAME", LEAVER);
    let bench = broker.bench(way.tag);
    bench.topics(1);
    let port = free_port();
    let log = broker.file("left.log", "");
    let mut serve = way.command(&bench, &["serve"]);
    serve.env("CHURNWATCH_HTTP__LISTEN", format!("127.0.0.1:{port}"));
    let mut child = serve.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap()).spawn().unwrap();
    let until = |what: &str, seconds, holds: &mut dyn FnMut() -> bool| {
        let started = Instant::now();
        while !holds() {
            assert!(started.elapsed() < Duration::from_secs(seconds), "{what}");
            std::thread::sleep(Duration::from_millis(200));
        }
        started.elapsed()
    };
    until("not ready", 60, &mut || page(port, "/readyz").is_some());
    let removed = kafka()
        .args(["tool", "ConfigCommand", "--bootstrap-server", &broker.plaintext(), "--alter"])
        .args(["--entity-type", "users", "--entity-name", LEAVER, "--delete-config", "SCRAM-SHA-512"])
        .output()
        .unwrap();
    assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
    let mut code = None;
    let took = until("it goes on and on", 90, &mut || {
        code = child.try_wait().unwrap().and_then(|status| status.code());
        code.is_some()
    });
    let said = std::fs::read_to_string(&log).unwrap();
    let sentences: Vec<&str> = said.lines().filter(|line| line.starts_with("churnwatch: ")).collect();
    assert_eq!((code, sentences.len()), (Some(64), 1), "{said}");
    assert!(sentences[0].contains("do not accept the user or the password"), "{said}");
    assert!(!said.contains(PASSWORD), "{said}");
    println!("let in no more, it ended after {took:?}");
}

#[test]
fn each_missing_permission_is_told_in_one_sentence() {
    let Some(broker) = secured() else { return };
    let shop = broker.file("few.jsonl", &events());
    let prepare = |case: &Forbidden| {
        let bench = broker.bench(case.tag);
        bench.topics(1);
        bench.publish(&shop);
        // An empty changelog is never read.
        let producer: BaseProducer = bench.client(&[]).create().unwrap();
        let profiles = bench.settings().file.topics.profiles;
        let record = BaseRecord::<[u8], [u8]>::to(&profiles).key(b"nobody").partition(0);
        producer.send(record).map_err(|(fault, _)| fault).unwrap();
        producer.flush(Duration::from_secs(10)).unwrap();
    };
    for cases in FORBIDDEN.chunks(4) {
        std::thread::scope(|scope| cases.iter().for_each(|case| drop(scope.spawn(move || prepare(case)))));
        let ways: Vec<(Way, &[&str])> =
            cases.iter().map(|case| (broker.scram().called(case.tag), std::slice::from_ref(&case.says))).collect();
        all_refused(broker, &ways);
    }
    let of_serve = permissions("serve", "any");
    assert!(of_serve.iter().all(|one| FORBIDDEN.iter().any(|case| case.lacks(one))), "{of_serve:?}");
}

/// Customers of whom a changelog is written.
fn events() -> String {
    let bought = |id: u32| {
        format!(
            r#"{{"id":"b{id}","type":"purchase","customer_id":"c{id}","time":"2025-06-01T12:00:00Z","amount":"10.00","currency":"CNY"}}"#
        )
    };
    (0..20).map(bought).collect::<Vec<_>>().join("\n") + "\n"
}
