//! An ERP that does not work for us: 500, so that NewStore sends the event again.

use std::time::Duration;

use ports::CancellationState;
use sandbox::{
    netsuite::{Access, Credentials, Denial, Fault, Kind, Operation, Point, Rule},
    sale::Billing,
};
use tests::{A, B, ITEMS, Settings, TestWorld, WHOLE, event, pair};

use super::post_while_the_erp_vanishes;

/// What the ERP says instead of an answer, to whatever is asked.
fn outages() -> Vec<(&'static str, Rule)> {
    let html = |status, body: &str| Fault::Html { status, body: body.to_owned() };
    let page = "<html><body>down for maintenance</body></html>";
    vec![
        ("cut", Fault::Down.into()),
        ("in maintenance", Fault::maintenance().into()),
        ("throttling", Fault::throttled().into()),
        ("an error page", html(502, "<html><body>Bad Gateway</body></html>").into()),
        ("a maintenance page", html(503, page).into()),
        ("a page that looks well", html(200, "<html><body>Sign in</body></html>").into()),
        ("an unexpected error", Fault::unexpected().into()),
        ("nothing", Fault::Empty.into()),
        ("half an answer", Fault::Truncate.into()),
    ]
}

#[tokio::test]
async fn after_an_unavailable_erp_the_next_delivery_posts() {
    for (what, rule) in outages() {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        world.account.fault(rule);
        let service = world.serve().await;
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(500, "unavailable").because("erp-unavailable");
        world.has_memos(&[], what);
        let states = world.book().states().await;
        assert_eq!(states[0].0, CancellationState::Working, "{what}: {states:?}");
        world.account.clear_faults();
        world.clock.advance(Duration::from_secs(15));
        service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
        world.has_memos(&["20.00"], what);
    }
}

#[tokio::test]
async fn an_erp_that_fails_while_the_memo_is_sent_ends_with_one_memo() {
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        for (what, rule) in outages() {
            let when = format!("{what}, {point:?}");
            let world = TestWorld::with(&pair(), &Settings::default()).await;
            world.account.fault(rule.on(Operation::Add).at(point));
            let service = world.serve().await;
            let first = service.post(&event(&pair(), ITEMS, &[A])).await;
            assert!([200, 500].contains(&first.status), "{when}: {first:?}");
            world.account.clear_faults();
            world.clock.advance(Duration::from_secs(15));
            let again = service.post(&event(&pair(), ITEMS, &[A])).await;
            let outcomes = [first.outcome.as_str(), again.outcome.as_str()];
            let expected = if first.status == 200 {
                ["posted", "already-posted"]
            } else {
                ["unavailable", "posted"]
            };
            assert_eq!(outcomes, expected, "{when}");
            world.has_memos(&["20.00"], &when);
        }
    }
}

#[tokio::test]
async fn an_erp_that_refuses_connections_is_unavailable() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.account.refuse_connections().await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(500, "unavailable").because("erp-unavailable");
    world.account.accept_connections().await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    world.has_memos(&["20.00"], "after it came back");
}

#[tokio::test]
async fn an_erp_that_does_not_answer_within_its_timeout_is_unavailable() {
    let settings = Settings { erp: "timeout = \"1s\"".to_owned(), ..Settings::default() };
    for (operation, point) in
        [(Operation::Search, Point::BeforeCommit), (Operation::Search, Point::AfterCommit)]
    {
        let world = TestWorld::with(&pair(), &settings).await;
        let service = world.serve().await;
        let hold = world.account.hold(operation, point);
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(500, "unavailable").because("erp-unavailable");
        hold.release();
        service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
        world.has_memos(&["20.00"], &format!("{operation:?} held {point:?}"));
    }
}

#[tokio::test]
async fn a_memo_with_an_unknown_outcome_is_settled_by_the_next_delivery() {
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        let service = world.serve().await;
        let event = event(&pair(), ITEMS, &[A]);
        let answer =
            post_while_the_erp_vanishes(&world, &service, &event, (Operation::Add, point)).await;
        answer.is(500, "unavailable").because("erp-unavailable");
        service.post(&event).await.is(200, "posted");
        world.has_memos(&["20.00"], &format!("vanished {point:?}"));
    }
}

#[tokio::test]
async fn an_open_breaker_makes_no_calls_and_one_probe_closes_it() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.account.refuse_connections().await;
    let service = world.serve().await;
    for attempt in 0..3 {
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        assert_eq!(answer.status, 500, "attempt {attempt}: {answer:?}");
    }
    world.account.accept_connections().await;
    let calls = world.account.calls();
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(500, "unavailable").because("erp-unavailable");
    assert_eq!(world.account.calls(), calls, "the ERP was left alone");
    world.clock.advance(Duration::from_secs(1));
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    world.has_memos(&["20.00"], "after the probe");
}

