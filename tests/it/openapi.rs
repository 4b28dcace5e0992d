//! The OpenAPI document says what the code says. That answers are as it says is
//! checked wherever a test sees one.

use std::{collections::BTreeSet, sync::Arc};

use app::{
    background::supervisor::Supervisor, config::Config, inbound::HttpState, observability, wiring,
};
use domain::Reason;
use ports::CancellationState;
use serde_json::{Value, json};
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
    let tasks = Supervisor::new(service.draining.clone());
    let (events, metrics) = (wiring::event_decoder(), observability::metrics());
    let router = HttpState::new(service, events, intake, &server, metrics, tasks).router();
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

/// Every schema in a part of the document.
fn schemas(part: &Value) -> Vec<&Value> {
    match part {
        Value::Object(members) => {
            let inside = members.iter().flat_map(|(name, it)| match (name.as_str(), it) {
                ("schema", _) => vec![it],
                ("schemas", Value::Object(named)) => named.values().collect(),
                _ => schemas(it),
            });
            inside.collect()
        }
        Value::Array(items) => items.iter().flat_map(schemas).collect(),
        _ => Vec::new(),
    }
}

/// A misspelt keyword checks nothing and is otherwise no error.
#[test]
fn schemas_use_only_keywords_of_json_schema() {
    // `$dynamicRef` makes this the meta-schema of the schemas inside a schema too.
    let strict = jsonschema::draft202012::new(&json!({
        "$id": "urn:memobridge:strict",
        "$dynamicAnchor": "meta",
        "$ref": "https://json-schema.org/draft/2020-12/schema",
        "properties": { "example": true },
        "unevaluatedProperties": false
    }));
    let strict = strict.unwrap();
    let schemas = schemas(document());
    assert!(schemas.len() > 40, "only {} schemas were found", schemas.len());
    for schema in schemas {
        let problems: Vec<_> = strict.iter_errors(schema).map(|it| it.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?}: {schema}");
    }
    let misspelt = json!({ "properties": { "name": { "maxLenght": 1 } } });
    assert!(!strict.is_valid(&misspelt));
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
