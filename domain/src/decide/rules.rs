//! Every row of `docs/RULES.md#record`, before and at the deadline.

mod closing;
mod existing;
mod fields;
mod lines;
mod rounding;
mod settling;
mod shipping;
mod taxes;
mod wording;

use super::*;
use crate::testing::*;

/// A change made in the ledger.
type Edit = fn(&mut Billing);

/// Two units of 20.00 and 30.00, paid at order time, all of it refunded.
fn plain() -> Story {
    Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00").refunded("50.00")
}

/// The same, but only the money for `b` was ever captured.
fn untaken() -> Story {
    Story::new().unit("a", "20.00").unit("b", "30.00").authorized("50.00").captured("30.00")
}

/// The same, with the refund not required: the money for `a` is still held.
fn held() -> Story {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00");
    story.with(|policy| policy.refund = crate::RefundRule::NotRequired)
}

fn no_sales_order(story: Story) -> Story {
    story.but(|billing| billing.sales_order = None)
}

#[test]
fn sales_order_not_found_waits_and_parks_or_skips_at_the_deadline() {
    let skip = |policy: &mut Policy| policy.missing_sales_order = MissingSalesOrder::Skip;
    for story in [held(), plain(), untaken()] {
        let story = no_sales_order(story);
        assert_eq!(stops(&story, &["a"]), ("wait", "sales-order-not-found"));
        assert_eq!(stops(&story.with(skip), &["a"]), ("wait", "sales-order-not-found"));
    }
    let late = no_sales_order(held()).deadline_passed();
    assert_eq!(stops(&late, &["a"]), ("park", "sales-order-not-found"));
    assert_eq!(stops(&late.with(skip), &["a"]), ("skip", "sales-order-not-found"));
}

#[test]
fn never_exported_is_skipped_at_the_deadline_when_nothing_is_held() {
    for story in [untaken(), plain(), Story::new().unit("a", "20.00").authorized("20.00")] {
        let late = no_sales_order(story).deadline_passed();
        assert_eq!(stops(&late, &["a"]), ("skip", "never-exported"), "{late:#?}");
    }
}

fn close(billing: &mut Billing, billed: i64) {
    let line = &mut billing.sales_order.as_mut().unwrap().lines[0];
    line.closed = true;
    line.billed = billed.into();
}

#[test]
fn already_closed_is_skipped_under_every_policy() {
    use NotInvoiced::{CloseLines, Park, StandaloneMemo, Wait};
    for choice in [Wait, CloseLines, StandaloneMemo, Park] {
        let story = plain().not_invoiced("a").but(|billing| close(billing, 0));
        let story = story.with(|policy| policy.not_invoiced = choice);
        assert_eq!(stops(&story, &["a"]), ("skip", "already-closed"), "{choice:?}");
        assert_eq!(stops(&story.nameless(), &["a"]), ("skip", "already-closed"), "{choice:?}");
    }
}

#[test]
fn already_closed_concerns_the_pieces_that_were_not_invoiced() {
    let story = || {
        let story = Story::new().unit("a", "20.00").product("p").unit("b", "20.00").product("p");
        story.merged().not_invoiced("b").paid("40.00").refunded("20.00")
    };
    let half = story().but(|billing| close(billing, 1));
    assert_eq!(stops(&half, &["b"]), ("skip", "already-closed"));
    // Without ids the unit cancelled first gets the invoice's only line.
    let mut nameless = half.nameless();
    nameless.settle(&nameless.plan(&["a"]));
    assert_eq!(stops(&nameless.refunded("20.00"), &["b"]), ("skip", "already-closed"));
    // All of it was billed, so the invoice of b is still to come.
    let whole = story().but(|billing| close(billing, 2));
    assert_eq!(stops(&whole, &["b"]), ("wait", "not-invoiced"));
}

#[test]
fn a_closed_line_that_was_invoiced_is_credited() {
    let story = plain().but(|billing| close(billing, 1));
    check(&story, &["a"], &[&["item-a 20.00 @1", "credit 20.00", "total 20.00"]]);
}

#[test]
fn the_policy_applies_to_an_open_line_beside_a_closed_one() {
    let story = plain().unbilled().but(|billing| close(billing, 0));
    let Decision::Stop(Stop::Wait(Reason::NotInvoiced { units })) = story.decide(&["a", "b"])
    else {
        panic!("{:?}", story.decide(&["a", "b"]));
    };
    assert_eq!(units, [unit("b")]);
}

