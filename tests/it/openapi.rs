//! The OpenAPI document says what the code says. That answers are as it says is
//! checked wherever a test sees one.

use std::{collections::BTreeSet, sync::Arc};

use app::{config::Config, inbound::HttpState, observability, wiring};
use domain::Reason;
use ports::CancellationState;
use serde_json::Value;
use tests::{Settings, TestWorld, document};

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect()
}

/// Method and path of everything that the document describes.
fn described() -> BTreeSet<String> {
    let paths = document()["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, operations)| {
        operations.as_object().unwrap().keys().map(move |method| format!("{method} {path}"))
    });
    operations.collect()
}

/// Method and path of everything that the router takes, as it shows itself:
/// `RouteId(1): MethodRouter(MethodRouter { get: Route, head: None, …` and, behind
/// all of these, `RouteId(1): "/path"`.
async fn routed() -> BTreeSet<String> {
    let world = TestWorld::new(&Settings::default()).await;
    let Config { server, intake, queue, worker, journal, customers, .. } =
        Config::load(&world.config()).unwrap();
    let clock = Arc::new(app::clock::SystemClock);
    let (service, _) = wiring::service(customers, &queue, &journal, worker, clock).await.unwrap();
    let router = HttpState::new(service, intake, &server, observability::metrics()).router();
    let shown = format!("{router:?}");
    let (shown, _) = shown.split_once("fallback_router").unwrap();
    let entries = || shown.split("RouteId(").skip(1).map(|it| it.split_once("): ").unwrap());
    let mut found = BTreeSet::new();
    for (id, path) in entries().filter(|(_, it)| it.starts_with('"')) {
        let path = path.split('"').nth(1).unwrap();
        let (_, methods) =
            entries().find(|(it, rest)| *it == id && !rest.starts_with('"')).unwrap();
        let methods = methods.trim_start_matches("MethodRouter(MethodRouter { ").split(", ");
        let taken = methods.filter_map(|it| it.strip_suffix(": Route"));
        found.extend(taken.map(|method| format!("{method} {path}")));
    }
    found
}

#[tokio::test]
async fn every_route_is_described_and_every_description_is_a_route() {
    assert_eq!(routed().await, described());
}

#[test]
fn states_and_reasons_match_the_code() {
    let schemas = &document()["components"]["schemas"];
    let states = CancellationState::ALL.map(|(_, name)| name);
    assert_eq!(names(&schemas["State"]["enum"]), states);
    let reasons: Vec<_> = Reason::examples().iter().map(Reason::name).collect();
    assert_eq!(names(&schemas["Reason"]["enum"]), reasons);
}
