//! Every oddity of JSON (RFC 8259) in an event: a field that is not needed rejects nothing.

use super::*;

/// 2026-11-30T00:00:00Z
const NOW: Timestamp = Timestamp::from_millis(1_795_996_800_000);
const ORDER: &str = "5b1f0c52-7a55-4c1e-9d0e-000000000001";
const A: &str = "5b1f0c52-7a55-4c1e-9d0e-000000010001";
const BOM: &[u8] = include_bytes!("../../testdata/event-bom.json");
const HALF: &[u8] = include_bytes!("../../testdata/event-lone-surrogate.json");

fn read(body: &[u8]) -> Result<Option<Cancellation>, FieldError> {
    envelope(body)?.cancellation(NOW)
}

/// An event with this member beside the required ones, in each of its objects.
fn with(field: &[u8]) -> Vec<u8> {
    let before = format!(
        r#"{{"tenant":"dodici","name":"order.items_cancelled",
            "published_at":"2026-11-21T09:30:00.162Z","payload":{{"id":"{ORDER}","items":[{{"id":"{A}","#
    );
    [before.as_bytes(), field, b"}],", field, b"},", field, b"}"].concat()
}

/// An event with one of its texts replaced.
fn instead(of: &str, by: &str) -> String {
    let event = String::from_utf8(with(br#""x":0"#)).unwrap();
    assert!(event.contains(of), "{of}");
    event.replacen(of, by, 1)
}

#[track_caller]
fn reason(body: &[u8]) -> Option<String> {
    let shown = String::from_utf8_lossy(&body[..body.len().min(2_000)]).into_owned();
    let read = read(body).unwrap_or_else(|fault| panic!("{fault}: {shown}"));
    let cancellation = read.unwrap_or_else(|| panic!("ignored: {shown}"));
    assert_eq!(cancellation.order.as_str(), ORDER, "{shown}");
    assert_eq!(cancellation.units.keys().map(UnitId::as_str).collect::<Vec<_>>(), [A], "{shown}");
    let mut texts = cancellation.units.values().flatten();
    // JSON escapes control characters.
    assert!(texts.all(|text| text.chars().all(|c| c.is_control() || is_taken(c))), "{shown}");
    cancellation.units.into_values().next().flatten()
}

/// The characters that SQS and XML 1.0 accept.
fn is_taken(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[test]
fn an_event_with_a_byte_order_mark_or_half_a_character_is_accepted() {
    assert_eq!(reason(BOM).as_deref(), Some("insufficient_stock"));
    assert_eq!(reason(HALF).as_deref(), Some("sold out \u{fffd}"));
}

#[test]
fn an_odd_reason_is_read_as_far_as_possible() {
    let table: [(&[u8], Option<&str>); 16] = [
        (br#""sold out \ud83d""#, Some("sold out \u{fffd}")),
        (br#""\ude00 sold out""#, Some("\u{fffd} sold out")),
        (br#""sold \ud83d out""#, Some("sold \u{fffd} out")),
        (br#""sold out \ud83d\ude00""#, Some("sold out \u{1f600}")),
        (b"\"d\xe9j\xe0 vendu\"", Some("d\u{fffd}j\u{fffd} vendu")),
        (b"\"sold\nout\t!\"", Some("sold out !")),
        (br#""nothing \u0000 left""#, Some("nothing \0 left")),
        (br#""a \/ b \b\f""#, Some("a / b \u{8}")),
        (br#""\uffff""#, None),
        (b"null", None),
        (b"1e999", None),
        (b"-0.0e-999", None),
        (b"18446744073709551616000000000", None),
        (b"true", None),
        (br#"[1e999,{"a":"\ud83d"}]"#, None),
        (br#"{"":[]}"#, None),
    ];
    for (reason_bytes, expected) in table {
        let body = with(&[&br#""cancellation_reason":"#[..], reason_bytes].concat());
        assert_eq!(reason(&body).as_deref(), expected, "{}", String::from_utf8_lossy(reason_bytes));
    }
}

#[test]
fn unneeded_fields_may_have_any_shape() {
    let deep = format!(r#""x":{}{}"#, "[".repeat(100_000), "]".repeat(100_000));
    let objects = format!(r#""x":{}1{}"#, r#"{"y":"#.repeat(100_000), "}".repeat(100_000));
    let long = format!(r#""x":{}"#, "9".repeat(100_000));
    let table: [&[u8]; 24] = [
        br#""x":"\ud83d""#,
        br#""\ud83d":"x""#,
        b"\"x\":\"\xff\xfe\"",
        b"\"\xc3\":1",
        b"\"x\":\"a\0b\"",
        br#""x":1e999"#,
        br#""x":-1E+999"#,
        br#""x":-0"#,
        br#""x":1e-999"#,
        br#""x":0.10000000000000000000000000000000000001"#,
        br#""x":null"#,
        br#""x":1,"x":2,"x":[]"#,
        br#""":"""#,
        b" \"x\" : [ ] ",
        br#""product_id":10000"#,
        br#""status":{"code":1}"#,
        br#""cancellation_reason":[]"#,
        br#""__proto__":{}"#,
        br#""$serde_json::private::RawValue":"{""#,
        br#""$serde_json::private::Number":"x""#,
        b"\"x\":\r\n\t{}",
        deep.as_bytes(),
        objects.as_bytes(),
        long.as_bytes(),
    ];
    for field in table {
        assert_eq!(reason(&with(field)), None);
    }
    for (before, after) in [(" \r\n\t", "\n"), ("\u{feff} ", " \n\n"), ("\u{feff}", "")] {
        let body = with(br#""x":0"#);
        reason(&[before.as_bytes(), &body, after.as_bytes()].concat());
    }
}

#[test]
fn a_field_name_may_have_escapes_and_the_last_duplicate_counts() {
    let escaped = [
        (r#""tenant""#, r#""\u0074enant""#),
        (r#""dodici""#, r#""dodic\u0069""#),
        (r#""name""#, r#""nam\u0065""#),
        (r#""order.items_cancelled""#, r#""order.items\u005fcancelled""#),
        (r#""payload""#, r#""payloa\u0064""#),
        (r#""items""#, r#""\u0069tems""#),
    ];
    let twice = [
        (r#""tenant":"#, r#""tenant":7,"tenant":"#),
        (r#""name":"#, r#""name":"order.created","name":"#),
        (r#""payload":"#, r#""payload":[],"payload":"#),
        (r#""items":"#, r#""items":[{"id":"another"}],"items":"#),
        (r#"[{"id":"#, r#"[{"id":"another","id":"#),
    ];
    for (of, by) in escaped.into_iter().chain(twice) {
        reason(instead(of, by).as_bytes());
    }
}

#[test]
fn an_unreadable_required_field_is_rejected() {
    let table = [
        (r#""dodici""#, r#""dodici\ud83d""#, "tenant"),
        (r#""dodici""#, "1e999", "tenant"),
        (r#""order.items_cancelled""#, "[]", "name"),
        (r#""2026-11-21T09:30:00.162Z""#, "1e999", "published_at"),
        (r#""2026-11-21T09:30:00.162Z""#, r#""2026-11-21T09:30:00\ud83d""#, "published_at"),
        (r#"000000000001""#, r#"00000000000\ude00""#, "payload.id"),
        (r#"000000010001""#, r#"00000001000\ude00""#, "payload.items[0].id"),
        (r#"000000010001""#, r#"00000001000\u0000""#, "payload.items[0].id"),
    ];
    for (of, by, field) in table {
        let fault = read(instead(of, by).as_bytes()).expect_err(by);
        assert_eq!(fault.field, field, "{by}: {fault}");
    }
}

#[test]
fn invalid_json_is_rejected() {
    let wide: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bodies: [Vec<u8>; 24] = [
        wide,
        b"\xef\xbb\xbf".to_vec(),
        with(br#""x":NaN"#),
        with(br#""x":Infinity"#),
        with(br#""x":-Infinity"#),
        with(br#""x":01"#),
        with(br#""x":+1"#),
        with(br#""x":.5"#),
        with(br#""x":1."#),
        with(br#""x":1e"#),
        with(br#""x":0x10"#),
        with(br#""x":True"#),
        with(br#""x":nul"#),
        with(br#""x":'a'"#),
        with(br#""x":undefined"#),
        with(b"x:1"),
        with(br#""x":"\x41""#),
        with(br#""x":"\u12g4""#),
        with(br#""x":[1,]"#),
        with(br#""x":1,"#),
        with(br#""x" 1"#),
        with(b"\"x\":1 // why"),
        with(b"\"x\":1 /* why */"),
        [with(br#""x":1"#), with(br#""x":1"#)].concat(),
    ];
    for body in bodies {
        let fault = read(&body).expect_err("it is no JSON");
        assert_eq!(fault.field, "body", "{}", String::from_utf8_lossy(&body));
        assert!(fault.problem.starts_with("is not JSON: line "), "{fault}");
    }
}

#[test]
fn odd_json_in_an_ignored_event_is_accepted() {
    let table = [
        (r#""2026-11-21T09:30:00.162Z""#, "null"),
        (r#""payload":"#, r#""payload":[],"x":"#),
        (r#""x":0"#, r#""payload":"\ud83d""#),
    ];
    for (of, by) in table {
        let event = instead(of, by).replacen("order.items_cancelled", "order.created", 1);
        assert_eq!(read(event.as_bytes()), Ok(None), "{by}");
    }
    let odd = instead("order.items_cancelled", r"order.\ud83d");
    let envelope = envelope(odd.as_bytes()).unwrap();
    assert_eq!(envelope.name, "order.\u{fffd}");
    assert_eq!(envelope.cancellation(NOW), Ok(None));
}
