//! Any bytes as a call of the webhook: a cancellation that stays what it is, or a field's name.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz webhook`
#![no_main]

use adapters_newstore::webhook::WebhookDecoder;
use app::process::job_codec;
use domain::{CANCELLATION_EVENTS, Cancellation, Timestamp};
use libfuzzer_sys::fuzz_target;
use ports::{EventDecoder, FieldError};
use serde_json::Value;

/// All that is ever said of a body, digits and a quoted character left out.
const PROBLEMS: [&str; 13] = [
    "has characters, the limit is",
    "has entries, the limit is",
    "has no cancelled unit",
    "has the forbidden character",
    "is empty",
    "is missing",
    "is not JSON: line column",
    "is not a UUID",
    "is not a list",
    "is not a text",
    "is not an ISO time",
    "is not an object",
    "is the reserved word \"shipping\"",
];

/// 2026-11-30T00:00:00Z
const RECEIVED: Timestamp = Timestamp::from_millis(1_795_996_800_000);

/// The fields that are named, without their numbers.
const FIELDS: [&str; 8] = [
    "body",
    "name",
    "payload",
    "payload.id",
    "payload.items",
    "payload.items.id",
    "published_at",
    "tenant",
];

fuzz_target!(|bytes: &[u8]| {
    match read(bytes) {
        Ok(Some(cancellation)) => accepted(bytes, &cancellation),
        Ok(None) => {}
        Err(fault) => rejected(&fault),
    }
});

fn read(bytes: &[u8]) -> Result<Option<Cancellation>, FieldError> {
    WebhookDecoder.decode(bytes, RECEIVED)?.cancellation
}

fn accepted(bytes: &[u8], cancellation: &Cancellation) {
    assert!(!cancellation.units.is_empty() && CANCELLATION_EVENTS.contains(&&*cancellation.event));
    for (unit, reason) in &cancellation.units {
        assert!(!unit.is_shipping());
        let reason = reason.as_deref().unwrap_or("because");
        assert!(reason.trim() == reason && (1..=200).contains(&reason.chars().count()));
    }
    let again = job_codec::decode(&job_codec::encode(cancellation)).expect("it is our own");
    assert_eq!(again.id(), cancellation.id());

    // Told in another order, and by ids in capitals, it is the same one.
    let Ok(mut event) = serde_json::from_slice::<Value>(bytes) else {
        return; // It was mended first, or holds what only we pass over.
    };
    let payload = &mut event["payload"];
    let items = payload["items"].as_array_mut().expect("what was accepted has items");
    items.reverse();
    for item in items {
        capitals(&mut item["id"]);
    }
    capitals(&mut payload["id"]);
    capitals(&mut event["tenant"]);
    let turned = read(event.to_string().as_bytes()).expect("what was accepted is again");
    assert_eq!(turned.map(|it| it.id()), Some(cancellation.id()));
}

fn capitals(value: &mut Value) {
    if let Some(text) = value.as_str() {
        *value = text.to_ascii_uppercase().into();
    }
}

fn rejected(fault: &FieldError) {
    let field: String = fault.field.split(['[', ']']).step_by(2).collect();
    assert!(FIELDS.contains(&field.as_str()), "{fault}");
    let (said, quoted) = fault.problem.split_once('\'').unwrap_or((&fault.problem, ""));
    assert!(quoted.len() <= "\\u{10ffff}'".len(), "{fault}");
    let words = said.split(|it: char| it == ' ' || it.is_ascii_digit());
    let said = words.filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
    assert!(PROBLEMS.contains(&said.as_str()), "{fault}");
}
