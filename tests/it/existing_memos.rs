//! Credit memos that are on record before a cancellation arrives: what they credit, and what a
//! reconciliation reports about them.

use std::sync::Arc;

use jiff::Timestamp;
use ports::{CancellationState, Clock};
use sandbox::{
    netsuite::{Field, Kind, Line, Operation, Record, Standing},
    sale::{Billing, Sale, Unit},
};
use tests::{A, Answer, B, ITEMS, ORDER, Service, Settings, TestWorld, event, paid, pair};

use crate::reconcile::{compare, totals};

const NUMBER: &str = "TEST-1821";

/// A world with the pair on one invoice, A cancelled, and the service running.
async fn sold(policy: &str) -> (TestWorld, Service) {
    let world = TestWorld::with(&pair(), &Settings::policy(policy)).await;
    let service = world.serve().await;
    (world, service)
}

/// A memo by hand over one line of the only invoice, tied to it by nothing yet.
fn by_hand(world: &TestWorld, line: usize, amount: &str) -> Record {
    let invoice = world.account.of_kind(Kind::Invoice).remove(0);
    let sold = &invoice.lines[line];
    let amount = amount.parse().unwrap();
    let line =
        Line { line: 0, order_line: None, rate: None, amount, fields: Vec::new(), ..sold.clone() };
    let memo = Record::new(Kind::CreditMemo, &invoice.entity, &invoice.currency);
    Record { lines: vec![line], ..memo }
}

fn invoice(world: &TestWorld) -> String {
    world.account.of_kind(Kind::Invoice).remove(0).id
}

fn unit(id: &str) -> Vec<Field> {
    vec![Field::text("custcol_nws_item_id", id)]
}

async fn cancel(service: &Service, units: &[&str]) -> Answer {
    service.post(&event(&pair(), ITEMS, units)).await
}

/// Tries a parked cancellation again, until it is done.
async fn retried(service: &Service, answer: &Answer) {
    let id = answer.id.as_ref().unwrap();
    let _ = service.tell(&format!("/api/cancellations/{id}/retry"), None).await;
    let _ = service.until(answer, CancellationState::Posted).await;
}

/// The memos that the service made.
fn ours(world: &TestWorld) -> usize {
    world.account.memos().iter().filter(|memo| memo.external_id.is_some()).count()
}

/// What a comparison finds, each kind with its count and amount.
#[expect(clippy::disallowed_methods, reason = "the command reads the machine's clock")]
async fn findings(world: &TestWorld) -> Vec<String> {
    // The command runs in the machine's time, and both systems check what is signed with it.
    let tell = |now: sandbox::Now| {
        world.account.clock(Arc::clone(&now));
        world.tenant.clock(now);
    };
    // Nothing that the service signs by itself is under way.
    world.proofs_are_made().await;
    tell(Arc::new(Timestamp::now));
    let (_, report) = compare(world, &[]).await;
    let time = Arc::clone(&world.clock);
    tell(Arc::new(move || Timestamp::from_millisecond(time.now().as_millis()).unwrap()));
    totals(&report)
}

#[tokio::test]
async fn a_voided_memo_credits_nothing() {
    let (world, service) = sold("").await;
    let mut memo = by_hand(&world, 0, "20.00");
    memo.created_from = Some(invoice(&world));
    memo.lines[0].fields = unit(A);
    memo.lines[0].order_line = Some(1);
    let voided = world.account.add(memo);
    world.account.edit(&voided, |it| it.standing = Standing::Voided);
    cancel(&service, &[A]).await.is(200, "posted");
    assert_eq!(ours(&world), 1);
    assert_eq!(findings(&world).await, [""; 0]);
}

#[tokio::test]
async fn goodwill_on_a_units_line_does_not_credit_the_unit() {
    let (world, service) = sold("").await;
    let mut memo = by_hand(&world, 0, "5.00");
    memo.created_from = Some(invoice(&world));
    memo.lines[0].order_line = Some(1);
    let _ = world.account.add(memo.clone());
    let number = world.account.memos().remove(0).number;
    assert_eq!(findings(&world).await, ["missing 1 20.00"], "as it would be asked for");
    let answer = cancel(&service, &[A]).await;
    answer.is(200, "parked").because("over-credit");
    assert_eq!(ours(&world), 0);
    let record = world.book().record(answer.id.as_ref().unwrap()).await.unwrap();
    let told = format!("{record:?}");
    let taker = format!("credit memo {number} took the rest");
    for part in ["has 15.0", "the memo needs 20.00", &taker] {
        assert!(told.contains(part), "{told}");
    }
    assert_eq!(findings(&world).await, ["parked 1 20.00"], "no more than is parked");
    // A person credits the rest on the same line, and tries again.
    memo.lines[0].amount = "15.00".parse().unwrap();
    let _ = world.account.add(memo);
    retried(&service, &answer).await;
    assert_eq!(ours(&world), 0);
    assert_eq!(findings(&world).await, [""; 0], "5.00 and 15.00 are the price");
}

#[tokio::test]
async fn a_memo_from_a_return_authorization_that_names_the_unit_credits_it() {
    let (world, service) = sold("").await;
    let mut memo = by_hand(&world, 0, "20.00");
    memo.created_from = Some("66001".to_owned());
    memo.other_ref_num = Some(NUMBER.to_owned());
    memo.lines[0].fields = unit(A);
    let _ = world.account.add(memo);
    cancel(&service, &[A]).await.is(200, "already-posted").because("already-credited");
    assert_eq!(ours(&world), 0);
    assert_eq!(findings(&world).await, [""; 0]);
}

