//! Every oddity of JSON (RFC 8259) in an answer about an order: none makes the order wait.

use domain::OrderSnapshot;
use ports::StorefrontError;

use crate::fuzzing;

const ORDER: &str = "5b1f0c52-7a55-4c1e-9d0e-000000000001";

fn read(body: &[u8]) -> Result<Option<OrderSnapshot>, StorefrontError> {
    fuzzing::order(&ORDER.parse().unwrap(), 200, body, "s3cret")
}

/// An answer with these members beside `data`, in the order, and in its item.
fn with(member: &[u8]) -> Vec<u8> {
    let parts: [&[u8]; 7] = [
        b"{",
        member,
        br#","data":{"order":{"externalId":"M1","grandTotal":20.00,"#,
        member,
        br#","items":{"edges":[{"node":{"id":"A","productId":"SHIRT","pricebookPrice":"20.00","#,
        member,
        b"}}]}}}}",
    ];
    parts.concat()
}

/// An answer with this text as the name of its product.
fn product(text: &[u8]) -> Vec<u8> {
    let answer = with(br#""x":0"#);
    let at = answer.windows(7).position(|it| it == b"\"SHIRT\"").expect("a product");
    [&answer[..at], text, &answer[at + 7..]].concat()
}

#[test]
fn an_odd_text_is_read_as_far_as_possible() {
    let table: [(&[u8], &str); 8] = [
        (br#""SHIRT \ud83d""#, "SHIRT \u{fffd}"),
        (br#""\ude00SHIRT""#, "\u{fffd}SHIRT"),
        (br#""SHIRT \ud83d\ude00""#, "SHIRT \u{1f600}"),
        (b"\"CHEMIS\xc9\"", "CHEMIS\u{fffd}"),
        (b"\"A\nB\"", "A B"),
        (br#""A\u0000B""#, "A\0B"),
        (br#""A\/B""#, "A/B"),
        ("\"A\u{feff}\"".as_bytes(), "A\u{feff}"),
    ];
    for (text, expected) in table {
        let shown = String::from_utf8_lossy(text).into_owned();
        let order = read(&product(text)).unwrap_or_else(|why| panic!("{why:?}: {shown}"));
        let order = order.expect("an order");
        assert_eq!(order.units[0].product.as_deref(), Some(expected), "{shown}");
    }
}

#[test]
fn unrequested_fields_may_have_any_shape() {
    let plain = read(&with(br#""x":0"#)).unwrap().expect("an order");
    assert_eq!(plain.units[0].price, domain::ReportedAmount::of("20.00"));
    let deep = format!(r#""x":{}{}"#, "[".repeat(100_000), "]".repeat(100_000));
    let table: [&[u8]; 14] = [
        br#""x":"\ud83d""#,
        br#""\ud83d":"x""#,
        b"\"x\":\"\xff\"",
        b"\"x\":\"\0\"",
        br#""x":1e999"#,
        br#""x":-0"#,
        br#""x":123456789012345678901234567890"#,
        br#""x":1,"x":[]"#,
        br#""extensions":{"cost":1e999,"trace":"\ud83d"}"#,
        br#""extensions":[]"#,
        br#""errors":null"#,
        br#""errors":[]"#,
        br#""":"""#,
        deep.as_bytes(),
    ];
    for member in table {
        let order = read(&with(member)).unwrap_or_else(|why| panic!("{why:?}"));
        assert_eq!(order.as_ref(), Some(&plain));
        let marked = [&b"\xef\xbb\xbf"[..], &with(member), b"\n"].concat();
        assert_eq!(read(&marked).unwrap().as_ref(), Some(&plain));
    }
}

#[test]
fn an_amount_is_read_to_the_last_digit() {
    let table = [
        "20.00",
        "\"20.00\"",
        "2e1",
        "0.1000000000000000000000000001",
        "1e999",
        "\"\\ud83d\"",
        "[]",
    ];
    for amount in table {
        let answer = with(br#""x":0"#);
        let answer = String::from_utf8(answer).unwrap().replace("\"20.00\"", amount);
        let order = read(answer.as_bytes()).unwrap().expect("an order");
        let text = amount.trim_matches('"').replace("\\ud83d", "\u{fffd}");
        assert_eq!(order.units[0].price, domain::ReportedAmount::of(&text), "{amount}");
    }
}

#[test]
fn invalid_json_or_a_repeated_field_is_unreadable() {
    let bodies: [Vec<u8>; 8] = [
        with(br#""x":NaN"#),
        with(br#""x":01"#),
        with(br#""x":'a'"#),
        with(br#""x":[1,]"#),
        with(br#""x":"\u12g4""#),
        b"{".to_vec(),
        b"\xef\xbb\xbf".to_vec(),
        // Amounts are not guessed: either of the two could be the price.
        with(br#""pricebookPrice":"30.00""#),
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body).into_owned();
        assert!(matches!(read(&body), Err(StorefrontError::Unreadable(_))), "{shown}");
    }
}
