//! `rekey` and `webhooks` beside the services: records that no transaction takes, a schema registry that is gone, receivers of
//! every temper, and a process that is not there.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::json;

use crate::bench::{Bench, PROGRAM, Replica};
use crate::broker::Nodes;
use crate::server::Server;
use crate::stub::Stub;
use crate::support::draw::Draw;
use crate::support::request::request;

/// The endpoints, and what each answers at first: one that goes on trying, one that is gone, one that does not try again.
const ENDPOINTS: [(&str, u16, u32); 3] = [("busy", 503, 1_000), ("gone", 410, 20), ("stubborn", 500, 1)];
/// Longest dead letter that is taken while transactions are to fail; its ordinary bound.
const SMALL: &str = "300";
const ORDINARY: &str = "1048588";
const MINUTE: i64 = 60_000;
/// The schema that records are framed with.
const SCHEMA: u32 = 7;

/// Both commands, and whom they talk to.
pub(crate) struct Companions {
    bench: Bench,
    raw: String,
    registry: Stub,
    answers: Arc<Mutex<BTreeMap<String, u16>>>,
    ports: [u16; 2],
    rekey: Replica,
    webhooks: Replica,
}

/// Starts one of the commands.
fn start(bench: &Bench, command: &str, port: u16) -> Replica {
    let listen = format!("CHURNWATCH_{}__LISTEN", command.to_uppercase());
    let child = Command::new(PROGRAM)
        .args([command, "--log-level", "error", "--config"])
        .arg(bench.path())
        .env(listen, format!("127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .spawn();
    Replica::of(child.unwrap())
}

/// Answers each path with its status; the port.
fn receive(answers: Arc<Mutex<BTreeMap<String, u16>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            answer(&stream, &answers);
        }
    });
    port
}

fn answer(mut stream: &TcpStream, answers: &Mutex<BTreeMap<String, u16>>) -> Option<()> {
    let (head, _) = request(stream)?;
    let status = answers.lock().unwrap()[head.split([' ', '/']).nth(2)?];
    write!(stream, "HTTP/1.1 {status} So\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").ok()
}

impl Companions {
    pub(crate) fn start(nodes: &Nodes, [rekey, webhooks]: [u16; 2]) -> Self {
        let raw = format!("raw-{}", std::process::id());
        let (registry, answers) = (Stub::start(), ENDPOINTS.map(|(name, status, _)| (name.to_owned(), status)));
        registry.now(|manner| {
            let answer = json!({"schema": "{}", "schemaType": "JSON"});
            manner.answers.insert(format!("/schemas/ids/{SCHEMA}"), answer);
        });
        let answers = Arc::new(Mutex::new(BTreeMap::from(answers)));
        let receiver = receive(answers.clone());
        let bench = Bench::with(&nodes.brokers, "beside", "[service]\ninstance = \"beside\"\n");
        bench.add_topic("webhook_dead_letters");
        let secret = bench.folder().join("secret");
        std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        bench.configure(&format!(
            "[rekey]\ntopics = [\"{raw}\"]\n[inputs.\"{raw}\"]\nencoding = \"schema_registry\"\n[schema_registry]\nurl = \"{}\"\n",
            registry.url
        ));
        for (name, _, tries) in ENDPOINTS {
            bench.configure(&format!(
                "[[webhooks.endpoints]]\nname = \"{name}\"\nurl = \"http://127.0.0.1:{receiver}/{name}\"\nsecret_files = [\"{}\"]\n\
                 start = \"beginning\"\ntries = {tries}\nfirst_wait = \"1s\"\nlongest_wait = \"1s\"\n",
                secret.display()
            ));
        }
        bench.topics(1);
        let ports = [rekey, webhooks];
        let [rekey, webhooks] =
            [("rekey", rekey), ("webhooks", webhooks)].map(|(name, port)| start(&bench, name, port));
        Self { bench, raw, registry, answers, ports, rekey, webhooks }
    }

    /// Every fault: those of the one command while the other has its own.
    pub(crate) fn faults(&mut self, server: &Server) {
        let (bench, raw, registry) = (&self.bench, self.raw.as_str(), &self.registry);
        let (answers, webhooks, port) = (&*self.answers, &mut self.webhooks, self.ports[1]);
        std::thread::scope(|scope| {
            scope.spawn(|| records_are_not_keyed(server, bench, raw, registry));
            nobody_takes_alerts(server, bench, answers, (webhooks, port));
        });
    }

