//! The read permission, verified at start and every hour: a role that lost it finds nothing and
//! gets no error.

use std::time::Duration;

use sandbox::netsuite::{Access, Credentials, Denial, Fault, Kind, Operation};
use tests::{A, ITEMS, Settings, TestWorld, event, pair};

/// Real time after which a wait has failed.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Real time that the service has for itself.
const BREATH: Duration = Duration::from_millis(5);
const MINUTE: Duration = Duration::from_mins(1);

/// Two customers share the account, and each proves that it sees invoices and memos.
const PROOFS: u64 = 4;

/// How many records were asked for one by one.
fn gets(world: &TestWorld) -> u64 {
    world.account.calls().of(Operation::Get)
}

/// Waits for so many `get`s, with time passing meanwhile; then for some more minutes,
/// in which nothing more is asked.
async fn gets_become(world: &TestWorld, expected: u64, step: Duration, when: &str) {
    let wanted = async {
        while gets(world) < expected {
            world.clock.advance(step);
            tokio::time::sleep(BREATH).await;
        }
    };
    let became = tokio::time::timeout(TIMEOUT, wanted).await;
    assert!(became.is_ok(), "{when}: {:?}", world.account.calls());
    minutes_pass(world, 5).await;
    assert_eq!(gets(world), expected, "{when}: {:?}", world.account.calls());
}

async fn minutes_pass(world: &TestWorld, minutes: u32) {
    for _ in 0..minutes {
        world.clock.advance(MINUTE);
        tokio::time::sleep(BREATH).await;
    }
}

#[tokio::test]
async fn permissions_are_verified_at_start_and_hourly_without_calls_of_memos() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    gets_become(&world, PROOFS, Duration::ZERO, "at start").await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    assert_eq!(gets(&world), PROOFS, "a memo asked for a proof");
    minutes_pass(&world, 45).await;
    assert_eq!(gets(&world), PROOFS, "before an hour has passed");
    minutes_pass(&world, 90).await;
    assert_eq!(gets(&world), PROOFS * 3, "after more than two hours");
}

#[tokio::test]
async fn a_permission_missing_at_start_suspends_all_calls_until_it_is_granted() {
    for kind in [Kind::Invoice, Kind::CreditMemo] {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        world.account.deny(Denial { kind, access: Access::View });
        let service = world.serve().await;
        // The first refusal ends a proof.
        let asked = if kind == Kind::Invoice { 2 } else { PROOFS };
        gets_become(&world, asked, Duration::ZERO, "at start").await;
        assert_eq!(world.account.calls().total(), asked, "{:?}", world.account.calls());
        assert_eq!(service.get("/health/ready").await.0, 200, "{kind:?}");
        // The circuit breaker's probe is a call of an event, and gets the same error as the
        // permission check.
        let event = event(&pair(), ITEMS, &[A]);
        service.post(&event).await.is(500, "unavailable").because("erp-permission");
        let calls = world.account.calls();
        service.post(&event).await.is(500, "unavailable").because("erp-permission");
        assert_eq!(world.account.calls(), calls, "{kind:?}: the breaker is not open");
        world.account.allow_all();
        world.clock.advance(Duration::from_secs(15));
        service.post(&event).await.is(200, "posted");
        world.has_memos(&["20.00"], &format!("{kind:?} was given"));
    }
}

#[tokio::test]
async fn credentials_refused_at_start_are_not_retried_by_the_probe() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let token_secret = "another".to_owned();
    world.account.credentials(Credentials { token_secret, ..Credentials::example() });
    let service = world.serve().await;
    // One call each, and once more in case a good login was refused under load.
    gets_become(&world, PROOFS, Duration::ZERO, "at start").await;
    minutes_pass(&world, 150).await;
    assert_eq!(world.account.calls().total(), PROOFS, "{:?}", world.account.calls());
    world.account.credentials(Credentials::example());
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    // One for the memo, which could not rely on a proof; two for the proof that follows.
    gets_become(&world, PROOFS + 3, MINUTE, "once it works again").await;
}

#[tokio::test]
async fn an_erp_that_is_down_at_start_is_probed_again_without_blocking_events() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.account.fault(Fault::Down.on(Operation::Get).times(2));
    let service = world.serve().await;
    assert_eq!(service.get("/health/ready").await.0, 200);
    gets_become(&world, 2 + PROOFS, MINUTE, "after a minute").await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    assert_eq!(gets(&world), 2 + PROOFS, "a memo asked for a proof");
}
