//! The event stream, called and called back as a client would be.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use jiff::Timestamp;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{Delivery, Status};
use crate::newstore::{Fault, Tenant, tests::ask};

const KEY: &str = "callback-key";

/// A receiver of events: it returns the scripted answers, then 200, and records the events.
#[derive(Clone, Default)]
struct Receiver {
    answers: Arc<Mutex<VecDeque<u16>>>,
    got: Arc<Mutex<Vec<String>>>,
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    let key = headers["authorization"].to_str().unwrap();
    assert_eq!(key, format!("Bearer {KEY}"));
    let event: Value = serde_json::from_str(&body).unwrap();
    receiver.got.lock().unwrap().push(event["payload"]["id"].as_str().unwrap().to_owned());
    let status = receiver.answers.lock().unwrap().pop_front().unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}

struct Bench {
    tenant: Tenant,
    receiver: Receiver,
    callback: String,
    http: Client,
    token: String,
}

impl Bench {
    async fn new() -> Self {
        let tenant = Tenant::start("dodici", "client", "secret").await.unwrap();
        let now: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
        tenant.clock(Arc::new(move || now));
        let receiver = Receiver::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let callback = format!("http://{}/events", listener.local_addr().unwrap());
        let routes = Router::new().route("/events", post(receive)).with_state(receiver.clone());
        tokio::spawn(axum::serve(listener, routes).into_future());
        let http = Client::new();
        let granted = ask(&http, &tenant, "client", "secret").await;
        let granted: Value = granted.json().await.unwrap();
        let token = granted["access_token"].as_str().unwrap().to_owned();
        Self { tenant, receiver, callback, http, token }
    }

    fn integration(&self, id: &str) -> Value {
        json!({
            "id": id,
            "integration_type": "permanent",
            "callback_parameters": { "callback_url": self.callback, "api_key": KEY },
            "filter_conditions": { "event_filter": ["order.cancelled"], "entity_filter": [] },
        })
    }

    fn replay(&self, id: &str, starts_at: &str, ends_at: &str) -> Value {
        let mut integration = self.integration(id);
        integration["integration_type"] = json!("temporary");
        integration["starts_at"] = json!(starts_at);
        integration["ends_at"] = json!(ends_at);
        integration
    }

    async fn call(&self, method: &str, place: &str, body: &Value) -> (u16, Value) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{place}", self.tenant.stream().url());
        let call = self.http.request(method, url).bearer_auth(&self.token).json(body);
        let answer = call.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    fn publish(&self, id: &str, name: &str, at: &str) {
        let event = json!({ "tenant": "dodici", "name": name, "published_at": at, "payload": { "id": id } });
        self.tenant.stream().publish(&event);
    }

    /// What was sent now: the integration and the status of the answer.
    async fn deliver(&self) -> Vec<(String, Option<u16>)> {
        let made = self.tenant.stream().deliver().await;
        made.into_iter().map(|it| (it.integration, it.status)).collect()
    }

    fn got(&self) -> Vec<String> {
        std::mem::take(&mut self.receiver.got.lock().unwrap())
    }

    fn will_answer(&self, statuses: &[u16]) {
        self.receiver.answers.lock().unwrap().extend(statuses);
    }

    fn status(&self, id: &str) -> Status {
        self.tenant.stream().integration(id).unwrap().status
    }
}

#[tokio::test]
async fn an_integration_exists_from_its_registration_to_its_removal() {
    let bench = Bench::new().await;
    let nothing = Value::Null;
    let (status, said) = bench.call("GET", "/erp", &nothing).await;
    assert_eq!((status, &said["error_code"]), (404, &json!("resource_not_found")));
    let (status, answer) = bench.call("POST", "", &bench.integration("erp")).await;
    let mut expected = bench.integration("erp");
    expected["status"] = json!("running");
    assert_eq!((status, &answer), (201, &expected));
    assert_eq!(bench.call("GET", "/erp", &nothing).await, (200, expected.clone()));
    let all = json!({ "integrations": [expected] });
    assert_eq!(bench.call("GET", "", &nothing).await, (200, all));
    assert_eq!(bench.call("POST", "", &bench.integration("erp")).await.0, 409);
    let change = json!({ "filter_conditions": { "event_filter": ["order.items_cancelled"] } });
    let (status, answer) = bench.call("PATCH", "/erp", &change).await;
    let names = &answer["filter_conditions"]["event_filter"];
    assert_eq!((status, names), (200, &json!(["order.items_cancelled"])));
    assert_eq!(answer["callback_parameters"], bench.integration("")["callback_parameters"]);
    for (call, expected) in [("_stop", "stopped"), ("_start", "running"), ("_start", "running")] {
        let (status, answer) = bench.call("POST", &format!("/erp/{call}"), &nothing).await;
        assert_eq!((status, &answer["status"]), (200, &json!(expected)), "{call}");
    }
    assert_eq!(bench.call("DELETE", "/erp", &nothing).await.0, 204);
    for (method, place) in [("DELETE", "/erp"), ("PATCH", "/erp"), ("POST", "/erp/_start")] {
        assert_eq!(bench.call(method, place, &change).await.0, 404, "{method} {place}");
    }
    assert_eq!(bench.call("PUT", "/erp", &nothing).await.0, 405);
}

