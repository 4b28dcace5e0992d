//! Shipping is compared with the invoice's, as items are.

use super::*;
use crate::ShippingAs;

/// One unit and shipping of 5.00 with 0.40 of tax, fully refunded.
fn shipped() -> Story {
    Story::new().unit("a", "20.00").shipping("5.00", "0.40").paid("25.40").refunded("25.40")
}

fn as_line(story: Story) -> Story {
    story.with(|policy| policy.shipping_as = ShippingAs::Line)
}

/// The invoice has its shipping on a line, with a discount after it.
fn on_a_line(billing: &mut Billing, sum: &str, discount: &str) {
    let invoice = &mut billing.invoices[0];
    invoice.shipping_cost = Amount::ZERO;
    for (number, record, sum) in [(8, "4", sum), (9, "8494", discount)] {
        let mut line = invoice.lines[0].clone();
        (line.line, line.amount, line.quantity) = (number, amount(sum), None);
        (line.item.id, line.item.external_id) = (id(record), None);
        line.units = Vec::new();
        invoice.lines.push(line);
    }
}

#[test]
fn shipping_that_differs_from_the_invoice_parks_beyond_the_tolerance() {
    let agree: [Edit; 2] = [
        |it| it.invoices[0].shipping_cost = amount("5.01"),
        |it| it.invoices[0].shipping_cost = amount("4.99"),
    ];
    for edit in agree {
        let memo = shipped().but(edit).but(|it| it.invoices[0].total = amount("26.00"));
        assert_eq!(memo.memo(&["a"]).credit, amount("25.40"));
    }
    let differ: [Edit; 3] = [
        |it| it.invoices[0].shipping_cost = amount("5.02"),
        |it| it.invoices[0].shipping_cost = amount("4.98"),
        |it| it.invoices[0].shipping_cost = amount("9.00"),
    ];
    for edit in differ {
        let story = shipped().but(edit);
        assert_eq!(stops(&story, &["a"]), ("park", "amount-mismatch"), "{story:#?}");
    }
}

#[test]
fn a_shipping_mismatch_shows_both_amounts() {
    let sentence = |story: &Story| match story.decide(&["a"]) {
        Decision::Stop(Stop::Park(reason)) => reason.to_string(),
        decision => panic!("{decision:?}"),
    };
    let body = shipped().but(|it| it.invoices[0].shipping_cost = amount("4.00"));
    assert_eq!(sentence(&body), "shipping of invoice 700 is 4.00 net, the order says 5.00");
    let line = as_line(shipped()).but(|it| on_a_line(it, "5.00", "-1.00"));
    assert_eq!(sentence(&line), "line 8 of invoice 700 is 4.00 net, the order says 5.00");
}

#[test]
fn a_shipping_line_is_compared_with_its_discount_line() {
    let story = as_line(shipped()).but(|it| on_a_line(it, "6.00", "-1.00"));
    assert_eq!(story.memo(&["a"]).credit, amount("25.40"));
}

#[test]
fn shipping_is_compared_net_of_tax_that_is_inside() {
    let story = Story::new().inside().unit("a", "20.00").shipping("5.40", "0.40");
    let story = story.paid("25.40").refunded("25.40");
    assert_eq!(story.memo(&["a"]).credit, amount("25.40"));
    let gross = story.but(|it| it.invoices[0].shipping_cost = amount("5.40"));
    assert_eq!(stops(&gross, &["a"]), ("park", "amount-mismatch"));
}

#[test]
fn shipping_that_is_not_due_or_that_no_invoice_shows_is_not_compared() {
    let active = shipped().unit("b", "30.00").paid("30.00").but(|it| {
        it.invoices[0].shipping_cost = amount("9.00");
    });
    check(&active, &["a"], &[&["item-a 20.00 @1", "credit 20.00", "total 20.00"]]);
    let not_shown =
        shipped().deadline_passed().but(|it| it.invoices[0].shipping_cost = Amount::ZERO);
    assert_eq!(not_shown.memo(&["a"]).credit, amount("25.40"));
}

#[test]
fn shipping_of_an_order_whose_units_are_credited_by_hand_is_still_credited() {
    let mut story = plain().shipping("5.00", "0.40").paid("5.40").refunded("5.40");
    story.memos.push(by_hand(&[("item-a", 1, "20.00", &["a"]), ("item-b", 1, "30.00", &["b"])]));
    let memo = story.memo(&["a", "b"]);
    assert_eq!(memo.credit, amount("5.40"));
}

#[test]
fn shipping_that_was_partly_credited_by_hand_parks() {
    // 3.00 of 5.00 were credited by hand.
    let mut story = plain().shipping("5.00", "0.00").paid("5.00").refunded("5.00");
    let mut memo = by_hand(&[]);
    memo.shipping_cost = amount("3.00");
    memo.total = amount("3.00");
    story.memos.push(memo);
    let decision = story.decide(&["a", "b"]);
    assert!(matches!(&decision, Decision::Stop(Stop::Park(_))), "{decision:#?}");
}

/// A manual memo from the sales order, before anything is billed: the shipping is credited once it
/// is billed.
#[test]
fn shipping_waits_for_its_invoice() {
    let mut story = plain().shipping("5.00", "0.40").paid("5.40").refunded("5.40");
    story = story.but(|billing| billing.invoices.clear());
    story.memos.push(by_hand(&[("item-a", 1, "20.00", &["a"]), ("item-b", 1, "30.00", &["b"])]));
    assert_eq!(stops(&story, &["a", "b"]), ("wait", "not-invoiced"));
    assert_eq!(stops(&story.clone().deadline_passed(), &["a", "b"]), ("skip", "never-billed"));
    let closing = story.with(|policy| policy.not_invoiced = NotInvoiced::CloseLines);
    assert_eq!(stops(&closing, &["a", "b"]), ("done", "already-credited"));
}
