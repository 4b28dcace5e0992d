use super::*;
use crate::{ReportedAmount, testing::*};

#[track_caller]
fn ready(story: &Story, cancelled: &[&str]) {
    let answer = story.ready(cancelled);
    assert!(answer.is_ok(), "{answer:?} for {cancelled:?} of {story:#?}");
}

#[track_caller]
fn stopped(story: &Story, cancelled: &[&str]) -> (&'static str, &'static str) {
    name(&story.ready(cancelled).expect_err("the story is not complete"))
}

/// A row that waits, and parks under the same name at the deadline.
#[track_caller]
fn waits(story: Story, cancelled: &[&str], reason: &str) {
    assert_eq!(stopped(&story, cancelled), ("wait", reason), "{story:#?}");
    assert_eq!(stopped(&story.deadline_passed(), cancelled), ("park", reason));
}

/// A row on which the deadline has no influence.
#[track_caller]
fn ends(story: Story, cancelled: &[&str], kind: &str, reason: &str) {
    assert_eq!(stopped(&story, cancelled), (kind, reason), "{story:#?}");
    assert_eq!(stopped(&story.deadline_passed(), cancelled), (kind, reason));
}

/// Two units, paid at order time, the first refunded.
fn plain() -> Story {
    Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00").refunded("20.00")
}

#[test]
fn order_not_visible_waits() {
    let policy = Policy::default();
    let cancellation = Story::cancellation(&["a"]);
    for (deadline, kind) in [(Deadline::Pending, "wait"), (Deadline::Passed, "park")] {
        let stop = readiness(&cancellation, None, &policy, deadline).unwrap_err();
        assert_eq!(name(&stop), (kind, "order-not-visible"));
    }
    waits(plain(), &["a", "c"], "order-not-visible");
}

#[test]
fn unit_not_cancelled_yet_waits() {
    let cancellation = Story::cancellation(&["a"]);
    let table = [
        (Some("opened"), Err("wait")),
        (Some("returned"), Err("wait")),
        (Some("cancellation_requested"), Err("wait")),
        (None, Err("wait")),
        (Some("cancelled"), Ok(())),
        (Some("CANCELED"), Ok(())),
        (Some(" Cancelled "), Ok(())),
    ];
    for (status, expected) in table {
        let mut snapshot = plain().order;
        snapshot.units[0].status = status.map(str::to_owned);
        let answer =
            readiness(&cancellation, Some(&snapshot), &Policy::default(), Deadline::Pending);
        let answer = answer.map(|_| ()).map_err(|stop| {
            assert_eq!(stop.reason().name(), "unit-not-cancelled-yet", "{status:?}");
            name(&stop).0
        });
        assert_eq!(answer, expected, "{status:?}");
    }
    let late = plain().order;
    let stop = readiness(&cancellation, Some(&late), &Policy::default(), Deadline::Passed);
    assert_eq!(name(&stop.unwrap_err()), ("park", "unit-not-cancelled-yet"));
}

#[test]
fn ids_compare_without_case() {
    let story = Story::new().unit("ABC", "20.00").unit("b", "30.00").paid("50.00");
    ready(&story.refunded("20.00"), &["abc"]);
}

#[test]
fn historical_is_skipped_before_its_numbers_are_read() {
    let story = plain().reporting(|order| order.is_historical = true);
    let story = story.reporting(|order| order.currency = None);
    ends(story, &["a"], "skip", "historical");
}

