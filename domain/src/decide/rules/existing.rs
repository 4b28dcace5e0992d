//! Units that are on a credit memo already, manual or not.

use super::*;
use crate::{ClaimState, ExistingMemo, Standing};

/// Four pieces of one product on one invoice, fully refunded.
fn four() -> Story {
    let p = |story: Story, id| story.unit(id, "20.00").product("p");
    let story = ["a", "b", "c", "d"].into_iter().fold(Story::new(), p);
    story.paid("80.00").refunded("80.00")
}

fn with_memo(mut story: Story, lines: &[(&str, i64, &str, &[&str])]) -> Story {
    story.memos.push(by_hand(lines));
    story
}

fn credited(story: &Story, event: &[&str]) -> Vec<String> {
    match story.decide(event) {
        Decision::Act(plan) => {
            let units = plan.memos.iter().flat_map(|memo| &memo.units);
            units.map(ToString::to_string).collect()
        }
        Decision::Stop(stop) => vec![name(&stop).1.to_owned()],
    }
}

#[test]
fn already_credited_by_hand_with_ids_is_dropped() {
    let story = with_memo(four(), &[("item-p", 1, "20.00", &["b"])]);
    assert_eq!(credited(&story, &["a", "b"]), ["a"]);
    assert_eq!(stops(&story, &["b"]), ("done", "already-credited"));
    assert_eq!(stops(&story.deadline_passed(), &["b"]), ("done", "already-credited"));
}

#[test]
fn a_manual_memo_without_ids_counts_for_the_whole_order() {
    type Lines<'a> = &'a [(&'a str, i64, &'a str, &'a [&'a str])];
    type Row<'a> = (Lines<'a>, &'a [&'a str], &'a [&'a str], &'a [&'a str]);
    // Units a to d of the order may be cancelled; the event names some of them.
    let table: [Row<'_>; 8] = [
        (&[("item-p", 1, "20.00", &[])], &["a", "b"], &["a", "b"], &["a"]),
        (&[("item-p", 1, "20.00", &[])], &["a"], &["a"], &["already-credited"]),
        (&[("item-p", 1, "20.00", &[])], &["a", "b"], &["b"], &["b"]),
        (&[("item-p", 2, "40.00", &[])], &["a", "b", "c"], &["b", "c"], &["b"]),
        (&[("item-p", 3, "60.00", &[])], &["a", "b"], &["a", "b"], &["already-credited"]),
        (&[("item-q", 3, "60.00", &[])], &["a"], &["a"], &["a"]),
        (
            &[("item-p", 1, "20.00", &["a"]), ("item-p", 1, "20.00", &[])],
            &["a", "b", "c"],
            &["a", "b", "c"],
            &["b"],
        ),
        (
            &[("item-p", 1, "20.00", &["d"]), ("item-p", 1, "20.00", &[])],
            &["a", "b"],
            &["a", "b"],
            &["already-credited"],
        ),
    ];
    for (lines, cancelled, event, expected) in table {
        let mut story = with_memo(four(), lines);
        for it in &mut story.order.units {
            if cancelled.contains(&it.id.as_str()) {
                it.status = Some("cancelled".into());
            }
        }
        assert_eq!(credited(&story, event), expected, "{event:?} of {cancelled:?}: {lines:?}");
        assert_eq!(credited(&story.nameless(), event), expected, "{event:?}: {lines:?}");
    }
}

#[test]
fn a_product_counts_even_under_another_name_on_the_memo() {
    for edit in [
        (|it| it.memos[0].lines[0].item.external_id = Some("p".into())) as fn(&mut Billing),
        |it| it.memos[0].lines[0].item.name = Some("p".into()),
        |it| it.memos[0].lines[0].item.name = Some("Shirt p red".into()),
    ] {
        let story = with_memo(four(), &[("another-record", 1, "20.00", &[])]).but(edit);
        assert_eq!(credited(&story, &["a", "b"]), ["a"]);
    }
}

