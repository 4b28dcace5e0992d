//! The clock of the machine steps, ahead and back, while no time passes: an hour as daylight
//! saving or a hardware clock in local time make it, days as a resumed machine does.

use std::time::Duration;

use ports::{CancellationState, Clock};
use sandbox::netsuite::{Fault, Standing};
use tests::{A, ITEMS, Settings, TestWorld, event, pair};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// How the date changes, and by how much.
#[derive(Debug, Clone, Copy)]
enum Step {
    Ahead(Duration),
    Back(Duration),
}

const STEPS: [Step; 4] = [
    Step::Ahead(HOUR),
    Step::Back(HOUR),
    Step::Ahead(Duration::from_hours(4 * 24)),
    Step::Back(DAY),
];

fn step(world: &TestWorld, step: Step) {
    match step {
        Step::Ahead(by) => world.clock.set_ahead(by),
        Step::Back(by) => world.clock.set_back(by),
    }
}

/// Long enough for a few retries of the worker's defaults, and much shorter than any step.
const A_WHILE: Duration = Duration::from_mins(2);

async fn let_pass(world: &TestWorld, time: Duration) {
    for _ in 0..time.as_secs() {
        world.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_erp_is_probed_when_the_breakers_wait_ends() {
    for by in STEPS {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        world.account.fault(Fault::Down);
        let service = world.serve().await;
        for _ in 0..3 {
            service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
        }
        step(&world, by);
        world.account.clear_faults();
        world.clock.advance(Duration::from_secs(15));
        service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
        world.has_memos(&["20.00"], &format!("{by:?}"));
    }
}

#[tokio::test]
async fn a_clock_step_does_not_prolong_a_deferral() {
    for by in STEPS {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        world.all_invoices(Standing::Voided);
        let service = world.serve().await;
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(200, "deferred").because("not-invoiced");
        let began = world.clock.instant();
        step(&world, by);
        world.all_invoices(Standing::Valid);
        let_pass(&world, A_WHILE).await;
        let record = service.until(&answer, CancellationState::Posted).await;
        let waited = world.clock.instant().since(began);
        assert!(waited < HOUR / 2, "{by:?}: {waited:?}");
        assert_eq!(record.state, CancellationState::Posted);
        world.has_memos(&["20.00"], &format!("{by:?}"));
    }
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_by_days_parks_nothing() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.all_invoices(Standing::Voided);
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "deferred").because("not-invoiced");
    world.clock.set_ahead(4 * DAY);
    let_pass(&world, A_WHILE).await;
    let states = world.book().states().await;
    assert_eq!(states[0].0, CancellationState::Deferred, "give_up_after is 72h: {states:?}");
    world.all_invoices(Standing::Valid);
    service.until(&answer, CancellationState::Posted).await;
}

#[tokio::test]
async fn a_clock_corrected_forward_delays_no_later_deadline() {
    let settings = Settings { worker: "give_up_after = \"30s\"".to_owned(), ..Settings::default() };
    for by in [HOUR, 20_000 * DAY] {
        let world = TestWorld::with(&pair(), &settings).await;
        world.all_invoices(Standing::Voided);
        let service = world.serve().await;
        world.clock.set_ahead(by);
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(200, "deferred").because("not-invoiced");
        let began = world.clock.instant();
        service.until(&answer, CancellationState::Parked).await;
        let waited = world.clock.instant().since(began);
        assert!(Duration::from_secs(30) <= waited && waited < HOUR / 4, "{by:?}: {waited:?}");
    }
}
