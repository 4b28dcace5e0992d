//! What callers may cost: paths, heads, bodies, connections, and one tenant's share.

use sandbox::netsuite::{Operation, Point};
use serde_json::Value;
use tests::{A, B, ITEMS, KEY, OTHER_KEY, Service, Settings, TestWorld, another, event, pair};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection on which a test says exactly what it wants.
async fn connect(service: &Service) -> TcpStream {
    TcpStream::connect(service.address).await.unwrap()
}

async fn say(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.unwrap();
}

/// The status of the next answer.
async fn status(stream: &mut TcpStream) -> u16 {
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    let line = str::from_utf8(&head).unwrap();
    line.strip_prefix("HTTP/1.1 ").unwrap().parse().unwrap()
}

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: here\r\n\r\n";

/// Asks whether the process runs, and hears the whole answer.
async fn live(stream: &mut TcpStream) {
    say(stream, LIVE).await;
    let mut heard = Vec::new();
    while !heard.ends_with(b"live\n") {
        heard.push(stream.read_u8().await.unwrap());
    }
}

#[tokio::test]
async fn an_unknown_path_is_answered_in_json() {
    let world = TestWorld::new(&Settings::default()).await;
    let service = world.serve().await;
    let long = format!("/health/live?{}", "x".repeat(2048));
    for (method, path, expected) in [
        ("GET", "/", 404),
        ("GET", "/newstore", 404),
        ("POST", "/health/nothing", 404),
        ("GET", "/newstore/events", 405),
        ("DELETE", "/metrics", 405),
        ("GET", long.as_str(), 414),
    ] {
        let url = format!("http://{}{path}", service.address);
        let response = world.http.request(method.parse().unwrap(), url).send().await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{method} {path}");
        assert_eq!(response.headers().contains_key("allow"), expected == 405, "{method} {path}");
        let answer: Value = response.json().await.unwrap();
        assert_eq!(answer["outcome"], "rejected", "{method} {path}");
    }
}

#[tokio::test]
async fn a_head_over_the_limit_is_rejected() {
    let world = TestWorld::new(&Settings::default()).await;
    let service = world.serve().await;
    let mut stream = connect(&service).await;
    let field = format!("X-Header: {}\r\n", "x".repeat(1000));
    say(&mut stream, &format!("GET /health/live HTTP/1.1\r\n{}", field.repeat(20))).await;
    assert_eq!(status(&mut stream).await, 431);
}

#[tokio::test]
async fn an_event_without_its_body_is_answered_500() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let body = event(&pair(), ITEMS, &[A]).to_string();
    let head = |key| {
        format!(
            "POST /newstore/events HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {key}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        )
    };
    let mut stream = connect(&service).await;
    say(&mut stream, &format!("{}{}", head(KEY), &body[..100])).await;
    assert_eq!(service.pass_time(status(&mut stream)).await, 500);
    // Nobody without a key is waited for.
    let mut stream = connect(&service).await;
    say(&mut stream, &head("unknown")).await;
    assert_eq!(status(&mut stream).await, 401);
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    world.has_memos(&["20.00"], "after it was sent again");
}

#[tokio::test]
async fn connections_over_the_limit_wait_until_one_ends() {
    let settings = Settings { server: "max_connections = 1".to_owned(), ..Settings::default() };
    let world = TestWorld::new(&settings).await;
    let service = world.serve().await;
    let (mut first, mut second) = (connect(&service).await, connect(&service).await);
    live(&mut first).await;
    say(&mut second, LIVE).await;
    for _ in 0..20 {
        live(&mut first).await;
    }
    let early = second.try_read(&mut [0; 1]);
    assert!(early.is_err(), "the second was answered beside the first");
    drop(first);
    assert_eq!(status(&mut second).await, 200);
}

#[tokio::test]
async fn one_tenants_flood_is_rejected_and_delays_no_other_tenant() {
    let server = "max_in_flight_per_tenant = 2".to_owned();
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &Settings { server, ..Settings::default() }).await;
    let service = world.serve().await;
    let later = another(1);
    world.install(&later, &sandbox::sale::Billing::OneInvoice);
    let holds = [Point::BeforeCommit; 2].map(|it| world.account.hold(Operation::Add, it));
    let first = service.post_beside(&event(&sale, ITEMS, &[A]));
    holds[0].reached().await;
    let second = service.post_beside(&event(&later, ITEMS, &[A]));
    holds[1].reached().await;
    for number in 10..15 {
        let crowded = service.post(&event(&another(number), ITEMS, &[A])).await;
        crowded.is(500, "unavailable");
        assert_eq!(crowded.id, None, "nothing is on record of it");
    }
    // What is not worked on is answered as ever.
    let mut ignored = event(&sale, ITEMS, &[A]);
    ignored["name"] = "order.created".into();
    service.post(&ignored).await.is(200, "ignored");
    let mut theirs = event(&another(20), ITEMS, &[A]);
    theirs["tenant"] = "seconda".into();
    let url = format!("http://{}/newstore/events", service.address);
    let call = world.http.post(url).bearer_auth(OTHER_KEY).body(theirs.to_string());
    let response = call.send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["outcome"], "deferred", "the other tenant's order is not there: {answer}");
    for hold in holds {
        hold.release();
    }
    first.await.unwrap().is(200, "posted");
    second.await.unwrap().is(200, "posted");
    service.post(&event(&sale, ITEMS, &[B])).await.is(200, "posted");
    world.has_memos(&["20.00", "20.00", "30.00"], "after the flood");
}

#[tokio::test]
async fn work_that_continues_after_the_answer_still_counts() {
    let server = "max_in_flight_per_tenant = 1".to_owned();
    let world = TestWorld::with(&pair(), &Settings { server, ..Settings::default() }).await;
    let service = world.serve().await;
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let call = service.post_beside(&event(&pair(), ITEMS, &[A]));
    hold.reached().await;
    let answer = service.pass_time(call).await.unwrap();
    answer.is(200, "deferred").because("erp-timeout");
    service.post(&event(&another(1), ITEMS, &[A])).await.is(500, "unavailable");
    hold.release();
    service.until(&answer, ports::CancellationState::Posted).await;
    service.post(&event(&another(1), ITEMS, &[A])).await.is(200, "deferred");
}
