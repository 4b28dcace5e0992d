use domain::{Location, Table};

use super::*;

fn id(raw: &str) -> RecordId {
    raw.parse().unwrap()
}

fn table(entries: &[(&str, Entry)]) -> Table {
    entries.iter().map(|(key, entry)| ((*key).to_owned(), entry.clone())).collect()
}

fn maps() -> Maps {
    let leaf = |raw: &str| PaymentNode::Leaf(Entry::Id(id(raw)));
    let adyen = PaymentNode::branch([("usd".to_owned(), leaf("91291"))]);
    let card = PaymentNode::branch([
        ("adyen".to_owned(), adyen),
        ("none".to_owned(), PaymentNode::Leaf(Entry::None)),
    ]);
    let store = Location { id: Entry::Id(id("5")), subsidiary: Some(id("1")) };
    let nowhere = Location { id: Entry::None, subsidiary: None };
    Maps {
        channels: table(&[("web", Entry::Id(id("4"))), ("store", Entry::None)]),
        currencies: table(&[("usd", Entry::Id(id("1")))]),
        shipping_methods: table(&[("ground", Entry::Id(id("4")))]),
        locations: [("001".to_owned(), store), ("002".to_owned(), nowhere)].into(),
        payment_items: [("cash".to_owned(), leaf("91235")), ("credit_card".to_owned(), card)]
            .into(),
        gift_card_products: vec![id("8232"), id("91235")],
    }
}

fn asked(policy: &Policy) -> Vec<String> {
    let requirements = required_records(policy, &maps());
    let line =
        |it: &RequiredRecord| format!("{} {} {}", it.kind.name(), it.id, it.named_by.join("+"));
    requirements.records.iter().map(line).collect()
}

#[test]
fn every_configured_record_is_required_once_with_all_its_settings() {
    let policy = Policy {
        tax_item: Some(id("91235")),
        untaxed_code: Some(id("-8")),
        custom_form: Some(id("101")),
        item: ItemPolicy::Fixed(id("7777")),
        ..Policy::default()
    };
    let expected = [
        "location 5 maps.locations.001",
        "department 4 maps.channels",
        "subsidiary 1 maps.locations.001",
        "currency 1 maps.currencies",
        "item 7777 policy.item",
        "item 8232 maps.gift_card_products",
        "item 91235 policy.tax_item+maps.payment_items.cash+maps.gift_card_products",
        "item 91291 maps.payment_items.credit_card.adyen.usd",
        "shipping method 4 maps.shipping_methods",
        "tax code -8 policy.untaxed_code",
        "form 101 policy.custom_form",
    ];
    assert_eq!(asked(&policy), expected);
}

#[test]
fn shipping_as_a_line_names_items() {
    let policy = Policy { shipping_as: ShippingAs::Line, ..Policy::default() };
    let asked = asked(&policy);
    assert!(asked.contains(&"item 4 maps.shipping_methods".to_owned()), "{asked:?}");
}
