//! An invoice a cent or two below the order, and larger differences.

use super::*;
use crate::{LineKind, Settlement, Tax};

/// Three units, 100.00 together, on an invoice with a lower total.
fn short(total: &str) -> Story {
    let story = Story::new().unit("a", "33.33").unit("b", "33.33").unit("c", "33.34");
    let story = story.paid("100.00").refunded("100.00");
    match total {
        "99.99" => story.but(|billing| set_total(billing, "99.99")),
        "99.97" => story.but(|billing| set_total(billing, "99.97")),
        "99.96" => story.but(|billing| set_total(billing, "99.96")),
        other => panic!("{other}"),
    }
}

fn set_total(billing: &mut Billing, total: &str) {
    billing.invoices[0].total = amount(total);
    billing.invoices[0].remaining = amount(total);
}

fn rounding(memo: &CreditMemo) -> Vec<Amount> {
    let lines = memo.lines.iter().filter(|line| line.kind == LineKind::Rounding);
    lines.map(|line| line.amount).collect()
}

#[test]
fn a_memo_uses_up_exactly_an_invoice_that_is_below_the_order() {
    for (total, cents) in [("99.99", "0.01"), ("99.97", "0.03")] {
        let plan = short(total).plan(&["a", "b", "c"]);
        let memo = &plan.memos[0];
        assert_eq!((memo.credit, memo.total), (amount(total), amount(total)));
        assert_eq!(rounding(memo), [-amount(cents)], "{memo:#?}");
        let line = memo.lines.last().unwrap();
        assert_eq!((&line.item, line.source_line, line.quantity), (&id("12777"), None, None));
        assert_eq!(line.tax_code, Some(id("-8")));
        assert_eq!(memo.application.as_ref().unwrap().amount, amount(total));
        assert_eq!(plan.flags, [Flag::RoundingLeft(amount(cents))]);
    }
}

#[test]
fn the_last_of_several_memos_carries_the_invoices_shortfall() {
    let mut story = short("99.97");
    for unit in ["a", "b"] {
        let plan = story.plan(&[unit]);
        assert_eq!((plan.memos[0].credit, plan.flags.len()), (amount("33.33"), 0));
        story.settle(&plan);
    }
    let plan = story.plan(&["c"]);
    assert_eq!(plan.memos[0].credit, amount("33.31"));
    assert_eq!(rounding(&plan.memos[0]), [amount("-0.03")]);
    assert_eq!(plan.flags, [Flag::RoundingLeft(amount("0.03"))]);
}

#[test]
fn a_partial_memo_also_stays_within_what_is_left() {
    let mut story = plain();
    story.memos.push(by_hand(&[("lump", 1, "30.02", &[])]));
    let plan = check(
        &story,
        &["a"],
        &[&["item-a 20.00 @1", "12777 -0.02", "credit 19.98", "total 19.98"]],
    );
    assert_eq!(plan.flags[0], Flag::RoundingLeft(amount("0.02")));
}

#[test]
fn payment_lines_net_to_zero_with_a_negative_rounding_line() {
    let story = short("99.99").with(|policy| {
        (policy.settlement, policy.tax) = (Settlement::PaymentItems, Tax::Item);
    });
    let memo = story.memo(&["a", "b", "c"]);
    assert_eq!((memo.credit, memo.total), (amount("99.99"), amount("0.00")));
}

#[test]
fn a_difference_above_a_cent_per_unit_is_no_rounding() {
    assert_eq!(stops(&short("99.96"), &["a", "b", "c"]), ("park", "over-credit"));
    // An invoice with nothing left gets no rounding line.
    let mut story = short("99.99");
    story.memos.push(by_hand(&[("lump", 1, "99.99", &[])]));
    story.order.units[0].price = crate::ReportedAmount::of("0.01");
    let story = story.owed("66.68").but(|billing| {
        billing.invoices[0].lines[0].amount = amount("0.01");
    });
    assert_eq!(stops(&story, &["a"]), ("park", "over-credit"));
}

#[test]
fn a_cent_missing_in_order_and_invoice_is_not_flagged() {
    let story = short("99.99").owed("99.99");
    let plan = story.plan(&["a", "b", "c"]);
    assert_eq!(rounding(&plan.memos[0]), [amount("-0.01")]);
    assert!(plan.flags.iter().all(|flag| flag.name() != "rounding-left"), "{plan:#?}");
}

#[test]
fn the_shortfall_of_one_invoice_goes_on_another_with_room() {
    let story = Story::new().unit("a", "50.00").unit("b", "50.00").invoice("701").on("b", "701");
    let story = story.paid("100.00").refunded("100.00").but(|billing| {
        billing.invoices[0].total = amount("49.99");
        billing.invoices[1].total = amount("50.01");
    });
    let plan = check(
        &story,
        &["a", "b"],
        &[
            &["item-a 50.00 @1", "12777 -0.01", "credit 49.99", "total 49.99"],
            &["item-b 50.00 @1", "12777 0.01", "credit 50.01", "total 50.01"],
        ],
    );
    assert!(plan.flags.iter().all(|flag| flag.name() != "rounding-left"), "{plan:#?}");
}

#[test]
fn over_credit_names_the_memos_that_used_up_the_rest() {
    let mut story = plain();
    for (record, sum) in [("801", "15.00"), ("802", "20.00")] {
        let mut memo = by_hand(&[("lump", 1, sum, &[])]);
        memo.id = id(record);
        story.memos.push(memo);
    }
    let sentence = |story: &Story| match story.decide(&["a"]) {
        Decision::Stop(Stop::Park(reason)) => reason.to_string(),
        decision => panic!("{decision:?}"),
    };
    assert_eq!(
        sentence(&story),
        "invoice 700 has 15.00 left to credit, the memo needs 20.00; credit memos 801, 802 took \
         the rest"
    );
    let mut on_line = plain();
    let mut memo = by_hand(&[("something", 1, "5.00", &[])]);
    memo.lines[0].source_line = Some(1);
    on_line.memos.push(memo);
    assert_eq!(
        sentence(&on_line),
        "line 1 of invoice 700 has 15.00 left to credit, the memo needs 20.00; credit memo 800 \
         took the rest"
    );
}

#[test]
fn another_currency_is_named_before_amounts_are_compared() {
    let story = plain().but(|billing| {
        billing.invoices[0].currency = Some(id("2"));
        billing.invoices[0].lines[0].amount = amount("18.00");
    });
    assert_eq!(stops(&story, &["a"]), ("park", "currency-mismatch"));
}
