//! Load on a webhook: many connections, each sending its next request when the last one is
//! answered, with as little work of its own as it can.

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// After this time.
    Passed(Duration),
    /// After so many requests.
    Sent(usize),
}

/// What was answered, and how fast.
#[derive(Debug, Clone)]
pub struct Load {
    took: Duration,
    /// How long each answer took, sorted.
    answers: Vec<Duration>,
}

/// One connection.
struct Line {
    stream: TcpStream,
    answer: Vec<u8>,
}

/// A whole request to a webhook.
#[must_use]
pub fn request(key: &str, event: &str) -> Vec<u8> {
    let length = event.len();
    format!(
        "POST /newstore/events HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{event}"
    )
    .into_bytes()
}

impl Load {
    /// Sends requests on so many connections; every one must be answered 200 and with this
    /// word. `next` counts the requests over all loads, so that each is another one.
    pub async fn send(
        address: SocketAddr,
        connections: usize,
        next: &Arc<AtomicUsize>,
        until: Until,
        expected: &'static str,
        request: &Arc<impl Fn(usize) -> Vec<u8> + Send + Sync + 'static>,
    ) -> Self {
        let began = Instant::now();
        let (end, count) = match until {
            Until::Passed(spell) => (began + spell, usize::MAX),
            Until::Sent(count) => (began + Duration::from_hours(1), count),
        };
        let left = Arc::new(AtomicUsize::new(count));
        let mut lines = JoinSet::new();
        for _ in 0..connections {
            let (next, left, request) = (Arc::clone(next), Arc::clone(&left), Arc::clone(request));
            lines.spawn(async move {
                let mut line = Line::to(address).await;
                let mut answers = Vec::new();
                let one_less = |it: usize| it.checked_sub(1);
                while Instant::now() < end
                    && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
                {
                    let request = request(next.fetch_add(1, Ordering::Relaxed));
                    let asked = Instant::now();
                    line.ask(&request, expected).await;
                    answers.push(asked.elapsed());
                }
                answers
            });
        }
        let answers = lines.join_all().await.into_iter().flatten().collect();
        Self::of(began.elapsed(), answers)
    }

    /// What took so long in all, with how long each part of it took.
    #[must_use]
    pub fn of(took: Duration, mut answers: Vec<Duration>) -> Self {
        answers.sort();
        Self { took, answers }
    }

    /// How many were answered.
    #[must_use]
    pub fn count(&self) -> usize {
        self.answers.len()
    }

    /// Answers a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, clippy::float_arithmetic, reason = "a rate")]
    pub fn per_second(&self) -> f64 {
        self.answers.len() as f64 / self.took.as_secs_f64()
    }

    /// The time within which so many of a thousand were answered, in milliseconds.
    #[must_use]
    #[expect(clippy::float_arithmetic, reason = "milliseconds")]
    pub fn within(&self, of_thousand: usize) -> f64 {
        let place = (self.answers.len().saturating_sub(1)) * of_thousand / 1000;
        self.answers.get(place).copied().unwrap_or_default().as_secs_f64() * 1000.0
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99, p999] = [500, 990, 999].map(|it| self.within(it));
        f.pad(&format!("{:.0}/s {p50:.2}/{p99:.2}/{p999:.2} ms", self.per_second()))
    }
}

impl Line {
    async fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("a connection can be told so");
        Self { stream, answer: Vec::new() }
    }

    /// Sends a request and waits for its answer, which must be 200 and have this word.
    async fn ask(&mut self, request: &[u8], expected: &str) {
        self.answer.clear();
        self.stream.write_all(request).await.expect("the server reads");
        while !is_whole(&self.answer) {
            let read = self.stream.read_buf(&mut self.answer).await.expect("the server answers");
            assert_ne!(read, 0, "the connection ended in an answer");
        }
        let answer = String::from_utf8_lossy(&self.answer);
        let is_expected = answer.starts_with("HTTP/1.1 200") && answer.contains(expected);
        assert!(is_expected, "not {expected}: {answer}");
    }
}

/// Whether an answer has come to the length that its head tells.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let mut lengths = head.lines().filter_map(|it| it.split_once(':'));
    let length = lengths.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|(_, it)| it.trim().parse().ok());
    length.is_some_and(|length: usize| length <= body.len())
}
