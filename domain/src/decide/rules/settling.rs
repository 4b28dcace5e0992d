//! Application to the invoice, payment lines per instrument, and rounding.

use super::*;
use crate::{Discounts, Entry, LineKind, PaymentNode, Settlement, Tax};

fn by_instrument(story: Story) -> Story {
    story.with(|policy| {
        policy.settlement = Settlement::PaymentItems;
        policy.tax = Tax::Item;
    })
}

fn flags(plan: &Plan) -> Vec<String> {
    plan.flags.iter().map(|it| format!("{}: {it}", it.name())).collect()
}

/// Three units of 20.00, 30.00 and 40.00; a gift card of 25.00, a card of 65.00, fully refunded.
fn two_instruments() -> Story {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").unit("c", "40.00");
    let story = story.paid_by("gift_card", "gift_card", "25.00").refunded("25.00");
    by_instrument(story.paid_by("credit_card", "adyen", "65.00").refunded("65.00"))
}

#[test]
fn a_memo_is_applied_up_to_the_open_amount_of_the_invoice() {
    type Row<'a> = (Edit, Option<&'a str>, &'a [&'a str]);
    let table: [Row<'_>; 4] = [
        (|it| it.invoices[0].remaining = amount("50.00"), Some("20.00"), &[]),
        (|it| it.invoices[0].remaining = amount("20.00"), Some("20.00"), &[]),
        (
            |it| it.invoices[0].remaining = amount("15.00"),
            Some("15.00"),
            &["left-open: 5.00 is not applied to the invoice"],
        ),
        (
            |it| it.invoices[0].remaining = amount("0.00"),
            None,
            &["left-open: 20.00 is not applied to the invoice"],
        ),
    ];
    for (edit, applied, flagged) in table {
        let plan = plain().but(edit).plan(&["a"]);
        let application = plan.memos[0].application.as_ref().map(|it| it.amount);
        assert_eq!(application, applied.map(amount));
        assert_eq!(flags(&plan), flagged);
    }
}

#[test]
fn payments_are_split_over_instruments_across_several_memos() {
    let mut story = two_instruments();
    let first = ["item-a 20.00 @1", "91254 -20.00", "credit 20.00", "total 0.00"];
    let plan = check(&story, &["a"], &[&first]);
    assert_eq!((&plan.memos[0].application, plan.flags.len()), (&None, 0));
    story.settle(&plan);
    let second = ["item-b 30.00 @2", "91254 -5.00", "91291 -25.00", "credit 30.00", "total 0.00"];
    story.settle(&check(&story, &["b"], &[&second]));
    let third = ["item-c 40.00 @3", "91291 -40.00", "credit 40.00", "total 0.00"];
    check(&story, &["c"], &[&third]);
}

#[test]
fn after_journal_loss_payments_are_read_from_the_memos_payment_lines() {
    let mut story = two_instruments();
    story.record(&story.plan(&["a"]));
    let second = ["item-b 30.00 @2", "91254 -5.00", "91291 -25.00", "credit 30.00", "total 0.00"];
    check(&story, &["b"], &[&second]);
}

#[test]
fn payments_are_split_over_the_memos_of_one_run() {
    let story = two_instruments().invoice("701").on("b", "701");
    let first = ["item-a 20.00 @1", "91254 -20.00", "credit 20.00", "total 0.00"];
    let second = ["item-b 30.00 @1", "91254 -5.00", "91291 -25.00", "credit 30.00", "total 0.00"];
    check(&story, &["a", "b"], &[&first, &second]);
}

#[test]
fn returned_amounts_are_allocated_before_paid_ones() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00");
    let story = story.paid_by("gift_card", "gift_card", "25.00");
    let story = by_instrument(story.paid_by("credit_card", "adyen", "25.00").refunded("5.00"));
    let story = story.with(|policy| policy.refund = crate::RefundRule::NotRequired);
    let lines = ["item-a 20.00 @1", "91254 -15.00", "91291 -5.00", "credit 20.00", "total 0.00"];
    check(&story, &["a"], &[&lines]);
    // Where nothing was captured, the released authorizations count.
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").authorized("50.00");
    let story = by_instrument(story.moved("void", "20.00"));
    check(&story, &["a"], &[&["item-a 20.00 @1", "91291 -20.00", "credit 20.00", "total 0.00"]]);
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").authorized("50.00");
    check(
        &by_instrument(story),
        &["a"],
        &[&["item-a 20.00 @1", "91291 -20.00", "credit 20.00", "total 0.00"]],
    );
}