#[test]
fn not_invoiced_waits_and_parks_at_the_deadline_while_money_is_held() {
    let story = held().not_invoiced("a");
    assert_eq!(stops(&story, &["a"]), ("wait", "not-invoiced"));
    assert_eq!(stops(&story.deadline_passed(), &["a"]), ("park", "not-invoiced"));
}

#[test]
fn never_billed_is_skipped_at_the_deadline_when_nothing_is_held() {
    let table: [(Story, &[&str]); 2] =
        [(untaken().not_invoiced("a"), &["a"]), (plain().unbilled(), &["a", "b"])];
    for (story, cancelled) in table {
        assert_eq!(stops(&story, cancelled), ("wait", "not-invoiced"));
        assert_eq!(stops(&story.deadline_passed(), cancelled), ("skip", "never-billed"));
    }
}

#[test]
fn not_invoiced_parks_at_the_deadline_when_the_sales_order_counts_it_as_billed() {
    let story = untaken().not_invoiced("a").but(|billing| {
        billing.sales_order.as_mut().unwrap().lines[0].billed = rust_decimal::Decimal::ONE;
    });
    assert_eq!(stops(&story, &["a"]), ("wait", "not-invoiced"));
    assert_eq!(stops(&story.deadline_passed(), &["a"]), ("park", "not-invoiced"));
}

#[test]
fn not_invoiced_parks_at_once_where_policy_says_so() {
    let story = untaken().not_invoiced("a").with(|policy| policy.not_invoiced = NotInvoiced::Park);
    assert_eq!(stops(&story, &["a"]), ("park", "not-invoiced"));
    assert_eq!(stops(&story.deadline_passed(), &["a"]), ("park", "not-invoiced"));
}

#[test]
fn not_invoiced_becomes_a_standalone_memo_where_policy_says_so() {
    let story = plain().unbilled().shipping("5.00", "0.40").refunded("5.40").reporting(|order| {
        order.grand_total = crate::ReportedAmount::of("55.40");
    });
    let story = story.with(|policy| policy.not_invoiced = NotInvoiced::StandaloneMemo);
    let lines = ["item-a 20.00", "item-b 30.00", "shipping 5.00", "credit 55.40", "total 55.40"];
    let plan = check(&story, &["a", "b"], &[&lines]);
    let memo = &plan.memos[0];
    assert_eq!(memo.source, crate::Source::SalesOrder(id("600")));
    assert_eq!(
        (memo.source.created_from(), &memo.account, &memo.application),
        (None, &None, &None)
    );
    assert_eq!(memo.entity, id("55"));
    assert_eq!(memo.lines[0].rate, Some(amount("20.00")));
}

#[test]
fn a_standalone_memo_has_one_line_for_a_unit_or_parks() {
    let standalone = |policy: &mut Policy| policy.not_invoiced = NotInvoiced::StandaloneMemo;
    let lost = plain().unbilled().with(standalone).but(|billing| {
        billing.sales_order.as_mut().unwrap().lines.remove(0);
    });
    assert_eq!(stops(&lost, &["a"]), ("park", "not-invoiced"));
    let changed = plain().unbilled().with(standalone).but(|billing| {
        billing.sales_order.as_mut().unwrap().lines[0].line.amount = amount("19.98");
    });
    assert_eq!(stops(&changed, &["a"]), ("park", "amount-mismatch"));
    let foreign = plain().unbilled().with(standalone).but(|billing| {
        billing.sales_order.as_mut().unwrap().currency = Some(id("2"));
    });
    assert_eq!(stops(&foreign, &["a"]), ("park", "currency-mismatch"));
}

#[test]
fn some_units_invoiced_and_some_not_are_credited_now_and_left_to_the_policy() {
    let memo: &[&str] = &["item-a 20.00 @1", "credit 20.00", "total 20.00"];
    let table = [
        (NotInvoiced::Wait, ("wait", "not-invoiced")),
        (NotInvoiced::Park, ("park", "not-invoiced")),
        (NotInvoiced::CloseLines, ("skip", "lines-closed")),
    ];
    for (choice, rest) in table {
        let story = plain().not_invoiced("b").with(|policy| policy.not_invoiced = choice);
        let plan = check(&story, &["a", "b"], &[memo]);
        assert_eq!(plan.rest.as_ref().map(name), Some(rest), "{choice:?}");
        assert_eq!(plan.close.is_some(), choice == NotInvoiced::CloseLines, "{choice:?}");
    }
    let story = plain().not_invoiced("b");
    let story = story.with(|policy| policy.not_invoiced = NotInvoiced::StandaloneMemo);
    let plan =
        check(&story, &["a", "b"], &[memo, &["item-b 30.00", "credit 30.00", "total 30.00"]]);
    assert_eq!(plan.rest, None);
}

