use super::*;
use crate::testing::*;

#[test]
fn example_1_one_item_of_a_paid_order() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00").refunded("20.00");
    let plan = check(&story, &["a"], &[&["item-a 20.00 @1", "credit 20.00", "total 20.00"]]);
    let application = plan.memos[0].application.as_ref().unwrap();
    assert_eq!((application.invoice.as_str(), application.amount), ("700", amount("20.00")));
    assert_eq!(
        plan.memos[0].text,
        "NewStore cancellation TEST-1: insufficient_stock; paid credit_card/adyen 50.00"
    );
}

#[test]
fn example_2_the_erp_computes_the_tax_and_memobridge_compares_it() {
    let story = Story::new().unit("a", "49.95").tax("4.43").unit("b", "10.00").tax("0.89");
    let story = story.paid("65.27").refunded("54.38");
    let plan = check(&story, &["a"], &[&["item-a 49.95 @1", "credit 54.38", "total 54.38"]]);
    assert_eq!(plan.memos[0].lines[0].tax_code, Some(id("tax-7")));
}

#[test]
fn example_3_discounts_of_both_kinds_are_one_line() {
    let story = Story::new().unit("a", "20.00").discounts("4.00", "1.00").tax("1.20");
    let story = story.unit("b", "10.00").paid("26.20").refunded("16.20");
    let lines = ["item-a 20.00 @1", "8494 -5.00 @2", "credit 16.20", "total 16.20"];
    check(&story, &["a"], &[&lines]);
    let net = story.with(|policy| policy.discounts = crate::Discounts::Net);
    check(&net, &["a"], &[&["item-a 15.00 @1", "credit 16.20", "total 16.20"]]);
}

#[test]
fn example_4_shipping_goes_with_the_last_item() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").shipping("5.00", "0.40");
    let mut story = story.paid("55.40").refunded("20.00");
    let first = check(&story, &["a"], &[&["item-a 20.00 @1", "credit 20.00", "total 20.00"]]);
    story.settle(&first);
    let story = story.refunded("35.40");
    let second = ["item-b 30.00 @2", "shipping 5.00", "credit 35.40", "total 35.40"];
    check(&story, &["b"], &[&second]);
}

#[test]
fn example_5_payment_lines_net_to_zero() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00");
    let story = story.paid_by("gift_card", "gift_card", "15.00").refunded("15.00");
    let story = story.paid_by("credit_card", "adyen", "35.00").refunded("5.00");
    let story = story.with(|policy| {
        policy.settlement = crate::Settlement::PaymentItems;
        policy.tax = crate::Tax::Item;
    });
    let lines = ["item-a 20.00 @1", "91254 -15.00", "91291 -5.00", "credit 20.00", "total 0.00"];
    check(&story, &["a"], &[&lines]);
}

#[test]
fn example_6_tax_inside_the_price() {
    let story = Story::new().inside().unit("a", "119.00").tax("19.00").unit("b", "10.00");
    let story = story.paid("129.00").refunded("119.00");
    check(&story, &["a"], &[&["item-a 100.00 @1", "credit 119.00", "total 119.00"]]);
}

#[test]
fn examples_7_and_8_a_unit_is_found_by_its_id_else_by_its_product() {
    let same = || {
        let story = Story::new().unit("a", "33.33").product("p").unit("b", "33.33").product("p");
        story.unit("c", "33.34").paid("100.00").refunded("33.33")
    };
    let expected = |line: &str| vec![line.to_owned(), "credit 33.33".into(), "total 33.33".into()];
    for (story, line) in [(same(), "item-p 33.33 @2"), (same().nameless(), "item-p 33.33 @1")] {
        let expected = expected(line);
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&story, &["b"], &[&expected]);
    }
}

#[test]
fn example_8_the_next_unit_takes_the_next_line() {
    let story = Story::new().unit("a", "33.33").product("p").unit("b", "33.33").product("p");
    let mut story = story.unit("c", "33.34").paid("100.00").refunded("66.66").nameless();
    let first = check(&story, &["b"], &[&["item-p 33.33 @1", "credit 33.33", "total 33.33"]]);
    story.settle(&first);
    check(&story, &["a"], &[&["item-p 33.33 @2", "credit 33.33", "total 33.33"]]);
    assert_eq!(stops(&story, &["b"]), ("done", "already-credited"));
}

#[test]
fn example_9_one_memo_per_invoice() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").invoice("701");
    let story = story.unit("c", "5.00").paid("55.00").refunded("50.00");
    let story = story.on("b", "701");
    let plan = check(
        &story,
        &["a", "b"],
        &[
            &["item-a 20.00 @1", "credit 20.00", "total 20.00"],
            &["item-b 30.00 @1", "credit 30.00", "total 30.00"],
        ],
    );
    assert_ne!(plan.memos[0].key, plan.memos[1].key);
}

#[test]
fn example_10_each_unit_once_in_any_order() {
    for first in [&["a"][..], &["a", "b"]] {
        let story = Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00");
        let mut story = story.refunded("50.00");
        let mut credits = Vec::new();
        for event in [first, &["a", "b"], &["a"], first] {
            if let Decision::Act(plan) = story.decide(event) {
                credits.extend(plan.memos.iter().flat_map(|memo| memo.units.clone()));
                story.settle(&plan);
            }
        }
        credits.sort();
        assert_eq!(credits, [unit("a"), unit("b")], "starting with {first:?}");
    }
}

#[test]
fn example_11_the_rounding_cent() {
    let story = Story::new().unit("a", "33.33").unit("b", "33.33").unit("c", "33.33");
    let story = story.owed("100.00").paid("100.00").refunded("100.00");
    let lines = [
        "item-a 33.33 @1",
        "item-b 33.33 @2",
        "item-c 33.33 @3",
        "12777 0.01",
        "credit 100.00",
        "total 100.00",
    ];
    check(&story, &["a", "b", "c"], &[&lines]);
}

#[test]
fn example_12_a_free_order_is_skipped() {
    let story = Story::new().unit("a", "20.00").discounts("20.00", "0.00").owed("0.00");
    assert_eq!(stops(&story, &["a"]), ("skip", "nothing-to-credit"));
}

#[test]
fn example_13_capture_at_shipment_waits_for_no_refund() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").authorized("50.00");
    let story = story.captured("30.00").not_invoiced("a");
    assert_eq!(stops(&story, &["a"]), ("wait", "not-invoiced"));
    assert_eq!(stops(&story.deadline_passed(), &["a"]), ("skip", "never-billed"));
}

#[test]
fn the_key_depends_on_tenant_order_and_units_alone() {
    let tenant = "dodici".parse().unwrap();
    let order = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap();
    let one: UnitId = "dc333267-856c-421a-ac7a-e08291642d76".parse().unwrap();
    let two: UnitId = "0D0A2F1C-0000-4000-8000-000000000002".parse().unwrap();
    let key = |units: &[UnitId]| crate::MemoKey::of(&tenant, &order, units).to_string();
    assert_eq!(key(std::slice::from_ref(&one)), "nst-cm-680ab9e626f2984bfa54");
    let all = [UnitId::shipping(), one, two];
    assert_eq!(key(&all), "nst-cm-d2cf7ecef319ebd8c418");
}