#[test]
fn payment_shortfall_parks() {
    let story =
        Story::new().unit("a", "20.00").unit("b", "30.00").paid("15.00").reporting(|order| {
            order.grand_total = crate::ReportedAmount::of("15.00");
        });
    let story = by_instrument(story.but(|it| it.invoices[0].total = amount("50.00")));
    let story = story.with(|policy| policy.refund = crate::RefundRule::NotRequired);
    assert_eq!(stops(&story, &["a"]), ("park", "payment-shortfall"));
}

#[test]
fn a_gift_card_without_an_entry_is_the_first_gift_card_product() {
    let mut story = two_instruments();
    story.maps.payment_items.remove("gift_card");
    assert_eq!(stops(&story, &["a"]), ("park", "unmapped"));
    story.maps.gift_card_products = vec![id("8232"), id("8233")];
    story.order.payments.as_mut().unwrap()[0].last_four = Some("1234".into());
    let memo = story.memo(&["a"]);
    let payment = &memo.lines[1];
    assert_eq!((&payment.item, payment.amount), (&id("8232"), amount("-20.00")));
    assert_eq!(payment.fields.len(), 1);
    assert_eq!(payment.fields[0].script_id, "custcol_nws_gcnumber");
    assert_eq!(payment.fields[0].value, "1234");
    assert_eq!(payment.tax_code, Some(id("-8")));
    assert!(matches!(payment.kind, LineKind::Payment(_)));
}

#[test]
fn a_payment_that_maps_to_none_has_no_line() {
    let mut story = two_instruments();
    let none = PaymentNode::Leaf(Entry::None);
    story.maps.payment_items.insert("gift_card".into(), none);
    check(&story, &["a"], &[&["item-a 20.00 @1", "credit 20.00", "total 20.00"]]);
}

#[test]
fn payment_lines_do_not_count_in_what_is_left() {
    // The invoice nets to 0.00 by its payment line; so does an earlier memo.
    let paid = |billing: &mut Billing| {
        let invoice = &mut billing.invoices[0];
        let mut line = invoice.lines[0].clone();
        (line.line, line.amount, line.quantity) = (9, amount("-90.00"), None);
        (line.item.id, line.item.external_id) = (id("91291"), None);
        line.units = Vec::new();
        invoice.lines.push(line);
        (invoice.total, invoice.remaining) = (Amount::ZERO, Amount::ZERO);
    };
    let mut story = two_instruments().but(paid);
    for unit in ["a", "b"] {
        story.record(&story.plan(&[unit]));
    }
    assert_eq!(story.memo(&["c"]).credit, amount("40.00"));
    story.memos.push(by_hand(&[("lump", 1, "0.04", &[])]));
    assert_eq!(stops(&story, &["c"]), ("park", "over-credit"));
}

/// Three units at 33.33 of an order with the total `owed`, fully refunded.
fn thirds(owed: &str) -> Story {
    let story = Story::new().unit("a", "33.33").unit("b", "33.33").unit("c", "33.33");
    story.owed(owed).paid(owed).refunded(owed)
}

#[test]
fn rounding_cents_go_signed_on_the_last_memo() {
    let table = [
        ("100.00", Some("0.01"), "33.34"),
        ("100.02", Some("0.03"), "33.36"),
        ("99.99", None, "33.33"),
        ("99.98", Some("-0.01"), "33.32"),
        ("99.96", Some("-0.03"), "33.30"),
    ];
    for (owed, rounding, last) in table {
        let mut story = thirds(owed);
        for unit in ["b", "a"] {
            let plan = story.plan(&[unit]);
            assert_eq!(plan.memos[0].credit, amount("33.33"));
            story.settle(&plan);
        }
        let plan = story.plan(&["c"]);
        let memo = &plan.memos[0];
        assert_eq!((memo.credit, memo.total), (amount(last), amount(last)), "{owed}");
        let line = memo.lines.iter().find(|line| line.kind == LineKind::Rounding);
        assert_eq!(line.map(|it| it.amount), rounding.map(amount), "{owed}");
        if let Some(line) = line {
            assert_eq!((&line.item, line.source_line), (&id("12777"), None));
            assert_eq!((&line.tax_code, line.quantity), (&Some(id("-8")), None));
        }
        assert!(plan.flags.is_empty(), "{owed}: {plan:#?}");
    }
}

