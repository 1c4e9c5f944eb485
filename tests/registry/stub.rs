//! A schema registry that does what a test wants of it: it knows schemas, lets in who it should, and is gone for a while.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// What it does.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    /// Connections break off.
    pub(crate) is_gone: bool,
    /// The header that it wants.
    pub(crate) wants: Option<String>,
    /// Answers by path.
    pub(crate) answers: BTreeMap<String, Value>,
}

/// The registry; it ends with the process.
pub(crate) struct Stub {
    pub(crate) url: String,
    manner: Arc<Mutex<Manner>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stub = Self { url, manner: Arc::default(), asked: Arc::default() };
        let (manner, asked) = (stub.manner.clone(), stub.asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let manner = manner.lock().unwrap().clone();
                answer(&stream, &manner, &asked);
            }
        });
        stub.now(|manner| _ = manner.answers.insert("/schemas/types".into(), json!(["AVRO"])));
        stub
    }

    /// Changes what it does.
    pub(crate) fn now(&self, change: impl FnOnce(&mut Manner)) {
        change(&mut self.manner.lock().unwrap());
    }

    /// It knows an Avro schema from now on.
    pub(crate) fn knows(&self, id: u32, schema: &Value) {
        let answer = json!({"schema": schema.to_string()});
        self.now(|manner| _ = manner.answers.insert(format!("/schemas/ids/{id}"), answer));
    }

    /// The paths that it was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(stream: &TcpStream, manner: &Manner, asked: &Mutex<Vec<String>>) {
    if manner.is_gone {
        return;
    }
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let path = first.split([' ', '?']).nth(1).unwrap();
    let path = percent_decode_str(path).decode_utf8().unwrap().into_owned();
    let is_let_in = manner.wants.as_ref().is_none_or(|wants| headers.contains(&format!("authorization: {wants}")));
    asked.lock().unwrap().push(path.clone());
    let (status, body) = match manner.answers.get(&path) {
        _ if !is_let_in => ("401 Unauthorized", json!({"error_code": 401, "message": "no"})),
        Some(answer) => ("200 OK", answer.clone()),
        None => ("404 Not Found", json!({"error_code": 40_403, "message": "Schema not found"})),
    };
    let body = body.to_string();
    let length = body.len();
    let mut stream = stream;
    let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
}
