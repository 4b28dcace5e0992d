//! The storefront's stream of events: in order, and stuck at what is not taken.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::Request,
};
use domain::{Cancellation, CancellationId, Timestamp, UnitId};
use ports::{Journal, Query, State};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    fleet::Fleet,
    mutation::Mutation,
    replica::{RESPOND_WITHIN, Shared},
    shop::Shop,
    stage::count,
    weather::Fault,
};

/// How long the storefront waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// What an answer may take beyond what was promised: two calls to our own stores.
const SLACK: Duration = Duration::from_millis(200);

/// An event, and how it travels.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its name.
    pub name: &'static str,
    /// The order's place in the retailer's list.
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
    pub fn cancellation(&self, shop: &Shop) -> Cancellation {
        Cancellation {
            tenant: shop.retailer.tenant.clone(),
            event: self.name.to_owned(),
            order: self.order.clone(),
            units: self.units.iter().map(|it| (it.clone(), None)).collect(),
            published_at: self.published_at,
        }
    }

    fn body(&self, shop: &Shop) -> String {
        let instant = jiff::Timestamp::from_millisecond(self.published_at.as_millis());
        let items: Vec<_> = self
            .units
            .iter()
            .map(|it| json!({ "id": it.as_str(), "cancellation_reason": "insufficient_stock" }))
            .collect();
        json!({
            "tenant": shop.retailer.tenant.as_str(),
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

/// Delivers a retailer's events until the last one is taken.
pub async fn deliver_all(
    shared: Arc<Shared>,
    fleet: Arc<Fleet>,
    shop: Arc<Shop>,
    events: Vec<Event>,
) {
    let stage = &shared.stage;
    for event in events {
        stage.time.until(event.due).await;
        let mut pause = Duration::from_secs(2);
        while !is_taken(&deliver(&shared, &fleet, &shop, &event).await) {
            stage.time.sleep(pause + stage.chance.seconds(2)).await;
            pause = (pause * 2).min(Duration::from_mins(1));
        }
        if stage.processes.strikes(Fault::DeliveredAgain) {
            let (shared, fleet) = (Arc::clone(&shared), Arc::clone(&fleet));
            let (shop, event) = (Arc::clone(&shop), event.clone());
            tokio::spawn(async move {
                shared.stage.time.sleep(shared.stage.chance.seconds(1800)).await;
                // Nobody delivers this one a third time.
                deliver(&shared, &fleet, &shop, &event).await;
            });
        }
    }
}

fn is_taken(delivered: &Delivered) -> bool {
    matches!(delivered, Delivered::Answered(status, _) if *status < 500)
}

async fn deliver(shared: &Shared, fleet: &Fleet, shop: &Shop, event: &Event) -> Delivered {
    let stage = &shared.stage;
    count(&stage.tally.deliveries);
    let id = event.cancellation(shop).id();
    let before = state(&*shared.journal, &id).await;
    let sent_at = stage.time.now();
    let delivered = call(shared, fleet, shop, event).await;
    match &delivered {
        Delivered::Lost(why) => stage.tell("newstore", format_args!("{id} {}: {why}", event.name)),
        Delivered::Answered(status, body) => {
            stage.tell("newstore", format_args!("{id} {}: {status} {body}", event.name));
            let took = stage.time.now().since(sent_at);
            let stalls = [Fault::JournalStalls, Fault::QueueStalls];
            if !stalls.iter().any(|it| stage.stores.knows(*it)) {
                let limit = RESPOND_WITHIN + SLACK;
                stage.must(took <= limit, || format!("{id} was answered after {took:?}"));
            }
            stage.must(*status < 400 || 500 <= *status, || format!("{id} got {status}: {body}"));
            recognised(shared, before, &id, *status, body);
            if *status == 200 {
                is_durable(shared, &id).await;
            }
        }
    }
    delivered
}

/// One call of the webhook, without a socket.
async fn call(shared: &Shared, fleet: &Fleet, shop: &Shop, event: &Event) -> Delivered {
    let stage = &shared.stage;
    let Some(replica) = fleet.any() else {
        return Delivered::Lost("nobody listens");
    };
    let request = Request::post("/newstore/events")
        .header("authorization", format!("Bearer {}", shop.retailer.key))
        .extension(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 4711))))
        .body(Body::from(event.body(shop)))
        .expect("the request is well-formed");
    let cut = stage.processes.strikes(Fault::ConnectionCut);
    let cut_after = if cut { stage.chance.seconds(12) } else { PATIENCE };
    let answered = async {
        let response = replica.router.clone().oneshot(request).await;
        let response = response.unwrap_or_else(|never| match never {});
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap_or_default();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    };
    let life = replica.wire.life.clone();
    let delivered = tokio::select! {
        biased;
        () = life.ended() => Delivered::Lost("killed"),
        (status, body) = life.within(answered) => Delivered::Answered(status, body),
        () = stage.time.sleep(cut_after) => Delivered::Lost("cut off"),
    };
    if let Delivered::Answered(200, _) = delivered
        && stage.processes.strikes(Fault::CrashAfterAnswer)
    {
        replica.wire.kill("killed right after its answer");
    }
    match delivered {
        Delivered::Answered(status, body)
            if 500 <= status && stage.has(Mutation::AnswersBeforeDurable) =>
        {
            Delivered::Answered(200, body)
        }
        delivered => delivered,
    }
}

/// Somebody who was settled before is told what it became.
fn recognised(
    shared: &Shared,
    before: Option<State>,
    id: &CancellationId,
    status: u16,
    body: &Value,
) {
    let Some(before) = before.filter(|it| it.is_settled() && status == 200) else {
        return;
    };
    let outcome = body["outcome"].as_str().unwrap_or_default();
    let expected = if before == State::Posted { "already-posted" } else { before.name() };
    shared.stage.must(outcome == expected, || {
        format!("{id} had become {expected}, and was answered {outcome}")
    });
}

/// What was taken is in our book.
async fn is_durable(shared: &Shared, id: &CancellationId) {
    let known = state(&*shared.journal, id).await;
    shared.stage.must(known.is_some(), || format!("{id} was answered 200 and is not known"));
}

async fn state(journal: &dyn Journal, id: &CancellationId) -> Option<State> {
    let query = Query { id: Some(id.clone()), limit: 1, ..Query::default() };
    let found = journal.find(&query).await.expect("the world reads the journal itself");
    found.first().map(|it| it.state)
}
