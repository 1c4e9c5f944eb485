//! What the HTTP listener lets in: nobody without the token, nothing large, nobody slow, nobody too often.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

#[allow(dead_code, reason = "the security suite uses the rest of it")]
#[path = "security/certificates.rs"]
mod certificates;
#[path = "http/stage.rs"]
mod stage;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use certificates::Authority;
use churnwatch::service::http::open::Doors;
use serde_json::{Value, json};
use stage::{Answer, CUSTOMER, Listener, TOKEN, stage};

const PAGE: &str = "/v1/customers/c1";

/// Paths that are no probe, real ones and others.
const GUARDED: [&str; 12] = [
    PAGE,
    "/openapi.json",
    "/v1/forecast?days=3",
    "/v1/model",
    "/v1/nothing",
    "/v1/customers/",
    "/",
    "/livez/",
    "//livez",
    "/LIVEZ",
    "/livez/../v1/customers/c1",
    "/metrics%2f..%2fv1%2fcustomers%2fc1",
];

fn is_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    let document: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(document["status"], status, "{document}");
    assert!(document["detail"].as_str().unwrap().len() > 10, "{document}");
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

#[test]
fn nothing_but_probes_and_metrics_is_answered_without_the_token() {
    let listener = stage().listener(&json!({}), Doors::All);
    for path in ["/livez", "/readyz", "/startupz", "/metrics"] {
        assert_eq!(listener.get(path, "").status, 200, "{path}");
    }
    let half = &TOKEN[..TOKEN.len() / 2];
    let longer = format!("{TOKEN}x");
    let none = ["", "Authorization: Basic YTpi\r\n", &format!("Authorization: {TOKEN}\r\n"), "X-Token: me\r\n"];
    let both = bearer(TOKEN) + &bearer(TOKEN);
    let wrong = [bearer(half), bearer(&longer), bearer(""), bearer(&TOKEN.to_uppercase())];
    for path in GUARDED {
        for given in none.iter().copied().chain([both.as_str()]) {
            let answer = listener.get(path, given);
            is_problem(&answer, 401);
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{path} {given}");
        }
        for given in &wrong {
            let answer = listener.get(path, given);
            is_problem(&answer, 401);
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Bearer"), "{challenge}");
            assert!(!answer.body.contains(CUSTOMER) && !answer.body.contains(TOKEN), "{answer:?}");
        }
    }
    let answer = listener.get(PAGE, &bearer(TOKEN));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("\"purchases\":1"), "{answer:?}");
    assert_eq!(listener.get(PAGE, &format!("authorization: bearer {TOKEN}\r\n")).status, 200);
    is_problem(&listener.get("/v1/nothing", &bearer(TOKEN)), 404);
}

/// The service tells of itself what docs/openapi.json tells.
#[test]
fn the_service_knows_its_own_document() {
    let listener = stage().listener(&json!({}), Doors::All);
    let told = listener.get("/openapi.json", &bearer(TOKEN));
    assert_eq!((told.status, told.header("content-type")), (200, Some("application/json")));
    assert_eq!(told.body, include_str!("../docs/openapi.json"));
    let known = format!("{}If-None-Match: {}\r\n", bearer(TOKEN), told.header("etag").unwrap());
    assert_eq!(listener.get("/openapi.json", &known).status, 304);
}

#[test]
fn every_answer_carries_the_headers_that_browsers_heed() {
    let listener = stage().listener(&json!({}), Doors::All);
    let token = bearer(TOKEN);
    let answers = [
        listener.get("/livez", ""),
        listener.get("/metrics", ""),
        listener.get(PAGE, &token),
        listener.get(PAGE, ""),
        listener.get("/v1/nothing", &token),
        listener.ask("DELETE", PAGE, &token),
    ];
    for answer in &answers {
        let expected = [
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
        ];
        for (name, value) in expected {
            assert_eq!(answer.header(name), Some(value), "{answer:?}");
        }
        for name in ["server", "x-powered-by", "access-control-allow-origin", "strict-transport-security"] {
            assert_eq!(answer.header(name), None, "{answer:?}");
        }
    }
}

