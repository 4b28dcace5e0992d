//! An order on which the ERP fails, while it answers about all others: it waits in the
//! queue, is parked at its deadline, and stops no other order.

use std::time::Duration;

use ports::CancellationState;
use sandbox::{
    netsuite::{Fault, Operation, Rule},
    sale::{Billing, Sale},
};
use serde_json::Value;
use tests::{A, Answer, ITEMS, Service, Settings, TestWorld, another, event, pair};

const ERROR: &str = "An unexpected error occurred. Error ID: example0000000000000";
const ELEMENT: &str = "You do not have permissions to set a value for element class (read-only, \
                       feature disabled, or not on the form).";
/// A SOAP message that came whole, with half of a character that XML does not know.
const UNREADABLE: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">\
                          <s:Body><addResponse>&unknown;</addResponse></s:Body></s:Envelope>";

/// A way to fail on one order.
struct Kind {
    name: &'static str,
    rule: fn(&str) -> Rule,
    /// Deliveries that are answered 500 before the order counts as the cause.
    unavailable: usize,
    ending: (CancellationState, &'static str),
}

fn kinds() -> Vec<Kind> {
    let fails = (CancellationState::Deferred, "erp-fails-on-order");
    let kind = |name, unavailable, ending, rule| Kind { name, rule, unavailable, ending };
    vec![
        kind("an unexpected error in the status", 2, fails, |bad| {
            Fault::refusal("UNEXPECTED_ERROR", ERROR).on(Operation::Add).about(bad)
        }),
        kind("an unexpected error as a fault", 2, fails, |bad| {
            Fault::soap("unexpectedErrorFault", "UNEXPECTED_ERROR", ERROR)
                .on(Operation::Add)
                .about(bad)
        }),
        kind("an error page", 2, fails, |bad| {
            let body = "<html><body>Internal Server Error</body></html>".to_owned();
            Fault::Html { status: 500, body }.on(Operation::Add).about(bad)
        }),
        kind("a cut connection", 2, fails, |bad| Fault::Down.on(Operation::Add).about(bad)),
        kind("a record that is always changed", 2, fails, |bad| {
            Fault::refusal("RCRD_HAS_BEEN_CHANGED", "again").on(Operation::Add).about(bad)
        }),
        kind("reads that fail", 2, fails, |bad| {
            Fault::unexpected().on(Operation::Search).about(bad)
        }),
        kind("an unreadable answer to add", 0, fails, |bad| {
            let body = UNREADABLE.to_owned();
            Fault::Html { status: 200, body }.on(Operation::Add).about(bad)
        }),
        kind("unreadable records", 0, fails, |bad| Fault::Garbled.on(Operation::Search).about(bad)),
        kind("a hidden memo", 0, fails, |_| Fault::Hidden.on(Operation::Search)),
        kind("a refused field", 0, (CancellationState::Parked, "erp-refused"), |bad| {
            Fault::refusal("INSUFFICIENT_PERMISSION", ELEMENT).on(Operation::Add).about(bad)
        }),
    ]
}

/// A world with a bad order and ten good ones, and their events.
async fn eleven(settings: &Settings, kind: &Kind) -> (TestWorld, Value, Vec<Value>) {
    let world = TestWorld::new(settings).await;
    let install = |sale: &Sale| world.install(sale, &Billing::OneInvoice);
    let booked = install(&pair());
    let good: Vec<_> = (0..10).map(another).collect();
    for sale in &good {
        install(sale);
    }
    let rule = (kind.rule)(&pair().reference);
    let rule = match kind.name {
        // Memos are looked for by the invoice.
        "a hidden memo" => rule.about(&format!("internalId=\"{}\"", booked.invoices[0])),
        _ => rule,
    };
    world.account.fault(rule);
    let good = good.iter().map(|sale| event(sale, ITEMS, &[A])).collect();
    (world, event(&pair(), ITEMS, &[A]), good)
}

/// Delivers as a stream does: again until it is answered 2xx.
async fn deliver(service: &Service, event: &Value) -> (usize, Answer) {
    for refused in 0..10 {
        let answer = service.post(event).await;
        if answer.status == 200 {
            return (refused, answer);
        }
    }
    panic!("the stream stands still at {event}");
}

async fn ending(world: &TestWorld, answer: &Answer) -> (CancellationState, String) {
    let record = world.book().record(answer.id.as_deref().unwrap()).await.unwrap();
    (record.state, record.reason.unwrap_or_default())
}

#[tokio::test]
async fn ten_orders_behind_a_failing_one_are_posted_at_their_first_delivery() {
    for kind in kinds() {
        let (world, bad, good) = eleven(&Settings::default(), &kind).await;
        let service = world.serve().await;
        world.proofs_are_made().await;
        let (refused, answer) = deliver(&service, &bad).await;
        assert_eq!(refused, kind.unavailable, "{}", kind.name);
        let (state, reason) = ending(&world, &answer).await;
        assert_eq!((state, reason.as_str()), kind.ending, "{}", kind.name);
        for event in &good {
            let (refused, answer) = deliver(&service, event).await;
            assert_eq!((refused, answer.outcome.as_str()), (0, "posted"), "{}", kind.name);
        }
        world.has_memos(&["20.00"; 10], kind.name);
    }
}

#[tokio::test]
async fn other_orders_between_the_tries_of_a_failing_one_are_posted() {
    for kind in kinds() {
        let (world, bad, good) = eleven(&Settings::default(), &kind).await;
        let service = world.serve().await;
        for event in &good {
            let answer = service.post(&bad).await;
            assert!([200, 500].contains(&answer.status), "{}: {answer:?}", kind.name);
            service.post(event).await.is(200, "posted");
        }
        let metrics = service.metrics().await;
        for trouble in ["unavailable", "permission"] {
            let labels = [("tenant", "dodici"), ("cause", trouble)];
            assert_eq!(metrics.value("memobridge_circuit_breaker_open", &labels), Some(0.0));
        }
    }
}

#[tokio::test]
async fn ten_orders_in_the_queue_with_a_failing_one_are_posted() {
    let settings = Settings { intake: "queued".to_owned(), ..Settings::default() };
    for kind in kinds() {
        let (world, bad, good) = eleven(&settings, &kind).await;
        let service = world.serve().await;
        let bad = service.post(&bad).await;
        let mut answers = Vec::new();
        for event in &good {
            answers.push(service.post(event).await);
        }
        let began = ports::Clock::now(&*world.clock);
        for answer in &answers {
            service.until(answer, CancellationState::Posted).await;
        }
        let took = ports::Clock::now(&*world.clock).since(began);
        assert!(took < Duration::from_mins(2), "{}: {took:?}", kind.name);
        service.until(&bad, kind.ending.0).await;
        world.has_memos(&["20.00"; 10], kind.name);
    }
}

#[tokio::test]
async fn a_failing_order_parks_at_its_deadline_if_other_orders_succeeded() {
    let worker = "give_up_after = \"10m\"\nmax_delay = \"1m\"".to_owned();
    let settings = Settings { worker, ..Settings::default() };
    let kind = &kinds()[0];
    let (world, bad, good) = eleven(&settings, kind).await;
    let service = world.serve().await;
    let (_, bad) = deliver(&service, &bad).await;
    service.post(&good[0]).await.is(200, "posted");
    let record = service.until(&bad, CancellationState::Parked).await;
    assert_eq!(record.reason.as_deref(), Some("erp-fails-on-order"));
    let detail = record.detail.as_deref().unwrap_or_default();
    assert!(detail.contains("Error ID: example0000000000000"), "{detail}");
    assert!(record.memos.iter().all(|memo| memo.claim.is_open()), "its outcome is unknown");
    world.account.clear_faults();
    let id = bad.id.as_deref().unwrap();
    service.tell(&format!("/api/cancellations/{id}/retry"), None).await.with(200);
    service.until(&bad, CancellationState::Posted).await;
    world.has_memos(&["20.00", "20.00"], "after the ERP was mended");
}

#[tokio::test]
async fn an_outage_of_writes_parks_nothing() {
    let worker = "give_up_after = \"2m\"\nmax_delay = \"30s\"".to_owned();
    let settings = Settings { worker, ..Settings::default() };
    let (world, bad, good) = eleven(&settings, &kinds()[0]).await;
    world.account.clear_faults();
    let service = world.serve().await;
    service.post(&good[0]).await.is(200, "posted");
    // What was written before the first try says nothing.
    world.clock.advance(Duration::from_secs(1));
    world.account.fault(Fault::unexpected().on(Operation::Add));
    let (_, bad) = deliver(&service, &bad).await;
    let (_, other) = deliver(&service, &good[1]).await;
    let later = async {
        let clock: &dyn ports::Clock = &*world.clock;
        clock.sleep(Duration::from_mins(10)).await;
    };
    service.pass_time(later).await;
    for answer in [&bad, &other] {
        assert_eq!(ending(&world, answer).await.0, CancellationState::Deferred);
    }
    world.account.clear_faults();
    for answer in [&bad, &other] {
        service.until(answer, CancellationState::Posted).await;
    }
    world.has_memos(&["20.00"; 3], "after the outage");
}

#[tokio::test]
async fn the_tries_of_a_failing_order_are_counted_across_a_restart() {
    let (world, bad, _) = eleven(&Settings::default(), &kinds()[0]).await;
    let service = world.serve().await;
    let began = ports::Clock::now(&*world.clock);
    let answer = service.post(&bad).await;
    answer.is(500, "unavailable").because("erp-unavailable");
    service.stop().await;
    world.clock.advance(Duration::from_secs(20));
    let service = world.serve().await;
    let is_order_bound = async {
        loop {
            let [record] = &world.book().all().await[..] else { panic!("one order") };
            match record.failed {
                Some(failed) if failed.is_order_bound => return failed,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let failed = service.pass_time(is_order_bound).await;
    assert!(failed.count >= 3 && failed.since == began, "{failed:?}");
    assert_eq!(
        ending(&world, &answer).await,
        (CancellationState::Deferred, "erp-fails-on-order".to_owned())
    );
}

#[tokio::test]
async fn a_failing_order_is_retried_with_backoff() {
    let (world, bad, _) = eleven(&Settings::default(), &kinds()[0]).await;
    let service = world.serve().await;
    let (_, answer) = deliver(&service, &bad).await;
    let before = world.account.calls().of(Operation::Add);
    let later = async {
        let clock: &dyn ports::Clock = &*world.clock;
        clock.sleep(Duration::from_mins(20)).await;
    };
    service.pass_time(later).await;
    let asked = world.account.calls().of(Operation::Add) - before;
    // 5 s, doubling: eight tries, and none by the look at unsettled claims each minute.
    assert!((4..=10).contains(&asked), "{asked} in 20 minutes");
    world.account.clear_faults();
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "after the ERP was mended");
}

#[tokio::test]
async fn a_refused_look_up_concerns_its_order() {
    let (world, bad, good) = eleven(&Settings::default(), &kinds()[0]).await;
    world.account.clear_faults();
    let service = world.serve().await;
    world.proofs_are_made().await;
    world.account.fault(Fault::unexpected().on(Operation::Add).about("TEST-1821").times(1));
    let why = "The record cannot be opened.";
    world.account.fault(Fault::refusal("USER_ERROR", why).on(Operation::Get).about("nst-cm-"));
    service.post(&bad).await.is(200, "deferred").because("erp-fails-on-order");
    service.post(&good[0]).await.is(200, "posted");
    world.account.clear_faults();
    service.post(&bad).await.is(200, "posted");
    world.has_memos(&["20.00", "20.00"], "after it could be looked up");
}
