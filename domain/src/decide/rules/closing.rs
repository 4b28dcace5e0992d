//! Closing the sales-order lines of units that no invoice carries.

use super::*;

fn closing(story: Story) -> Story {
    story.with(|policy| policy.not_invoiced = NotInvoiced::CloseLines)
}

/// Three pieces of one product without an invoice.
fn three() -> Story {
    let story = Story::new().unit("a", "20.00").product("p").discounts("1.00", "0.00");
    let story = story.unit("b", "20.00").product("p").discounts("1.00", "0.00");
    let story = story.unit("c", "20.00").product("p").discounts("1.00", "0.00");
    closing(story.paid("57.00").refunded("57.00").unbilled())
}

fn targets(plan: &Plan) -> Vec<String> {
    let close = plan.close.as_ref().expect("there are lines to close");
    assert_eq!(close.sales_order, id("600"));
    let show = |it: &LineTarget| {
        let quantity = it.quantity.map(|it| format!(" ×{it}")).unwrap_or_default();
        let amount = it.amount.map(|it| format!(" {it}")).unwrap_or_default();
        let closed = if it.closed { " closed" } else { "" };
        format!("{}{quantity}{amount}{closed}", it.line)
    };
    close.targets.iter().map(show).collect()
}

/// The sales order after the plan was carried out.
fn carry_out(billing: &mut Billing, plan: &Plan) {
    let lines = &mut billing.sales_order.as_mut().unwrap().lines;
    for target in &plan.close.as_ref().unwrap().targets {
        let line = lines.iter_mut().find(|line| line.line.line == target.line).unwrap();
        if let Some(quantity) = target.quantity {
            let rate = line.line.amount.share(Decimal::ONE, line.line.quantity.unwrap());
            line.line.quantity = Some(quantity);
            line.line.amount = rate.share(quantity, Decimal::ONE);
        }
        line.line.amount = target.amount.unwrap_or(line.line.amount);
        line.closed = target.closed;
    }
}

/// Decides each event in turn and executes the plan, each twice: the second time there is nothing
/// left to do. Returns the actions of each first time.
#[track_caller]
fn play(story: &Story, events: &[&[&str]]) -> Vec<Vec<String>> {
    let mut cancelled: Vec<&str> = Vec::new();
    let order = story.ready(events[0]).unwrap();
    let mut billing = story.billing(&order);
    let mut done = Vec::new();
    for event in events {
        cancelled.extend(*event);
        let order = Order::check(&story.snapshot(&cancelled)).unwrap();
        match story.decide_on(event, &order, &billing) {
            Decision::Act(plan) => {
                assert!(plan.memos.is_empty(), "{plan:#?}");
                assert_eq!(plan.rest.as_ref().map(name), Some(("skip", "lines-closed")));
                done.push(targets(&plan));
                carry_out(&mut billing, &plan);
            }
            Decision::Stop(stop) => done.push(vec![format!("{:?}", name(&stop))]),
        }
        match story.decide_on(event, &order, &billing) {
            Decision::Act(plan) => panic!("{event:?} again: {plan:#?}"),
            Decision::Stop(stop) => assert_eq!(name(&stop).0, "skip", "{event:?} again"),
        }
    }
    done
}

#[test]
fn lines_closed_have_absolute_targets_and_include_their_discount() {
    for story in [three(), three().nameless()] {
        let last = if format!("{story:?}").contains("column: Empty") { "5" } else { "1" };
        let next: u32 = last.parse::<u32>().unwrap() + 1;
        let expected = [format!("{last} ×0 closed"), format!("{next} 0.00 closed")];
        assert_eq!(play(&story, &[&["a"]]), [expected], "{story:#?}");
    }
}

#[test]
fn a_line_of_several_units_keeps_the_active_ones() {
    for story in [three().merged(), three().merged().nameless()] {
        let expected = [
            vec!["1 ×2".to_owned(), "2 -2.00".into()],
            vec!["1 ×0 closed".into(), "2 0.00 closed".into()],
        ];
        assert_eq!(play(&story, &[&["a"], &["b", "c"]]), expected);
    }
}

