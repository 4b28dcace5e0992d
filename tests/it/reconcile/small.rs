//! One order at a time: what is found, what is said, and what is done about it.

use ports::CancellationState;
use sandbox::{
    netsuite::{Fault, Operation},
    sale::{Billing, Sale, Unit},
};
use tests::{A, B, ITEMS, ORDER, Settings, TestWorld, event, paid, pair};

use super::{SINCE, again, begin, compare, each, totals, unheard};
use crate::{commands::command, crash::PROGRAM};

fn quick() -> Settings {
    let worker = "first_delay = \"100ms\"\nmax_delay = \"500ms\"".to_owned();
    Settings { worker, ..Settings::default() }
}

/// What is the matter with an order.
type Trouble = fn(&TestWorld);

/// What a comparison says to people, and how it ends.
async fn said(world: &TestWorld, more: &[&str]) -> (Option<i32>, String) {
    command(world, &[&["reconcile"][..], &SINCE, more].concat()).await
}

#[tokio::test]
async fn an_event_that_was_lost_is_queued_once_and_credited() {
    let world = TestWorld::new(&quick()).await;
    begin(&world).await;
    unheard(&world, &pair());
    let (code, report) = compare(&world, &[]).await;
    assert_eq!((code, totals(&report)), (Some(1), vec!["missing 1 20.00".to_owned()]));
    assert_eq!(each(&report, "missing", "cause"), ["unseen"]);
    assert_eq!(world.book().all().await, [], "who only looks changes nothing");

    let (code, report) = compare(&world, &["--repair"]).await;
    assert_eq!((code, &report["queued"]), (Some(1), &1.into()));
    for _ in 0..2 {
        let (code, report) = compare(&world, &["--repair"]).await;
        assert_eq!((code, &report["queued"]), (Some(0), &0.into()));
        assert_eq!(totals(&report), ["waiting 1 20.00"], "what waits is not missing");
    }
    let process = world.spawn(PROGRAM).await;
    world.book().becomes(CancellationState::Posted, "after the repair").await;
    world.has_memos(&["20.00"], "after the repair");
    let (code, report) = compare(&world, &["--repair"]).await;
    assert_eq!((code, totals(&report).len()), (Some(0), 0), "{report}");
    // The event comes after all.
    let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    answer.unwrap().is(200, "already-posted");
    let (_, shown) =
        command(&world, &["show", world.book().all().await[0].cancellation.id().as_str()]).await;
    assert!(
        shown.contains("reconciliation: no event was received; 20.00 USD is missing"),
        "{shown}"
    );
    process.kill().await;
}

#[tokio::test]
async fn a_deleted_memo_is_made_again_under_its_key() {
    let world = TestWorld::with(&pair(), &quick()).await;
    let process = world.spawn(PROGRAM).await;
    let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    answer.unwrap().is(200, "posted");
    let memo = world.account.memos().remove(0);
    world.account.delete(&memo.id);
    let (code, report) = compare(&world, &["--repair"]).await;
    assert_eq!((code, totals(&report)), (Some(1), vec!["missing 1 20.00".to_owned()]));
    assert_eq!(each(&report, "missing", "record"), [memo.id.as_str()]);
    world.book().becomes(CancellationState::Posted, "after the repair").await;
    let made = world.account.memos();
    assert_eq!((made.len(), &made[0].external_id), (1, &memo.external_id));
    assert_ne!(made[0].id, memo.id);
    let (code, report) = compare(&world, &["--repair"]).await;
    assert_eq!((code, totals(&report).len()), (Some(0), 0), "{report}");
    process.kill().await;
}