#[test]
fn order_total_mismatch_is_flagged_beyond_a_cent_per_unit() {
    for (owed, difference) in [("100.03", "0.04"), ("99.95", "-0.04")] {
        let story = thirds(owed).but(|it| {
            (it.invoices[0].total, it.invoices[0].remaining) = (amount("110.00"), amount("110.00"));
        });
        let plan = story.plan(&["a", "b", "c"]);
        assert_eq!(plan.memos[0].credit, amount("99.99"));
        let sentence = format!("the order's units and its total differ by {difference}");
        assert_eq!(flags(&plan), [format!("order-total-mismatch: {sentence}")]);
    }
}

#[test]
fn rounding_left_is_flagged_where_the_invoice_has_no_room() {
    let story = thirds("100.01").but(|it| it.invoices[0].total = amount("100.00"));
    let plan = story.plan(&["a", "b", "c"]);
    assert_eq!(plan.memos[0].credit, amount("100.00"));
    assert_eq!(plan.flags[0], Flag::RoundingLeft(amount("0.01")));
    let story = thirds("100.00").but(|it| it.invoices[0].total = amount("99.99"));
    let plan = story.plan(&["a", "b", "c"]);
    assert_eq!(plan.memos[0].lines.len(), 3);
    assert_eq!(plan.flags[0], Flag::RoundingLeft(amount("0.01")));
}

#[test]
fn a_negative_rounding_line_keeps_the_memo_within_its_invoice() {
    let plan = thirds("99.98").plan(&["a", "b", "c"]);
    assert_eq!(plan.memos[0].credit, amount("99.98"));
}

#[test]
fn rounding_goes_to_the_highest_invoice_of_the_run() {
    let story = thirds("100.00").invoice("99").on("b", "99").on("a", "99");
    let story = story.but(|it| it.invoices[0].total = amount("33.34"));
    let plan = story.plan(&["a", "b", "c"]);
    let credits: Vec<_> = plan.memos.iter().map(|memo| memo.credit).collect();
    assert_eq!(credits, [amount("66.66"), amount("33.34")]);
}

#[test]
fn there_is_no_rounding_while_memobridge_has_not_credited_every_unit() {
    let whole = ["a", "b", "c"];
    for cancelled in [&whole[..2], &whole[..1]] {
        let story = Story::new().unit("a", "33.33").unit("b", "33.33").unit("c", "33.33");
        let plan = story.owed("100.00").paid("100.00").refunded("67.00").plan(cancelled);
        assert!(plan.memos[0].lines.iter().all(|line| line.kind == LineKind::Item), "{plan:#?}");
    }
    // One unit was credited by hand: the cents that its memo left out are not corrected.
    let mut story = thirds("100.00");
    story.memos.push(by_hand(&[("item-b", 1, "33.33", &["b"])]));
    let plan = story.plan(&whole);
    assert_eq!((plan.memos[0].credit, plan.flags.len()), (amount("66.66"), 0));
}

#[test]
fn after_journal_loss_rounding_recognises_own_memos_by_their_ids() {
    // Shipping alone, without source, application or items, goes on the shipping invoice.
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").shipping("5.00", "0.00");
    let story = story.invoice("701").on("a", "701").on("b", "701").owed("55.01").paid("55.01");
    let mut story = by_instrument(story.refunded("55.01").status("cancelled"));
    story.policy.item = crate::ItemPolicy::Fixed(id("777"));
    story.order.units[0].status = Some("cancelled".into());
    let plan = story.plan(&["a"]);
    assert_eq!(plan.memos[0].units, [crate::UnitId::shipping()]);
    story.record(&plan);
    assert_eq!(flags(&story.plan(&["b"])), ["rounding-left: 0.01 of rounding fits on no memo"]);
    let story = story.but(|billing| billing.invoices[1].total = amount("50.01"));
    assert_eq!(story.memo(&["b"]).credit, amount("30.01"));
}