#[tokio::test]
async fn events_that_need_no_erp_are_answered_while_the_breaker_is_open() {
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let service = world.serve().await;
    service.post(&event(&sale, ITEMS, &[A])).await.is(200, "posted");
    world.account.refuse_connections().await;
    for _ in 0..4 {
        service.post(&event(&sale, ITEMS, &[B])).await.is(500, "unavailable");
    }
    service.post(&event(&sale, ITEMS, &[A])).await.is(200, "already-posted");
    let mut other = event(&sale, WHOLE, &[B]);
    other["name"] = "order.created".into();
    service.post(&other).await.is(200, "ignored");
    other["name"] = WHOLE.into();
    other["payload"]["id"] = "no uuid".into();
    let answer = service.post(&other).await;
    answer.is(400, "rejected");
    other["tenant"] = "seconda".into();
    service.post(&other).await.is(403, "rejected");
    assert_eq!(service.get("/health/ready").await.0, 200);
    world.has_memos(&["20.00"], "A's");
}

#[tokio::test]
async fn refused_credentials_park_nothing_and_are_probed_after_a_minute() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let revoked = Credentials { token_secret: "another".to_owned(), ..Credentials::example() };
    world.account.credentials(revoked);
    let service = world.serve().await;
    world.proofs_are_made().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(500, "unavailable").because("erp-credentials");
    let calls = world.account.calls();
    world.clock.advance(Duration::from_secs(59));
    service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
    assert_eq!(world.account.calls(), calls, "a token that is refused often is locked");
    assert_eq!(world.book().states().await[0].0, CancellationState::Working);
    world.account.credentials(Credentials::example());
    world.clock.advance(Duration::from_secs(1));
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    world.has_memos(&["20.00"], "with good credentials");
}

#[tokio::test]
async fn refused_credentials_are_retried_at_once_after_a_restart() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let revoked = Credentials { token_secret: "another".to_owned(), ..Credentials::example() };
    world.account.credentials(revoked);
    let service = world.serve().await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
    service.stop().await;
    world.account.credentials(Credentials::example());
    let service = world.serve().await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    world.has_memos(&["20.00"], "after the restart");
}

#[tokio::test]
async fn a_login_refused_once_under_load_is_retried() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.account.fault(Fault::invalid_login().times(1));
    let service = world.serve().await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    world.has_memos(&["20.00"], "after a false refusal");
}

#[tokio::test]
async fn a_missing_permission_parks_nothing_and_is_probed_every_fifteen_seconds() {
    let denials = [
        Denial { kind: Kind::CreditMemo, access: Access::Create },
        Denial { kind: Kind::Invoice, access: Access::View },
    ];
    for denial in denials {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        world.account.deny(denial);
        let service = world.serve().await;
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(500, "unavailable").because("erp-permission");
        world.has_memos(&[], &format!("{denial:?}"));
        world.account.allow_all();
        world.clock.advance(Duration::from_secs(14));
        service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
        world.clock.advance(Duration::from_secs(1));
        service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
        world.has_memos(&["20.00"], &format!("{denial:?}"));
    }
}

#[tokio::test]
async fn a_memo_with_an_unknown_outcome_is_settled_without_a_redelivery() {
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        let service = world.serve().await;
        let event = event(&pair(), ITEMS, &[A]);
        let answer =
            post_while_the_erp_vanishes(&world, &service, &event, (Operation::Add, point)).await;
        answer.is(500, "unavailable").because("erp-unavailable");
        service.until(&answer, CancellationState::Posted).await;
        world.has_memos(&["20.00"], &format!("vanished {point:?}"));
    }
}

#[tokio::test]
async fn lines_with_an_unknown_outcome_are_closed_once() {
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        let world = TestWorld::new(&Settings::policy("not_invoiced = \"close-lines\"")).await;
        let booked = world.install(&pair(), &Billing::NotInvoiced);
        let service = world.serve().await;
        let event = event(&pair(), ITEMS, &[A]);
        let at = (Operation::Update, point);
        let answer = post_while_the_erp_vanishes(&world, &service, &event, at).await;
        answer.is(500, "unavailable").because("erp-unavailable");
        service.post(&event).await.is(200, "skipped");
        let order = world.account.sales_order(booked.sales_order.as_ref().unwrap()).unwrap();
        let closed: Vec<bool> = order.lines.iter().map(|line| line.closed).collect();
        assert_eq!(closed, [true, false], "vanished {point:?}: {order:?}");
        world.has_memos(&[], &format!("vanished {point:?}"));
    }
}

#[tokio::test]
async fn a_deferred_event_is_not_parked_by_an_outage_past_its_deadline() {
    let worker = "give_up_after = \"20s\"\nmax_delay = \"10s\"".to_owned();
    let world = TestWorld::with(&pair(), &Settings { worker, ..Settings::default() }).await;
    world.tenant.remove(&pair().order);
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "deferred");
    pair().install_newstore(&world.tenant);
    world.account.refuse_connections().await;
    let passed = async {
        let began = ports::Clock::now(&*world.clock);
        let clock: &dyn ports::Clock = &*world.clock;
        clock.sleep(Duration::from_mins(1)).await;
        began
    };
    service.pass_time(passed).await;
    let states = world.book().states().await;
    assert_eq!(states, [(CancellationState::Deferred, Some("erp-unavailable".to_owned()))]);
    world.account.accept_connections().await;
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "after the outage");
}
