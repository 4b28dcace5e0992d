//! Refused requests: their answer can be read, and each of them is seen.

use serde_json::Value;
use tests::{A, ITEMS, KEY, Process, Service, Settings, TestWorld, event, pair};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::crash::PROGRAM;

const CLOSE: &str = "Connection: close\r\n";

/// A chunk of 64 KiB on the wire.
fn chunk() -> Vec<u8> {
    [&b"10000\r\n"[..], &b" ".repeat(65_536), b"\r\n"].concat()
}

fn head(key: &str, fields: &str) -> String {
    format!(
        "POST /newstore/events HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\n{fields}\r\n"
    )
}

/// What a caller hears that first writes all of this, and then reads to the end.
async fn hears(service: &Service, parts: &[&[u8]]) -> String {
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    for part in parts {
        stream.write_all(part).await.expect("nobody hangs up while it is written");
    }
    let mut heard = String::new();
    let read = stream.read_to_string(&mut heard).await;
    read.unwrap_or_else(|why| panic!("{why} after {heard:?}"));
    heard
}

#[track_caller]
fn is_answer(heard: &str, status: &str, when: &str) {
    assert!(heard.starts_with(&format!("HTTP/1.1 {status} ")), "{when}: {heard}");
    assert!(heard.contains("connection: close\r\n"), "{when}: {heard}");
    assert!(heard.ends_with('}'), "{when}: {heard}");
}

#[tokio::test]
async fn a_body_with_a_too_large_length_is_rejected_before_it_is_sent() {
    let world = TestWorld::new(&Settings::default()).await;
    let service = world.serve().await;
    for fields in ["Content-Length: 1048577\r\n", "Content-Length: 99999999999\r\n"] {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        stream.write_all(head(KEY, fields).as_bytes()).await.unwrap();
        let mut line = [0; 12];
        stream.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"HTTP/1.1 413", "{fields}");
    }
    // Who asks first is not asked for it.
    let waits = head(KEY, "Content-Length: 1048577\r\nExpect: 100-continue\r\n");
    is_answer(&hears(&service, &[waits.as_bytes()]).await, "413", "who asks first");
}

#[tokio::test]
async fn a_caller_that_sends_a_whole_rejected_body_can_read_the_reason() {
    let world = TestWorld::new(&Settings::default()).await;
    let service = world.serve().await;
    let chunk = chunk();
    let chunked = |key| head(key, "Transfer-Encoding: chunked\r\n");
    let (known, unknown) = (chunked(KEY), chunked("unknown"));
    for (head, status) in [(&known, "413"), (&unknown, "401")] {
        let mut parts = vec![head.as_bytes()];
        parts.extend([chunk.as_slice(); 200]);
        parts.push(b"0\r\n\r\n");
        is_answer(&hears(&service, &parts).await, status, "13 MB in chunks");
    }
    let declared = head(KEY, "Content-Length: 13107200\r\n");
    let mut parts = vec![declared.as_bytes()];
    parts.extend([&chunk[..65_536]; 200]);
    is_answer(&hears(&service, &parts).await, "413", "13 MB as declared");
    let nowhere = declared.replace("/newstore/events", "/nowhere");
    parts[0] = nowhere.as_bytes();
    is_answer(&hears(&service, &parts).await, "404", "13 MB to nowhere");
}

#[tokio::test]
async fn an_endless_request_ends_the_connection() {
    let world = TestWorld::new(&Settings::default()).await;
    let service = world.serve().await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    stream.write_all(head(KEY, "Transfer-Encoding: chunked\r\n").as_bytes()).await.unwrap();
    let (chunk, mut written) = (chunk(), 0);
    while stream.write_all(&chunk).await.is_ok() {
        written += 1;
        assert!(written < 16 * 1024, "a gigabyte was taken");
    }
}

#[tokio::test]
async fn a_connection_is_reused_where_the_whole_request_was_read() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    for body in ["{}", "[]"] {
        let request = format!("{}{body}", head(KEY, "Content-Length: 2\r\n"));
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"}") {
            heard.push(stream.read_u8().await.unwrap());
        }
        assert!(heard.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&heard));
    }
}

