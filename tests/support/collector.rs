//! A collector of spans, which takes OTLP over HTTP and remembers what came; and a receiver of webhooks.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use crate::support::request::request;

/// Longest wait for spans.
const PATIENCE: Duration = Duration::from_secs(20);

/// A collector on the loopback.
pub(crate) struct Collector {
    port: u16,
    came: Arc<Mutex<Came>>,
}

#[derive(Default)]
struct Came {
    spans: Vec<Span>,
    /// The heads of the requests.
    heads: Vec<String>,
    services: Vec<String>,
}

impl Collector {
    /// One that takes everything.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, came) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Came>>::default());
        let kept = came.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = kept.clone();
                std::thread::spawn(move || while take(&stream, &kept).is_some() {});
            }
        });
        Self { port, came }
    }

    /// Its address.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All spans, once so many are there.
    pub(crate) fn spans(&self, least: usize) -> Vec<Span> {
        let begun = Instant::now();
        loop {
            let spans = self.came.lock().unwrap().spans.clone();
            if spans.len() >= least {
                return spans;
            }
            let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
            assert!(begun.elapsed() < PATIENCE, "{least} spans are wanted, these came: {names:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The heads of the requests, in small letters.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.came.lock().unwrap().heads.clone()
    }

    /// The names of the services that told.
    pub(crate) fn services(&self) -> Vec<String> {
        self.came.lock().unwrap().services.clone()
    }
}

/// A receiver that is busy at first, then takes everything.
pub(crate) struct Receiver {
    /// Where it listens.
    pub(crate) port: u16,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Receiver {
    /// One that refuses the first request.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, heads) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<String>>>::default());
        let kept = heads.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let Some((head, _)) = request(&stream) else { continue };
                let status = if kept.lock().unwrap().is_empty() { "500 No" } else { "204 Taken" };
                kept.lock().unwrap().push(head);
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { port, heads }
    }

    /// The values of a header of all requests.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let prefix = format!("{name}: ");
        let of =
            |head: &String| head.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned();
        self.heads.lock().unwrap().iter().map(of).collect()
    }
}

fn take(mut stream: &TcpStream, came: &Mutex<Came>) -> Option<()> {
    let (head, body) = request(stream)?;
    let told = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
    let mut came = came.lock().unwrap();
    came.heads.push(head);
    for resource in told.resource_spans {
        let attributes = resource.resource.unwrap().attributes;
        let name = attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
        came.services.push(said(name.value.as_ref().and_then(|value| value.value.as_ref())));
        came.spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
    drop(came);
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n").ok()
}

/// An attribute of a span as text; empty where it has none of that name.
pub(crate) fn attribute(span: &Span, name: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key == name);
    said(found.and_then(|found| found.value.as_ref()?.value.as_ref()))
}

fn said(value: Option<&Value>) -> String {
    match value {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}