/// A browser can't be told to send a bearer token, but it asks its user for a password.
#[test]
fn a_browser_is_asked_for_the_token_and_shown_pages_without_scripts() {
    let listener = stage().listener(&json!({}), Doors::All);
    let html = "Accept: text/html,*/*;q=0.8\r\n";
    let basic =
        |password: &str| format!("{html}Authorization: Basic {}\r\n", STANDARD.encode(format!("whoever:{password}")));
    for path in ["/", "/customers", "/customers/c1", "/effect", "/model", "/health", "/nothing"] {
        for given in [html.to_owned(), basic("wrong"), basic("")] {
            let answer = listener.get(path, &given);
            assert_eq!(answer.status, 401, "{path}");
            assert!(answer.all("www-authenticate").any(|asked| asked.starts_with("Basic realm=")), "{answer:?}");
            assert!(answer.body.starts_with("<!DOCTYPE html>") && answer.body.contains("token"), "{answer:?}");
        }
    }
    let asked: Vec<Answer> = ["/v1/model", "/v1/nothing"].map(|path| listener.get(path, html)).into();
    assert!(asked.iter().all(|answer| answer.all("www-authenticate").eq(["Bearer"])), "{asked:?}");
    for path in ["/customers/c1", "/model", "/health"] {
        let page = listener.get(path, &basic(TOKEN));
        assert_eq!(page.status, 200, "{page:?}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("script"), "{policy}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(!page.body.contains("<script") && !page.body.contains(" style="), "{path}");
    }
    let missing = listener.get("/customers/nobody", &basic(TOKEN));
    assert!(missing.status == 404 && missing.body.contains("<main"), "{missing:?}");
    is_problem(&listener.get("/customers/nobody", &bearer(TOKEN)), 404);
    // The stylesheet says nothing about anybody; who has it already is told so.
    let style = listener.get("/style.css", "");
    let known = listener.get("/style.css", &format!("If-None-Match: {}\r\n", style.header("etag").unwrap()));
    assert_eq!((style.status, known.status, known.body.as_str()), (200, 304, ""));
}

#[test]
fn only_get_and_head_do_anything() {
    let listener = stage().listener(&json!({}), Doors::All);
    let token = bearer(TOKEN);
    for (path, given) in [("/livez", ""), (PAGE, token.as_str())] {
        let answer = listener.ask("HEAD", path, given);
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{answer:?}");
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
            let answer = listener.ask(method, path, &format!("{given}X-Canary: canary\r\n"));
            is_problem(&answer, 405);
            assert_eq!(answer.header("allow"), Some("GET,HEAD"), "{method} {path}");
            assert!(!answer.body.contains("canary"), "{answer:?}");
        }
    }
    for method in ["HEAD", "OPTIONS", "TRACE", "POST"] {
        assert_eq!(listener.ask(method, PAGE, "").status, 401, "{method}");
    }
}

