//! The adapter against the simulated registration API.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use adapters_newstore::{Integrations, Options};
use domain::Timestamp;
use ports::{
    DeliveryKey, EventFilter, EventStream, EventStreamError, Registered, Registration,
    StorefrontError, StreamState, StreamWindow, Subscription,
};
use sandbox::newstore::{Fault, Tenant};
use serde_json::json;
use tests::{FakeClock, KEY};

use super::{ID, integration};

async fn bench() -> (Tenant, Integrations) {
    let tenant = Tenant::start("dodici", "memobridge", "secret").await.unwrap();
    let options = Options {
        tenant: "dodici".parse().unwrap(),
        graphql_url: tenant.graphql_url(),
        token_url: tenant.token_url(),
        client_id: "memobridge".to_owned(),
        client_secret: "secret".into(),
        timeout: Duration::from_secs(3),
    };
    let clock = Arc::new(FakeClock::default());
    let integrations = Integrations::new(options, None, KEY.into(), clock).unwrap();
    (tenant, integrations)
}

fn wanted() -> Registration {
    Registration {
        id: ID.parse().unwrap(),
        callback: "https://memobridge.example/newstore/events".to_owned(),
        events: BTreeSet::from(["order.items_cancelled".to_owned()]),
        window: None,
    }
}

fn told(wanted: &Registration, state: StreamState) -> Subscription {
    Subscription {
        id: wanted.id.clone(),
        state,
        callback: Some(wanted.callback.clone()),
        key: DeliveryKey::Expected,
        filter: Some(EventFilter { events: wanted.events.clone(), entities: BTreeSet::new() }),
        window: wanted.window,
    }
}

#[tokio::test]
async fn a_subscription_is_found_as_it_was_registered() {
    let (tenant, integrations) = bench().await;
    let wanted = wanted();
    assert_eq!(integrations.find(&wanted.id).await.unwrap(), None);
    let missing = integrations.start(&wanted.id).await.unwrap_err();
    assert!(matches!(missing, EventStreamError::Missing(_)), "{missing:?}");
    assert_eq!(integrations.register(&wanted).await.unwrap(), Registered::Created);
    let running = told(&wanted, StreamState::Running);
    assert_eq!(integrations.find(&wanted.id).await.unwrap(), Some(running.clone()));

    tenant.stream().stop(ID);
    let changed = Registration { callback: "https://other.example/".to_owned(), ..wanted.clone() };
    assert_eq!(integrations.register(&changed).await.unwrap(), Registered::Updated);
    let stopped = told(&changed, StreamState::Stopped);
    assert_eq!(integrations.find(&wanted.id).await.unwrap(), Some(stopped));
    assert_eq!(integrations.register(&wanted).await.unwrap(), Registered::Updated);
    for _ in 0..2 {
        integrations.start(&wanted.id).await.unwrap();
        assert_eq!(integrations.find(&wanted.id).await.unwrap(), Some(running.clone()));
    }
    for _ in 0..2 {
        integrations.remove(&wanted.id).await.unwrap();
        assert_eq!(integrations.find(&wanted.id).await.unwrap(), None);
    }
}

#[tokio::test]
async fn replays_are_listed_with_subscriptions_of_other_systems() {
    let (tenant, integrations) = bench().await;
    let at = Timestamp::from_millis;
    let window = StreamWindow::new(at(1_600_000_000_000), at(1_600_000_001_500));
    let replay = Registration { window, ..wanted() };
    assert_eq!(integrations.register(&replay).await.unwrap(), Registered::Created);
    let mut other = integration("https://shop.example");
    other["id"] = json!("shop");
    other["callback_parameters"]["api_key"] = json!("the shop's key");
    tenant.stream().register(&other);
    let all = integrations.all().await.unwrap();
    assert_eq!(all[0], told(&replay, StreamState::Running));
    assert_eq!((all.len(), all[1].id.as_str()), (2, "shop"));
    assert_eq!(all[1].key, DeliveryKey::Another);
    assert!(!format!("{all:?}").contains("the shop's key"));
    tenant.stream().deliver().await;
    let over = integrations.find(&replay.id).await.unwrap().unwrap();
    assert_eq!(over.state, StreamState::Stopped, "there was nothing to replay");
}

#[tokio::test]
async fn errors_of_the_stream_api_are_distinguished() {
    let (tenant, integrations) = bench().await;
    let id = wanted().id;
    tenant.stream().fault(Fault::NextTokenRejected);
    assert_eq!(integrations.find(&id).await.unwrap(), None, "it asks for a new token");
    let table = [
        (Fault::blocked(), "Throttled"),
        (Fault::throttled(7), "Throttled"),
        (Fault::json(403, r#"{"Message":"who?"}"#), "Unauthorized"),
        (Fault::json(500, "{}"), "Unavailable"),
        (Fault::Down, "Unavailable"),
        (Fault::Hang, "Unavailable"),
        (Fault::json(200, "[]"), "Unreadable"),
    ];
    for (fault, expected) in table {
        tenant.stream().fault(fault.clone());
        let error = integrations.find(&id).await.unwrap_err();
        let EventStreamError::Storefront(error) = error else { panic!("{fault:?}: {error:?}") };
        let kind = match error {
            StorefrontError::Throttled(_) => "Throttled",
            StorefrontError::Unauthorized(_) => "Unauthorized",
            StorefrontError::Unavailable(_) => "Unavailable",
            StorefrontError::Unreadable(_) => "Unreadable",
        };
        assert_eq!(kind, expected, "{fault:?}");
    }
    tenant.stream().fault(Fault::None);
    for number in 0..25 {
        let mut other = integration("https://shop.example");
        other["id"] = json!(format!("shop-{number}"));
        tenant.stream().register(&other);
    }
    let error = integrations.register(&wanted()).await.unwrap_err();
    let EventStreamError::Rejected(why) = error else { panic!("{error:?}") };
    assert!(why.contains("at most 25 integrations"), "{why}");
}