#[tokio::test]
async fn manual_memos_count_even_with_little_data() {
    let world = TestWorld::new(&quick()).await;
    begin(&world).await;
    let sale = Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10000", "20.00"))
        .paid(paid("40.00"))
        .cancelled(&[A, B])
        .refunded("credit_card", "40.00");
    let booked = world.install(&sale, &Billing::OneInvoice);
    let invoice = world.account.invoice(&booked.invoices[0]).unwrap();
    let mut memo = sandbox::netsuite::Record::new(
        sandbox::netsuite::Kind::CreditMemo,
        &invoice.entity,
        &invoice.currency,
    );
    memo.created_from = Some(invoice.id.clone());
    memo.lines = invoice.lines[..1].to_vec();
    memo.lines[0].fields.clear();
    memo.lines[0].order_line = None;
    let by_hand = world.account.add(memo.clone());
    let (_, report) = compare(&world, &[]).await;
    assert_eq!(totals(&report), ["missing 1 20.00"], "one of two: {report}");
    let second = world.account.add(again(&memo));
    let (code, report) = compare(&world, &[]).await;
    assert_eq!((code, totals(&report).len()), (Some(0), 0), "{report}");
    world.account.edit(&second, |it| {
        it.created_from = None;
        it.other_ref_num = Some("test-1821".to_owned());
    });
    let (code, report) = compare(&world, &[]).await;
    assert_eq!((code, totals(&report).len()), (Some(0), 0), "by the order's number: {report}");
    let third = world.account.add(again(&memo));
    let (code, report) = compare(&world, &[]).await;
    assert_eq!((code, totals(&report)), (Some(1), vec!["doubled 1 20.00".to_owned()]));
    assert_eq!(each(&report, "doubled", "record"), [third.as_str()], "not {by_hand} or {second}");
}

#[tokio::test]
async fn waiting_and_parked_units_are_reported_as_such() {
    let settings = Settings { policy: "not_invoiced = \"park\"".to_owned(), ..quick() };
    let world = TestWorld::new(&settings).await;
    let _ = world.install(&pair(), &Billing::NotInvoiced);
    let process = world.spawn(PROGRAM).await;
    let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    answer.unwrap().is(200, "parked");
    let (code, text) = said(&world, &[]).await;
    assert_eq!(code, Some(0), "{text}");
    for words in ["parked           1  20.00 USD", "not-invoiced", "TEST-1821", ORDER] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let (_, report) = compare(&world, &["--repair"]).await;
    assert_eq!(
        (totals(&report), &report["queued"]),
        (vec!["parked 1 20.00".to_owned()], &0.into())
    );
    process.kill().await;
}

#[tokio::test]
async fn the_text_report_has_sums_first_and_then_every_finding() {
    let world = TestWorld::new(&quick()).await;
    begin(&world).await;
    unheard(&world, &pair());
    world.tenant.refuse_filters(&["updatedAt"]);
    let (code, text) = said(&world, &["--repair"]).await;
    assert_eq!(code, Some(1), "{text}");
    let id = world.book().all().await.remove(0).cancellation.id();
    let expected = format!(
        "dodici: 1 cancelled units of 1 orders compared with 0 memos; changed since 2020-01-01T05:00:00Z\n\
         NewStore does not show which orders changed: compared those created since 2019-10-03T05:00:00Z\n\
         missing          1  20.00 USD\n\
         doubled          0\n\
         different        0\n\
         queued           1\n\
         \n\
         missing            20.00 USD  TEST-1821  {ORDER}  no event was received; queued as {id}\n\
         memobridge: 1 missing\n"
    );
    assert_eq!(text, expected);
}

#[tokio::test]
async fn an_order_that_cannot_be_compared_is_reported_and_hides_no_other() {
    let world = TestWorld::new(&quick()).await;
    begin(&world).await;
    unheard(&world, &pair());
    let other = Sale { order: ORDER.replace("9f4e", "0000"), reference: "TEST-2".into(), ..pair() };
    unheard(&world, &other);
    world.tenant.edit(ORDER, |it| it["items"][0]["quantity"] = "0.5".into());
    let (code, report) = compare(&world, &[]).await;
    assert_eq!(code, Some(1));
    assert_eq!(each(&report, "unclear", "reason"), ["invalid-order"]);
    assert_eq!(each(&report, "missing", "number"), ["TEST-2"]);
}