#[test]
fn cash_sale_parks_what_no_invoice_carries() {
    let sold = |story: Story| story.but(|billing| billing.cash_sales = vec![id("500")]);
    let story = sold(plain().unbilled());
    assert_eq!(stops(&story, &["a", "b"]), ("park", "cash-sale"));
    assert_eq!(stops(&story.deadline_passed(), &["a", "b"]), ("park", "cash-sale"));
    let plan = check(
        &sold(plain().not_invoiced("b")),
        &["a", "b"],
        &[&["item-a 20.00 @1", "credit 20.00", "total 20.00"]],
    );
    assert_eq!(plan.rest.as_ref().map(name), Some(("park", "cash-sale")));
}

#[test]
fn shipping_waits_for_the_invoice_that_will_carry_it() {
    let story = || {
        let story = Story::new().unit("a", "20.00").unit("b", "30.00").shipping("5.00", "0.40");
        story.paid("55.40").refunded("55.40").not_invoiced("b")
    };
    let late = |billing: &mut Billing| billing.invoices[0].shipping_cost = Amount::ZERO;
    let memo = ["item-a 20.00 @1", "credit 20.00", "total 20.00"];
    check(&story().but(late), &["a", "b"], &[&memo]);
    let memo = ["item-a 20.00 @1", "shipping 5.00", "credit 25.40", "total 25.40"];
    check(&story(), &["a", "b"], &[&memo]);
}

#[test]
fn shipping_waits_for_the_invoice_of_a_unit_that_another_event_names() {
    let story = || {
        let story = Story::new().unit("a", "20.00").unit("b", "30.00").status("cancelled");
        let story =
            story.shipping("5.00", "0.40").paid("55.40").refunded("55.40").not_invoiced("b");
        story.but(|billing| billing.invoices[0].shipping_cost = Amount::ZERO)
    };
    let plan = check(&story(), &["a"], &[&["item-a 20.00 @1", "credit 20.00", "total 20.00"]]);
    assert_eq!(plan.rest.as_ref().map(name), Some(("wait", "not-invoiced")));
    let memo = ["item-a 20.00 @1", "shipping 5.00", "credit 25.40", "total 25.40"];
    let plan = check(&story().deadline_passed(), &["a"], &[&memo]);
    assert_eq!(plan.rest, None);
}

#[test]
fn shipping_that_no_invoice_shows_goes_on_the_lowest_invoice() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").shipping("5.00", "0.40");
    let story = story.invoice("99").on("a", "700").on("b", "99").paid("55.40").refunded("55.40");
    let story = story.but(|billing| {
        billing.invoices[0].shipping_cost = Amount::ZERO;
        billing.invoices[1].total = amount("35.40");
    });
    let plan = check(
        &story,
        &["a", "b"],
        &[
            &["item-b 30.00 @1", "shipping 5.00", "credit 35.40", "total 35.40"],
            &["item-a 20.00 @1", "credit 20.00", "total 20.00"],
        ],
    );
    assert_eq!(plan.memos[0].source.invoice(), Some(&id("99")));
}

#[test]
fn shipping_is_a_memo_of_its_own_where_its_invoice_has_no_other_in_this_run() {
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").shipping("5.00", "0.40");
    let story = story.invoice("701").on("b", "701").paid("55.40").refunded("20.00");
    let mut story = story;
    story.settle(&story.plan(&["a"]));
    let story = story.refunded("35.40");
    let plan = check(
        &story,
        &["b"],
        &[
            &["shipping 5.00", "credit 5.40", "total 5.40"],
            &["item-b 30.00 @1", "credit 30.00", "total 30.00"],
        ],
    );
    assert_eq!(plan.memos[0].units, [crate::UnitId::shipping()]);
}

