//! The real service on the embedded broker, with one customer, and listeners of any settings before it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use churnwatch::config::load::check;
use churnwatch::config::settings::Settings;
use churnwatch::engine::day::Millis;
use churnwatch::service::http::api::Api;
use churnwatch::service::http::door::bind;
use churnwatch::service::http::open::{Doors, open};
use churnwatch::service::kafka::embedded::Embedded;
use churnwatch::service::kafka::publish::Publisher;
use churnwatch::service::run::Service;
use churnwatch::wire::artifact::Artifact;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The token of the API.
pub(crate) const TOKEN: &str = "canary-token-0123456789abcdef";
/// The customer.
pub(crate) const CUSTOMER: &str = "c1";

/// The service, which lives as long as the process.
pub(crate) struct Stage {
    service: Service,
    runtime: Runtime,
    token: tempfile::TempDir,
}

/// A listener before it.
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
}

/// What was answered; status 0 where nothing was.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    fn read(text: &str) -> Self {
        let Some((head, body)) = text.split_once("\r\n\r\n") else { return Self::default() };
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.into(), value.into()));
        Self { status: status.unwrap_or_default(), headers: headers.collect(), body: body.into() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }
}

/// The stage of this test binary.
pub(crate) fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let mut settings = check(json!({"time": {"clock": "event"}})).unwrap();
        let broker = Embedded::start(&settings, 1).unwrap();
        settings.file.kafka.brokers = broker.bootstrap();
        let artifact = Artifact::read(include_bytes!("../../models/default.json")).unwrap();
        let service = Service::start(Api::new().unwrap(), settings.clone(), &artifact, 1).unwrap();
        let event = format!(
            r#"{{"id":"e1","type":"purchase","customer_id":"{CUSTOMER}","time":"2025-06-01T12:00:00Z","amount":"10.00","currency":"CNY"}}"#
        );
        let publisher = Publisher::new(&settings, settings.own_topic().unwrap(), 1).unwrap();
        publisher.send(CUSTOMER.as_bytes(), event.as_bytes(), Millis(1_748_779_200_000)).unwrap();
        publisher.finish().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let token = tempfile::tempdir().unwrap();
        std::fs::write(token.path().join("token"), TOKEN).unwrap();
        // It stays as long as the process.
        std::mem::forget(broker);
        let stage = Stage { service, runtime, token };
        let listener = stage.listener(&json!({"requests_per_second": 0}), Doors::All);
        let started = Instant::now();
        let known = format!("Authorization: Bearer {TOKEN}\r\n");
        while listener.get("/v1/customers/c1", &known).status != 200 {
            assert!(started.elapsed() < Duration::from_mins(1), "the customer does not come");
            std::thread::sleep(Duration::from_millis(50));
        }
        stage
    })
}

impl Stage {
    /// A listener with these settings of `[http]` besides the token.
    pub(crate) fn listener(&self, http: &Value, doors: Doors) -> Listener {
        let mut all =
            json!({"listen": "127.0.0.1:0", "requests_per_second": 0, "token_file": self.token.path().join("token")});
        for (name, value) in http.as_object().unwrap() {
            all[name] = value.clone();
        }
        let settings: Settings = check(json!({"http": all})).unwrap();
        let _in_runtime = self.runtime.enter();
        let (listener, address) = self.runtime.block_on(bind(settings.listen, "http.listen")).unwrap();
        self.runtime.spawn(open(listener, &settings, self.service.api.clone(), doors));
        Listener { address }
    }
}

impl Listener {
    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    /// Sends bytes, and reads until the other side closes or says no more.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // One that is refused early may hang up before it was told everything.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::read(&String::from_utf8_lossy(&answer))
    }

    /// Asks with more header lines, each with its end.
    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str) -> Answer {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
        self.raw(head.as_bytes())
    }

    pub(crate) fn get(&self, path: &str, headers: &str) -> Answer {
        self.ask("GET", path, headers)
    }
}
