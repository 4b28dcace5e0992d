//! The storefront's stream of events: in order, and stuck at what is not taken.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::Request,
};
use domain::{Cancellation, CancellationId, Timestamp, UnitId};
use ports::{CancellationState, Journal, Query};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    backends::Backends,
    context::count,
    fault_schedule::SimulatedFault,
    mutation::Mutation,
    replica::{RESPOND_WITHIN, Shared},
    replicas::Replicas,
};

/// How long the storefront waits for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// What an answer may take beyond what was promised: two calls to our own stores.
const SLACK: Duration = Duration::from_millis(200);

/// An event, and how it travels.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its name.
    pub name: &'static str,
    /// The order's place in the customer's list.
    pub order: domain::OrderId,
    /// The units it names.
    pub units: Vec<UnitId>,
    /// When it was published.
    pub published_at: Timestamp,
    /// When it is delivered at first.
    pub due: Timestamp,
}

impl Event {
    /// The cancellation it tells of.
    #[must_use]
    pub fn cancellation(&self, backend: &Backends) -> Cancellation {
        Cancellation {
            tenant: backend.customer.tenant.clone(),
            event: self.name.to_owned(),
            order: self.order.clone(),
            units: self.units.iter().map(|unit| (unit.clone(), None)).collect(),
            published_at: self.published_at,
        }
    }

    fn body(&self, backend: &Backends) -> String {
        let instant = jiff::Timestamp::from_millisecond(self.published_at.as_millis());
        let items: Vec<_> = self
            .units
            .iter()
            .map(|unit| json!({ "id": unit.as_str(), "cancellation_reason": "insufficient_stock" }))
            .collect();
        json!({
            "tenant": backend.customer.tenant.as_str(),
            "name": self.name,
            "published_at": instant.expect("the world's times are times").to_string(),
            "payload": { "id": self.order.as_str(), "items": items },
        })
        .to_string()
    }
}

/// What came of one delivery.
enum Delivered {
    Answered(u16, Value),
    /// No answer: nobody there, killed, cut off or too slow.
    Lost(&'static str),
}

/// Delivers a customer's events until the last one is taken.
pub async fn deliver_all(
    shared: Arc<Shared>,
    replicas: Arc<Replicas>,
    backend: Arc<Backends>,
    events: Vec<Event>,
) {
    let simulation = &shared.simulation;
    for event in events {
        simulation.time.until(event.due).await;
        let mut pause = Duration::from_secs(2);
        while !is_taken(&deliver(&shared, &replicas, &backend, &event).await) {
            simulation.time.sleep(pause + simulation.rng.seconds(2)).await;
            pause = (pause * 2).min(Duration::from_mins(1));
        }
        if simulation.processes.strikes(SimulatedFault::DeliveredAgain) {
            let (shared, replicas) = (Arc::clone(&shared), Arc::clone(&replicas));
            let (backend, event) = (Arc::clone(&backend), event.clone());
            tokio::spawn(async move {
                shared.simulation.time.sleep(shared.simulation.rng.seconds(1800)).await;
                // Nobody delivers this one a third time.
                deliver(&shared, &replicas, &backend, &event).await;
            });
        }
    }
}

fn is_taken(delivered: &Delivered) -> bool {
    matches!(delivered, Delivered::Answered(status, _) if *status < 500)
}

async fn deliver(
    shared: &Shared,
    replicas: &Replicas,
    backend: &Backends,
    event: &Event,
) -> Delivered {
    let simulation = &shared.simulation;
    count(&simulation.tally.deliveries);
    let id = event.cancellation(backend).id();
    let before = state(&*shared.journal, &id).await;
    let sent_at = simulation.time.now();
    let delivered = call(shared, replicas, backend, event).await;
    match &delivered {
        Delivered::Lost(why) => {
            simulation.tell("newstore", format_args!("{id} {}: {why}", event.name));
        }
        Delivered::Answered(status, body) => {
            simulation.tell("newstore", format_args!("{id} {}: {status} {body}", event.name));
            let took = simulation.time.now().since(sent_at);
            let stalls = [SimulatedFault::JournalStalls, SimulatedFault::QueueStalls];
            if !stalls.iter().any(|it| simulation.stores.knows(*it)) {
                let limit = RESPOND_WITHIN + SLACK;
                simulation.must(took <= limit, || format!("{id} was answered after {took:?}"));
            }
            simulation
                .must(*status < 400 || *status >= 500, || format!("{id} got {status}: {body}"));
            recognised(shared, before, &id, *status, body);
            if *status == 200 {
                is_durable(shared, &id).await;
            }
        }
    }
    delivered
}

/// One call of the webhook, without a socket.
async fn call(
    shared: &Shared,
    replicas: &Replicas,
    backend: &Backends,
    event: &Event,
) -> Delivered {
    let simulation = &shared.simulation;
    let Some(replica) = replicas.any() else {
        return Delivered::Lost("nobody listens");
    };
    let request = Request::post("/newstore/events")
        .header("authorization", format!("Bearer {}", backend.customer.key))
        .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))))
        .body(Body::from(event.body(backend)))
        .expect("the request is well-formed");
    let cut = simulation.processes.strikes(SimulatedFault::ConnectionCut);
    let cut_after = if cut { simulation.rng.seconds(12) } else { TIMEOUT };
    let answered = async {
        let response = replica.router.clone().oneshot(request).await;
        let response = response.unwrap_or_else(|never| match never {});
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    };
    let crash_point = replica.wire.crash_point.clone();
    let delivered = tokio::select! {
        biased;
        () = crash_point.ended() => Delivered::Lost("killed"),
        (status, body) = crash_point.within(answered) => Delivered::Answered(status, body),
        () = simulation.time.sleep(cut_after) => Delivered::Lost("cut off"),
    };
    if let Delivered::Answered(200, _) = delivered
        && simulation.processes.strikes(SimulatedFault::CrashAfterAnswer)
    {
        replica.wire.kill("killed right after its answer");
    }
    match delivered {
        Delivered::Answered(status, body)
            if status >= 500 && simulation.has(Mutation::AnswersBeforeDurable) =>
        {
            Delivered::Answered(200, body)
        }
        delivered => delivered,
    }
}

/// Somebody who was settled before is told what it became.
fn recognised(
    shared: &Shared,
    before: Option<CancellationState>,
    id: &CancellationId,
    status: u16,
    body: &Value,
) {
    let Some(before) = before.filter(|it| it.is_settled() && status == 200) else {
        return;
    };
    let outcome = body["outcome"].as_str().unwrap_or_default();
    let expected =
        if before == CancellationState::Posted { "already-posted" } else { before.name() };
    shared.simulation.must(outcome == expected, || {
        format!("{id} had become {expected}, and was answered {outcome}")
    });
}

/// What was taken is in the journal.
async fn is_durable(shared: &Shared, id: &CancellationId) {
    let known = state(&*shared.journal, id).await;
    shared.simulation.must(known.is_some(), || format!("{id} was answered 200 and is not known"));
}

async fn state(journal: &dyn Journal, id: &CancellationId) -> Option<CancellationState> {
    let query = Query { id: Some(id.clone()), limit: 1, ..Query::default() };
    let found = journal.find(&query).await.expect("the world reads the journal itself");
    found.first().map(|it| it.state)
}
