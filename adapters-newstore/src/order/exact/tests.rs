use super::*;

fn read(json: &str) -> ReportedAmount {
    #[derive(Deserialize)]
    struct Line {
        tax: Option<BigFloat>,
    }
    let line: Line = serde_json::from_str(json).unwrap();
    line.tax.map_or(ReportedAmount::Absent, |it| it.0)
}

#[test]
fn numbers_and_texts_are_the_same_number() {
    let table = [
        ("89.40", "89.40"),
        ("0.1", "0.1"),
        ("-5", "-5"),
        ("1e2", "100"),
        ("12345678901.234567", "12345678901.234567"),
        ("0.30000000000000004", "0.30000000000000004"),
        ("100000000000.000000000000001", "100000000000.000000000000001"),
    ];
    for (number, expected) in table {
        let expected = ReportedAmount::Value(expected.parse().unwrap());
        assert_eq!(read(&format!("{{\"tax\":{number}}}")), expected, "number {number}");
        assert_eq!(read(&format!("{{\"tax\": \"{number}\" }}")), expected, "text {number}");
    }
}

#[test]
fn a_value_that_is_no_number_is_kept_for_the_error_text() {
    let table = [
        ("null", ReportedAmount::Absent),
        ("\"\"", ReportedAmount::Unreadable(String::new())),
        ("\"19,95\"", ReportedAmount::Unreadable("19,95".to_owned())),
        ("true", ReportedAmount::Unreadable("true".to_owned())),
        ("[1]", ReportedAmount::Unreadable("[1]".to_owned())),
        ("{\"amount\":1}", ReportedAmount::Unreadable("{\"amount\":1}".to_owned())),
        ("1e400", ReportedAmount::Unreadable("1e400".to_owned())),
        ("9999999999999", ReportedAmount::Unreadable("9999999999999".to_owned())),
    ];
    for (json, expected) in table {
        assert_eq!(read(&format!("{{\"tax\":{json}}}")), expected, "{json}");
    }
    assert_eq!(read("{}"), ReportedAmount::Absent);
}
