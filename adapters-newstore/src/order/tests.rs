use domain::{Amount, ReportedAmount};
use graphql_client::Response;
use serde_json::{Value, json};

use super::*;

fn parsed(answer: &str) -> Option<OrderPage> {
    let response: Response<ResponseData> = serde_json::from_str(answer).unwrap();
    OrderPage::of(response.data.unwrap())
}

fn id() -> OrderId {
    "5c0b4c0e-5d3f-4b8e-9c54-0f6c1b7a2d11".parse().unwrap()
}

/// The snapshot of an answer whose lists have one page.
fn snapshot(answer: &str) -> OrderSnapshot {
    let mut page = parsed(answer).unwrap();
    let units = std::mem::take(&mut page.units).nodes.into_iter().flatten().collect();
    let instruments = page.instruments.take().map(|page| {
        let instruments = page.nodes.into_iter().flatten();
        instruments
            .map(|mut it| {
                let transactions = it.transactions().nodes.into_iter().flatten().collect();
                it.snapshot(transactions)
            })
            .collect()
    });
    page.snapshot(&id(), units, instruments)
}

fn owned(text: &str) -> String {
    text.to_owned()
}

fn value(cents: i64) -> ReportedAmount {
    ReportedAmount::Value(Amount::cents(cents))
}

#[test]
fn an_answer_becomes_a_snapshot_field_by_field() {
    let card = InstrumentSnapshot {
        method: Some(owned("credit_card")),
        provider: Some(owned("adyen")),
        last_four: None,
        transactions: vec![
            TransactionSnapshot {
                kind: Some(owned("authorize")),
                amount: value(12_410),
                currency: Some(owned("EUR")),
            },
            TransactionSnapshot {
                kind: Some(owned("capture")),
                amount: value(-12_410),
                currency: None,
            },
        ],
    };
    let gift_card = InstrumentSnapshot { method: Some(owned("gift_card")), ..Default::default() };
    let expected = OrderSnapshot {
        id: id(),
        external_id: Some(owned("DOD-1042")),
        currency: Some(owned("EUR")),
        channel: Some(owned("MILANO-1")),
        channel_type: Some(owned("store")),
        demand_location: Some(owned("001")),
        tax_strategy: Some(owned("vat_included")),
        price_method: Some(owned("tax_included")),
        is_exchange: true,
        is_historical: false,
        shipping_total: value(500),
        shipping_tax: value(90),
        grand_total: value(1_234_567_890_123),
        coupon: Some(owned("WELCOME10")),
        units: vec![
            UnitSnapshot {
                id: "a1b2c3d4-0000-4000-8000-000000000001".to_owned(),
                product: Some(owned("10000")),
                quantity: value(100),
                price: value(11_910),
                item_discounts: value(400),
                order_discounts: value(100),
                tax: value(1_900),
                status: Some(owned("cancelled")),
                reason: Some(owned("insufficient_stock")),
                service_level: Some(owned("GROUND")),
            },
            UnitSnapshot {
                id: "a1b2c3d4-0000-4000-8000-000000000002".to_owned(),
                price: ReportedAmount::Unreadable("19,95".to_owned()),
                status: Some(owned("complete")),
                ..Default::default()
            },
        ],
        payments: Some(vec![card, gift_card]),
    };
    assert_eq!(snapshot(include_str!("../../testdata/order.json")), expected);
}

#[test]
fn late_payments_are_distinguished_from_empty_ones() {
    let table = [
        (json!(null), None),
        (json!({ "instruments": null }), None),
        (json!({ "instruments": { "edges": [] } }), Some(vec![])),
        (json!({ "instruments": { "edges": null } }), Some(vec![])),
    ];
    for (account, expected) in table {
        let answer = json!({ "data": { "order": { "paymentAccount": account } } });
        assert_eq!(snapshot(&answer.to_string()).payments, expected, "{account}");
    }
}

#[test]
fn an_answer_without_an_order_is_none() {
    assert!(parsed(r#"{"data":{"order":null}}"#).is_none());
    assert!(parsed(r#"{"data":{}}"#).is_none());
    let bare = snapshot(r#"{"data":{"order":{}}}"#);
    assert_eq!((bare.units, bare.payments, bare.is_exchange), (vec![], None, false));
}

#[test]
fn the_query_sends_only_known_cursors() {
    let variables = Variables {
        id: id().to_string(),
        tenant: "dodici".to_owned(),
        first: 100,
        items_after: None,
        items_offset: Some(100),
        instruments_after: Some(owned("cursor")),
        instruments_offset: None,
        transactions_after: None,
        transactions_offset: None,
    };
    let question: Value = serde_json::to_value(Order::build_query(variables)).unwrap();
    assert_eq!(question["operationName"], "Order");
    assert_eq!(
        question["variables"],
        json!({
            "id": id().as_str(),
            "tenant": "dodici",
            "first": 100,
            "itemsOffset": 100,
            "instrumentsAfter": "cursor",
        })
    );
}

#[test]
fn the_query_requests_no_personal_data() {
    let query = order::QUERY.to_lowercase();
    for word in ["customer", "email", "address", "name", "phone", "associate", "placedat"] {
        assert!(!query.contains(word), "{word}");
    }
}
