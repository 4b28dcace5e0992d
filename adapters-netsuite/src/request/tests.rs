//! Golden requests: byte for byte what was validated against the schema.

use std::path::Path;

use domain::{
    Amount, BodyShipping, CreditMemo, FieldType, InstrumentKey, LineKind, LineTarget, LinesToClose,
    MemoLine, Source, Standing, TaxBasis, TaxDetail,
};
use ports::{RecordKind, contract::assert_golden};

use super::*;
use crate::fixtures::{
    NONCE, OTHER_UNIT, TIMESTAMP, amount, conventions, credentials, field, id, item_line, memo,
    unit,
};

/// Every operation, and every form a memo can take.
fn cases() -> Vec<(&'static str, Request)> {
    let add = |memo: CreditMemo| add(&memo, &conventions());
    let ids = |raw: &[&str]| raw.iter().map(|it| id(it)).collect::<Vec<_>>();
    vec![
        ("get_sales_order.xml", get_by_external_id(RecordType::SalesOrder, "US-100042 <&> \"'é")),
        ("get_credit_memo.xml", get_by_external_id(RecordType::CreditMemo, &memo().key)),
        ("get_list_credit_memos.xml", get_list(RecordType::CreditMemo, &ids(&["71300", "71301"]))),
        ("get_list_invoices.xml", get_list(RecordType::Invoice, &ids(&["70211", "70212"]))),
        ("get_sales_order_by_id.xml", get(RecordType::SalesOrder, &id("68001"))),
        ("search_bills_of_order.xml", sales_documents_of(&id("68001"))),
        ("search_bills_of_number.xml", sales_documents_of_number("US-100042 <&>")),
        ("search_memos_of_invoices.xml", memos_of(&ids(&["70211", "70212"]))),
        ("search_memos_by_reference.xml", memos_by_reference("US-100042")),
        ("search_voided_memos.xml", voided_memos(&ids(&["71300", "71301"]))),
        ("search_memos_since.xml", memos_since("2026-11-20T00:00:00Z", Standing::Valid)),
        ("search_voided_memos_since.xml", memos_since("2026-11-20T00:00:00Z", Standing::Voided)),
        ("search_more.xml", page("WEBSERVICES_TSTDRV123_SB1_1_abc", 2)),
        ("get_server_time.xml", server_time()),
        ("initialize_memo_form.xml", memo_form()),
        ("get_list_of_items.xml", list(RecordKind::Item, &ids(&["8494", "91291"]))),
        ("get_list_of_tax_codes.xml", list(RecordKind::TaxCode, &ids(&["501"]))),
        ("get_list_of_locations.xml", list(RecordKind::Location, &ids(&["5", "12"]))),
        (
            "get_list_of_body_fields.xml",
            custom_fields(FieldPlace::Body, ["custbody_a", "custbody_b"]),
        ),
        ("get_list_of_line_fields.xml", custom_fields(FieldPlace::Line, ["custcol_a"])),
        ("search_invoices_of_late.xml", some_invoices(Some("2026-10-24T08:30:00Z"))),
        ("search_invoices_of_any_age.xml", some_invoices(None::<&str>)),
        ("update_close_lines.xml", close_lines(&lines_to_close())),
        ("add_memo.xml", add(memo())),
        ("add_memo_with_every_field.xml", add(memo_with_every_field())),
        ("add_memo_with_shipping_left_open.xml", add(memo_with_shipping())),
        ("add_memo_with_tax_details.xml", add(memo_with_tax_details())),
        ("add_memo_with_payment_lines.xml", add(memo_with_payment_lines())),
        ("add_memo_against_invoice.xml", add(memo_against_invoice())),
        ("add_memo_standalone.xml", add(memo_standalone())),
    ]
}

fn lines_to_close() -> LinesToClose {
    let target = |line, quantity: Option<i64>, amount, closed| LineTarget {
        line,
        quantity: quantity.map(Into::into),
        amount,
        closed,
    };
    LinesToClose {
        sales_order: id("68001"),
        targets: vec![
            target(1, Some(2), None, false),
            target(8, Some(0), None, true),
            target(9, None, Some(Amount::cents(0)), true),
        ],
    }
}

fn line(kind: LineKind, item: &str, raw: &str) -> MemoLine {
    MemoLine {
        kind,
        item: id(item),
        source_line: None,
        quantity: None,
        rate: None,
        amount: amount(raw),
        tax_code: Some(id("-8")),
        taxable: None,
        location: None,
        units: Vec::new(),
        taxes: Vec::new(),
        fields: Vec::new(),
    }
}

