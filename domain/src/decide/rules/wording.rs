//! The other fields of the memo: classification, date and texts.

use super::*;
use crate::{Entry, Location, SubsidiaryRule};

fn matched(mut story: Story) -> Story {
    let location = |location: &str, subsidiary: &str| Location {
        id: Entry::Id(id(location)),
        subsidiary: Some(id(subsidiary)),
    };
    story.maps.locations =
        [("dc1".to_owned(), location("5", "31")), ("usc".to_owned(), location("6", "32"))].into();
    story.reporting(|order| order.demand_location = Some("DC1".into()))
}

fn bare(story: Story) -> Story {
    story.but(|billing| billing.invoices[0].classes = crate::Classes::default())
}

#[test]
fn the_memo_copies_the_invoices_classification() {
    let story = matched(plain()).but(|billing| {
        let classes = &mut billing.invoices[0].classes;
        classes.department = Some(id("21"));
        classes.class = Some(id("22"));
        classes.subsidiary = Some(id("23"));
        billing.invoices[0].lines[0].location = Some(id("24"));
    });
    let memo = story.memo(&["a", "b"]);
    assert_eq!((memo.location, memo.department), (Some(id("12")), Some(id("21"))));
    assert_eq!((memo.class, memo.subsidiary), (Some(id("22")), None));
    assert_eq!((memo.entity, memo.currency), (id("55"), Some(id("1"))));
    assert_eq!(memo.account, Some(id("122")));
    let places: Vec<_> = memo.lines.iter().map(|line| line.location.clone()).collect();
    assert_eq!(places, [Some(id("24")), Some(id("12"))]);
    let sent = story.with(|policy| policy.subsidiary = SubsidiaryRule::Send);
    assert_eq!(sent.memo(&["a"]).subsidiary, Some(id("23")));
}

#[test]
fn the_maps_fill_only_the_missing_classification() {
    let memo = matched(bare(plain())).memo(&["a"]);
    assert_eq!((memo.location, memo.department), (Some(id("5")), Some(id("1"))));
    let sold = matched(bare(plain())).reporting(|order| order.channel_type = Some("Store".into()));
    assert_eq!(stops(&sold, &["a"]), ("park", "unmapped"), "channels has no store");
    let mut sold = sold;
    sold.maps.channels = [("store".to_owned(), Entry::None)].into_iter().collect();
    let sold = sold.with(|policy| policy.subsidiary = SubsidiaryRule::Send);
    let memo = sold.memo(&["a"]);
    assert_eq!((memo.location, memo.department), (Some(id("6")), None));
    assert_eq!(memo.subsidiary, Some(id("32")));
}

#[test]
fn unmapped_parks_for_each_map_and_only_when_it_is_needed() {
    let nowhere =
        |story: Story| story.reporting(|order| order.demand_location = Some("DC9".into()));
    let table: [(Story, &str, &str); 4] = [
        (nowhere(matched(bare(plain()))), "locations", "DC9"),
        (plain().reporting(|it| it.channel_type = Some("kiosk".into())), "channels", "kiosk"),
        (plain().reporting(|it| it.currency = Some("CAD".into())), "currencies", "CAD"),
        (
            plain().shipping("5.00", "0.00").refunded("5.00").reporting(|it| {
                it.units[0].service_level = Some("DRONE".into());
                it.grand_total = crate::ReportedAmount::of("55.00");
                for payment in it.payments.iter_mut().flatten() {
                    payment
                        .transactions
                        .iter_mut()
                        .for_each(|transaction| transaction.currency = None);
                }
            }),
            "shipping_methods",
            "DRONE",
        ),
    ];
    for (story, table, key) in table {
        let story = story.reporting(|order| {
            for payment in order.payments.iter_mut().flatten() {
                payment.transactions.iter_mut().for_each(|transaction| transaction.currency = None);
            }
        });
        match story.decide(&["a", "b"]) {
            Decision::Stop(Stop::Park(Reason::Unmapped {
                table: found_table,
                key: found_key,
                order,
            })) => {
                assert_eq!((&*found_table, &*found_key, &*order), (table, key, "TEST-1"));
            }
            decision => panic!("{table}: {decision:?}"),
        }
    }
    drop(nowhere(matched(plain())).memo(&["a"]));
    drop(bare(plain()).reporting(|it| it.channel_type = None).memo(&["a"]));
}

#[test]
fn minus_one_means_none_in_every_classification() {
    let mut story = matched(bare(plain()));
    story.maps.locations.get_mut("dc1").unwrap().id = Entry::None;
    story.maps.channels = [("web".to_owned(), Entry::None)].into_iter().collect();
    let memo = story.memo(&["a"]);
    assert_eq!((memo.location, memo.department), (None, None));
}