#[test]
fn every_tie_to_an_invoice_counts_against_it() {
    // A lump sum that leaves 19.95 of 80.00: a cent less than rounding explains.
    let tied: [fn(&mut ExistingMemo); 3] = [
        |_| {},
        |memo| {
            memo.created_from = None;
            memo.applied_to = vec![id("700")];
        },
        |memo| {
            memo.created_from = None;
            memo.lines[0].units = vec![unit("d")];
        },
    ];
    for tie in tied {
        let mut story = with_memo(four(), &[("lump", 1, "60.05", &[])]);
        tie(&mut story.memos[0]);
        assert_eq!(stops(&story, &["a"]), ("park", "over-credit"), "{:#?}", story.memos);
    }
    let mut story = with_memo(four(), &[("lump", 1, "60.05", &[])]);
    story.memos[0].created_from = None;
    assert_eq!(stops(&story, &["a"]), ("park", "over-credit"), "it has the order's number");
    story.memos[0].created_from = Some(id("66001"));
    assert_eq!(
        stops(&story, &["a"]),
        ("park", "over-credit"),
        "a memo from a return authorization counts as well"
    );
    story.memos[0].applied_to = vec![id("799")];
    assert_eq!(credited(&story, &["a"]), ["a"], "it is applied to another order's invoice");
}

#[test]
fn after_journal_loss_the_ledger_prevents_a_double_credit() {
    for story in [four(), four().nameless(), four().merged(), four().merged().nameless()] {
        let mut story = story;
        story.record(&story.plan(&["b"]));
        for it in &mut story.order.units {
            if it.id == "b" {
                it.status = Some("cancelled".into());
            }
        }
        assert_eq!(stops(&story, &["b"]), ("done", "already-credited"), "{story:#?}");
        let memo = story.memo(&["a", "b", "c"]);
        assert_eq!(memo.credit, amount("40.00"), "{story:#?}");
    }
}

#[test]
fn an_own_memo_without_unit_ids_is_recognised_by_its_key() {
    let mut story = four().nameless();
    story.record(&story.plan(&["a"]));
    story.order.units[0].status = Some("cancelled".into());
    // By count alone either could be left; a memo over a has taken the key.
    assert_eq!(credited(&story, &["a", "b"]), ["b"]);
    story.record(&story.plan(&["a", "b"]));
    assert_eq!(credited(&story, &["b", "a", "c"]), ["c"]);
    assert_eq!(credited(&story, &["b"]), ["already-credited"]);
}

#[test]
fn a_settled_claim_counts_even_where_the_ledger_does_not_show_its_memo() {
    for story in [four(), four().nameless()] {
        let mut story = story;
        let plan = story.plan(&["b"]);
        story.settle(&plan);
        assert_eq!(stops(&story, &["b"]), ("done", "already-credited"));
        // It is credited only once if both know it.
        story.record(&plan);
        assert_eq!(credited(&story, &["a", "b", "c", "d"]), ["a", "c", "d"], "{story:#?}");
    }
}

#[test]
fn an_own_memo_counts_once_even_with_a_changed_external_id() {
    let mut story = four();
    let plan = story.plan(&["a", "b", "c"]);
    story.settle(&plan);
    story.record(&plan);
    let ClaimState::Settled(record) = &story.claims[0].state else { panic!("{story:#?}") };
    story.memos[0].id = record.clone();
    story.memos[0].external_id = Some("corrected".to_owned());
    assert_eq!(credited(&story, &["a", "b", "c", "d"]), ["d"]);
}

#[test]
fn a_nameless_line_has_room_for_its_uncredited_pieces() {
    let mut story = four().merged().nameless();
    for event in [["a"], ["c"], ["b"]] {
        let plan = story.plan(&event);
        assert_eq!(plan.memos[0].lines[0].source_line, Some(1));
        story.settle(&plan);
    }
    let story = story.but(|billing| billing.invoices[0].lines[0].quantity = Some(3.into()));
    assert_eq!(stops(&story, &["d"]), ("wait", "not-invoiced"));
}

#[test]
fn quantities_beyond_the_range_count_as_the_maximum() {
    let mut story = with_memo(
        four(),
        &[("item-p", 1, "85899345900.00", &[]), ("item-p", 1, "85899345900.00", &[])],
    );
    for line in &mut story.memos[0].lines {
        line.quantity = Some(Decimal::MAX);
    }
    let story = story.but(|billing| billing.invoices[0].lines[0].quantity = Some(Decimal::MAX));
    assert_eq!(stops(&story, &["a"]), ("done", "already-credited"));
}