#[test]
fn invalid_order_parks_and_names_the_field() {
    type Change = fn(&mut OrderSnapshot);
    let table: [(&str, Change); 22] = [
        ("currency", |it| it.currency = None),
        ("currency", |it| it.currency = Some("XYZ".into())),
        ("items[1].pricebookPrice", |it| it.units[1].price = ReportedAmount::of("-0.01")),
        ("items[1].pricebookPrice", |it| it.units[1].price = ReportedAmount::Absent),
        ("items[1].pricebookPrice", |it| it.units[1].price = ReportedAmount::of("NaN")),
        ("items[0].pricebookPrice", |it| {
            it.units[0].price = ReportedAmount::of("1e12");
            it.units[0].quantity = ReportedAmount::of("2");
        }),
        ("items[0].quantity", |it| it.units[0].quantity = ReportedAmount::of("0")),
        ("items[0].quantity", |it| it.units[0].quantity = ReportedAmount::of("-1")),
        ("items[0].quantity", |it| it.units[0].quantity = ReportedAmount::of("1.5")),
        ("items[0].quantity", |it| it.units[0].quantity = ReportedAmount::Absent),
        ("items[0].quantity", |it| it.units[0].quantity = ReportedAmount::of("1e11")),
        ("items[0].itemDiscounts", |it| it.units[0].item_discounts = ReportedAmount::of("20.01")),
        ("items[0].itemDiscounts", |it| {
            it.units[0].item_discounts = ReportedAmount::of("-10");
            it.units[0].order_discounts = ReportedAmount::of("-10.01");
        }),
        ("items[0].tax", |it| it.units[0].tax = ReportedAmount::of("1,5")),
        ("items[0].tax", |it| {
            it.tax_strategy = Some("tax_included".into());
            it.units[0].tax = ReportedAmount::of("20.01");
        }),
        ("items[0].id", |it| it.units[0].id = "a,b".into()),
        ("items[0].productId", |it| it.units[0].product = Some(" ".into())),
        ("shippingTotal", |it| it.shipping_total = ReportedAmount::of("-5")),
        ("shippingTax", |it| {
            it.price_method = Some("tax_included".into());
            it.tax_strategy = None;
            it.shipping_tax = ReportedAmount::of("1");
        }),
        ("grandTotal", |it| it.grand_total = ReportedAmount::of("-50")),
        ("instruments[0].transactions[1].amount", |it| {
            it.payments.as_mut().unwrap()[0].transactions[1].amount = ReportedAmount::Absent;
        }),
        ("instruments[0].transactions[1].currency", |it| {
            it.payments.as_mut().unwrap()[0].transactions[1].currency = Some("EUR".into());
        }),
    ];
    let cancellation = Story::cancellation(&["a"]);
    for (field, change) in table {
        let mut snapshot = plain().snapshot(&["a"]);
        change(&mut snapshot);
        snapshot.units[0].status = Some("cancelled".into());
        let cancellation = match snapshot.units[0].id.as_str() {
            "a" => cancellation.clone(),
            _ => Story::cancellation(&["b"]),
        };
        snapshot.units[1].status = Some("cancelled".into());
        let answer =
            readiness(&cancellation, Some(&snapshot), &Policy::default(), Deadline::Pending);
        match answer {
            Err(Stop::Park(Reason::InvalidOrder { field: named, .. })) => {
                assert_eq!(named, field, "{snapshot:#?}");
            }
            answer => panic!("{field}: {answer:?}"),
        }
    }
}

#[test]
fn an_item_listed_twice_is_an_invalid_order() {
    let story = plain().unit("A", "20.00");
    ends(story, &["a"], "park", "invalid-order");
}

#[test]
fn more_pieces_than_can_be_counted_are_an_invalid_order() {
    let story = plain().unit("c", "0.00").times("4294967295");
    ends(story, &["a"], "park", "invalid-order");
}

#[test]
fn a_transaction_of_unknown_type_counts_for_nothing() {
    let story = plain().moved("adjustment", "999.00").moved("adjustment", "what");
    let story = story.reporting(|order| {
        let transactions = &mut order.payments.as_mut().unwrap()[0].transactions;
        transactions.last_mut().unwrap().currency = Some("EUR".into());
    });
    let order = story.ready(&["a"]).unwrap();
    assert_eq!(order.unknown_movements, ["adjustment"]);
    assert_eq!(held(&order.instruments), amount("30.00"));
}

