use serde_json::Value;

use super::*;

#[test]
fn an_invalid_part_of_a_text_becomes_one_replacement_character() {
    let table: [(&[u8], &str); 22] = [
        (br#""plain \u00e4 \n \\ \" \/""#, r#""plain \u00e4 \n \\ \" \/""#),
        ("\u{feff}\"mark\"".as_bytes(), "\"mark\""),
        ("\"in\u{feff}side\"".as_bytes(), "\"in\u{feff}side\""),
        (br#""whole \ud83d\ude00""#, r#""whole \ud83d\ude00""#),
        (br#""whole \uD83D\uDE00""#, r#""whole \uD83D\uDE00""#),
        (br#""first \ud83d""#, r#""first \ufffd""#),
        (br#""second \ude00""#, r#""second \ufffd""#),
        (br#""turned \ude00\ud83d""#, r#""turned \ufffd\ufffd""#),
        (br#""twice \ud83d\ud83d\ude00""#, r#""twice \ufffd\ud83d\ude00""#),
        (br#""before \ud83d\u0041""#, r#""before \ufffd\u0041""#),
        (br#""before \ud83d\n""#, r#""before \ufffd\n""#),
        (br#""before \ud83dx""#, r#""before \ufffdx""#),
        (br#""no escape \\ud83d""#, r#""no escape \\ud83d""#),
        (br#""an escape \\\ud83d""#, r#""an escape \\\ufffd""#),
        (br#"{"\udc00":"\ud800"}"#, r#"{"\ufffd":"\ufffd"}"#),
        (b"\"latin \xe4\"", "\"latin \u{fffd}\""),
        (b"\"half in bytes \xed\xa0\xbd\"", "\"half in bytes \u{fffd}\u{fffd}\u{fffd}\""),
        (b"\"a\ttab\na line\0\"", "\"a tab a line \""),
        (b"{\t\"a\" :\r\n 1}", "{\t\"a\" :\r\n 1}"),
        (br#""digits \u+12f \ud8""#, r#""digits \u+12f \ud8""#),
        (br#""cut \"#, r#""cut \"#),
        ("\"\\\u{e4}\u{e4}\u{1}\"".as_bytes(), "\"\\\u{e4}\u{e4} \""),
    ];
    for (body, expected) in table {
        assert_eq!(mended(body), expected, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn a_clean_text_is_not_copied() {
    for body in [r#"{"a":["b\n","\ud83d\ude00"]}"#, ""] {
        assert!(matches!(mended(body.as_bytes()), Cow::Borrowed(_)), "{body}");
    }
}

#[test]
fn every_cleaned_escape_can_be_read() {
    for unit in 0..=u16::MAX {
        let body = format!("\"x\\u{unit:04x}y\"");
        let text: String = serde_json::from_str(&mended(body.as_bytes())).expect(&body);
        let expected = char::from_u32(unit.into()).unwrap_or('\u{fffd}');
        assert_eq!(text, format!("x{expected}y"));
    }
}

#[test]
fn an_optional_field_of_another_shape_counts_as_absent() {
    #[derive(Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "perhaps")]
        life: Option<u64>,
    }
    let table = [
        ("{}", None),
        (r#"{"life":7}"#, Some(7)),
        (r#"{"life":null}"#, None),
        (r#"{"life":-1}"#, None),
        (r#"{"life":1e999}"#, None),
        (r#"{"life":{"deep":[[[1e999]]]}}"#, None),
    ];
    for (json, expected) in table {
        let holder: Holder = serde_json::from_str(json).expect(json);
        assert_eq!(holder.life, expected, "{json}");
    }
    assert!(serde_json::from_str::<Value>("{\"life\":1e999}").is_err(), "the oddity is one");
}
