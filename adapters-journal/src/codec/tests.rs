//! Round trips: the memo sent after a crash is the memo claimed before it.

use domain::{
    Amount, CivilDate, CustomField, FieldType, InstrumentKey, LineKind, MemoLine, TaxDetail,
    decimal,
};

use super::*;

const KEY: &str = "nst-cm-680ab9e626f2984bfa54";

/// A memo in which every field is set, and every variant of lines and fields occurs.
fn memo() -> CreditMemo {
    CreditMemo {
        key: KEY.parse().unwrap(),
        order: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        units: units(&["a".to_owned(), "b".to_owned(), "shipping".to_owned()]).unwrap(),
        source: Source::Invoice("4711".parse().unwrap()),
        entity: "12".parse().unwrap(),
        currency: Some("2".parse().unwrap()),
        money: "KWD".parse().unwrap(),
        account: "119".parse().ok(),
        location: "5".parse().ok(),
        department: "6".parse().ok(),
        class: "7".parse().ok(),
        subsidiary: "1".parse().ok(),
        custom_form: "101".parse().ok(),
        date: CivilDate::new(2026, 2, 9).unwrap(),
        reference: "MX0001234".to_owned(),
        text: "NewStore cancellation: \"défaut\" <&> \u{1f9e6}".to_owned(),
        tax_item: "-8".parse().ok(),
        tax_basis: TaxBasis::Details,
        lines: kinds().map(line).collect(),
        shipping: Some(BodyShipping {
            cost: amount("5.000"),
            method: "8256".parse().ok(),
            tax_code: "10".parse().ok(),
            taxes: vec![tax()],
        }),
        application: Some(Application {
            invoice: "4711".parse().unwrap(),
            amount: amount("54.38"),
        }),
        fields: field_types().map(field).collect(),
        cleared: vec!["custbody_y".to_owned()],
        credit: amount("54.380"),
        total: amount("-0.001"),
    }
}

/// The same memo without any optional field.
fn bare() -> CreditMemo {
    let line = MemoLine {
        source_line: None,
        quantity: None,
        rate: None,
        tax_code: None,
        taxable: None,
        location: None,
        units: Vec::new(),
        taxes: Vec::new(),
        fields: Vec::new(),
        ..line(LineKind::Item)
    };
    let shipping =
        BodyShipping { method: None, tax_code: None, taxes: Vec::new(), cost: amount("0") };
    CreditMemo {
        units: Vec::new(),
        account: None,
        location: None,
        department: None,
        class: None,
        subsidiary: None,
        custom_form: None,
        tax_item: None,
        tax_basis: TaxBasis::Codes,
        lines: vec![line],
        shipping: Some(shipping),
        application: None,
        fields: Vec::new(),
        cleared: Vec::new(),
        ..memo()
    }
}

fn kinds() -> impl Iterator<Item = LineKind> {
    let payment = LineKind::Payment(InstrumentKey::stored("credit_card/adyen#1"));
    let plain = [LineKind::Item, LineKind::Discount, LineKind::Shipping, LineKind::Tax];
    plain.into_iter().chain([LineKind::Rounding, payment])
}

fn line(kind: LineKind) -> MemoLine {
    MemoLine {
        kind,
        item: "8232".parse().unwrap(),
        source_line: Some(u32::MAX),
        quantity: Some(2),
        rate: Some(amount("16.6666666666666666666666667")),
        amount: amount("-33.33"),
        tax_code: "10".parse().ok(),
        taxable: Some(false),
        location: "5".parse().ok(),
        units: units(&["a".to_owned()]).unwrap(),
        taxes: vec![tax(), tax()],
        fields: vec![field(FieldType::Double)],
    }
}

fn tax() -> TaxDetail {
    TaxDetail {
        tax_type: "3".parse().unwrap(),
        tax_code: "10".parse().unwrap(),
        basis: amount("49.95"),
        rate: decimal("8.8750").unwrap(),
        amount: amount("4.43"),
    }
}

fn field_types() -> impl Iterator<Item = FieldType> {
    let texts = [FieldType::String, FieldType::Select, FieldType::MultiSelect, FieldType::Boolean];
    texts.into_iter().chain([FieldType::Long, FieldType::Double, FieldType::Date])
}

fn field(kind: FieldType) -> CustomField {
    CustomField { script_id: "custbody_x".to_owned(), kind, value: "1, 2".to_owned() }
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

#[test]
fn a_memo_is_read_back_as_it_was() {
    let against = Source::Against("4711".parse().unwrap());
    let sales_order = Source::SalesOrder("815".parse().unwrap());
    let table = [
        memo(),
        bare(),
        CreditMemo { shipping: None, lines: Vec::new(), ..bare() },
        CreditMemo { source: against, ..memo() },
        CreditMemo { source: sales_order, ..memo() },
    ];
    for memo in table {
        let text = encode(&memo).unwrap();
        assert_eq!(decode(KEY, &text).unwrap(), memo, "{text}");
        // Not only equal: 54.380 stays 54.380.
        assert_eq!(format!("{:?}", decode(KEY, &text).unwrap()), format!("{memo:?}"));
    }
}

#[test]
fn a_memo_that_could_not_be_read_back_is_not_stored() {
    let limit = amount("1000000000000");
    let error = encode(&CreditMemo { total: limit + limit, ..memo() }).unwrap_err();
    assert!(error.to_string().contains(KEY), "{error}");
}

/// A memo as it was stored before fields could be cleared.
const FIRST_VERSION: &str = include_str!("first-version.json");

#[test]
fn memos_of_every_version_stay_readable() {
    let first = CreditMemo { cleared: Vec::new(), ..memo() };
    assert_eq!(decode(KEY, FIRST_VERSION).unwrap(), first);
    let cleared = r#" "cleared": ["custbody_y"], "credit":"#;
    let text = FIRST_VERSION.replace(r#" "credit":"#, cleared);
    assert_eq!(decode(KEY, &text).unwrap(), memo());
}

#[test]
fn a_memo_without_cleared_fields_is_stored_as_in_the_first_version() {
    let text = encode(&CreditMemo { cleared: Vec::new(), ..memo() }).unwrap();
    let [ours, first] =
        [&text, FIRST_VERSION].map(|it| serde_json::from_str::<serde_json::Value>(it).unwrap());
    assert_eq!(ours, first);
}

#[test]
fn a_damaged_memo_is_an_error_that_names_its_key() {
    let good = encode(&memo()).unwrap();
    let table = [
        String::new(),
        "null".to_owned(),
        "{}".to_owned(),
        good[..good.len() / 2].to_owned(),
        good.replace(r#""v":"1""#, r#""v":"2""#),
        good.replace("KWD", "XXX"),
        good.replace("2026-02-09", "2026-13-09"),
        good.replace("54.380", "fifty"),
        good.replace("8.8750", "a lot"),
        good.replace(r#""payment""#, r#""barter""#),
        good.replace("multi_select", "any"),
        good.replace(r#""reference""#, r#""refrence""#),
        good.replace(r#"["custbody_y"]"#, r#""custbody_y""#),
        good.replace(KEY, "nst-cm-00000000000000000000"),
    ];
    for text in table {
        let error = decode(KEY, &text).expect_err(&text).to_string();
        assert!(error.contains(KEY), "{error}: {text}");
    }
}