#[test]
fn nothing_to_credit_is_skipped_but_not_when_shipping_is_due() {
    let free = || Story::new().unit("a", "20.00").discounts("20.00", "0.00");
    ends(free(), &["a"], "skip", "nothing-to-credit");
    ends(free().unit("b", "1.00").paid("1.00"), &["a"], "skip", "nothing-to-credit");
    let shipped = free().shipping("5.00", "0.00").paid("5.00").refunded("5.00");
    ready(&shipped, &["a"]);
    let never = shipped.with(|policy| policy.shipping = ShippingPolicy::Never);
    ends(never, &["a"], "skip", "nothing-to-credit");
    ready(&free().unit("b", "1.00").paid("1.00").refunded("1.00"), &["a", "b"]);
}

#[test]
fn payment_not_visible_waits() {
    let unpaid = || Story::new().unit("a", "20.00").unit("b", "30.00");
    waits(unpaid().reporting(|it| it.payments = None), &["a"], "payment-not-visible");
    waits(unpaid(), &["a"], "payment-not-visible");
    waits(unpaid().instrument("credit_card", "adyen"), &["a"], "payment-not-visible");
    // One instrument pays in part; the other's transactions are late.
    let half = unpaid().paid("15.00").instrument("gift_card", "");
    waits(half, &["a"], "payment-not-visible");
    // A failed attempt may leave an instrument without transactions for ever.
    ready(&plain().instrument("paypal", "paypal"), &["a"]);
}

#[test]
fn an_order_that_cost_nothing_needs_no_payment() {
    let story = Story::new().unit("a", "20.00").owed("0.00").reporting(|it| it.payments = None);
    ready(&story, &["a"]);
}

#[test]
fn exchange_payment_parks_while_the_payments_do_not_cover_the_order() {
    let exchange = |paid| {
        let story = Story::new().unit("a", "20.00").unit("b", "30.00").paid(paid);
        story.reporting(|it| it.is_exchange = true)
    };
    ends(exchange("49.99").refunded("20.00"), &["a"], "park", "exchange-payment");
    ready(&exchange("50.00").refunded("20.00"), &["a"]);
}

#[test]
fn refund_not_visible_waits_beyond_the_tolerance() {
    let story =
        |refund| Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00").refunded(refund);
    waits(story("19.98"), &["a"], "refund-not-visible");
    ready(&story("19.99"), &["a"]);
    ready(&story("20.00"), &["a"]);
    let wide = |policy: &mut Policy| policy.tolerance = amount("1.00");
    ready(&story("19.00").with(wide), &["a"]);
    let never = |policy: &mut Policy| policy.refund = RefundRule::NotRequired;
    ready(&story("0.00").with(never), &["a"]);
}

#[test]
fn refund_not_visible_counts_every_kind_of_return() {
    let paid = || Story::new().unit("a", "20.00").unit("b", "30.00").paid("50.00");
    for kind in ["refund", "issue", "issued_store_credit", " REFUND", "chargeback", "dispute"] {
        ready(&paid().moved(kind, "20.00"), &["a"]);
        ready(&paid().moved(kind, "-20.00"), &["a"]);
    }
    for kind in ["credit", "re-fund", "", "refund_request", "refund_failed", "dispute_pending"] {
        waits(paid().moved(kind, "20.00"), &["a"], "refund-not-visible");
    }
}

#[test]
fn a_void_reduces_captures_only_beyond_the_uncaptured_authorization() {
    let authorized = |sum| Story::new().unit("a", "20.00").unit("b", "30.00").authorized(sum);
    // The void releases the 20.00 that were never captured: 50.00 are still held.
    waits(authorized("70.00").captured("50.00").moved("void", "20.00"), &["a"], REFUND);
    ready(&authorized("70.00").captured("50.00").moved("void", "40.00"), &["a"]);
    ready(&authorized("50.00").captured("50.00").moved("revoke", "20.00"), &["a"]);
    ready(&authorized("50.00").captured("30.00").moved("void", "20.00"), &["a"]);
}

const REFUND: &str = "refund-not-visible";