fn memo_with_every_field() -> CreditMemo {
    let two_units = MemoLine {
        quantity: Some(2),
        rate: None,
        amount: amount("66.67"),
        tax_code: None,
        taxable: Some(true),
        units: vec![unit(OTHER_UNIT), memo().units[0].clone()],
        fields: vec![field("custcol_rate", FieldType::Double, "8.8750")],
        ..item_line()
    };
    let discount = MemoLine {
        source_line: Some(2),
        tax_code: None,
        taxable: Some(true),
        ..line(LineKind::Discount, "8494", "-5.00")
    };
    CreditMemo {
        department: Some(id("4")),
        class: Some(id("7")),
        subsidiary: Some(id("2")),
        custom_form: Some(id("101")),
        tax_item: Some(id("-112")),
        text: "bell \u{7}, escape \u{1b}, none \u{fffe}; <b>&amp;</b> \u{1f4e6}".to_owned(),
        lines: vec![two_units, discount, line(LineKind::Rounding, "12777", "0.01")],
        fields: vec![
            field("custbody_nws_order_id", FieldType::String, "US-100042 & co"),
            field("custbody_reason", FieldType::Select, "3"),
            field("custbody_channels", FieldType::MultiSelect, "1, 2,"),
            field("custbody_from_integration", FieldType::Boolean, "true"),
            field("custbody_attempt", FieldType::Long, "1"),
            field("custbody_total", FieldType::Double, "54.38"),
            field("custbody_cancelled_on", FieldType::Date, "2026-11-23"),
        ],
        cleared: vec!["custbody_delivery_note".to_owned(), "custbody_sent_on".to_owned()],
        ..memo()
    }
}

fn memo_with_shipping() -> CreditMemo {
    let shipping = BodyShipping {
        cost: amount("5.00"),
        method: Some(id("8256")),
        tax_code: Some(id("-8")),
        taxes: Vec::new(),
    };
    CreditMemo { shipping: Some(shipping), application: None, ..memo() }
}

fn memo_with_tax_details() -> CreditMemo {
    let tax = |basis: &str, tax: &str| TaxDetail {
        tax_type: id("5"),
        tax_code: id("9"),
        basis: amount(basis),
        rate: "8.8750".parse().unwrap(),
        amount: amount(tax),
    };
    let goods = MemoLine { tax_code: None, taxes: vec![tax("49.95", "4.43")], ..item_line() };
    let rounding = MemoLine { tax_code: None, ..line(LineKind::Rounding, "12777", "0.01") };
    let shipping = BodyShipping {
        cost: amount("5.00"),
        method: Some(id("8256")),
        tax_code: None,
        taxes: vec![tax("5.00", "0.44")],
    };
    CreditMemo {
        tax_basis: TaxBasis::Details,
        lines: vec![rounding, goods],
        shipping: Some(shipping),
        ..memo()
    }
}

fn memo_with_payment_lines() -> CreditMemo {
    let payment =
        |key, item, amount| line(LineKind::Payment(InstrumentKey::stored(key)), item, amount);
    let gift_card = MemoLine {
        fields: vec![field("custcol_nws_gcnumber", FieldType::String, "1234")],
        ..payment("gift_card", "91254", "-15.00")
    };
    let lines = vec![
        item_line(),
        line(LineKind::Tax, "10", "4.43"),
        gift_card,
        payment("credit_card", "91291", "-39.38"),
    ];
    CreditMemo { lines, application: None, total: Amount::cents(0), ..memo() }
}

fn memo_against_invoice() -> CreditMemo {
    let goods = MemoLine { source_line: None, item: id("12001"), ..item_line() };
    CreditMemo { source: Source::Against(id("70211")), lines: vec![goods], ..memo() }
}

fn memo_standalone() -> CreditMemo {
    CreditMemo {
        source: Source::SalesOrder(id("68001")),
        account: None,
        application: None,
        ..memo_against_invoice()
    }
}

/// The message under Oracle's published example of a passport.
fn written(request: &Request) -> String {
    let credentials = credentials("TSTDRV123_SB1");
    request.envelope("2025_2", &credentials.sign(NONCE.to_owned(), TIMESTAMP))
}

#[test]
fn requests_are_what_the_schema_wants() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden");
    let cases = cases();
    assert_golden(&folder, cases.iter().map(|(name, request)| (*name, written(request))));
}

#[test]
fn the_version_is_in_every_namespace() {
    let credentials = credentials("1234567");
    let passport = credentials.sign(NONCE.to_owned(), TIMESTAMP);
    let written = sales_documents_of(&id("1")).envelope("2024_1", &passport);
    assert_eq!(written.matches("_2024_1.").count(), 5, "{written}");
    assert!(!written.contains("2025_2"), "{written}");
}

#[test]
fn memos_are_looked_for_by_the_number_that_they_can_bear() {
    let written = written(&memos_by_reference(&"é".repeat(50)));
    let number = "é".repeat(45);
    assert!(written.contains(&format!("<c:searchValue>{number}</c:searchValue>")), "{written}");
}

#[test]
fn a_line_that_brings_the_key_column_along_has_it_once() {
    let given = MemoLine {
        fields: vec![field("custcol_nws_item_id", FieldType::String, "as decided")],
        ..item_line()
    };
    let written = written(&add(&CreditMemo { lines: vec![given], ..memo() }, &conventions()));
    assert_eq!(written.matches("custcol_nws_item_id").count(), 1, "{written}");
    assert!(written.contains("<c:value>as decided</c:value>"), "{written}");
}

#[test]
fn a_date_field_that_holds_no_date_goes_as_it_is() {
    let fields = vec![field("custbody_on", FieldType::Date, "soon")];
    let written = written(&add(&CreditMemo { fields, ..memo() }, &conventions()));
    assert!(written.contains("<c:value>soon</c:value>"), "{written}");
}