#[test]
fn bodies_and_large_heads_are_refused() {
    let listener = stage().listener(&json!({}), Doors::All);
    is_problem(&listener.raw(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"), 413);
    is_problem(
        &listener
            .raw(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
        413,
    );
    is_problem(&listener.raw(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999999\r\n\r\n"), 413);
    assert_eq!(listener.get("/livez", "Content-Length: 0\r\n").status, 200);
    let large = format!("X-Large: {}\r\n", "x".repeat(10_000));
    assert_eq!(listener.get("/livez", &large).status, 431);
    let many = "X-Many: x\r\n".repeat(100);
    assert_eq!(listener.get("/livez", &many).status, 431);
    let long = format!("/livez?{}", "x".repeat(10_000));
    assert!([414, 431].contains(&listener.get(&long, "").status));
    assert_eq!(listener.raw(b"\x16\x03\x01\x02\x00\x01nonsense\r\n\r\n").status, 400);
    assert_eq!(listener.get("/livez", "").status, 200);
}

/// A byte a second: the connection is closed once the head has taken ten seconds, and nobody else waits for it.
#[test]
fn whoever_is_slow_loses_its_connection() {
    let listener = stage().listener(&json!({}), Doors::All);
    let (started, mut slow) = (Instant::now(), listener.connect());
    slow.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut head = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx".iter();
    let mut silent = listener.connect();
    loop {
        // Where the other side has gone, so has the wish to write.
        let _ = slow.write_all(&[*head.next().unwrap()]);
        match slow.read(&mut [0; 512]) {
            Err(fault) if [std::io::ErrorKind::WouldBlock, std::io::ErrorKind::TimedOut].contains(&fault.kind()) => {}
            Ok(0) | Err(_) => break,
            // An answer that the time is over may come before the end.
            Ok(_) => {}
        }
        assert!(started.elapsed() < Duration::from_secs(20), "the slow connection lives");
        assert_eq!(listener.get("/livez", "").status, 200);
    }
    let took = started.elapsed();
    println!("closed after {took:?}");
    assert!(took > Duration::from_secs(8), "{took:?}");
    // One that says nothing at all goes the same way.
    silent.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut said = Vec::new();
    assert!(silent.read_to_end(&mut said).is_ok(), "the silent connection lives");
}

#[test]
fn whoever_asks_too_often_is_told_when_to_come_again() {
    let listener = stage().listener(&json!({"requests_per_second": 5}), Doors::All);
    let mut refused = None;
    for at in 0..40 {
        let answer = listener.get("/livez", "");
        if answer.status != 200 {
            assert!(at >= 10, "refused at {at}");
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    is_problem(&refused, 429);
    assert_eq!(refused.header("cache-control"), Some("no-store"));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds), "{seconds}");
    std::thread::sleep(Duration::from_secs(seconds));
    assert_eq!(listener.get("/livez", "").status, 200);
    let unlimited = stage().listener(&json!({"requests_per_second": 0}), Doors::All);
    assert!((0..200).all(|_| unlimited.get("/livez", "").status == 200));
}

#[test]
fn one_address_holds_a_quarter_of_the_connections() {
    let listener = stage().listener(&json!({"max_connections": 8}), Doors::All);
    let held: Vec<TcpStream> = (0..2).map(|_| listener.connect()).collect();
    std::thread::sleep(Duration::from_millis(200));
    let mut third = listener.connect();
    third.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    // Closed without a word.
    assert!(matches!(third.read(&mut [0; 16]), Ok(0) | Err(_)));
    drop(held);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(listener.get("/livez", "").status, 200);
}

#[test]
fn the_admin_listener_knows_no_customers() {
    let listener = stage().listener(&json!({}), Doors::Admin);
    for path in ["/livez", "/readyz", "/startupz", "/metrics"] {
        let answer = listener.get(path, "");
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains(CUSTOMER), "{path}");
    }
    for path in [PAGE, "/v1/forecast", "/v1/model", "/v1/nothing"] {
        is_problem(&listener.get(path, ""), 401);
        is_problem(&listener.get(path, &bearer(TOKEN)), 404);
    }
}

/// A page in a browser may have its own name point to this machine: the name that it asks for tells.
#[test]
fn without_a_token_only_this_machine_s_own_names_are_answered() {
    let listener = stage().listener(&json!({"token_file": null}), Doors::All);
    let asked = |host: &str, path: &str| {
        listener.raw(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())
    };
    let port = listener.address.port();
    for host in ["localhost".to_owned(), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(asked(&host, PAGE).status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example:80", "192.168.1.7"] {
        is_problem(&asked(host, PAGE), 421);
        assert_eq!(asked(host, "/livez").status, 200, "{host}");
    }
}

/// The certificate is served, and another one once its files are changed; clear text is not understood.
#[test]
fn customers_are_shown_by_tls_and_the_certificate_is_changed_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let authorities = ["first", "second"].map(|name| Authority::new(folder.path(), name));
    let issue = |authority: &Authority| {
        let (certificate, key) = authority.certificate("localhost", &["localhost"], false);
        std::fs::write(path("key.pem"), key).unwrap();
        std::fs::write(path("certificate.pem"), certificate).unwrap();
    };
    issue(&authorities[0]);
    let tls = json!({"certificate_file": path("certificate.pem"), "key_file": path("key.pem")});
    let listener = stage().listener(&json!({"tls": tls}), Doors::All);
    std::fs::write(path("token"), TOKEN).unwrap();
    let inspect = |listener: &Listener, authority: &Authority| {
        let output = Command::new(env!("CARGO_BIN_EXE_churnwatch"))
            .args(["inspect", CUSTOMER, "--json", "--url", &format!("https://localhost:{}", listener.address.port())])
            .arg("--token-file")
            .arg(path("token"))
            .arg("--ca-file")
            .arg(&authority.file)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout) + &text(&output.stderr))
    };
    let (shown, said) = inspect(&listener, &authorities[0]);
    assert!(shown && said.contains("\"customer_id\""), "{said}");
    let (shown, said) = inspect(&listener, &authorities[1]);
    assert!(!shown && said.contains("no service answers"), "{said}");
    let clear = listener.get("/livez", "");
    assert_ne!(clear.status, 200, "{clear:?}");
    issue(&authorities[1]);
    let started = Instant::now();
    while !inspect(&listener, &authorities[1]).0 {
        assert!(started.elapsed() < Duration::from_secs(30), "the certificate was not changed");
        std::thread::sleep(Duration::from_secs(1));
    }
    println!("changed after {:?}", started.elapsed());
    // One that is broken changes nothing.
    std::fs::write(path("certificate.pem"), "nonsense").unwrap();
    std::thread::sleep(Duration::from_secs(11));
    assert!(inspect(&listener, &authorities[1]).0);
}
