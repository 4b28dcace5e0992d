//! The journal is the journal, never the truth about the ERP: lost, it doubles nothing.

use ports::CancellationState;
use sandbox::{
    netsuite::{Operation, Point},
    sale::{Billing, KeyColumn, Payment, Sale, Unit},
};
use serde_json::Value;
use tests::{A, B, C, ITEMS, ORDER, Settings, TestWorld, WHOLE, event, paid, pair};

/// Policies and key columns under which memos look different in the ERP.
const SHAPES: [(&str, KeyColumn); 6] = [
    ("", KeyColumn::Present),
    ("", KeyColumn::Absent),
    ("discounts = \"net\"", KeyColumn::Present),
    ("settlement = \"payment-items\"\ntax = \"item\"", KeyColumn::Present),
    ("item = { id = \"7777\" }", KeyColumn::Present),
    ("item = { id = \"7777\" }", KeyColumn::Absent),
];

async fn world(sale: &Sale, billing: &Billing, shape: (&str, KeyColumn)) -> TestWorld {
    let world = TestWorld::new(&Settings::policy(shape.0)).await;
    sale.install_newstore(&world.tenant);
    let _ = sale.install_netsuite(&world.account, billing, shape.1);
    world
}

/// Starts without queue and journal, delivers the event and expects this outcome.
async fn deliver_to_a_new_journal(world: &TestWorld, event: &Value, outcome: &str, when: &str) {
    world.book().lose();
    let service = world.serve().await;
    let answer = service.post(event).await;
    assert_eq!((answer.status, answer.outcome.as_str()), (200, outcome), "{when}: {answer:?}");
    service.stop().await;
}

/// The amounts on memos before payments are set against them: what was credited.
fn credited(world: &TestWorld) -> String {
    let memos = world.account.memos();
    let lines = memos.iter().flat_map(|memo| &memo.lines).filter(|it| it.amount.is_sign_positive());
    format!("{:.2}", lines.map(|it| it.amount).sum::<rust_decimal::Decimal>())
}

#[tokio::test]
async fn a_redelivery_after_the_loss_credits_nothing_again() {
    for shape in SHAPES {
        let world = world(&pair(), &Billing::OneInvoice, shape).await;
        let event = event(&pair(), ITEMS, &[A]);
        deliver_to_a_new_journal(&world, &event, "posted", &format!("{shape:?}, first")).await;
        for round in 0..2 {
            let when = format!("{shape:?}, round {round}");
            deliver_to_a_new_journal(&world, &event, "already-posted", &when).await;
            assert_eq!(credited(&world), "20.00", "{when}");
        }
        assert_eq!(world.account.memos().len(), 1, "{shape:?}");
    }
}

#[tokio::test]
async fn an_overlapping_event_after_the_loss_credits_the_rest_only() {
    for shape in SHAPES {
        let first = pair();
        let world = world(&first, &Billing::OneInvoice, shape).await;
        let some = event(&first, ITEMS, &[A]);
        deliver_to_a_new_journal(&world, &some, "posted", &format!("{shape:?}, A")).await;
        let second = first.cancelled(&[B]).refunded("credit_card", "30.00");
        second.install_newstore(&world.tenant);
        let whole = event(&second, WHOLE, &[A, B]);
        deliver_to_a_new_journal(&world, &whole, "posted", &format!("{shape:?}, A and B")).await;
        assert_eq!(credited(&world), "50.00", "{shape:?}");
        for event in [&some, &whole] {
            let when = format!("{shape:?}, {event}");
            deliver_to_a_new_journal(&world, event, "already-posted", &when).await;
        }
        assert_eq!(credited(&world), "50.00", "{shape:?}");
        assert_eq!(world.account.memos().len(), 2, "{shape:?}");
    }
}

#[tokio::test]
async fn equal_units_are_credited_once_each_across_losses() {
    for key in [KeyColumn::Present, KeyColumn::Absent] {
        let sale = Sale::new(ORDER, "TEST-1821")
            .unit(Unit::new(A, "10000", "20.00"))
            .unit(Unit::new(B, "10000", "20.00"))
            .unit(Unit::new(C, "10000", "20.00"))
            .paid(paid("60.00"))
            .cancelled(&[A, B])
            .refunded("credit_card", "40.00");
        let world = world(&sale, &Billing::OneInvoice, ("", key)).await;
        for (units, outcome) in [
            (&[B][..], "posted"),
            (&[B], "already-posted"),
            (&[A], "posted"),
            (&[A, B], "already-posted"),
            (&[B], "already-posted"),
        ] {
            let when = format!("{key:?}, {units:?}");
            deliver_to_a_new_journal(&world, &event(&sale, ITEMS, units), outcome, &when).await;
        }
        world.has_memos(&["20.00", "20.00"], &format!("{key:?}"));
    }
}