#[tokio::test]
async fn an_order_with_unreadable_sales_documents_is_unclear() {
    let world = TestWorld::new(&quick()).await;
    begin(&world).await;
    let _ = world.install(&pair(), &Billing::NotInvoiced);
    world.account.fault(Fault::refusal("USER_ERROR", "ask Ms Doe").on(Operation::Get).after(1));
    let (code, report) = compare(&world, &["--repair"]).await;
    assert_eq!((code, totals(&report)), (Some(1), vec!["unclear 1 ".to_owned()]));
    assert_eq!(each(&report, "unclear", "reason"), ["erp-refused"]);
    assert!(!report.to_string().contains("Doe"), "the ERP's words may name a person: {report}");
}

#[tokio::test]
async fn units_excluded_by_a_rule_are_not_missing() {
    let free = Sale::new(ORDER, "TEST-1821").unit(Unit::new(A, "10000", "0.00")).cancelled(&[A]);
    let historical =
        |world: &TestWorld| world.tenant.edit(ORDER, |it| it["isHistorical"] = true.into());
    let broken = |world: &TestWorld| {
        world.tenant.edit(ORDER, |it| it["items"][0]["quantity"] = "0.5".into());
    };
    // sale, what is the matter with it, the answer to its event
    let table: [(Sale, Trouble, &str); 4] = [
        (free, |_| {}, "skipped"),
        (pair(), historical, "skipped"),
        (pair(), broken, "parked"),
        (pair(), |_| {}, "posted"),
    ];
    for (sale, trouble, outcome) in table {
        let world = TestWorld::with(&sale, &quick()).await;
        trouble(&world);
        let process = world.spawn(PROGRAM).await;
        let answer = tests::post(&world.http, process.address, &event(&sale, ITEMS, &[A])).await;
        answer.unwrap().is(200, outcome);
        let (code, report) = compare(&world, &[]).await;
        assert_eq!((code, totals(&report).len()), (Some(0), 0), "{outcome}: {report}");
        process.kill().await;
    }
}

#[tokio::test]
async fn an_interrupted_comparison_reports_its_progress() {
    let world = TestWorld::new(&quick()).await;
    begin(&world).await;
    for number in 0..12 {
        let order = format!("9f4e8ffc-c79c-5839-b1b7-{number:012}");
        unheard(&world, &Sale { order, reference: format!("TEST-{number}"), ..pair() });
    }
    world.tenant.page_limit(5);
    world.account.fault(Fault::unexpected().on(Operation::Search).times(1).after(9));
    let (code, text) = said(&world, &[]).await;
    assert_eq!(code, Some(1), "{text}");
    let words = "memobridge: tenant dodici: the comparison ended early, after 0 memos and 5 orders: \
                 ledger is unavailable";
    assert!(text.starts_with(words), "{text}");
}

#[tokio::test]
async fn wrong_usage_is_reported_before_any_call() {
    let world = TestWorld::new(&Settings::default()).await;
    let table: [(&[&str], i32, &str); 5] = [
        (&["--since", "2020-01-01"], 1, "there is no journal"),
        (&["--since", "soon"], 2, "must be a time such as"),
        (&["--since", "1h", "--until", "2h"], 2, "--since is not before --until"),
        (&["--since", "1h", "--tenant", "nobody"], 2, "no customer is configured for nobody"),
        (&[], 2, "--since"),
    ];
    for (arguments, expected, words) in table {
        if expected == 2 && !world.book().journal.exists() {
            begin(&world).await;
        }
        let before = world.tenant.calls().graphql;
        let (code, said) = command(&world, &[&["reconcile"], arguments].concat()).await;
        assert_eq!(code, Some(expected), "{arguments:?}: {said}");
        assert!(said.contains(words), "{words} in {said}");
        assert_eq!(world.tenant.calls().graphql, before, "{arguments:?}");
    }
}