#[test]
fn shipping_is_credited_once_by_memobridge_or_by_hand() {
    let story = || {
        let story = Story::new().unit("a", "20.00").shipping("5.00", "0.40");
        story.paid("25.40").refunded("25.40")
    };
    let only = ["item-a 20.00 @1", "credit 20.00", "total 20.00"];
    let mut body = with_memo(story(), &[]);
    body.memos[0].shipping_cost = amount("5.00");
    body.memos[0].total = amount("5.40");
    check(&body, &["a"], &[&only]);

    let line = with_memo(story(), &[("4", 1, "5.00", &[])]);
    let line = line.with(|policy| policy.shipping_as = crate::ShippingAs::Line);
    check(&line, &["a"], &[&only]);

    let mut own = story();
    own.record(&own.plan(&["a"]));
    assert_eq!(stops(&own, &["a"]), ("done", "already-credited"));
}

#[test]
fn only_the_units_of_the_event_are_credited() {
    let mut story = four();
    story.order.units[3].status = Some("cancelled".into());
    assert_eq!(credited(&story, &["a"]), ["a"]);
}

#[test]
fn a_manual_memo_made_from_a_units_line_credits_that_unit() {
    let on_line = |sum: &'static str| {
        let mut story = with_memo(four(), &[("item-p", 1, sum, &[])]);
        story.memos[0].lines[0].source_line = Some(1);
        story
    };
    assert_eq!(credited(&on_line("20.00"), &["a", "b"]), ["b"]);
    assert_eq!(credited(&on_line("20.00"), &["a"]), ["already-credited"]);
    // Its unit is active: the memo was meant for another unit, and the count decides.
    assert_eq!(credited(&on_line("20.00"), &["b"]), ["already-credited"]);
    // A part of its amount does not credit the unit.
    assert_eq!(stops(&on_line("5.00"), &["a", "b"]), ("park", "over-credit"));
}

#[test]
fn a_line_counts_as_pieces_only_near_the_price() {
    // Of four units at 20.00, a and b are cancelled; what is left for the event of both.
    let table: [(&str, &[&str], &[&str]); 8] = [
        ("20.00", &["b"], &["a"]),
        ("19.99", &["b"], &["a"]),
        ("19.98", &["b"], &["over-credit"]),
        ("5.00", &["b"], &["over-credit"]),
        ("20.00", &[], &["a"]),
        ("19.99", &[], &["a"]),
        ("19.98", &[], &["a", "b"]),
        ("5.00", &[], &["a", "b"]),
    ];
    for (sum, ids, expected) in table {
        let story = with_memo(four(), &[("item-p", 1, sum, ids)]);
        assert_eq!(credited(&story, &["a", "b"]), expected, "{sum} on {ids:?}");
        let plan = with_memo(four(), &[("item-p", 1, sum, &[])]).plan(&["a", "b"]);
        let flags: Vec<_> = plan.flags.iter().map(Flag::name).collect();
        let is_flagged = flags.contains(&"credited-before");
        assert_eq!(is_flagged, sum == "19.98" || sum == "5.00", "{sum}: {flags:?}");
    }
}

#[test]
fn partial_credits_of_one_unit_add_up_to_its_credit() {
    let lines: [(&str, i64, &str, &[&str]); 2] =
        [("item-p", 1, "5.00", &["a"]), ("item-p", 1, "15.00", &["a"])];
    assert_eq!(stops(&with_memo(four(), &lines), &["a"]), ("done", "already-credited"));
    assert_eq!(credited(&with_memo(four(), &lines), &["a", "b"]), ["b"]);
}

#[test]
fn a_nameless_piece_credits_the_most_expensive_unit_that_it_covers() {
    let story = Story::new().unit("a", "20.00").product("p").unit("b", "15.00").product("p");
    let story = with_memo(story.paid("35.00").refunded("35.00"), &[("item-p", 1, "15.00", &[])]);
    for event in [&["a", "b"][..], &["b", "a"]] {
        assert_eq!(credited(&story, event), ["a"], "{event:?}");
    }
    let mut both = story;
    both.order.units.iter_mut().for_each(|unit| unit.status = Some("cancelled".into()));
    assert_eq!(credited(&both, &["a"]), ["a"]);
    assert_eq!(stops(&both, &["b"]), ("done", "already-credited"));
}