#[test]
fn money_may_be_held_for_active_items() {
    // Captured at shipment: 30.00 for b, nothing for a.
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").authorized("50.00");
    ready(&story.captured("30.00"), &["a"]);
    // b was returned, and its refund does not count as the one of a.
    let story = Story::new().unit("a", "20.00").unit("b", "30.00").status("returned");
    waits(story.clone().paid("50.00").refunded("30.00"), &["a"], REFUND);
    ready(&story.paid("50.00").refunded("50.00"), &["a"]);
}

#[test]
fn shipping_counts_as_active_until_it_is_due() {
    let story = |status| {
        let story = Story::new().unit("a", "20.00").unit("b", "30.00").status(status);
        story.shipping("5.00", "0.40").paid("55.40")
    };
    for (status, held) in [("opened", "35.40"), ("completed", "35.40"), ("returned", "5.40")] {
        let refund = (amount("55.40") - amount(held)).to_string();
        ready(&story(status).refunded(&refund), &["a"]);
        let less = (amount("55.38") - amount(held)).to_string();
        waits(story(status).refunded(&less), &["a"], REFUND);
    }
    waits(story("cancelled").refunded("50.00"), &["a"], REFUND);
    ready(&story("cancelled").refunded("55.40"), &["a"]);
    let never = story("cancelled").refunded("50.00");
    ready(&never.with(|policy| policy.shipping = ShippingPolicy::Never), &["a"]);
}

#[test]
fn an_unexplained_part_of_the_total_counts_as_active_while_a_unit_is_active() {
    let story = || Story::new().unit("a", "20.00").unit("b", "30.00").owed("53.00").paid("53.00");
    ready(&story().refunded("20.00"), &["a"]);
    waits(story().refunded("50.00"), &["a", "b"], REFUND);
    ready(&story().refunded("53.00"), &["a", "b"]);
}

#[test]
fn nothing_is_held_when_nothing_was_captured_or_all_was_returned() {
    let policy = Policy::default();
    let units = || Story::new().unit("a", "20.00").unit("b", "30.00");
    let table = [
        (units().authorized("50.00"), true),
        (units().authorized("50.00").captured("30.00"), true),
        (units().authorized("50.00").captured("30.01"), true),
        (units().authorized("50.00").captured("30.02"), false),
        (units().paid("50.00").refunded("20.00"), false),
        (units().paid("50.00").refunded("50.00"), true),
    ];
    for (story, expected) in table {
        let order = Order::check(&story.snapshot(&["a"])).unwrap();
        assert_eq!(order.nothing_held(&policy), expected, "{:#?}", order.instruments);
    }
}

#[test]
fn tax_is_inside_only_where_the_order_says_so() {
    let table = [
        (None, None, "22.00"),
        (Some("tax_excluded"), None, "22.00"),
        (Some("vat_included"), None, "20.00"),
        (None, Some("TAX_INCLUDED"), "20.00"),
        (None, Some("tax_excluded"), "22.00"),
        (Some("unknown"), Some("tax_included"), "20.00"),
    ];
    for (strategy, method, credit) in table {
        let story = Story::new().unit("a", "20.00").tax("-2.00").reporting(|it| {
            it.tax_strategy = strategy.map(str::to_owned);
            it.price_method = method.map(str::to_owned);
        });
        let order = Order::check(&story.order).unwrap();
        assert_eq!(order.credit_of(|_| true), amount(credit), "{strategy:?} {method:?}");
    }
}

#[test]
fn amounts_are_rounded_to_the_currency() {
    for (code, price, times, gross) in [
        ("USD", "33.335", "1", "33.34"),
        ("USD", "3.3333", "3", "10.00"),
        ("JPY", "100.5", "1", "101"),
        ("KWD", "1.2345", "2", "2.469"),
    ] {
        let story = Story::new().currency(code).unit("a", price).times(times);
        let order = Order::check(&story.order).unwrap();
        assert_eq!(order.units[0].gross.to_string(), gross, "{price} × {times} {code}");
    }
}
