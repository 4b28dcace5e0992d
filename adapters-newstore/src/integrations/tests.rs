use domain::Timestamp;
use ports::{DeliveryKey, Retry, StreamState, StreamWindow};
use serde_json::{Value, json};
use wiremock::{
    Mock, Request, Respond, ResponseTemplate,
    matchers::{header_regex, path_regex},
};

use super::*;
use crate::simulator::{SECRET, Simulator, TOKEN, grants, status, whole_text};

const KEY: &str = "k3y-of-the-webhook";
const MISSING: &str = r#"{"status":404,"error_code":"resource_not_found","title":"Not Found"}"#;

/// A tenant whose registration API answers every authorised call like this.
async fn answering(answer: impl Respond + 'static) -> Simulator {
    let simulator = Simulator::start().await;
    simulator.tokens(grants(json!(3600))).await;
    Mock::given(path_regex(format!("^{PATH}")))
        .and(header_regex("authorization", &format!("^Bearer {TOKEN}-[0-9]+$")))
        .respond_with(answer)
        .mount(&simulator.server)
        .await;
    simulator
}

fn integrations(simulator: &Simulator) -> Integrations {
    let clock = Arc::clone(&simulator.clock);
    Integrations::new(simulator.options.clone(), None, KEY.into(), clock).unwrap()
}

fn id() -> SubscriptionId {
    "memobridge".parse().unwrap()
}

fn wanted() -> Registration {
    Registration {
        id: id(),
        callback: "https://memobridge.example/newstore/events".to_owned(),
        events: ["order.cancelled", "order.items_cancelled"].map(str::to_owned).into(),
        window: None,
    }
}

/// The calls of the registration API so far: method, path and body.
async fn calls(simulator: &Simulator) -> Vec<(String, String, Value)> {
    let requests = simulator.server.received_requests().await.unwrap();
    let ours = requests.iter().filter(|request| request.url.path().starts_with(PATH));
    ours.map(|it| {
        let place = it.url.path().trim_start_matches(PATH).to_owned();
        (it.method.to_string(), place, it.body_json().unwrap_or_default())
    })
    .collect()
}

/// The kind of the error, whose text must contain no secret.
#[track_caller]
fn kind(error: &EventStreamError, when: &str) -> String {
    let text = whole_text(error);
    for secret in [SECRET, TOKEN, KEY] {
        assert!(!text.contains(secret), "{when}: {text}");
    }
    match error {
        EventStreamError::Missing(id) => format!("missing {id}"),
        EventStreamError::Rejected(why) => format!("refused {why}"),
        EventStreamError::Storefront(StorefrontError::Throttled(wait)) => {
            format!("throttled {}", wait.as_secs())
        }
        EventStreamError::Storefront(StorefrontError::Unauthorized(why)) => {
            format!("unauthorized {why}")
        }
        EventStreamError::Storefront(StorefrontError::Unavailable(_)) => "unavailable".to_owned(),
        EventStreamError::Storefront(StorefrontError::Unreadable(why)) => {
            format!("unreadable {why}")
        }
    }
}

#[tokio::test]
async fn an_existing_integration_is_updated_without_its_kind_and_window() {
    let simulator = answering(ResponseTemplate::new(200)).await;
    let window = StreamWindow::new(Timestamp::from_millis(0), Timestamp::from_millis(1));
    let registered = integrations(&simulator).register(&Registration { window, ..wanted() }).await;
    assert_eq!(registered.unwrap(), Registered::Updated);
    let change = json!({
        "callback_parameters": {
            "callback_url": "https://memobridge.example/newstore/events", "api_key": KEY,
        },
        "filter_conditions": {
            "event_filter": ["order.cancelled", "order.items_cancelled"], "entity_filter": [],
        },
    });
    let expected = ("PATCH".to_owned(), "/memobridge".to_owned(), change);
    assert_eq!(calls(&simulator).await, [expected]);
}

#[tokio::test]
async fn a_missing_integration_is_created_permanently_or_for_a_window() {
    let noon = Timestamp::from_millis(1_795_435_200_000);
    let window = StreamWindow::new(noon, noon.after(Duration::from_millis(3_600_500)));
    // window, what is sent in addition to a change
    let table = [
        (None, json!({ "id": "memobridge", "integration_type": "permanent" })),
        (
            window,
            json!({
                "id": "memobridge",
                "integration_type": "temporary",
                "starts_at": "2026-11-23T12:00:00Z",
                "ends_at": "2026-11-23T13:00:00.5Z",
            }),
        ),
    ];
    for (window, besides) in table {
        let simulator = answering(|request: &Request| match request.method.as_str() {
            "PATCH" => status(404, MISSING),
            _ => ResponseTemplate::new(201),
        })
        .await;
        let wanted = Registration { window, ..wanted() };
        let registered = integrations(&simulator).register(&wanted).await;
        assert_eq!(registered.unwrap(), Registered::Created);
        let [(_, _, change), (method, place, mut body)] =
            calls(&simulator).await.try_into().unwrap();
        assert_eq!((method.as_str(), place.as_str()), ("POST", ""));
        for (name, value) in besides.as_object().unwrap() {
            assert_eq!(body.as_object_mut().unwrap().remove(name).as_ref(), Some(value), "{name}");
        }
        assert_eq!(body, change);
    }
}

