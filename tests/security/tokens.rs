//! A token endpoint: client credentials in, an unsecured JSON Web Signature out, as Kafka's handler for tests takes it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The endpoint, which lives as long as the process.
pub(crate) struct Tokens {
    pub(crate) url: String,
    given: Arc<AtomicU64>,
}

impl Tokens {
    /// Gives tokens of `user` to who knows the secret.
    pub(crate) fn start(user: &'static str, secret: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/token", listener.local_addr().unwrap());
        let given = Arc::new(AtomicU64::new(0));
        let count = given.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let count = count.clone();
                std::thread::spawn(move || answer(stream.unwrap(), user, secret, &count));
            }
        });
        Self { url, given }
    }

    /// Tokens handed out so far.
    pub(crate) fn given(&self) -> u64 {
        self.given.load(Ordering::Relaxed)
    }
}

fn answer(mut stream: TcpStream, user: &str, secret: &str, given: &AtomicU64) {
    let (mut request, mut buffer) = (String::new(), [0; 4096]);
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    // The body says which grant is meant.
    while !request.contains("grant_type=") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => request.push_str(&String::from_utf8_lossy(&buffer[..count])),
        }
    }
    let expected = format!("authorization: basic {}", base64(format!("{user}:{secret}").as_bytes()));
    let known = request.lines().any(|line| line.to_lowercase() == expected.to_lowercase());
    let (status, body) = if known && request.contains("grant_type=client_credentials") {
        given.fetch_add(1, Ordering::Relaxed);
        let scope = if request.contains("scope=stranger") { "stranger" } else { "kafka" };
        let body = format!(r#"{{"access_token":"{}","token_type":"bearer","expires_in":600}}"#, token(user, scope));
        ("200 OK", body)
    } else {
        ("401 Unauthorized", r#"{"error":"invalid_client"}"#.to_owned())
    };
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(response.as_bytes());
}

fn token(user: &str, scope: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = format!(r#"{{"sub":"{user}","iat":{now},"exp":{},"scope":"{scope}"}}"#, now + 600);
    let url = |text: &str| base64(text.as_bytes()).replace('+', "-").replace('/', "_").replace('=', "");
    format!("{}.{}.", url(r#"{"alg":"none"}"#), url(&claims))
}

/// RFC 4648.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().enumerate().fold(0_u32, |bits, (at, byte)| bits | (u32::from(*byte) << (16 - 8 * at)));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at)) as usize & 63] as char;
            text.push(if at > three.len() { '=' } else { letter });
        }
    }
    text
}
