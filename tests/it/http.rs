//! The webhook's answers: what happened, what is answered, and what is on record afterwards.

mod access;
mod closed_period;
mod deferred;
mod limits;
mod refused;
mod rejected;
mod settled;
mod starving;
mod storage;
mod tenant_limit;
mod unavailable;
mod understood;
mod upkeep;

use sandbox::netsuite::{Operation, Point};
use serde_json::Value;
use tests::{Answer, Service, TestWorld};

/// Sends an event while the ERP fails at this point of the write: neither its reply nor a look-up
/// shows the outcome. Then the ERP works again.
async fn post_while_the_erp_vanishes(
    world: &TestWorld,
    service: &Service,
    event: &Value,
    (operation, point): (Operation, Point),
) -> Answer {
    let hold = world.account.hold(operation, point);
    let call = service.post_beside(event);
    hold.reached().await;
    world.account.refuse_connections().await;
    hold.release();
    let answer = call.await.unwrap();
    world.account.accept_connections().await;
    answer
}