#[tokio::test]
async fn each_call_has_its_address() {
    let simulator = answering(ResponseTemplate::new(204)).await;
    let integrations = integrations(&simulator);
    integrations.start(&id()).await.unwrap();
    integrations.remove(&id()).await.unwrap();
    let expected = [("POST", "/memobridge/_start"), ("DELETE", "/memobridge")];
    let expected =
        expected.map(|(method, place)| (method.to_owned(), place.to_owned(), json!(null)));
    assert_eq!(calls(&simulator).await, expected);
    assert_eq!(simulator.token_requests().await.len(), 1, "one token serves them all");
}

#[tokio::test]
async fn an_integration_is_reported_as_far_as_it_is_shown() {
    let masked = json!({ "api_key": "****way" });
    let ours = json!({ "api_key": KEY, "callback_url": "https://here.example", "extra": 1 });
    let running = Subscription {
        id: id(),
        state: StreamState::Running,
        callback: None,
        key: DeliveryKey::NotReported,
        filter: None,
        window: None,
    };
    let stopped = Subscription { state: StreamState::Stopped, ..running.clone() };
    let open = Some(ports::EventFilter::default());
    let filter = Some(ports::EventFilter {
        events: ["order.cancelled".to_owned()].into(),
        entities: ["order".to_owned()].into(),
    });
    let day = StreamWindow::new(
        Timestamp::from_millis(1_547_726_400_000),
        Timestamp::from_millis(1_547_812_800_000),
    );
    // members beside the id, result
    let table = [
        (json!({ "status": "running" }), running.clone()),
        (json!({ "status": "RUNNING", "new": {} }), running.clone()),
        (
            json!({ "status": "running", "starts_at": 1e9, "filter_conditions": "none" }),
            running.clone(),
        ),
        (json!({ "status": "running", "callback_parameters": { "api_key": 1 } }), running.clone()),
        (json!({ "status": "stopped" }), stopped.clone()),
        (json!({ "status": "paused", "s3_parameters": { "bucket": "b" } }), stopped),
        (
            json!({ "status": "running", "callback_parameters": null, "starts_at": null }),
            running.clone(),
        ),
        (json!({ "status": "running", "callback_parameters": masked }), running.clone()),
        (
            json!({ "status": "running", "callback_parameters": ours }),
            Subscription {
                callback: Some("https://here.example".to_owned()),
                key: DeliveryKey::Expected,
                ..running.clone()
            },
        ),
        (
            json!({ "status": "running", "callback_parameters": { "api_key": "other" } }),
            Subscription { key: DeliveryKey::Another, ..running.clone() },
        ),
        (
            json!({ "status": "running", "filter_conditions": { "event_filter": null } }),
            Subscription { filter: open, ..running.clone() },
        ),
        (
            json!({ "status": "running", "filter_conditions":
                { "event_filter": ["order.cancelled"], "entity_filter": ["order"] } }),
            Subscription { filter, ..running.clone() },
        ),
        (json!({ "status": "running", "starts_at": "2019-01-17T12:00:00.000Z" }), running.clone()),
        (
            json!({ "status": "running", "integration_type": "temporary",
                "starts_at": "2019-01-17T12:00:00.000Z", "ends_at": "2019-01-18T12:00:00" }),
            Subscription { window: day, ..running.clone() },
        ),
    ];
    for (mut body, expected) in table {
        body["id"] = json!("memobridge");
        let one = ResponseTemplate::new(200).set_body_json(&body);
        let found = integrations(&answering(one).await).find(&id()).await.unwrap();
        assert_eq!(found.as_ref(), Some(&expected), "{body}");
        let foreign = json!({ "id": "the shop's", "status": "running" });
        let list = json!({ "integrations": [foreign, body], "next": null });
        let list = ResponseTemplate::new(200).set_body_json(&list);
        let all = integrations(&answering(list).await).all().await.unwrap();
        assert_eq!(all, [expected], "{body}");
    }
}

