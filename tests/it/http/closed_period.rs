//! Read-back of totals, and closed accounting periods.

use ports::CancellationState;
use rust_decimal::Decimal;
use tests::{A, ITEMS, Service, Settings, TestWorld, event, pair};

/// Lets time pass until the memo was read back.
async fn confirmed(world: &TestWorld, service: &Service, id: &str) -> ports::CancellationRecord {
    let looking = async {
        loop {
            let record = world.book().record(id).await.unwrap();
            if record.memos.iter().all(|memo| memo.confirmed_total.is_some()) {
                return record;
            }
            tokio::task::yield_now().await;
        }
    };
    service.pass_time(looking).await
}

#[tokio::test]
async fn a_memo_is_read_back_with_its_number() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "posted");
    let record = confirmed(&world, &service, &answer.id.unwrap()).await;
    assert_eq!(record.memos[0].number.as_ref(), Some(&world.account.memos()[0].number));
    assert!(record.flags.is_empty(), "{record:?}");
}

#[tokio::test]
async fn a_total_that_differs_is_flagged_and_never_posted_again() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "posted");
    let memo = world.memo(&answer.memos[0]);
    world.account.edit(&memo.id, |it| it.total += Decimal::ONE);
    let record = confirmed(&world, &service, answer.id.as_ref().unwrap()).await;
    assert_eq!(record.state, CancellationState::Posted, "{record:?}");
    let flagged = record.flags.iter().any(|flag| flag.starts_with("total-differs"));
    assert!(flagged, "{record:?}");
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "already-posted");
    world.has_memos(&["21.00"], "as somebody changed it");
}

#[tokio::test]
async fn a_closed_period_is_parked_or_dated_today() {
    // The event is of 21 November, today is the 23rd.
    for (policy, outcome) in [("", "parked"), ("closed_period = \"today\"", "posted")] {
        let world = TestWorld::with(&pair(), &Settings::policy(policy)).await;
        world.account.close_books("2026-11-22".parse().unwrap());
        let service = world.serve().await;
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(200, outcome);
        let dates: Vec<String> =
            world.account.memos().iter().map(|it| it.date.to_string()).collect();
        if outcome == "posted" {
            assert_eq!(dates, ["2026-11-23"], "{policy}");
        } else {
            answer.because("closed-period");
            assert!(dates.is_empty(), "{policy}: {dates:?}");
        }
    }
}
