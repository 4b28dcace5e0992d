//! What can be understood of an event is understood: bytes, packing, size and path.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use tests::{A, Answer, ITEMS, KEY, Service, Settings, TestWorld, another, event, run};

use crate::crash::PROGRAM;

async fn send(world: &TestWorld, service: &Service, path: &str, body: Vec<u8>) -> Answer {
    let url = format!("http://{}{path}", service.address);
    let response = world.http.post(url).bearer_auth(KEY).body(body).send().await.unwrap();
    let status = response.status().as_u16();
    Answer::read(status, response.text().await.unwrap())
}

/// A world with so many orders, and the service in it.
async fn orders(count: u8) -> (TestWorld, Service) {
    let world = TestWorld::new(&Settings::default()).await;
    for number in 0..count {
        world.install(&another(number), &sandbox::sale::Billing::OneInvoice);
    }
    let service = world.serve().await;
    (world, service)
}

/// The event of an order, its reason spelt like this.
fn told(number: u8, reason: &str) -> String {
    let mut event = event(&another(number), ITEMS, &[A]);
    event["payload"]["items"][0]["cancellation_reason"] = "REASON".into();
    event.to_string().replace("\"REASON\"", reason)
}

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn an_event_with_odd_json_is_posted() {
    let odd: [Vec<u8>; 5] = [
        format!("\u{feff}{}", told(0, "\"sold out\"")).into(),
        told(1, r#""sold out \ud83d""#).into(),
        told(2, r#"{"code":1e999,"text":"\ud83d"}"#).into(),
        packed(told(3, "\"sold out\"").as_bytes()),
        packed(format!("\u{feff}{}", told(4, r#""\ude00""#)).as_bytes()),
    ];
    let (world, service) = orders(5).await;
    for body in odd {
        let shown = String::from_utf8_lossy(&body).into_owned();
        let answer = send(&world, &service, "/newstore/events", body).await;
        assert_eq!(
            (answer.status, answer.outcome.as_str()),
            (200, "posted"),
            "{shown}: {answer:?}"
        );
    }
    world.has_memos(&["20.00"; 5], "one for each");
}

#[tokio::test]
async fn an_odd_event_survives_the_queue() {
    let (world, service) = orders(0).await;
    let waiting = send(&world, &service, "/newstore/events", told(1, r#""\ud83d""#).into()).await;
    waiting.is(200, "deferred");
    world.install(&another(1), &sandbox::sale::Billing::OneInvoice);
    service.until(&waiting, ports::CancellationState::Posted).await;
    world.has_memos(&["20.00"], "after it waited");
}

#[tokio::test]
async fn a_file_with_odd_json_can_be_submitted() {
    // A command uses the machine's clock: no other test has called this ERP at another time.
    let world = TestWorld::new(&Settings::default()).await;
    for number in 0..3 {
        world.install(&another(number), &sandbox::sale::Billing::OneInvoice);
    }
    let folder = tempfile::tempdir().unwrap();
    let files = [
        format!("\u{feff}{}", told(0, "\"sold out\"")).into_bytes(),
        told(1, r#""\ud83d""#).into_bytes(),
        [packed(told(2, "\"sold out\"").as_bytes()), b"\n".to_vec()].concat(),
    ];
    for text in files {
        let file = folder.path().join("event.json");
        std::fs::write(&file, text).unwrap();
        let (config, file) = (world.config(), file.display().to_string());
        let config = config.display().to_string();
        let output = run(PROGRAM, &["submit", "--config", &config, &file]).await;
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("\"outcome\":\"posted\""), "{said}");
    }
    world.has_memos(&["20.00"; 3], "one for each file");
}

#[tokio::test]
async fn the_size_limit_of_a_compressed_event_applies_to_its_content() {
    let (world, service) = orders(1).await;
    let event = told(0, "\"sold out\"");
    let padded = |length: usize| format!("{event}{}", " ".repeat(length - event.len()));
    let bomb = packed(padded(1_048_577).as_bytes());
    assert!(bomb.len() < 5_000, "{} bytes", bomb.len());
    send(&world, &service, "/newstore/events", bomb).await.is(413, "rejected");
    let cut = &packed(event.as_bytes())[..100];
    let answer = send(&world, &service, "/newstore/events", cut.to_vec()).await;
    answer.is(500, "unavailable").because("the compressed body is incomplete");
    let full = packed(padded(1_048_576).as_bytes());
    send(&world, &service, "/newstore/events", full).await.is(200, "posted");
    world.has_memos(&["20.00"], "by the one that fits");
}

#[tokio::test]
async fn a_path_with_extra_slashes_is_the_webhook() {
    let paths = [
        "/newstore/events",
        "/newstore/events/",
        "//newstore/events",
        "/newstore//events",
        "//newstore//events//",
        "/newstore/events?x=1",
        "/newstore/events/?x=1",
    ];
    let (world, service) = orders(7).await;
    for (number, path) in (0..).zip(paths) {
        let answer = send(&world, &service, path, told(number, "null").into()).await;
        assert_eq!((answer.status, answer.outcome.as_str()), (200, "posted"), "{path}");
        let wrong = send(&world, &service, path, b"{}".to_vec()).await;
        assert_eq!(wrong.field.as_deref(), Some("tenant"), "{path}");
        let url = format!("http://{}{path}", service.address);
        let stranger = world.http.post(&url).send().await.unwrap();
        assert_eq!(stranger.status(), 401, "{path}");
        let get = world.http.get(&url).send().await.unwrap();
        assert_eq!((get.status().as_u16(), get.headers()["allow"].as_bytes()), (405, &b"POST"[..]));
    }
    for path in ["/newstore/event", "/newstore/events/x", "/newstore", "/x/newstore/events", "//"] {
        let url = format!("http://{}{path}", service.address);
        let response = world.http.post(url).bearer_auth(KEY).body("{}").send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
    }
    world.has_memos(&["20.00"; 7], "one for each path");
}

#[tokio::test]
async fn an_event_of_5000_units_is_accepted_by_default() {
    let (world, service) = orders(0).await;
    let mut event = event(&another(1), ITEMS, &[A]);
    let item = |n: u32| {
        let id = format!("5b1f0c52-7a55-4c1e-9d0e-{n:012}");
        json!({ "id": id, "product_id": "1000000001", "cancellation_reason": "insufficient_stock" })
    };
    event["payload"]["items"] = (0..5000).map(item).collect();
    let body = serde_json::to_string_pretty(&event).unwrap();
    assert!(body.len() < 1_048_576, "{} bytes", body.len());
    let answer = send(&world, &service, "/newstore/events", body.into()).await;
    answer.is(200, "deferred");
    let record = world.book().record(answer.id.as_deref().unwrap()).await.unwrap();
    assert_eq!(record.cancellation.units.len(), 5000);
}

#[tokio::test]
async fn a_memo_is_not_dated_later_than_its_event_was_received() {
    let (world, service) = orders(2).await;
    // Here it is 2026-11-23.
    let table =
        [(0, "2062-11-21T09:30:00Z", "2026-11-23"), (1, "1970-01-01T00:00:00Z", "2026-11-23")];
    for (number, published, expected) in table {
        let mut event: Value = event(&another(number), ITEMS, &[A]);
        event["published_at"] = published.into();
        let answer = service.post(&event).await;
        answer.is(200, "posted");
        assert_eq!(world.memo(&answer.memos[0]).date.to_string(), expected, "{published}");
    }
}