#[tokio::test]
async fn an_integration_with_odd_json_is_reported() {
    let mark = "\u{feff}";
    for (name, value) in [("note", r#""\ud83d""#), ("n", "1e999"), ("note", "\"a\tb\"")] {
        let body = format!(r#"{mark}{{"id":"memobridge","status":"running","{name}":{value}}}"#);
        let found = integrations(&answering(status(200, &body)).await).find(&id()).await;
        let found = found.unwrap_or_else(|why| panic!("{body}: {why}"));
        assert_eq!(found.map(|it| it.state), Some(StreamState::Running), "{body}");
    }
}

#[tokio::test]
async fn an_unknown_integration_is_missing_and_a_wrong_address_is_an_error() {
    let simulator = answering(status(404, MISSING)).await;
    let integrations = integrations(&simulator);
    assert_eq!(integrations.find(&id()).await.unwrap(), None);
    integrations.remove(&id()).await.unwrap();
    let error = integrations.start(&id()).await.unwrap_err();
    assert_eq!(kind(&error, "start"), "missing memobridge");
    assert_eq!(error.retry(), Retry::Never);
    let error = integrations.all().await.unwrap_err();
    assert!(kind(&error, "all").starts_with("unreadable status 404"), "{error}");
    // If it counted as missing, the adapter would create it there.
    assert!(integrations.register(&wanted()).await.is_err());
}

#[tokio::test]
async fn every_error_has_its_meaning_and_shows_no_secret() {
    let echo = format!(r#"{{"title":"bad","detail":"{KEY} and {SECRET} and more"}}"#);
    let strange = format!(r#"{{"id":"memobridge","status":["{KEY}"]}}"#);
    let page = "<html>blocked</html>";
    let unreadable = "unreadable event stream: the answer contains no integration";
    // answer, meaning, when to retry
    let table = [
        (status(400, &echo), "refused status 400: bad; [redacted] and", Retry::Never),
        (status(409, "{}"), "refused status 409", Retry::Never),
        (status(422, "{}"), "refused status 422", Retry::Never),
        (status(401, ""), "unauthorized status 401", Retry::Later),
        (status(403, r#"{"Message":"who?"}"#), "unauthorized status 403: who?", Retry::Later),
        (status(403, page), "throttled 300", Retry::After(Duration::from_mins(5))),
        (
            ResponseTemplate::new(429).insert_header("retry-after", "7"),
            "throttled 7",
            Retry::After(Duration::from_secs(7)),
        ),
        (status(404, page), "unreadable status 404", Retry::Later),
        (status(405, "{}"), "unreadable status 405", Retry::Later),
        (status(503, &echo), "unavailable", Retry::Later),
        (status(200, page), unreadable, Retry::Later),
        (status(200, "{}"), unreadable, Retry::Later),
        (status(200, &strange), unreadable, Retry::Later),
    ];
    for (answer, expected, retry) in table {
        let when = format!("{answer:?}");
        let simulator = answering(answer).await;
        let error = integrations(&simulator).find(&id()).await.unwrap_err();
        let kind = kind(&error, &when);
        assert!(kind.starts_with(expected), "{when}: {kind}");
        assert_eq!(error.retry(), retry, "{when}");
        let asked = if expected.starts_with("unauthorized") { 2 } else { 1 };
        assert_eq!(calls(&simulator).await.len(), asked, "{when}");
    }
}

#[tokio::test]
async fn a_token_that_ended_early_is_renewed_once() {
    let simulator = answering(|request: &Request| {
        let value = request.headers["authorization"].to_str().unwrap();
        if value.ends_with("-1") { status(401, "") } else { ResponseTemplate::new(200) }
    })
    .await;
    integrations(&simulator).start(&id()).await.unwrap();
    assert_eq!(simulator.token_requests().await.len(), 2);
}

#[tokio::test]
async fn every_call_ends_within_the_timeout() {
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_mins(5));
    let mut simulator = answering(slow).await;
    simulator.options.timeout = Duration::from_millis(50);
    let integrations = integrations(&simulator);
    let ends = [
        integrations.all().await.map(drop),
        integrations.find(&id()).await.map(drop),
        integrations.register(&wanted()).await.map(drop),
        integrations.start(&id()).await,
        integrations.remove(&id()).await,
    ];
    for end in ends {
        assert_eq!(kind(&end.unwrap_err(), "slow"), "unavailable");
    }
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let simulator = Simulator::start().await;
    let shown = format!("{:?}", integrations(&simulator));
    assert!(shown.contains("dodici"), "{shown}");
    for secret in [SECRET, KEY] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn the_address_is_configured_or_derived_from_the_graphql_endpoint() {
    let simulator = Simulator::start().await;
    let integrations = |graphql: &str, url: Option<&str>| {
        let options = Options { graphql_url: graphql.to_owned(), ..simulator.options.clone() };
        let clock = Arc::clone(&simulator.clock);
        Integrations::new(options, url, KEY.into(), clock).map(|it| it.address(&["erp", "_start"]))
    };
    let graphql = "https://dodici.p.newstore.net/api/v1/org/data/query?x=1";
    // url, address
    let table = [
        (None, "https://dodici.p.newstore.net/api/v1/org/integrations/eventstream/erp/_start"),
        (Some("https://proxy.example/stream"), "https://proxy.example/stream/erp/_start"),
        (Some("https://proxy.example/stream/"), "https://proxy.example/stream/erp/_start"),
    ];
    for (url, expected) in table {
        assert_eq!(integrations(graphql, url).unwrap().as_str(), expected, "{url:?}");
    }
    let fault = integrations(graphql, Some("here")).unwrap_err();
    assert!(fault.to_string().starts_with("url is not a URL"), "{fault}");
}