#[tokio::test]
async fn undocumented_requests_are_rejected() {
    let bench = Bench::new().await;
    let day = ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z");
    // place in the body, value, whether it is registered
    let table = [
        ("/id", json!(null), 400),
        ("/id", json!(7), 400),
        ("/integration_type", json!("eternal"), 400),
        ("/integration_type", json!("permanent"), 400),
        ("/starts_at", json!("yesterday"), 400),
        ("/starts_at", json!("2026-11-21T00:00:00Z"), 400),
        ("/callback_parameters", json!({ "url": "http://127.0.0.1:1" }), 400),
        ("/callback_parameters", json!({}), 400),
        ("/filter_conditions", json!({ "event_filter": "order.cancelled" }), 400),
        ("/filter_conditions", json!({ "event_filter": [] }), 201),
    ];
    for (place, value, expected) in table {
        let mut body = bench.replay("erp", day.0, day.1);
        *body.pointer_mut(place).unwrap() = value;
        let (status, said) = bench.call("POST", "", &body).await;
        assert_eq!(status, expected, "{body}: {said}");
    }
    let kind = json!({ "integration_type": "permanent" });
    assert_eq!(bench.call("PATCH", "/erp", &kind).await.0, 400);
    for number in 1..25 {
        bench.tenant.stream().register(&bench.integration(&number.to_string()));
    }
    let (status, said) = bench.call("POST", "", &bench.integration("one more")).await;
    assert_eq!((status, &said["error_code"]), (400, &json!("limit_exceeded")));
}

#[tokio::test]
async fn the_stream_api_needs_a_valid_token_and_faults_can_be_scripted() {
    let mut bench = Bench::new().await;
    bench.tenant.stream().fault(Fault::blocked());
    assert_eq!(bench.call("GET", "", &Value::Null).await.0, 403);
    bench.tenant.stream().fault(Fault::NextTokenRejected);
    assert_eq!(bench.call("GET", "", &Value::Null).await.0, 403);
    assert_eq!(bench.call("GET", "", &Value::Null).await.0, 200);
    bench.token = "of somebody else".to_owned();
    assert_eq!(bench.call("GET", "", &Value::Null).await.0, 403);
    let url = bench.tenant.stream().url().to_owned();
    assert_eq!(bench.http.get(url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn events_arrive_in_order_and_a_failure_blocks_later_ones() {
    let bench = Bench::new().await;
    bench.publish("before", "order.cancelled", "2026-11-20T08:00:00Z");
    bench.tenant.stream().register(&bench.integration("erp"));
    for (id, name) in [("a", "order.cancelled"), ("x", "order.created"), ("b", "order.cancelled")] {
        bench.publish(id, name, "2026-11-20T09:00:00Z");
    }
    let erp = |status| ("erp".to_owned(), status);
    bench.will_answer(&[500, 503]);
    assert_eq!(bench.deliver().await, [erp(Some(500))]);
    assert_eq!(bench.deliver().await, [erp(Some(503))]);
    assert_eq!(bench.got(), ["a", "a"], "the same event, and none behind it");
    bench.will_answer(&[200, 400]);
    assert_eq!(bench.deliver().await, [erp(Some(200)), erp(Some(400))]);
    assert_eq!(bench.got(), ["a", "b"]);
    assert_eq!(bench.deliver().await, []);
    let deliveries = bench.tenant.stream().integration("erp").unwrap().deliveries;
    let rejected = deliveries.iter().filter(|delivery| delivery.is_rejected()).count();
    assert_eq!((deliveries.len(), rejected), (4, 1));
    bench.tenant.stream().stop("erp");
    bench.publish("c", "order.cancelled", "2026-11-20T10:00:00Z");
    assert_eq!(bench.deliver().await, [], "it is stopped");
    bench.call("POST", "/erp/_start", &Value::Null).await;
    assert_eq!(bench.deliver().await, [erp(Some(200))]);
    assert_eq!(bench.got(), ["c"], "it goes on where it was");
}

#[tokio::test]
async fn a_missing_answer_blocks_the_stream() {
    let bench = Bench::new().await;
    let mut integration = bench.integration("erp");
    integration["callback_parameters"]["callback_url"] = json!("http://127.0.0.1:1/events");
    bench.tenant.stream().register(&integration);
    bench.publish("a", "order.cancelled", "2026-11-20T09:00:00Z");
    let made = bench.tenant.stream().deliver().await;
    let expected = Delivery {
        integration: "erp".to_owned(),
        event: "order.cancelled".to_owned(),
        status: None,
        answer: String::new(),
    };
    assert_eq!(made, [expected]);
    assert!(made[0].holds_up());
}

#[tokio::test]
async fn a_temporary_integration_replays_its_window_and_stops() {
    let bench = Bench::new().await;
    let at = |hour: &str| format!("2026-11-20T{hour}:00:00Z");
    for hour in ["08", "09", "10", "11"] {
        bench.publish(hour, "order.cancelled", &at(hour));
    }
    bench.tenant.stream().register(&bench.replay("past", &at("09"), &at("11")));
    let future = bench.replay("future", &at("11"), "2026-11-23T00:00:00Z");
    bench.tenant.stream().register(&future);
    bench.will_answer(&[200, 200, 500]);
    bench.deliver().await;
    assert_eq!(bench.got(), ["11", "09", "10"], "each sends its window");
    assert_eq!((bench.status("past"), bench.status("future")), (Status::Running, Status::Running));
    bench.deliver().await;
    assert_eq!(bench.got(), ["10"]);
    assert_eq!((bench.status("past"), bench.status("future")), (Status::Stopped, Status::Running));
    let released = bench.tenant.stream();
    released.until("past", |it| it.status == Status::Stopped).await;
}
