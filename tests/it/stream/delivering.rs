//! Events that come over the stream itself, to the webhook as it is served.

use sandbox::newstore::{Delivery, Status};
use serde_json::{Value, json};
use tests::{A, B, ITEMS, Settings, TestWorld, event, pair};

use super::{ID, integration, settings};
use crate::{commands::command, crash::PROGRAM};

/// What an event became: the answer's status and its outcome.
fn became(delivery: &Delivery) -> (Option<u16>, String) {
    let answer: Value = serde_json::from_str(&delivery.answer).unwrap_or_default();
    (delivery.status, answer["outcome"].as_str().unwrap_or_default().to_owned())
}

/// Delivers what is due; for each event, what it became.
async fn deliver(world: &TestWorld) -> Vec<(Option<u16>, String)> {
    world.tenant.stream().deliver().await.iter().map(became).collect()
}

fn is(status: u16, outcome: &str) -> (Option<u16>, String) {
    (Some(status), outcome.to_owned())
}

#[tokio::test]
async fn a_replay_changes_nothing_that_is_posted() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let process = world.spawn(PROGRAM).await;
    world.configure(&settings(&format!("http://{}/newstore/events", process.address)));
    let (code, said) = command(&world, &["stream", "register"]).await;
    assert_eq!(code, Some(0), "{said}");
    let stream = world.tenant.stream();
    stream.publish(&pair().event(ITEMS, &[A], "2020-01-15T12:00:00Z"));
    assert_eq!(deliver(&world).await, [is(200, "posted")]);
    world.has_memos(&["20.00"], "over the stream");

    let replay = ["stream", "replay", "--since", "2020-01-15", "--until", "2020-01-16"];
    for round in ["once", "twice"] {
        let (code, said) = command(&world, &[&replay[..], &["--clean"]].concat()).await;
        assert_eq!(code, Some(0), "{said}");
        assert_eq!(deliver(&world).await, [is(200, "already-posted")], "{round}");
        world.has_memos(&["20.00"], round);
    }
    let ids = stream.ids();
    let replay = ids.iter().find(|it| *it != ID).expect("it is kept until it is cleaned up");
    assert_eq!(stream.integration(replay).unwrap().status, Status::Stopped);
    process.kill().await;
}

#[tokio::test]
async fn an_outage_blocks_the_stream_and_a_malformed_event_does_not() {
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let service = world.serve().await;
    let stream = world.tenant.stream();
    stream.register(&integration(&format!("http://{}/newstore/events", service.address)));
    stream.publish(&event(&sale, ITEMS, &[A]));
    let mut broken = event(&sale, ITEMS, &[B]);
    broken["payload"]["id"] = json!("no UUID");
    stream.publish(&broken);
    stream.publish(&event(&sale, ITEMS, &[B]));

    world.account.refuse_connections().await;
    assert_eq!(deliver(&world).await, [is(500, "unavailable")], "and nothing behind it");
    world.account.accept_connections().await;
    let all = [is(200, "posted"), is(400, "rejected"), is(200, "posted")];
    assert_eq!(deliver(&world).await, all);
    world.has_memos(&["20.00", "30.00"], "in order");
}