#[tokio::test]
async fn two_invoices_are_credited_once_each_across_losses() {
    let sale = pair().cancelled(&[B]).refunded("credit_card", "30.00");
    let groups = vec![vec![A.to_owned()], vec![B.to_owned()]];
    let world = world(&sale, &Billing::Invoices(groups), SHAPES[0]).await;
    let events = [
        (event(&sale, ITEMS, &[A, B]), "posted"),
        (event(&sale, ITEMS, &[A]), "already-posted"),
        (event(&sale, WHOLE, &[A, B]), "already-posted"),
        (event(&sale, ITEMS, &[A, B]), "already-posted"),
    ];
    for (event, outcome) in events {
        deliver_to_a_new_journal(&world, &event, outcome, &event.to_string()).await;
    }
    world.has_memos(&["20.00", "30.00"], "after three losses");
}

#[tokio::test]
async fn shipping_is_credited_once_across_losses() {
    let sale = Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10001", "30.00"))
        .shipping("5.00", "0.40")
        .paid(paid("55.40"))
        .cancelled(&[A, B])
        .refunded("credit_card", "55.40");
    let world = world(&sale, &Billing::OneInvoice, SHAPES[0]).await;
    deliver_to_a_new_journal(&world, &event(&sale, WHOLE, &[A, B]), "posted", "both").await;
    for units in [&[A][..], &[B], &[A, B]] {
        let event = event(&sale, ITEMS, units);
        deliver_to_a_new_journal(&world, &event, "already-posted", &format!("{units:?}")).await;
    }
    world.has_memos(&["55.40"], "after three losses");
}

#[tokio::test]
async fn a_standalone_memo_is_found_after_the_loss() {
    let policy = "not_invoiced = \"standalone-memo\"";
    let world = world(&pair(), &Billing::NotInvoiced, (policy, KeyColumn::Present)).await;
    let event = event(&pair(), ITEMS, &[A]);
    deliver_to_a_new_journal(&world, &event, "posted", "first").await;
    deliver_to_a_new_journal(&world, &event, "already-posted", "after the loss").await;
    world.has_memos(&["20.00"], "after the loss");
}

#[tokio::test]
async fn a_memo_whose_reply_was_lost_with_the_journal_is_found() {
    for shape in SHAPES {
        let world = world(&pair(), &Billing::OneInvoice, shape).await;
        let event = event(&pair(), ITEMS, &[A]);
        let service = world.serve().await;
        let hold = world.account.hold(Operation::Add, Point::AfterCommit);
        let call = service.post_beside(&event);
        hold.reached().await;
        drop(service);
        call.abort();
        hold.release();
        let when = format!("{shape:?}");
        deliver_to_a_new_journal(&world, &event, "already-posted", &when).await;
        assert_eq!(credited(&world), "20.00", "{when}");
    }
}

#[tokio::test]
async fn a_job_outlives_the_journal() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.tenant.remove(ORDER);
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "deferred");
    service.stop().await;
    let book = world.book();
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", book.journal.display());
        // SQLite removes what it has cleared up.
        drop(std::fs::remove_file(file));
    }
    pair().install_newstore(&world.tenant);
    let service = world.serve().await;
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "the queue remembered");
}

#[tokio::test]
async fn instruments_are_not_charged_twice_across_losses() {
    let whole = Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10001", "30.00"))
        .paid(Payment::captured("gift_card", "gift_card", "15.00"))
        .paid(paid("35.00"));
    let first =
        whole.cancelled(&[A]).refunded("gift_card", "15.00").refunded("credit_card", "5.00");
    let world = world(&first, &Billing::OneInvoice, SHAPES[3]).await;
    deliver_to_a_new_journal(&world, &event(&first, ITEMS, &[A]), "posted", "A").await;
    let second = first.cancelled(&[B]).refunded("credit_card", "30.00");
    second.install_newstore(&world.tenant);
    let service = world.serve().await;
    service.post(&event(&second, ITEMS, &[B])).await.is(200, "posted");
    let lines = world.account.memos().into_iter().flat_map(|it| it.lines);
    let drawn = |item: &str| {
        let sums = lines.clone().filter(|it| it.item == item).map(|it| it.amount);
        format!("{:.2}", sums.sum::<rust_decimal::Decimal>())
    };
    assert_eq!((drawn("91254"), drawn("91291")), ("-15.00".to_owned(), "-35.00".to_owned()));
    world.has_memos(&["0.00", "0.00"], "both net to nothing");
}
