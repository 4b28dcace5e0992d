//! Jobs as the queues keep them: whoever wrote them, a job or none; ours come back as they were,
//! with the same cancellation in them.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz job`
#![no_main]

use std::{collections::BTreeMap, slice, time::Duration};

use adapters_newstore::webhook::WebhookDecoder;
use adapters_queue::fuzzing::{FuzzMessage, Rows};
use app::process::{job_codec, service};
use arbitrary::Arbitrary;
use domain::{CANCELLATION_EVENTS, Cancellation, Timestamp};
use libfuzzer_sys::fuzz_target;
use ports::{EventDecoder, Job};
use serde_json::json;

/// 2026-11-30T00:00:00Z
const RECEIVED: Timestamp = Timestamp::from_millis(1_795_996_800_000);

thread_local! {
    static ROWS: Rows = Rows::new().expect("a table in memory");
}

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    FuzzMessage { body: &'a str, attributes: Vec<(Attribute, &'a str)> },
    Row { texts: [&'a str; 3], attempts: i64 },
    Ours { event: Event<'a>, attempts: u32, delay: Duration, now: u32 },
}

#[derive(Arbitrary, Debug)]
enum Attribute {
    Id,
    Order,
    Attempts,
    Due,
}

#[derive(Arbitrary, Debug)]
struct Event<'a> {
    nth: bool,
    order: u128,
    units: Vec<(u16, Option<&'a str>)>,
    published_at: u32,
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::FuzzMessage { body, attributes } => {
            let attributes = attributes.into_iter().map(|(it, text)| (it.name(), text.to_owned()));
            let letter = FuzzMessage { body: body.to_owned(), attributes: attributes.collect() };
            if let Some((job, due)) = letter.read() {
                // Sent again, as a job is that is put off, it is the same.
                let now = Timestamp::from_millis(0);
                let wait = due.map_or(Duration::ZERO, |it| it.since(now));
                let later = due.filter(|_| wait != Duration::ZERO);
                assert_eq!(FuzzMessage::of(&job, wait, now).read(), Some((job.clone(), later)));
                drop(worked_on(&job));
            }
        }
        Input::Row { texts, attempts } => {
            ROWS.with(|rows| {
                if rows.put(texts, attempts).is_ok() {
                    rows.take().iter().for_each(|row| drop(worked_on(row)));
                }
            });
        }
        Input::Ours { event, attempts, delay, now } => {
            let Some(cancellation) = event.cancellation() else { return };
            let job = Job { attempts, ..service::job(&cancellation) };
            ours(&job, delay, Timestamp::from_millis(now.into()));
            assert_eq!(worked_on(&job), Some(cancellation));
        }
    }
});

fn ours(job: &Job, delay: Duration, now: Timestamp) {
    let letter = FuzzMessage::of(job, delay, now);
    let due = Some(now.after(delay)).filter(|_| delay != Duration::ZERO);
    assert_eq!(letter.read(), Some((job.clone(), due)));
    let texts = letter.attributes.values().chain([&letter.body]);
    assert!(texts.flat_map(|it| it.chars()).all(is_taken), "{letter:?}");
    ROWS.with(|rows| {
        rows.push(job);
        assert_eq!(rows.take(), slice::from_ref(job));
    });
}

/// The characters that SQS takes.
fn is_taken(it: char) -> bool {
    matches!(it, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// As the worker reads it.
fn worked_on(job: &Job) -> Option<Cancellation> {
    job_codec::decode(&job.body).ok()
}

impl Attribute {
    fn name(&self) -> String {
        let name = match self {
            Self::Id => "id",
            Self::Order => "order",
            Self::Attempts => "attempts",
            Self::Due => "due",
        };
        name.to_owned()
    }
}

impl Event<'_> {
    /// The event through the webhook; none where it has no units.
    fn cancellation(&self) -> Option<Cancellation> {
        let hex = format!("{:032x}", self.order);
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|it| &hex[it]);
        let units: BTreeMap<_, _> = self.units.iter().copied().collect();
        let items = units.iter().map(
            |(unit, reason)| json!({ "id": format!("unit-{unit}"), "cancellation_reason": reason }),
        );
        let event = json!({
            "tenant": "dodici",
            "name": CANCELLATION_EVENTS[usize::from(self.nth)],
            "published_at": format!("2026-11-20T18:02:11.{:09}Z", self.published_at % 1_000_000_000),
            "payload": { "id": parts.join("-"), "items": items.collect::<Vec<_>>() },
        });
        let event = WebhookDecoder.decode(event.to_string().as_bytes(), RECEIVED);
        if self.units.is_empty() {
            return None;
        }
        event.expect("an event").cancellation.expect("a cancellation")
    }
}