    /// Ended as they should.
    pub(crate) fn end(&mut self) {
        self.rekey.terminate();
        self.webhooks.terminate();
    }
}

/// One record that has been waiting in its topic for so many minutes.
fn send(bench: &Bench, topic: &str, value: &[u8], minutes: i64) {
    let producer: BaseProducer = bench.client(&[]).create().unwrap();
    let stamp = jiff::Timestamp::now().as_millisecond() - minutes * MINUTE;
    let record = BaseRecord::to(topic).key("anybody").payload(value).partition(0).timestamp(stamp);
    producer.send(record).map_err(|(fault, _)| fault).unwrap();
    producer.flush(Duration::from_secs(30)).unwrap();
}

/// A dead letter that is too large for its topic, then a record whose schema nobody gives.
fn records_are_not_keyed(server: &Server, bench: &Bench, raw: &str, registry: &Stub) {
    server.until("rekey is measured", || server.value("churnwatch_rekey_records_total").is_some());
    let (letters, mut draw) = (bench.settings().file.topics.dead_letters, Draw::new(1));
    bench.alter(&letters, "max.message.bytes", SMALL);
    let noise: Vec<u8> = (0..2_000).map(|_| b'!' + draw.below(90) as u8).collect();
    send(bench, raw, &noise, 10);
    server.fire(&["ChurnwatchRekeyStalled"]);
    bench.alter(&letters, "max.message.bytes", ORDINARY);
    server.clear(&["ChurnwatchRekeyStalled"]);
    registry.now(|manner| manner.is_gone = true);
    let event = json!({"id": "e1", "type": "visit", "customer_id": "ann", "time": "2026-05-10T12:00:00Z"});
    send(bench, raw, &[&[0], &SCHEMA.to_be_bytes()[..], event.to_string().as_bytes()].concat(), 10);
    server.fire(&["ChurnwatchSchemasMissing"]);
    registry.now(|manner| manner.is_gone = false);
    server.clear(&["ChurnwatchSchemasMissing"]);
    server.until("the record was keyed anew", || server.value("churnwatch_rekey_events_total") == Some(1.0));
    assert_eq!(server.value("churnwatch_rekey_dead_letters_total"), Some(1.0));
}

/// An alert of twenty minutes ago for three receivers none of which takes it; a start later all of them do.
fn nobody_takes_alerts(
    server: &Server,
    bench: &Bench,
    answers: &Mutex<BTreeMap<String, u16>>,
    (webhooks, port): (&mut Replica, u16),
) {
    server.until("the webhooks are measured", || server.value("count(churnwatch_webhook_lag_seconds)") == Some(3.0));
    let shown = Command::new(PROGRAM)
        .args(["webhooks", "test", "busy", "--dry-run", "--config"])
        .arg(bench.path())
        .output()
        .unwrap()
        .stdout;
    let shown = String::from_utf8(shown).unwrap();
    let alert = shown.split_once("\n\n").unwrap().1.trim_end();
    send(bench, &bench.settings().file.topics.alerts, alert.as_bytes(), 20);
    server.fire(&["ChurnwatchWebhookGone", "ChurnwatchWebhookDeadLetters", "ChurnwatchWebhookBehind"]);
    answers.lock().unwrap().values_mut().for_each(|status| *status = 204);
    webhooks.kill();
    let down = "ALERTS{alertname=\"ChurnwatchDown\",alertstate=\"firing\",job=\"churnwatch-webhooks\"}";
    server.until("the webhooks are missed", || server.answers(down));
    *webhooks = start(bench, "webhooks", port);
    let delivered =
        "sum by (endpoint) (churnwatch_webhook_attempts_total{outcome=\"delivered\",endpoint=~\"busy|gone\"}) == 1";
    server.until("the two that wait have the alert", || server.value(&format!("count({delivered})")) == Some(2.0));
    server.clear(&["ChurnwatchWebhookGone", "ChurnwatchWebhookBehind", "ChurnwatchWebhookDeadLetters"]);
    assert!(!server.answers(down));
}
