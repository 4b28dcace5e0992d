use super::*;
use crate::{Order, TransactionSnapshot, testing::*};

#[test]
fn a_transaction_is_classified_by_the_prefix_of_its_type() {
    let table = [
        ("authorization", Some(Movement::Authorize)),
        ("AUTHORIZED", Some(Movement::Authorize)),
        ("author", None),
        ("capture", Some(Movement::Capture)),
        ("Captured", Some(Movement::Capture)),
        ("refund", Some(Movement::Refund)),
        ("issue", Some(Movement::Issue)),
        ("void", Some(Movement::Void)),
        (" voided ", Some(Movement::Void)),
        ("revoke", Some(Movement::Void)),
        ("Chargeback", Some(Movement::ChargeBack)),
        ("dispute_opened", Some(Movement::ChargeBack)),
        ("", None),
    ];
    for (kind, expected) in table {
        assert_eq!(Movement::of(kind), expected, "{kind:?}");
    }
}

#[test]
fn a_transaction_that_failed_or_is_pending_counts_nothing() {
    let words = [
        "failed",
        "failure",
        "DECLINED",
        "declining",
        "rejected",
        "cancelled",
        "canceled",
        "pending",
        "requested",
        "reversed",
        "reversal",
    ];
    for movement in ["authorization", "Capture", "refund", "issue", "void", "revoke", "chargeback"]
    {
        assert!(Movement::of(movement).is_some(), "{movement}");
        for word in words {
            for kind in [format!("{movement}_{word}"), format!("{word} {movement}")] {
                assert_eq!(Movement::of(&kind), None, "{kind:?}");
            }
        }
    }
    let story = Story::new().unit("a", "50").paid("50").moved("refund_failed", "20");
    let story = story.moved("refund_failed", "20").moved("capture_pending", "9");
    let order = Order::check(&story.order).unwrap();
    assert_eq!(held(&order.instruments), amount("50"));
    assert_eq!(order.unknown_movements, ["refund_failed", "capture_pending"]);
}

#[test]
fn a_chargeback_returns_money_but_is_no_refund() {
    let story = Story::new().unit("a", "50").paid("50").moved("chargeback", "-20");
    let order = Order::check(&story.moved("dispute", "5").order).unwrap();
    assert_eq!(held(&order.instruments), amount("25"));
    assert_eq!(order.instruments[0].given_back(), amount("0"));
    assert_eq!(order.instruments[0].refunded, amount("0"));
}

#[test]
fn held_and_returned_sums() {
    type Moves<'a> = &'a [(&'a str, &'a str)];
    let table: [(Moves<'_>, &str, &str, &str); 9] = [
        (&[], "0", "0", "0"),
        (&[("authorize", "50")], "0", "0", "50"),
        (&[("authorize", "50"), ("void", "50")], "0", "50", "50"),
        (&[("authorize", "50"), ("capture", "-50")], "50", "0", "50"),
        (&[("authorize", "50"), ("capture", "30"), ("void", "20")], "30", "20", "30"),
        (&[("authorize", "50"), ("capture", "30"), ("void", "25")], "25", "25", "30"),
        (&[("capture", "50"), ("void", "50")], "0", "50", "50"),
        (&[("capture", "50"), ("refund", "20"), ("issue", "5")], "25", "25", "50"),
        (&[("capture", "50"), ("refund", "60")], "-10", "60", "50"),
    ];
    for (moves, still, back, paid) in table {
        let story = Story::new().unit("a", "50").instrument("credit_card", "adyen");
        let story = moves.iter().fold(story, |story, (kind, sum)| story.moved(kind, sum));
        let order = Order::check(&story.order).unwrap();
        let instrument = &order.instruments[0];
        assert_eq!(held(&order.instruments), amount(still), "{moves:?}");
        assert_eq!(instrument.given_back(), amount(back), "{moves:?}");
        assert_eq!(instrument.paid(), amount(paid), "{moves:?}");
    }
}

#[test]
fn a_void_on_one_instrument_does_not_undo_the_capture_of_another() {
    let story = Story::new().unit("a", "50").authorized("20").moved("void", "20").paid("50");
    let order = Order::check(&story.order).unwrap();
    assert_eq!(held(&order.instruments), amount("50"));
    assert_eq!(captured(&order.instruments), amount("50"));
}

#[test]
fn instruments_of_one_kind_are_distinguished_by_a_counter() {
    let story = Story::new().unit("a", "50").paid("20").paid_by("Credit_Card", "ADYEN", "30");
    let order = Order::check(&story.order).unwrap();
    let keys: Vec<_> =
        order.instruments.iter().map(|instrument| instrument.key.to_string()).collect();
    assert_eq!(keys, ["credit_card/adyen#1", "credit_card/adyen#2"]);

    // Amounts of one instrument must never count for the other.
    let story = Story::new().unit("a", "50").paid_by("a/b", "c", "20").paid_by("a", "b/c", "30");
    let order = Order::check(&story.order).unwrap();
    let keys: Vec<_> =
        order.instruments.iter().map(|instrument| instrument.key.to_string()).collect();
    assert_eq!(keys, ["a/b/c#1", "a/b/c#2"]);
}

/// Comparing each with all others would block a worker for minutes.
#[test]
fn any_number_of_instruments_and_transactions_is_read_in_one_pass() {
    let mut story = Story::new().unit("a", "50");
    let instrument = |nth: usize| {
        let moved = TransactionSnapshot { kind: Some(format!("kind {nth}")), ..Default::default() };
        InstrumentSnapshot { transactions: vec![moved], ..InstrumentSnapshot::default() }
    };
    story.order.payments = Some((0..100_000).map(instrument).collect());
    let order = Order::check(&story.order).unwrap();
    assert_eq!(order.instruments[99_999].key.to_string(), "/#100000");
    assert_eq!(order.unknown_movements[99_999], "kind 99999");
}