#[tokio::test]
async fn a_memo_with_only_the_number_credits_a_piece() {
    let (world, service) = sold("").await;
    let mut memo = by_hand(&world, 0, "20.00");
    memo.other_ref_num = Some(NUMBER.to_owned());
    let _ = world.account.add(memo.clone());
    // Another shop's order has the same number.
    memo.entity = "5599".to_owned();
    let _ = world.account.add(memo);
    cancel(&service, &[A]).await.is(200, "already-posted").because("already-credited");
    assert_eq!(ours(&world), 0);
    assert_eq!(findings(&world).await, [""; 0]);
}

#[tokio::test]
async fn a_memo_of_another_customer_with_the_same_number_credits_nothing() {
    let (world, service) = sold("").await;
    let mut memo = by_hand(&world, 0, "20.00");
    memo.other_ref_num = Some(NUMBER.to_owned());
    memo.entity = "5599".to_owned();
    let _ = world.account.add(memo);
    assert_eq!(findings(&world).await, ["missing 1 20.00"]);
    cancel(&service, &[A]).await.is(200, "posted");
    assert_eq!(findings(&world).await, [""; 0]);
}

#[tokio::test]
async fn memos_without_a_source_are_searched_unless_the_policy_disables_it() {
    for (policy, searches) in
        [("", 3), ("existing_memos = \"number\"", 3), ("existing_memos = \"invoice\"", 2)]
    {
        let (world, service) = sold(policy).await;
        let before = world.account.calls().of(Operation::Search);
        cancel(&service, &[A]).await.is(200, "posted");
        assert_eq!(world.account.calls().of(Operation::Search) - before, searches, "{policy}");
    }
}

#[tokio::test]
async fn a_voided_own_memo_parks() {
    let (world, service) = sold("").await;
    let answer = cancel(&service, &[A]).await;
    answer.is(200, "posted");
    let memo = world.memo(&answer.memos[0]);
    world.account.edit(&memo.id, |it| it.standing = Standing::Voided);
    assert_eq!(findings(&world).await, ["different 1 20.00"]);
    // Another event of the order names the unit again, and one more.
    let both = pair().cancelled(&[B]).refunded("credit_card", "30.00");
    both.install_newstore(&world.tenant);
    let answer = service.post(&event(&both, ITEMS, &[A, B])).await;
    answer.is(200, "parked").because("memo-voided");
    assert_eq!(world.totals(), ["20.00", "30.00"], "what is not on the voided memo is credited");
    // An operator credits it by hand.
    let mut by_hand = by_hand(&world, 0, "20.00");
    by_hand.created_from = Some(invoice(&world));
    by_hand.lines[0].fields = unit(A);
    let _ = world.account.add(by_hand);
    assert_eq!(findings(&world).await, [""; 0]);
    retried(&service, &answer).await;
}

#[tokio::test]
async fn after_journal_loss_a_voided_memo_under_a_key_is_no_credit() {
    let (world, service) = sold("").await;
    let answer = cancel(&service, &[A]).await;
    answer.is(200, "posted");
    let memo = world.memo(&answer.memos[0]);
    world.account.edit(&memo.id, |it| it.standing = Standing::Voided);
    let lost = TestWorld::with(&pair(), &Settings::default()).await;
    let mut taken = by_hand(&lost, 0, "20.00");
    taken.created_from = Some(invoice(&lost));
    taken.external_id.clone_from(&memo.external_id);
    taken.lines[0].fields = unit(A);
    taken.standing = Standing::Voided;
    let _ = lost.account.add(taken);
    let service = lost.serve().await;
    cancel(&service, &[A]).await.is(200, "parked").because("memo-voided");
    assert_eq!(lost.account.memos().len(), 1);
    cancel(&service, &[A]).await.is(200, "parked").because("memo-voided");
    assert_eq!(findings(&lost).await, ["different 1 20.00"]);
}

#[tokio::test]
async fn a_unit_credited_and_billed_again_parks() {
    let world = TestWorld::new(&Settings::default()).await;
    let groups = vec![vec![A.to_owned(), B.to_owned()], vec![A.to_owned()]];
    let booked = world.install(&pair(), &Billing::Invoices(groups));
    let service = world.serve().await;
    let mut memo = by_hand(&world, 0, "20.00");
    memo.created_from = Some(booked.invoices[0].clone());
    memo.lines[0].fields = unit(A);
    let _ = world.account.add(memo);
    assert_eq!(findings(&world).await, ["missing 1 20.00"]);
    let answer = cancel(&service, &[A]).await;
    answer.is(200, "parked").because("billed-again");
    let record = world.book().record(answer.id.as_ref().unwrap()).await.unwrap();
    let told = format!("{record:?}");
    assert!(booked.invoices.iter().all(|id| told.contains(id.as_str())), "{told}");
    assert_eq!(findings(&world).await, ["parked 1 20.00"]);
}

#[tokio::test]
async fn goodwill_on_a_product_is_flagged_where_a_piece_of_it_is_credited() {
    let sale = Sale::new(ORDER, NUMBER)
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10000", "20.00"))
        .paid(paid("40.00"))
        .cancelled(&[A])
        .refunded("credit_card", "20.00");
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let service = world.serve().await;
    let mut memo = by_hand(&world, 0, "5.00");
    memo.created_from = Some(invoice(&world));
    let _ = world.account.add(memo);
    let answer = service.post(&event(&sale, ITEMS, &[A])).await;
    answer.is(200, "posted");
    let record = world.book().record(answer.id.as_ref().unwrap()).await.unwrap();
    assert!(record.flags.iter().any(|flag| flag.starts_with("credited-before")), "{record:?}");
}