#[test]
fn amount_mismatch_parks_beyond_the_tolerance() {
    let story = |edit: Edit| plain().but(edit);
    let agree: [Edit; 2] = [
        |it| it.invoices[0].lines[0].amount = amount("20.01"),
        |it| it.invoices[0].lines[0].amount = amount("19.99"),
    ];
    let differ: [Edit; 3] = [
        |it| it.invoices[0].lines[0].amount = amount("20.011"),
        |it| it.invoices[0].lines[0].amount = amount("19.98"),
        |it| it.invoices[0].lines[0].amount = amount("21.00"),
    ];
    agree.map(story).iter().for_each(|it| drop(it.memo(&["a"])));
    for story in differ.map(story) {
        assert_eq!(stops(&story, &["a"]), ("park", "amount-mismatch"), "{story:#?}");
    }
    let wide = story(|it| it.invoices[0].lines[0].amount = amount("20.50"));
    drop(wide.with(|policy| policy.tolerance = amount("0.50")).memo(&["a"]));
}

#[test]
fn amount_mismatch_shows_both_amounts() {
    let story = plain().but(|it| it.invoices[0].lines[0].amount = amount("21.00"));
    let Decision::Stop(Stop::Park(reason)) = story.decide(&["a"]) else {
        panic!("the amounts differ");
    };
    assert_eq!(reason.to_string(), "line 1 of invoice 700 is 21.00 net, the order says 20.00");
}

#[test]
fn amounts_are_compared_net_with_the_discount_line_and_by_quantity() {
    // 2 × 10.00 less 3.00, as one line of two pieces with its discount line.
    let story = Story::new().unit("a", "10.00").times("2").discounts("2.00", "1.00").tax("1.36");
    let story = story.unit("b", "30.00").paid("48.36").refunded("18.36");
    let lines = ["item-a 20.00 @1", "8494 -3.00 @2", "credit 18.36", "total 18.36"];
    check(&story, &["a"], &[&lines]);
    let off = story.clone().but(|it| it.invoices[0].lines[1].amount = amount("-2.98"));
    assert_eq!(stops(&off, &["a"]), ("park", "amount-mismatch"));
    // The same as two discount lines.
    let two = story.but(|it| {
        let lines = &mut it.invoices[0].lines;
        lines[1].amount = amount("-1.00");
        let mut second = lines[1].clone();
        (second.line, second.amount) = (9, amount("-2.00"));
        lines.insert(2, second);
    });
    check(&two, &["a"], &[&lines]);
}

#[test]
fn currency_mismatch_parks() {
    let story = plain().but(|billing| billing.invoices[0].currency = Some(id("2")));
    assert_eq!(stops(&story, &["a"]), ("park", "currency-mismatch"));
    let mut any = story;
    any.maps.currencies = [("USD".to_owned(), crate::Entry::None)].into_iter().collect();
    drop(any.memo(&["a"]));
    // Records of accounts with one currency name none.
    let unnamed = plain().but(|billing| billing.invoices[0].currency = None);
    assert_eq!(unnamed.memo(&["a"]).currency, None);
}

#[test]
fn over_credit_parks_above_what_is_left_of_the_invoice() {
    let story = |sum: &str| {
        let mut story = plain();
        story.memos.push(by_hand(&[("other", 1, sum, &[])]));
        story
    };
    drop(story("30.00").memo(&["a"]));
    assert_eq!(stops(&story("30.03"), &["a"]), ("park", "over-credit"));
}

#[test]
fn over_credit_parks_above_what_is_left_of_the_line() {
    let story = |sum: &str| {
        let mut story = plain();
        let mut memo = by_hand(&[("something", 1, sum, &[])]);
        memo.lines[0].source_line = Some(1);
        story.memos.push(memo);
        story
    };
    drop(story("0.01").memo(&["a"]));
    assert_eq!(stops(&story("0.02"), &["a"]), ("park", "over-credit"));
    drop(story("5.00").memo(&["b"]));
}