#[test]
fn a_nameless_piece_may_credit_a_returned_unit() {
    let mut story = with_memo(four(), &[("item-p", 1, "20.00", &[])]);
    story.order.units[3].status = Some("returned".into());
    assert_eq!(credited(&story, &["a"]), ["a"]);
}

#[test]
fn a_partly_credited_unit_parks_as_over_credit() {
    let story = Story::new().unit("a", "20.00").product("p").times("3").paid("60.00");
    let story = with_memo(story.refunded("60.00"), &[("item-p", 1, "20.00", &[])]);
    assert_eq!(stops(&story, &["a"]), ("park", "over-credit"));
}

#[test]
fn a_voided_memo_credits_nothing_and_an_own_one_parks() {
    let mut others = with_memo(four(), &[("item-p", 1, "20.00", &["a"])]);
    others.memos[0].standing = Standing::Voided;
    assert_eq!(credited(&others, &["a", "b"]), ["a", "b"]);

    let mut own = four();
    let plan = own.plan(&["a"]);
    own.settle(&plan);
    own.record(&plan);
    own.memos[0].standing = Standing::Voided;
    assert_eq!(stops(&own, &["a"]), ("park", "memo-voided"));
    assert_eq!(credited(&own, &["a", "b"]), ["b"]);
    assert_eq!(stops(&own, &["a", "b"]), ("park", "memo-voided"));
    assert_eq!(credited(&own, &["b"]), ["b"]);
    // It was credited by hand: nothing is owed.
    let by_hand = with_memo(own, &[("item-p", 1, "20.00", &["a"])]);
    assert_eq!(stops(&by_hand, &["a"]), ("done", "already-credited"));
}

#[test]
fn a_unit_billed_again_after_its_credit_parks() {
    let again = |billing: &mut Billing| {
        let mut invoice = billing.invoices[0].clone();
        invoice.id = id("701");
        invoice.lines.truncate(1);
        billing.invoices.push(invoice);
    };
    let story = with_memo(four(), &[("item-p", 1, "20.00", &["a"])]).but(again);
    assert_eq!(stops(&story, &["a"]), ("park", "billed-again"));
    assert_eq!(stops(&story, &["a", "b"]), ("park", "billed-again"));
    assert_eq!(credited(&story, &["b"]), ["b"]);
    // It is credited on the later invoice, too.
    let mut twice = with_memo(story, &[("item-p", 1, "20.00", &["a"])]);
    twice.memos[1].id = id("801");
    twice.memos[1].created_from = Some(id("701"));
    assert_eq!(stops(&twice, &["a"]), ("done", "already-credited"));
}

#[test]
fn only_memos_of_the_same_entity_or_over_its_units_belong_to_an_order() {
    type Change = fn(&mut ExistingMemo);
    let table: [(Change, bool); 6] = [
        (|_| {}, true),
        (|memo| memo.entity = None, true),
        (|memo| memo.entity = Some(id("56")), false),
        (|memo| (memo.entity, memo.lines[0].units) = (Some(id("56")), vec![unit("a")]), true),
        (|memo| memo.lines[0].units = vec![unit("of-another-order")], false),
        (|memo| memo.created_from = Some(id("66001")), true),
    ];
    for (change, counts) in table {
        let mut story = with_memo(four(), &[("item-p", 1, "20.00", &[])]);
        story.memos[0].created_from = None;
        change(&mut story.memos[0]);
        let expected = if counts { "already-credited" } else { "a" };
        assert_eq!(credited(&story, &["a"]), [expected], "{:#?}", story.memos);
    }
}

