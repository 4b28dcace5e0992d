use super::*;
use crate::testing::*;

fn entry(raw: &str) -> Entry {
    if raw == "-1" { Entry::None } else { Entry::Id(id(raw)) }
}

fn leaf(raw: &str) -> PaymentNode {
    PaymentNode::Leaf(entry(raw))
}

fn branch(children: &[(&str, PaymentNode)]) -> PaymentNode {
    PaymentNode::branch(children.iter().map(|(key, node)| ((*key).to_owned(), node.clone())))
}

fn order(currency: &str) -> Order {
    Order::check(&Story::new().currency(currency).unit("a", "1").order).unwrap()
}

#[test]
fn keys_compare_without_case_and_minus_one_means_none() {
    let maps = Maps {
        channels: [("WEB".to_owned(), entry("1")), ("store".to_owned(), entry("-1"))]
            .into_iter()
            .collect(),
        ..Maps::default()
    };
    let order = order("USD");
    assert_eq!(maps.department("web", &order), Ok(entry("1")));
    assert_eq!(maps.department(" Web ", &order), Ok(entry("1")));
    assert_eq!(maps.department("store", &order).unwrap().id(), None);
    assert_eq!(maps.channels.ids().collect::<Vec<_>>(), [&id("1")]);
}

#[test]
fn a_missing_entry_names_table_key_and_order() {
    let (maps, order) = (Maps::default(), order("USD"));
    let table = [
        (maps.department("web", &order).map(|_| ()), "channels", "web"),
        (maps.currency(&order).map(|_| ()), "currencies", "USD"),
        (maps.shipping_method("2_DAY", &order).map(|_| ()), "shipping_methods", "2_DAY"),
        (maps.location("001", &order).map(|_| ()), "locations", "001"),
        (
            maps.payment_item("Credit_Card", "Adyen", &order).map(|_| ()),
            "payment_items",
            "credit_card.adyen.usd",
        ),
    ];
    for (answer, table, key) in table {
        let (table, key, order) = (table.to_owned(), key.to_owned(), "TEST-1".to_owned());
        assert_eq!(answer, Err(Reason::Unmapped { table, key, order }));
    }
}

#[test]
fn a_payment_is_found_by_method_provider_and_currency() {
    let cards = branch(&[
        ("Adyen", branch(&[("USD", leaf("2")), ("cad", leaf("3"))])),
        ("stripe", leaf("4")),
        ("eur", leaf("5")),
        ("paypal", branch(&[])),
    ]);
    let maps = Maps {
        payment_items: [
            ("cash".to_owned(), leaf("1")),
            ("credit_card".to_owned(), cards),
            ("voucher".to_owned(), leaf("-1")),
            ("wallet".to_owned(), branch(&[("usd", leaf("7"))])),
        ]
        .into(),
        gift_card_products: vec![id("8"), id("9")],
        ..Maps::default()
    };
    let table = [
        ("cash", "", "USD", Some("1")),
        ("CASH", "till", "JPY", Some("1")),
        ("credit_card", "adyen", "USD", Some("2")),
        ("Credit_Card", "ADYEN", "CAD", Some("3")),
        ("credit_card", "adyen", "EUR", Some("5")),
        ("credit_card", "adyen", "JPY", None),
        ("credit_card", "stripe", "EUR", Some("4")),
        ("credit_card", "other", "EUR", Some("5")),
        ("credit_card", "other", "USD", None),
        ("credit_card", "paypal", "USD", None),
        ("voucher", "", "USD", Some("-1")),
        ("wallet", "apple", "USD", Some("7")),
        ("wallet", "apple", "CAD", None),
        ("gift_card", "anyone", "USD", Some("8")),
        ("cheque", "", "USD", None),
    ];
    for (method, provider, currency, expected) in table {
        let found = maps.payment_item(method, provider, &order(currency)).ok();
        assert_eq!(found, expected.map(entry), "{method} {provider} {currency}");
    }
    assert!(maps.is_payment_item(&id("3")));
    assert!(!maps.is_payment_item(&id("8")));
}
