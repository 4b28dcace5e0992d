//! The server: finds an order's number in a request and answers with it.

use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Uri},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    Call, Script, Template,
    script::{INVOICE, MEMO, ORDER, REFERENCE},
    template::digits,
};

/// What one record of an answer is in, where there may be several.
const EACH: [&str; 2] = ["<readResponse>", "</readResponse>"];

struct Answers {
    latency: Duration,
    by_call: [Template; Call::ALL.len()],
    /// Around the records of what is read back.
    ends: [Vec<u8>; 2],
    counts: [AtomicU64; Call::ALL.len()],
    slots: Mutex<Slots>,
}

/// Calls to `NetSuite` that are being answered.
struct Slots {
    in_use: u32,
    peak: u32,
    /// Slots in use times time.
    busy: Duration,
    since: Instant,
}

/// Answers from the script in this folder until the process is killed; `NetSuite` takes so long
/// for each call. Says where it listens.
#[expect(clippy::print_stdout, reason = "its parent reads it")]
pub async fn run(folder: &Path, latency: Duration) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    serve(listener, &Script::load(folder)?, latency).await
}

/// Answers from a script, on this listener.
pub async fn serve(listener: TcpListener, script: &Script, latency: Duration) -> io::Result<()> {
    let mut by_call = Call::ALL.map(|_| Template::of(Vec::new()));
    for (place, call) in Call::ALL.into_iter().enumerate() {
        by_call[place] = script.answered(call);
    }
    let (each, ends) = apart(&script.exchanges[&Call::ReadBack].1);
    by_call[Call::ReadBack as usize] = Template::of(each);
    let slots = Slots { in_use: 0, peak: 0, busy: Duration::ZERO, since: Instant::now() };
    let counts = Call::ALL.map(|_| AtomicU64::new(0));
    let answers = Answers { latency, by_call, ends, counts, slots: Mutex::new(slots) };
    let router = Router::new().route("/counts", get(counted)).fallback(answer);
    axum::serve(listener, router.with_state(Arc::new(answers))).await
}

/// One record of what is read back, and what is around the records.
fn apart(answer: &[u8]) -> (Vec<u8>, [Vec<u8>; 2]) {
    let answer = str::from_utf8(answer).expect("answers are text");
    let [begin, end] = EACH.map(|it| answer.find(it).expect("a memo was read back"));
    let (head, rest) = answer.split_at(begin);
    let (each, tail) = rest.split_at(end + EACH[1].len() - begin);
    (each.into(), [head.into(), tail.into()])
}

async fn answer(
    State(answers): State<Arc<Answers>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let action = headers.get("soapaction").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let body = str::from_utf8(&body).expect("requests are text");
    let call = Call::of(uri.path(), action, body).expect("nothing else is asked for an event");
    answers.counts[call as usize].fetch_add(1, Ordering::Relaxed);
    let kind = if call.action().is_some() { "text/xml; charset=utf-8" } else { "application/json" };
    if call.action().is_some() {
        answers.change(1);
        if !answers.latency.is_zero() {
            tokio::time::sleep(answers.latency).await;
        }
        answers.change(-1);
    }
    ([("content-type", kind)], Body::from(answers.to(call, body))).into_response()
}

impl Answers {
    fn to(&self, call: Call, body: &str) -> Vec<u8> {
        let template = &self.by_call[call as usize];
        let prefix = match call {
            Call::Order => ORDER,
            Call::SalesDocuments => REFERENCE,
            Call::Add => INVOICE,
            Call::Token | Call::Memos | Call::Proof => return template.with(b"000000000000"),
            Call::ReadBack => return self.read_back(template, body),
        };
        template.with(digits(body, prefix).expect("it asks about one of our orders"))
    }

    fn read_back(&self, each: &Template, body: &str) -> Vec<u8> {
        let mut answer = self.ends[0].clone();
        for (place, _) in body.match_indices(MEMO) {
            let number = digits(&body[place..], MEMO).expect("it asks about one of our memos");
            answer.extend(each.with(number));
        }
        answer.extend(&self.ends[1]);
        answer
    }

    fn change(&self, by: i32) {
        let mut slots = self.slots.lock().expect("nobody panics with it");
        let now = Instant::now();
        let used = (now - slots.since) * slots.in_use;
        slots.busy += used;
        slots.since = now;
        slots.in_use = slots.in_use.saturating_add_signed(by);
        slots.peak = slots.peak.max(slots.in_use);
    }
}

async fn counted(State(answers): State<Arc<Answers>>) -> Json<Value> {
    answers.change(0);
    let mut counts = json!({});
    for call in Call::ALL {
        counts[call.name()] = answers.counts[call as usize].load(Ordering::Relaxed).into();
    }
    let slots = answers.slots.lock().expect("nobody panics with it");
    counts["busy_seconds"] = slots.busy.as_secs_f64().into();
    counts["peak"] = slots.peak.into();
    Json(counts)
}