#[test]
fn a_free_unit_that_needed_no_credit_does_not_keep_the_cents() {
    let story = Story::new().unit("a", "33.33").unit("b", "33.33").unit("c", "33.33");
    let story = story.unit("gift", "5.00").discounts("5.00", "0.00").status("cancelled");
    let story = story.owed("100.00").paid("100.00").refunded("100.00");
    assert_eq!(stops(&story, &["gift"]), ("skip", "nothing-to-credit"));
    assert_eq!(story.memo(&["a", "b", "c"]).credit, amount("100.00"));
    let story = story.reporting(|order| order.units[3].status = Some("opened".into()));
    assert_eq!(story.memo(&["a", "b", "c"]).credit, amount("99.99"), "the gift is active");
}

#[test]
fn cents_added_by_the_ledger_make_no_memo_of_zero_or_less() {
    let story = Story::new().unit("a", "33.33").unit("gift", "5.00").discounts("5.00", "0.00");
    let mut story = story.owed("33.33").paid("33.33").refunded("33.33").status("cancelled");
    story.record(&story.plan(&["a"]));
    story.memos[0].total = amount("33.34");
    let story = story.but(|billing| billing.invoices[0].total = amount("50.00"));
    assert_eq!(stops(&story, &["a", "gift"]), ("done", "already-credited"));
}

#[test]
fn rounding_ignores_shipping_that_is_never_credited() {
    let story = Story::new().unit("a", "33.33").unit("b", "33.33").unit("c", "33.33");
    let story = story.shipping("5.00", "0.00").owed("105.00").paid("105.00").refunded("100.00");
    let never = |policy: &mut Policy| policy.shipping = crate::ShippingPolicy::Never;
    let plan = story.with(never).plan(&["a", "b", "c"]);
    assert_eq!((plan.memos[0].credit, plan.flags.len()), (amount("100.00"), 0));
}

#[test]
fn yen_and_dinars_round_to_their_own_smallest_unit() {
    for (code, price, owed, last) in
        [("JPY", "333", "1000", "334"), ("KWD", "3.333", "10.000", "3.334")]
    {
        let story = Story::new().currency(code).unit("a", price).unit("b", price);
        let story = story.unit("c", price).owed(owed).paid(owed).refunded(owed);
        let mut story = story.with(|policy| policy.discounts = Discounts::Net);
        for unit in ["a", "b"] {
            story.settle(&story.plan(&[unit]));
        }
        let memo = story.memo(&["c"]);
        assert_eq!(memo.credit.to_string(), last, "{code}");
        assert_eq!(memo.money.code(), code);
    }
}

type Forget = fn(&mut Policy);

#[test]
fn unmapped_names_the_policy_that_is_missing() {
    let discounted = || {
        let story = Story::new().unit("a", "20.00").discounts("4.00", "0.00").tax("1.00");
        story.unit("b", "30.00").paid("47.00").refunded("17.00")
    };
    let table: [(Story, Forget, &str); 5] = [
        (discounted(), |it| it.discount_item = None, "discount_item"),
        (thirds("100.00"), |it| it.rounding_item = None, "rounding_item"),
        (thirds("100.00"), |it| it.untaxed_code = None, "untaxed_code"),
        (by_instrument(discounted()), |it| it.tax_item = None, "tax_item"),
        (by_instrument(discounted()), |it| it.untaxed_code = None, "untaxed_code"),
    ];
    for (story, forget, missing) in table {
        let cancelled: &[&str] =
            if story.order.units.len() == 3 { &["a", "b", "c"] } else { &["a"] };
        drop(story.plan(cancelled));
        match story.with(forget).decide(cancelled) {
            Decision::Stop(Stop::Park(Reason::Unmapped { table, key, order })) => {
                assert_eq!((&*table, &*key, &*order), ("policy", missing, "TEST-1"));
            }
            decision => panic!("{missing}: {decision:?}"),
        }
    }
}
