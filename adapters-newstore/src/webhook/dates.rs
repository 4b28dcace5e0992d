//! The publication time of an event, with right and wrong clocks.

use serde_json::{Value, json};

use super::*;

const ITEMS: &str = include_str!("../../testdata/items_cancelled.json");
/// 2026-11-21T12:00:00Z
const RECEIVED: Timestamp = Timestamp::from_millis(1_795_262_400_000);

fn published(raw: &str) -> Result<i64, FieldError> {
    let mut event: Value = serde_json::from_str(ITEMS).unwrap();
    event["published_at"] = json!(raw);
    let read = envelope(event.to_string().as_bytes())?.cancellation(RECEIVED)?;
    Ok(read.expect("a cancellation").published_at.as_millis())
}

#[test]
fn an_impossible_publication_time_is_replaced_by_the_receipt() {
    let receipt = RECEIVED.as_millis();
    let table = [
        ("2026-11-21T09:30:00.162Z", receipt - 8_999_838),
        ("2026-11-21T12:00:00Z", receipt),
        ("2026-11-21T11:59:59.999Z", receipt - 1),
        // ahead by a clock's drift, by an hour, by a day, by a year, by as much as can be written
        ("2026-11-21T12:00:00.001Z", receipt),
        ("2026-11-21T13:00:00Z", receipt),
        ("2026-11-22T12:00:00Z", receipt),
        ("2062-11-21T12:00:00Z", receipt),
        ("9999-12-30T22:00:00Z", receipt),
        // a local time called UTC, and one without offset
        ("2026-11-21T18:00:00Z", receipt),
        ("2026-11-21T18:00:00", receipt),
        ("2026-11-21T11:00:00", receipt - 3_600_000),
        // the same instant, with an offset
        ("2026-11-21T18:00:00+07:00", receipt - 3_600_000),
        ("2026-11-21T05:00:00-07:00", receipt),
        // clocks that were never set
        ("1970-01-01T00:00:00Z", receipt),
        ("1980-01-01T00:00:00Z", receipt),
        ("1900-01-01T00:00:00Z", receipt),
        ("0001-01-01T00:00:00Z", receipt),
        ("-009999-01-03T00:00:00Z", receipt),
        ("1999-12-31T23:59:59.999Z", receipt),
        // old, and accepted: it may arrive late
        ("2000-01-01T00:00:00Z", 946_684_800_000),
        ("2019-02-28T00:00:00Z", 1_551_312_000_000),
    ];
    for (raw, expected) in table {
        assert_eq!(published(raw), Ok(expected), "{raw}");
    }
}

#[test]
fn an_invalid_time_is_rejected() {
    for raw in ["2026-11-21", "2026-02-30T00:00:00Z", "10000-01-01T00:00:00Z", "soon", "12:00"] {
        assert_eq!(published(raw).unwrap_err().field, "published_at", "{raw}");
    }
}
