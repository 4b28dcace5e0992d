//! What the service reports about itself: metrics and traces, without secrets.

mod alerts;
mod collector;
mod list;
mod metrics;
mod secrecy;
mod traces;

use sandbox::{
    netsuite::{Operation, Point},
    sale::{Billing, Sale},
};
use tests::{A, Exposition, ITEMS, Process, Service, Settings, TestWorld, event, pair};

/// One call to the ERP at once.
fn one_slot() -> Settings {
    Settings { erp: "concurrency = 1".to_owned(), ..Settings::default() }
}

/// An order like [`pair`], of another id and number.
fn another(nth: u32) -> Sale {
    let order = format!("0c1f2e3d-0000-4000-8000-{nth:012}");
    Sale { order, reference: format!("TEST-{nth}"), ..pair() }
}

/// Two events at once, posted both; what is shown while one has the account's only slot
/// and the other waits for it.
async fn crowd(world: &TestWorld, service: &Service) -> Exposition {
    world.install(&another(1), &Billing::OneInvoice);
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let first = service.post_beside(&event(&pair(), ITEMS, &[A]));
    hold.reached().await;
    let second = service.post_beside(&event(&another(1), ITEMS, &[A]));
    let text = loop {
        let text = service.metrics().await;
        if text.value("memobridge_erp_requests_waiting", &[]) == Some(1.0) {
            break text;
        }
    };
    hold.release();
    first.await.unwrap().is(200, "posted");
    second.await.unwrap().is(200, "posted");
    text
}

/// SIGTERM, and everything was finished.
async fn ends_well(process: Process) {
    process.signal("TERM").await;
    let ended = process.ended().await;
    assert_eq!(ended.code(), Some(0));
}