#[test]
fn every_cancelled_unit_closes_a_line_in_any_order_of_events() {
    let orders: [[&str; 3]; 6] = [
        ["a", "b", "c"],
        ["a", "c", "b"],
        ["b", "a", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["c", "b", "a"],
    ];
    for events in orders {
        let events: Vec<&[&str]> = events.iter().map(std::slice::from_ref).collect();
        for story in [three(), three().nameless(), three().merged(), three().merged().nameless()] {
            let done = play(&story, &events);
            let closed = done.iter().flatten().filter(|it| it.contains('×'));
            assert_eq!(closed.count(), 3, "{events:?}: {done:?}");
            let shut = done.last().unwrap().iter().any(|it| it.ends_with("×0 closed"));
            assert!(shut, "{events:?}: {done:?}");
        }
    }
}

#[test]
fn the_line_of_an_invoiced_unit_is_not_the_one_to_close() {
    for invoiced in ["a", "b"] {
        let story = Story::new().unit("a", "20.00").product("p").unit("b", "20.00").product("p");
        let loose = if invoiced == "a" { "b" } else { "a" };
        let story = closing(story.paid("40.00").refunded("40.00").nameless().not_invoiced(loose));
        // Without ids the unit cancelled first gets the invoice's only line.
        for first in ["a", "b"] {
            let second = if first == "a" { "b" } else { "a" };
            let mut story = story.clone();
            story.settle(&story.plan(&[first]));
            let unbilled = if invoiced == "a" { "2 ×0 closed" } else { "1 ×0 closed" };
            assert_eq!(targets(&story.plan(&[second])), [unbilled], "{first} of {invoiced}");
        }
    }
}

#[test]
fn the_line_of_an_active_unit_stays_even_if_it_is_the_only_invoiced_one() {
    for invoiced in ["a", "b"] {
        let story = Story::new().unit("a", "20.00").product("p").unit("b", "20.00").product("p");
        let loose = if invoiced == "a" { "b" } else { "a" };
        let story = closing(story.paid("40.00").refunded("20.00").not_invoiced(loose));
        let number = if loose == "a" { "1" } else { "2" };
        assert_eq!(targets(&story.plan(&[loose])), [format!("{number} ×0 closed")]);
    }
}

#[test]
fn line_fulfilled_parks() {
    fn gone(billing: &mut Billing, fulfilled: i64, billed: i64) {
        let line = &mut billing.sales_order.as_mut().unwrap().lines[0];
        (line.fulfilled, line.billed) = (fulfilled.into(), billed.into());
    }
    for edit in [|it: &mut Billing| gone(it, 1, 0), |it: &mut Billing| gone(it, 0, 1)] {
        assert_eq!(stops(&three().but(edit), &["a"]), ("park", "line-fulfilled"));
    }
    // Two of three pieces are fulfilled: one can still be closed, but not two.
    let story = three().merged().but(|it| gone(it, 2, 0));
    assert_eq!(targets(&story.plan(&["a"])), ["1 ×2", "2 -2.00"]);
    assert_eq!(stops(&story, &["a", "b"]), ("park", "line-fulfilled"));
}

#[test]
fn payment_lines_of_the_sales_order_stay_unchanged() {
    let story = three().but(|billing| {
        let lines = &mut billing.sales_order.as_mut().unwrap().lines;
        let mut payment = lines[1].clone();
        payment.line.line = 9;
        payment.line.item.id = id("91291");
        lines.insert(1, payment);
    });
    assert_eq!(targets(&story.plan(&["a"])), ["1 ×0 closed"]);
}

#[test]
fn lines_that_differ_and_name_no_unit_are_ambiguous() {
    let story = three().nameless().but(|billing| {
        billing.sales_order.as_mut().unwrap().lines[0].line.amount = amount("25.00");
    });
    assert_eq!(stops(&story, &["a"]), ("park", "ambiguous-line"));
}
