//! Units that are on a credit memo already, whoever made it.

use super::*;
use crate::{ClaimState, ExistingMemo};

/// Four pieces of one product on one invoice, all money given back.
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
            let units = plan.memos.iter().flat_map(|it| &it.units);
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
    assert_eq!(stops(&story.exhausted(), &["b"]), ("done", "already-credited"));
}

#[test]
fn a_memo_by_hand_without_ids_counts_over_the_order() {
    type Lines<'a> = &'a [(&'a str, i64, &'a str, &'a [&'a str])];
    type Row<'a> = (Lines<'a>, &'a [&'a str], &'a [&'a str], &'a [&'a str]);
    // Of the order, a to d may be cancelled; the event names some of them.
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
fn a_product_counts_even_where_the_memo_names_it_in_other_words() {
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
fn a_memo_counts_against_its_invoice_however_it_is_tied() {
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
    assert_eq!(credited(&story, &["a"]), ["a"], "of another order's invoice, perhaps");
}

#[test]
fn the_ledger_protects_when_the_journal_is_lost() {
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
fn a_memo_of_ours_that_names_no_unit_is_recognised_by_its_key() {
    let mut story = four().nameless();
    story.record(&story.plan(&["a"]));
    story.order.units[0].status = Some("cancelled".into());
    // By count alone either could be left; the key of a memo over a is taken.
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
        // And once only where both know it.
        story.record(&plan);
        assert_eq!(credited(&story, &["a", "b", "c", "d"]), ["a", "c", "d"], "{story:#?}");
    }
}

#[test]
fn a_memo_of_ours_counts_once_though_somebody_changed_its_external_id() {
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
fn a_line_that_names_no_unit_gives_what_is_left_of_it() {
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
fn quantities_beyond_reckoning_count_as_very_many() {
    let mut story = with_memo(four(), &[("item-p", 1, "0.00", &[]), ("item-p", 1, "0.00", &[])]);
    for line in &mut story.memos[0].lines {
        line.quantity = Some(Decimal::MAX);
    }
    let story = story.but(|billing| billing.invoices[0].lines[0].quantity = Some(Decimal::MAX));
    assert_eq!(stops(&story, &["a"]), ("done", "already-credited"));
}

#[test]
fn shipping_is_credited_once_whoever_did_it() {
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

    let mut ours = story();
    ours.record(&ours.plan(&["a"]));
    assert_eq!(stops(&ours, &["a"]), ("done", "already-credited"));
}

#[test]
fn only_the_units_that_the_event_names_are_credited() {
    let mut story = four();
    story.order.units[3].status = Some("cancelled".into());
    assert_eq!(credited(&story, &["a"]), ["a"]);
}

#[test]
fn a_memo_by_hand_made_for_a_units_line_is_over_that_unit() {
    let on_line = |sum: &'static str| {
        let mut story = with_memo(four(), &[("item-p", 1, sum, &[])]);
        story.memos[0].lines[0].source_line = Some(1);
        story
    };
    assert_eq!(credited(&on_line("20.00"), &["a", "b"]), ["b"]);
    assert_eq!(credited(&on_line("20.00"), &["a"]), ["already-credited"]);
    // Its unit lives: the memo was meant for another, and the count decides.
    assert_eq!(credited(&on_line("20.00"), &["b"]), ["already-credited"]);
    // A part of its amount is no credit of the unit.
    assert_eq!(stops(&on_line("5.00"), &["a", "b"]), ("park", "over-credit"));
}