#[test]
fn a_unit_is_matched_by_key_column_then_external_id_then_name() {
    fn item(billing: &mut Billing, nth: usize, external_id: Option<&str>, name: Option<&str>) {
        let line = &mut billing.invoices[0].lines[nth];
        line.item.external_id = external_id.map(str::to_owned);
        line.item.name = name.map(str::to_owned);
    }
    let table: [(&str, Edit, Option<u32>); 7] = [
        ("external id", |it| item(it, 0, Some("a"), Some("b")), Some(1)),
        ("name", |it| item(it, 0, None, Some("a")), Some(1)),
        ("token", |it| item(it, 0, Some("x"), Some("Shirt a (red)")), Some(1)),
        ("no token", |it| item(it, 0, Some("x"), Some("Shirt-a")), None),
        ("nothing", |it| item(it, 0, None, None), None),
        (
            "external id beats a name",
            |it| {
                item(it, 0, None, Some("a"));
                item(it, 1, Some("a"), None);
                it.invoices[0].lines[1].amount = amount("20.00");
            },
            Some(2),
        ),
        (
            "internal id where the line says nothing else",
            |it| {
                item(it, 0, None, None);
                it.invoices[0].lines[0].item.id = id("a");
            },
            Some(1),
        ),
    ];
    for (what, edit, line) in table {
        let story = plain().nameless().but(edit);
        match line {
            Some(number) => {
                assert_eq!(story.memo(&["a"]).lines[0].source_line, Some(number), "{what}");
            }
            None => assert_eq!(stops(&story, &["a"]), ("wait", "not-invoiced"), "{what}"),
        }
    }
}

#[test]
fn ambiguous_line_parks_where_candidates_differ_in_rate_or_tax() {
    let same = || {
        let story = Story::new().unit("a", "20.00").product("p").unit("b", "20.00").product("p");
        story.paid("40.00").refunded("40.00")
    };
    let edits: [Edit; 4] = [
        |it| it.invoices[0].lines[0].amount = amount("25.00"),
        |it| it.invoices[0].lines[0].tax_code = Some(id("tax-8")),
        |it| it.invoices[0].lines[0].taxable = Some(true),
        |it| {
            it.invoices[0].lines[0].taxes.push(crate::LineTax {
                tax_type: id("1"),
                tax_code: id("2"),
                rate: None,
                amount: amount("1.00"),
            });
        },
    ];
    assert_eq!(same().nameless().memo(&["b"]).lines[0].source_line, Some(1));
    for edit in edits {
        let story = same().nameless().but(edit);
        assert_eq!(stops(&story, &["b"]), ("park", "ambiguous-line"), "{story:#?}");
        assert_eq!(same().but(edit).memo(&["b"]).lines[0].source_line, Some(2));
    }
}

#[test]
fn payment_discount_tax_and_rounding_lines_never_match_a_unit() {
    fn becomes(billing: &mut Billing, record: &str) {
        billing.invoices[0].lines[0].item.id = id(record);
    }
    let edits: [Edit; 5] = [
        |it| becomes(it, "91291"),
        |it| becomes(it, "8494"),
        |it| becomes(it, "10"),
        |it| becomes(it, "12777"),
        |it| it.invoices[0].lines[0].amount = amount("-20.00"),
    ];
    for edit in edits {
        for story in [plain().but(edit), plain().nameless().but(edit)] {
            assert_eq!(stops(&story, &["a"]), ("wait", "not-invoiced"), "{story:#?}");
        }
    }
}

#[test]
fn a_sold_gift_card_is_an_item_and_a_paying_one_is_not() {
    fn becomes(billing: &mut Billing, sum: &str) {
        billing.invoices[0].lines[0].item.id = id("8232");
        billing.invoices[0].lines[0].amount = amount(sum);
    }
    let story = |edit| {
        let mut story = plain().but(edit);
        story.maps.gift_card_products = vec![id("8232")];
        story
    };
    let sold = ["8232 20.00 @1", "credit 20.00", "total 20.00"];
    check(&story(|it| becomes(it, "20.00")), &["a"], &[&sold]);
    assert_eq!(stops(&story(|it| becomes(it, "-20.00")), &["a"]), ("wait", "not-invoiced"));
}

#[test]
fn several_invoices_share_the_lines_of_one_product() {
    let story = Story::new().unit("a", "20.00").product("p").unit("b", "20.00").product("p");
    let story = story.invoice("99").on("b", "99").paid("40.00").refunded("40.00").nameless();
    let memo = ["item-p 20.00 @1", "credit 20.00", "total 20.00"];
    let plan = check(&story, &["a", "b"], &[&memo, &memo]);
    let invoices: Vec<_> = plan.memos.iter().map(|memo| memo.source.invoice().unwrap()).collect();
    assert_eq!(invoices, [&id("99"), &id("700")]);
}
