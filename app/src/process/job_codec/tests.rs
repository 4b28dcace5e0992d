use domain::UnitId;

use super::*;

/// A job of version 1.
const FIRST_VERSION: &str = include_str!("first-version.json");

fn unit(nth: usize) -> UnitId {
    format!("dc333267-856c-421a-ac7a-{nth:012}").parse().unwrap()
}

fn cancellation(units: impl IntoIterator<Item = (UnitId, Option<String>)>) -> Cancellation {
    Cancellation {
        tenant: "dodici".parse().unwrap(),
        event: "order.items_cancelled".to_owned(),
        order: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        units: units.into_iter().collect(),
        published_at: Timestamp::from_millis(1_795_253_400_162),
    }
}

#[test]
fn a_job_of_either_version_is_the_cancellation() {
    let expected =
        cancellation([(unit(1), Some("sold out \u{fffd}\"".to_owned())), (unit(2), None)]);
    assert_eq!(decode(FIRST_VERSION).unwrap(), expected);
    assert_eq!(decode(&encode(&expected)).unwrap(), expected);
}

#[test]
fn a_body_has_only_characters_that_sqs_takes() {
    let reason = "nothing \0 left, \u{8}\u{fffd}\u{1f600}".to_owned();
    let whole = cancellation([(unit(1), Some(reason))]);
    let body = encode(&whole);
    assert!(!body.chars().any(char::is_control), "{body}");
    assert_eq!(decode(&body).unwrap(), whole);
}

#[test]
fn another_body_is_an_error_that_names_the_cause() {
    let version = encode(&cancellation([(unit(1), None)]));
    let table = [
        ("", "it is not a job of version 1 or 2"),
        ("{}", "it is not a job of version 1 or 2"),
        (
            &version.replace("\"version\":2", "\"version\":3"),
            "it has version 3, which is not known",
        ),
        (&version.replace("9f4e8ffc", "none"), "it has an invalid id"),
        (&FIRST_VERSION.replace("2026", "soon"), "its publication time cannot be read"),
    ];
    for (body, expected) in table {
        assert_eq!(decode(body).unwrap_err().to_string(), expected, "{body}");
    }
}

#[test]
fn five_thousand_units_fit_the_smallest_queue_and_the_most_units_the_largest() {
    for (count, keeps_reasons) in [(2000, true), (5000, false)] {
        let reason = || Some("insufficient_stock".to_owned());
        let whole = cancellation((0..count).map(|nth| (unit(nth), reason())));
        let body = encode(&whole);
        assert!(body.len() <= MAX_BYTES, "{count} units: {} bytes", body.len());
        let again = decode(&body).unwrap();
        assert_eq!(again.id(), whole.id());
        assert_eq!(again == whole, keeps_reasons, "{count} units");
    }
    let longest = |nth: usize| format!("{nth:064}").parse().unwrap();
    let reason = Some("\u{1f600}\"".repeat(100));
    let body = encode(&cancellation((0..10_000).map(|nth| (longest(nth), reason.clone()))));
    assert!(body.len() <= 1024 * 1024, "{} bytes", body.len());
}