#[test]
fn the_date_is_the_latest_of_event_invoice_and_open_period() {
    let table = [
        ("2020-02-19", None, "2020-02-20"),
        ("2020-02-20", None, "2020-02-20"),
        ("2020-02-21", None, "2020-02-21"),
        ("2020-02-21", Some("2020-02-01"), "2020-02-21"),
        ("2020-02-19", Some("2020-03-01"), "2020-03-01"),
    ];
    for (published, not_before, expected) in table {
        let story = plain().published(published);
        let story = match not_before {
            Some(raw) => story.not_before(raw),
            None => story,
        };
        assert_eq!(story.memo(&["a"]).date, date(expected), "{published} {not_before:?}");
    }
}

#[test]
fn the_text_names_order_reasons_and_payments_once_each() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").unit("c", "1.00");
    let story = story.paid_by("gift_card", "", "15.00").refunded("15.00");
    let story = story.instrument("paypal", "paypal").paid("36.00").refunded("36.00");
    let story = story.reporting(|order| {
        order.units[1].reason = Some("fraud".into());
        order.units[2].reason = Some("insufficient_stock".into());
    });
    let memo = story.memo(&["a", "b", "c"]);
    let end = "insufficient_stock, fraud; paid gift_card 15.00, credit_card/adyen 36.00";
    assert!(memo.text.ends_with(&format!("cancellation TEST-1: {end}")), "{}", memo.text);
    let silent =
        story.reporting(|order| order.units.iter_mut().for_each(|unit| unit.reason = None));
    let text = silent.memo(&["a"]).text;
    assert!(text.contains("cancellation TEST-1; paid"), "{text}");
}

#[test]
fn long_texts_are_cut_by_utf16_units() {
    let story = plain().reporting(|order| {
        order.external_id = Some("é".repeat(60));
        order.units[0].reason = Some("ü".repeat(2000));
    });
    let memo = story.memo(&["a"]);
    assert_eq!(memo.reference, "é".repeat(45));
    assert_eq!(memo.text.chars().count(), 999);
    // An emoji has two units and is never split.
    let emojis = plain().reporting(|order| {
        order.external_id = Some("😀".repeat(60));
        order.units[0].reason = Some("😀".repeat(2000));
    });
    let memo = emojis.memo(&["a"]);
    assert_eq!(memo.reference, "😀".repeat(22));
    assert!((998..=999).contains(&memo.text.encode_utf16().count()), "{}", memo.text);
    assert!(memo.text.ends_with('😀'), "{}", memo.text);
}

#[test]
fn the_subsidiary_is_set_where_no_invoice_is_copied() {
    fn in_subsidiary(billing: &mut Billing) {
        billing.invoices.iter_mut().for_each(|invoice| invoice.classes.subsidiary = Some(id("23")));
        billing.sales_order.as_mut().unwrap().classes.subsidiary = Some(id("24"));
    }
    let fixed = |policy: &mut Policy| policy.item = crate::ItemPolicy::Fixed(id("777"));
    let alone = |policy: &mut Policy| policy.not_invoiced = NotInvoiced::StandaloneMemo;
    let table = [
        ("made from the invoice", plain(), None),
        ("an item of its own", plain().with(fixed), Some(id("23"))),
        ("no invoice", plain().unbilled().with(alone), Some(id("24"))),
    ];
    for (what, story, expected) in table {
        assert_eq!(story.clone().memo(&["a"]).subsidiary, None, "{what}, in no subsidiary");
        assert_eq!(story.but(in_subsidiary).memo(&["a"]).subsidiary, expected, "{what}");
    }
}

#[test]
fn an_order_without_a_number_uses_its_id() {
    let memo = plain().reporting(|order| order.external_id = Some(" ".into())).memo(&["a"]);
    assert_eq!(memo.reference, ORDER);
}

#[test]
fn the_custom_form_comes_from_the_policy() {
    assert_eq!(plain().memo(&["a"]).custom_form, None);
    let story = plain().with(|policy| policy.custom_form = Some(id("101")));
    assert_eq!(story.memo(&["a"]).custom_form, Some(id("101")));
}

#[test]
fn the_key_does_not_depend_on_the_memos_fields() {
    let key = plain().memo(&["a"]).key;
    for story in [
        plain().nameless(),
        plain().with(|policy| policy.item = crate::ItemPolicy::Fixed(id("777"))),
        plain().but(|billing| billing.invoices[0].id = id("701")),
        plain().published("2021-01-01"),
        plain().reporting(|order| order.external_id = Some("OTHER".into())),
    ] {
        assert_eq!(story.memo(&["a"]).key, key, "{story:#?}");
    }
    assert_ne!(plain().memo(&["a", "b"]).key, key);
}
