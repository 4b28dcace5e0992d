use serde_json::{Value, json};

use domain::CANCELLATION_EVENTS;

use super::*;

/// 2026-11-30T00:00:00Z
const NOW: Timestamp = Timestamp::from_millis(1_795_996_800_000);
const ORDER: &str = "5c0b4c0e-5d3f-4b8e-9c54-0f6c1b7a2d11";
const A: &str = "a1b2c3d4-0000-4000-8000-000000000001";
const B: &str = "a1b2c3d4-0000-4000-8000-000000000002";
const C: &str = "a1b2c3d4-0000-4000-8000-000000000003";

const ITEMS: &str = include_str!("../../testdata/items_cancelled.json");
const WHOLE: &str = include_str!("../../testdata/order_cancelled.json");

pub(super) fn read(body: &str) -> Result<Option<Cancellation>, FieldError> {
    envelope(body.as_bytes())?.cancellation(NOW)
}

fn units(cancellation: &Cancellation) -> Vec<(&str, Option<&str>)> {
    cancellation.units.iter().map(|(id, reason)| (id.as_str(), reason.as_deref())).collect()
}

/// An event with this payload.
fn event(name: &str, payload: &Value) -> String {
    let published_at = "2026-11-20T18:02:11Z";
    json!({"tenant": "dodici", "name": name, "published_at": published_at, "payload": payload})
        .to_string()
}

fn with_items(name: &str, items: &Value) -> Result<Option<Cancellation>, FieldError> {
    read(&event(name, &json!({ "id": ORDER, "items": items })))
}

#[track_caller]
fn check_malformed(body: &str, expected: &str) {
    let fault = read(body).expect_err(body);
    assert_eq!(fault.to_string(), expected, "{body}");
}

#[test]
fn an_event_of_cancelled_items_names_its_units() {
    let cancellation = read(ITEMS).unwrap().unwrap();
    assert_eq!(cancellation.tenant.as_str(), "dodici");
    assert_eq!(cancellation.event, "order.items_cancelled");
    assert_eq!(cancellation.order.as_str(), ORDER);
    assert_eq!(cancellation.published_at.as_millis(), 1_795_197_731_345);
    assert_eq!(units(&cancellation), [(A, Some("insufficient_stock")), (B, None)]);
}

#[test]
fn an_event_of_a_cancelled_order_excludes_active_units() {
    let cancellation = read(WHOLE).unwrap().unwrap();
    assert_eq!(cancellation.event, "order.cancelled");
    assert_eq!(cancellation.published_at.as_millis(), 1_795_197_600_000);
    assert_eq!(units(&cancellation), [(A, None), (C, None)]);
}

#[test]
fn a_status_is_accepted_in_any_case_and_spelling() {
    let table = [
        (json!("cancelled"), true),
        (json!("Canceled"), true),
        (json!(" CANCELLED "), true),
        (json!(null), true),
        (json!("returned"), false),
        (json!(""), false),
    ];
    for (status, is_cancelled) in table {
        let items = json!([{ "id": A }, { "id": B, "status": status }]);
        let cancellation = with_items("order.cancelled", &items).unwrap().unwrap();
        assert_eq!(cancellation.units.len() == 2, is_cancelled, "{status}");
    }
}

#[test]
fn a_unit_named_twice_is_one_unit() {
    let items = json!([
        { "id": A },
        { "id": A.to_uppercase(), "cancellation_reason": "first" },
        { "id": A, "cancellation_reason": "second" },
    ]);
    let cancellation = with_items("order.items_cancelled", &items).unwrap().unwrap();
    assert_eq!(units(&cancellation), [(A, Some("first"))]);
}

#[test]
fn a_reason_is_trimmed_and_cut() {
    let long = "é".repeat(500);
    let cut = "é".repeat(200);
    let table = [
        ("  a reason\n", Some("a reason")),
        ("  ", None),
        (&long, Some(&cut)),
        // Valid in JSON, but rejected by SQS: the event would be sent again for ever.
        ("\u{fffe} no\u{ffff} stock", Some("no stock")),
        ("\u{ffff}", None),
    ];
    for (reason, expected) in table {
        let items = json!([{ "id": A, "cancellation_reason": reason }]);
        let cancellation = with_items("order.items_cancelled", &items).unwrap().unwrap();
        assert_eq!(units(&cancellation), [(A, expected)], "{reason:?}");
    }
}

#[test]
fn every_event_that_is_listed_is_handled() {
    for name in CANCELLATION_EVENTS {
        let items = json!([{ "id": A, "status": "cancelled" }]);
        assert!(with_items(name, &items).unwrap().is_some(), "{name}");
    }
}

#[test]
fn other_events_are_ignored() {
    for name in ["order.created", "order.items_swapped", "ORDER.CANCELLED", "x"] {
        let envelope = envelope(event(name, &json!({ "id": 1, "items": "?" })).as_bytes()).unwrap();
        assert_eq!(envelope.name, name);
        assert_eq!(envelope.cancellation(NOW), Ok(None), "{name}");
    }
}

#[test]
fn unknown_keys_are_tolerated() {
    let mut value: Value = serde_json::from_str(ITEMS).unwrap();
    value["trace"] = json!({ "deep": [1, 2.5, null] });
    value["payload"]["channel"] = json!("web");
    value["payload"]["items"][0]["serial_numbers"] = json!(["1"]);
    assert_eq!(read(&value.to_string()), read(ITEMS));
}