#[test]
fn thousands_of_pieces_without_names_count_against_thousands_of_units() {
    let names: Vec<String> = (0..5000).map(|nth| format!("u{nth}")).collect();
    let story = names.iter().fold(Story::new(), |story, id| story.unit(id, "20.00").product("p"));
    let mut story = story.paid("100000.00").refunded("100000.00").nameless();
    let line = ("item-p", 1, "20.00", &[][..]);
    for nth in 0..2500 {
        story.memos.push(ExistingMemo { id: id(&format!("8{nth}")), ..by_hand(&[line]) });
    }
    let cancelled: Vec<&str> = names.iter().map(String::as_str).collect();
    let order = story.ready(&cancelled).unwrap();
    let billing = story.billing(&order);
    let cancellation = Story::cancellation(&cancelled);
    let input = DecisionInput {
        cancellation: &cancellation,
        order: &order,
        billing: &billing,
        claims: &[],
        policy: &story.policy,
        maps: &story.maps,
        published: date("2020-02-19"),
        not_before: None,
        deadline: Deadline::Pending,
        storefront: "",
    };
    assert_eq!(Credited::of(&input).open(&input).wanted.len(), 2500);
}

/// The other shop's memo has the same number and no unit ids, while this order is not exported.
#[test]
fn a_memo_of_another_shop_with_the_same_number_credits_nothing_before_the_sales_order_exists() {
    let mut story = plain().but(|billing| {
        billing.sales_order = None;
        billing.invoices.clear();
    });
    let mut memo = by_hand(&[("item-a", 1, "20.00", &[])]);
    memo.lines[0].item.external_id = story.order.units[0].product.clone();
    memo.created_from = Some(id("88001"));
    memo.entity = Some(id("99"));
    story.memos.push(memo);
    assert_eq!(stops(&story, &["a"]), ("wait", "sales-order-not-found"));
}

/// Invoice 701 is of the same sales order, and names a unit that the order does not have.
fn with_other(billing: &mut Billing) {
    let mut other = billing.invoices[0].clone();
    other.id = id("701");
    let line = crate::BillingLine { units: vec![unit("z")], ..other.lines[0].clone() };
    other.lines = vec![line];
    billing.invoices.push(other);
}

#[test]
fn a_memo_that_names_a_unit_counts_even_if_applied_to_another_orders_invoice() {
    let mut story = plain().but(with_other);
    let mut memo = by_hand(&[("item-a", 1, "20.00", &["a"])]);
    memo.applied_to = vec![id("701")];
    story.memos.push(memo);
    assert_eq!(
        stops(&story, &["a"]),
        ("done", "already-credited"),
        "made from this order's invoice 700"
    );
}

#[test]
fn a_memo_that_names_a_unit_counts_even_if_made_from_another_orders_invoice() {
    let mut story = plain().but(with_other);
    let mut memo = by_hand(&[("item-a", 1, "20.00", &["a"])]);
    memo.created_from = Some(id("701"));
    story.memos.push(memo);
    assert_eq!(stops(&story, &["a"]), ("done", "already-credited"));
}

#[test]
fn a_unit_credited_without_its_id_and_billed_again_parks() {
    let mut story = plain().but(|billing| {
        let mut again = billing.invoices[0].clone();
        again.id = id("701");
        again.lines.truncate(1);
        again.total = again.lines[0].amount;
        billing.invoices.push(again);
    });
    let product = story.order.units[0].product.clone();
    let mut memo = by_hand(&[("item-a", 1, "20.00", &[])]);
    memo.lines[0].item.external_id = product;
    story.memos.push(memo);
    assert_eq!(stops(&story, &["a"]), ("park", "billed-again"));
}

#[test]
fn no_memo_of_zero_is_made() {
    let mut story = Story::new().unit("a", "0.00").unit("b", "20.00").unit("c", "5.00");
    story = story.paid("25.00").refunded("20.00");
    story.memos.push(by_hand(&[("item-b", 1, "20.00", &["b"])]));
    let decision = story.decide(&["a", "b"]);
    assert!(matches!(decision, Decision::Stop(_)), "{decision:#?}");
}

#[test]
fn a_unit_worth_no_more_than_the_tolerance_is_credited_once() {
    let mut story =
        Story::new().unit("a", "0.50").unit("b", "20.00").paid("20.50").refunded("0.50");
    story = story.with(|policy| policy.tolerance = amount("0.50"));
    let product = story.order.units[0].product.clone();
    let mut memo = by_hand(&[("item-a", 1, "0.50", &[])]);
    memo.lines[0].item.external_id = product;
    story.memos.push(memo);
    assert_eq!(stops(&story, &["a"]), ("done", "already-credited"));
}