#[tokio::test]
async fn an_empty_body_is_reported_as_empty_for_every_stated_length() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let chunked = ("Transfer-Encoding: chunked\r\n", "0\r\n\r\n");
    for (fields, body) in [("", ""), ("Content-Length: 0\r\n", ""), chunked] {
        let head = head(KEY, &format!("{fields}{CLOSE}"));
        let answer = hears(&service, &[head.as_bytes(), body.as_bytes()]).await;
        is_answer(&answer, "400", fields);
        assert!(answer.contains("body is empty"), "{fields}: {answer}");
    }
}

#[tokio::test]
async fn an_unsupported_encoding_is_named() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let fields = format!("Content-Encoding: deflate\r\nContent-Length: 2\r\n{CLOSE}");
    let deflated = head(KEY, &fields);
    let answer = hears(&service, &[deflated.as_bytes(), b"\x78\x9c"]).await;
    is_answer(&answer, "415", "deflate");
    assert!(answer.contains("send gzip or none"), "{answer}");
}

#[tokio::test]
async fn every_rejected_request_is_counted_by_its_cause() {
    let world = TestWorld::new(&Settings::default()).await;
    let service = world.serve().await;
    let other = event(&pair(), ITEMS, &[A]).to_string().replace("dodici", "seconda");
    let (long, large) = (format!("/?{}", "x".repeat(3000)), " ".repeat(1_048_577));
    let table = [
        ("POST", "/newstore/events", KEY, "{}", "malformed"),
        ("POST", "/newstore/events", "unknown", "{}", "unauthorized"),
        ("POST", "/newstore/events", KEY, &*other, "forbidden"),
        ("POST", "/newstore/events", KEY, &*large, "too-large"),
        ("POST", "/newstore/event", KEY, "{}", "unknown-path"),
        ("POST", "/health/live", KEY, "{}", "method"),
        ("GET", "/nowhere", "", "", "unknown-path"),
        ("DELETE", "/metrics", "", "", "method"),
        ("GET", &*long, "", "", "long-path"),
    ];
    for (method, path, key, body, cause) in table {
        let url = format!("http://{}{path}", service.address);
        let call = world.http.request(method.parse().unwrap(), url).bearer_auth(key);
        let status = call.body(body.to_owned()).send().await.unwrap().status();
        assert!(status.is_client_error(), "{method} {path}: {status}");
        let method = if method == "DELETE" { "other" } else { method };
        let labels = [("method", method), ("cause", cause)];
        let count = service.metrics().await.value("memobridge_refused_requests_total", &labels);
        assert_eq!(count, Some(1.0), "{method} {path}");
    }
}

/// The lines about refused requests.
fn lines(process: &Process) -> Vec<Value> {
    let log = process.log();
    let lines = log.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
    lines.filter(|it| it["cause"].is_string()).collect()
}

#[tokio::test]
async fn a_rejected_request_logs_one_line_and_a_flood_few() {
    let world = TestWorld::new(&Settings::default()).await;
    let mut process = world.spawn(PROGRAM).await;
    let post = |path: &str, key: &str| {
        let url = format!("http://{}{path}", process.address);
        world.http.post(url).bearer_auth(key).body("{\"tenant\":\"told-to-nobody\"}").send()
    };
    post("/newstore/told-to-nobody/events/x?key=told-to-nobody", KEY).await.unwrap();
    post("/newstore/events", KEY).await.unwrap();
    for number in 0..150 {
        post("/newstore/events", &format!("guess-{number}")).await.unwrap();
    }
    post("/health/live", KEY).await.unwrap();
    process.logged("\"method\",\"").await;
    let lines = lines(&process);
    let of = |cause: &str| lines.iter().filter(|line| line["cause"] == cause).collect::<Vec<_>>();
    let wrong = of("unknown-path");
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0]["url.path"], "/newstore/…/events/…");
    assert_eq!(wrong[0]["http.response.status_code"], 404);
    assert_eq!(of("malformed").len(), 1);
    assert_eq!(of("malformed")[0]["error"], "name is missing");
    assert_eq!((of("unauthorized").len(), of("too-many").len()), (21, 21), "one says it is enough");
    let log = process.log();
    assert!(!log.contains("told-to-nobody") && !log.contains("guess-"), "{log}");
    process.kill().await;
}