#[test]
fn times_without_an_offset_are_utc_and_need_no_milliseconds() {
    let table = [
        ("2026-11-20T18:02:11Z", Some(1_795_197_731_000)),
        ("2026-11-20T18:02:11.345Z", Some(1_795_197_731_345)),
        ("2026-11-20T18:02:11.345999Z", Some(1_795_197_731_345)),
        ("2026-11-20T13:02:11.345-05:00", Some(1_795_197_731_345)),
        ("2026-11-20T18:02:11", Some(1_795_197_731_000)),
        ("-000001-01-01T00:00:00Z", Some(NOW.as_millis())),
        ("2026-11-20", None),
        ("2026-13-20T18:02:11Z", None),
        ("1795197731", None),
        ("yesterday", None),
    ];
    for (raw, expected) in table {
        let mut value: Value = serde_json::from_str(ITEMS).unwrap();
        value["published_at"] = json!(raw);
        match (read(&value.to_string()), expected) {
            (Ok(Some(it)), Some(millis)) => {
                assert_eq!(it.published_at.as_millis(), millis, "{raw}");
            }
            (Err(fault), None) => assert_eq!(fault.field, "published_at", "{raw}"),
            (read, _) => panic!("{raw}: {read:?}"),
        }
    }
}

#[test]
fn every_error_in_the_envelope_names_its_field() {
    let long = "x".repeat(101);
    let table = [
        ("tenant", json!(null), "tenant is missing"),
        ("tenant", json!(""), "tenant is empty"),
        ("tenant", json!(7), "tenant is not a text"),
        ("tenant", json!("a b"), "tenant has the forbidden character ' '"),
        ("name", json!(null), "name is missing"),
        ("name", json!(" "), "name is empty"),
        ("name", json!(long), "name has 101 characters, the limit is 100"),
        ("published_at", json!(null), "published_at is missing"),
        ("published_at", json!(1), "published_at is not a text"),
        ("published_at", json!("now"), "published_at is not an ISO 8601 time"),
        ("payload", json!(null), "payload is missing"),
        ("payload", json!([]), "payload is not an object"),
        ("payload", json!({}), "payload is empty"),
    ];
    for (field, value, expected) in table {
        let mut body: Value = serde_json::from_str(ITEMS).unwrap();
        body[field] = value;
        check_malformed(&body.to_string(), expected);
        if body[field].is_null() {
            body.as_object_mut().unwrap().remove(field);
            check_malformed(&body.to_string(), expected);
        }
    }
}

#[test]
fn every_error_in_the_payload_names_its_field() {
    let item = |name: &str, value: Value| json!([{ "id": A }, { "id": B, name: value }]);
    let many: Vec<_> = (0..10_001).map(|n| json!({ "id": format!("unit-{n}") })).collect();
    let table = [
        ("id", json!(null), "payload.id is missing"),
        ("id", json!(""), "payload.id is empty"),
        ("id", json!(12), "payload.id is not a text"),
        ("id", json!("DOD-1042"), "payload.id is not a UUID"),
        ("items", json!(null), "payload.items is missing"),
        ("items", json!({}), "payload.items is not a list"),
        ("items", json!([]), "payload.items is empty"),
        ("items", json!(many), "payload.items has 10001 entries, the limit is 10000"),
        ("items", json!([A]), "payload.items[0] is not an object"),
        ("items", json!([{ "product_id": "1" }]), "payload.items[0].id is missing"),
        ("items", item("id", json!("")), "payload.items[1].id is empty"),
        ("items", item("id", json!(2)), "payload.items[1].id is not a text"),
        ("items", item("id", json!("a,b")), "payload.items[1].id has the forbidden character ','"),
        (
            "items",
            item("id", json!("shipping")),
            "payload.items[1].id is the reserved word \"shipping\"",
        ),
    ];
    for (field, value, expected) in table {
        for name in ["order.items_cancelled", "order.cancelled"] {
            let mut payload = json!({ "id": ORDER, "items": [{ "id": A }] });
            payload[field] = value.clone();
            check_malformed(&event(name, &payload), expected);
        }
    }
}

#[test]
fn a_cancelled_order_with_only_active_units_is_malformed() {
    let fault = with_items("order.cancelled", &json!([{ "id": A, "status": "opened" }]));
    assert_eq!(fault.unwrap_err().to_string(), "payload.items has no cancelled unit");
    let event = with_items("order.items_cancelled", &json!([{ "id": A, "status": "opened" }]));
    assert_eq!(event.unwrap().unwrap().units.len(), 1, "its list holds cancelled units only");
}

#[test]
fn invalid_json_is_reported_with_line_and_column() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let table = [
        ("", "body is empty"),
        (" ", "body is not JSON: line 1 column 1"),
        ("{\"tenant\":", "body is not JSON: line 1 column 10"),
        ("{\n  oops}", "body is not JSON: line 2 column 3"),
        ("{} {}", "body is not JSON: line 1 column 4"),
        (&deep, "body is not an object"),
        ("[]", "body is not an object"),
        ("null", "body is not an object"),
    ];
    for (body, expected) in table {
        check_malformed(body, expected);
    }
}

#[test]
fn a_payload_is_never_shown() {
    let body = event("order.created", &json!({ "customer_email": "someone@example.com" }));
    let shown = format!("{:?}", envelope(body.as_bytes()).unwrap());
    assert!(shown.contains("order.created") && !shown.contains("example.com"), "{shown}");
}

#[test]
fn an_unneeded_field_rejects_no_event() {
    let items = json!([{ "id": A, "cancellation_reason": 5, "status": true, "product_id": [] }]);
    for name in ["order.items_cancelled", "order.cancelled"] {
        let payload = json!({ "id": ORDER, "items": items });
        let read = read(&event(name, &payload)).unwrap().expect("a cancellation");
        assert_eq!(read.units.values().collect::<Vec<_>>(), [&None], "{name}");
    }
}
