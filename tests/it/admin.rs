//! The admin API over the wire: who is let in, what is seen, what is tried again.

mod access;
mod audit;
mod reading;
mod retrying;

use sandbox::netsuite::Standing;
use tests::{A, Answer, ITEMS, Service, Settings, TestWorld, event, pair};

/// A world in which what is not invoiced is parked.
async fn strict() -> TestWorld {
    let world = TestWorld::with(&pair(), &Settings::policy("not_invoiced = \"park\"")).await;
    world.all_invoices(Standing::Voided);
    world
}

/// The order's first item, parked.
async fn parked(service: &Service) -> Answer {
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "parked").because("not-invoiced");
    answer
}
