use axum::routing::get;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    task::JoinHandle,
    time::Instant,
};

use super::*;
use crate::clock::SystemClock;

/// Longer than any limit of a caller.
const LONG: Duration = Duration::from_mins(10);

/// A connection in the test's own time, with a route that takes long.
struct Caller {
    stream: DuplexStream,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

fn call() -> Caller {
    let routes = Router::new().route("/", get(|| async { "fine" })).route(
        "/slow",
        get(|| async {
            tokio::time::sleep(LONG).await;
            "late"
        }),
    );
    let (stream, theirs) = tokio::io::duplex(64 * 1024);
    let peer = SocketAddr::from(([192, 0, 2, 1], 1));
    let stop = CancellationToken::new();
    let cut = stop.clone();
    let ended = tokio::spawn(async move {
        let refusals = Refusals::new(Arc::new(SystemClock));
        connection(theirs, peer, routes, &refusals, cut).await;
    });
    Caller { stream, stop, ended }
}

impl Caller {
    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads one answer, which ends with these words.
    async fn hears(&mut self, words: &str) -> String {
        let mut heard = String::new();
        while !heard.ends_with(words) {
            let byte = self.stream.read_u8().await.unwrap_or_else(|_| panic!("heard {heard:?}"));
            heard.push(char::from(byte));
        }
        heard
    }

    /// The time until the service closes the connection.
    async fn until_cut(self) -> Duration {
        let began = Instant::now();
        self.ended.await.unwrap();
        began.elapsed()
    }
}

const GET: &str = "GET / HTTP/1.1\r\nHost: here\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_closed() {
    assert_eq!(call().until_cut().await, HEAD);
}

#[tokio::test(start_paused = true)]
async fn a_slow_head_ends_the_connection_like_a_stalled_one() {
    let mut caller = call();
    caller.send("GET / HTTP/1.1\r\n").await;
    let drips = HEAD.as_secs() - 1;
    for number in 0..drips {
        tokio::time::sleep(Duration::from_secs(1)).await;
        caller.send(&format!("X-{number}: x\r\n")).await;
    }
    assert_eq!(caller.until_cut().await, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_longer_than_a_slow_head() {
    let mut caller = call();
    caller.send(GET).await;
    caller.hears("fine").await;
    tokio::time::sleep(HEAD * 2).await;
    caller.send(GET).await;
    caller.hears("fine").await;
    assert_eq!(caller.until_cut().await, IDLE);
}

#[tokio::test(start_paused = true)]
async fn a_second_head_must_come_as_fast_as_the_first() {
    let mut caller = call();
    caller.send(GET).await;
    caller.hears("fine").await;
    caller.send("GET ").await;
    assert_eq!(caller.until_cut().await, HEAD);
}

#[tokio::test(start_paused = true)]
async fn a_slow_handler_does_not_end_the_connection() {
    let mut caller = call();
    caller.send("GET /slow HTTP/1.1\r\nHost: here\r\n\r\n").await;
    caller.hears("late").await;
}

#[tokio::test(start_paused = true)]
async fn an_unread_answer_ends_the_connection() {
    let mut caller = call();
    // The answers exceed the capacity of the pipe between caller and service.
    caller.send(&GET.repeat(2_000)).await;
    assert_eq!(caller.until_cut().await, IDLE);
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_an_idle_connection_and_finishes_what_runs() {
    let mut idle = call();
    idle.send(GET).await;
    idle.hears("fine").await;
    idle.stop.cancel();
    assert_eq!(idle.until_cut().await, Duration::ZERO);

    let mut busy = call();
    busy.send("GET /slow HTTP/1.1\r\nHost: here\r\n\r\n").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    busy.stop.cancel();
    let answer = busy.hears("late").await;
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(busy.until_cut().await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_is_too_big_is_rejected() {
    let many = format!("{}\r\n", "X-Header: x\r\n".repeat(101));
    let long = format!("X-Header: {}\r\n\r\n", "x".repeat(HEAD_BYTES));
    let endless = format!("X-Header: {}", "x".repeat(HEAD_BYTES));
    for fields in [many, long, endless] {
        let mut caller = call();
        caller.send(&format!("GET / HTTP/1.1\r\n{fields}")).await;
        let answer = caller.hears("\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}
