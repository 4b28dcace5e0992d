//! The stream's commands, through the program.

use sandbox::newstore::{Fault, Status};
use serde_json::{Value, json};
use tests::{KEY, OTHER_KEY, Settings, TestWorld};

use super::{ID, integration, settings};
use crate::commands::command;

const CALLBACK: &str = "https://memobridge.example/newstore/events";

/// Runs a command of the stream; it must end so and say these words.
async fn says(world: &TestWorld, arguments: &str, code: i32, words: &[&str]) -> String {
    let all: Vec<_> = ["stream"].into_iter().chain(arguments.split_whitespace()).collect();
    let (ended, said) = command(world, &all).await;
    assert_eq!(ended, Some(code), "{arguments}: {said}");
    for words in words {
        assert!(said.contains(words), "{arguments}: {words:?} in {said}");
    }
    said
}

async fn world() -> TestWorld {
    TestWorld::new(&settings(CALLBACK)).await
}

#[tokio::test]
async fn a_stream_is_registered_checked_started_and_updated() {
    let world = world().await;
    let missing = ["missing", "is not registered", "fix: memobridge stream register"];
    says(&world, "status", 1, &missing).await;
    says(&world, "start", 1, &missing[1..]).await;
    says(&world, "register", 0, &["dodici memobridge: created", CALLBACK]).await;
    let registered = world.tenant.stream().integration(ID).unwrap();
    assert_eq!(registered.api_key.as_deref(), Some(KEY));
    says(&world, "status", 0, &["running", "order.cancelled, order.items_cancelled to", CALLBACK])
        .await;
    says(&world, "register", 0, &["updated"]).await;
    assert_eq!(world.tenant.stream().integration(ID), Some(registered));

    world.tenant.stream().stop(ID);
    let stopped = ["stopped", "fix: memobridge stream start --tenant dodici"];
    says(&world, "status", 1, &stopped).await;
    says(&world, "start --tenant dodici", 0, &["dodici memobridge: started"]).await;
    says(&world, "start", 0, &["already running"]).await;
    assert_eq!(world.tenant.stream().integration(ID).unwrap().status, Status::Running);

    let mut narrow = settings("https://elsewhere.example/newstore/events");
    narrow.stream += "\nevents = [\"order.items_cancelled\"]";
    world.configure(&narrow);
    let differs = [
        "sends to https://memobridge.example/newstore/events instead of https://elsewhere",
        "also sends order.cancelled; fix: memobridge stream register",
        "not ok: 1 of 1 streams",
    ];
    says(&world, "status", 1, &differs).await;
    says(&world, "register", 0, &["updated"]).await;
    says(&world, "status", 0, &["running"]).await;
}

#[tokio::test]
async fn a_window_is_replayed_once_until_it_is_cleaned_up() {
    let world = world().await;
    let stream = world.tenant.stream();
    stream.register(&integration(CALLBACK));
    let replay = "replay --since 2020-01-15 --until 2020-01-16";
    let id = "memobridge-replay-20200115T000000-20200116T000000";
    let begun = [
        id,
        "begun: sends order.cancelled, order.items_cancelled of 2020-01-15T00:00:00Z to \
         2020-01-16T00:00:00Z again",
        "watch it: memobridge stream status --tenant dodici",
        "remove it: memobridge stream replay --clean --tenant dodici",
    ];
    says(&world, "replay --clean", 0, &["dodici memobridge has no replays"]).await;
    says(&world, replay, 0, &begun).await;
    says(&world, replay, 0, &[id, "running: already begun"]).await;
    let overlapping = "replay --since 2020-01-15T23:00:00Z --until 2020-01-17";
    says(&world, overlapping, 1, &[id, "is running and sends a part of the same range"]).await;
    says(&world, "replay --clean", 0, &[id, "running"]).await;
    says(&world, "status", 0, &[id, "replays 2020-01-15T00:00:00Z to 2020-01-16T00:00:00Z"]).await;
    assert_eq!(stream.ids(), [ID, id]);

    // It has nothing to send.
    stream.deliver().await;
    says(&world, replay, 1, &[id, "is finished", "add --clean"]).await;
    says(&world, "status", 0, &[id, "stopped", "memobridge stream replay --clean"]).await;
    says(&world, &format!("{replay} --clean"), 0, &["removed", "begun"]).await;
    assert_eq!(stream.integration(id).unwrap().status, Status::Running);
}

#[tokio::test]
async fn stream_commands_have_json_output() {
    let world = world().await;
    let object = async |arguments: &str, code: i32| -> Value {
        let said = says(&world, &format!("{arguments} --json"), code, &[]).await;
        serde_json::from_str(said.lines().next().unwrap()).unwrap()
    };
    let told = object("status", 1).await;
    assert_eq!((&told["state"], &told["callback"]), (&json!("missing"), &Value::Null));
    let remedy = "memobridge stream register --tenant dodici";
    assert_eq!(told["problems"][0]["remedy"], remedy);
    let created = json!({ "tenant": "dodici", "id": ID, "outcome": "created" });
    assert_eq!(object("register", 0).await, created);
    assert_eq!(object("start", 0).await["outcome"], "running");
    let begun = object("replay --since 2020-01-15 --until 2020-01-16", 0).await;
    assert_eq!(begun["outcome"], "begun");
    let told = object("status", 0).await;
    let expected = json!({
        "tenant": "dodici",
        "id": ID,
        "state": "running",
        "callback": CALLBACK,
        "events": ["order.cancelled", "order.items_cancelled"],
        "problems": [],
        "replays": [{
            "id": begun["id"],
            "state": "running",
            "since": "2020-01-15T00:00:00Z",
            "until": "2020-01-16T00:00:00Z",
        }],
    });
    assert_eq!(told, expected);
    world.tenant.stream().fault(Fault::json(503, "{}"));
    assert_eq!(object("status", 1).await["state"], "unknown");
}

#[tokio::test]
async fn wrong_usage_exits_with_2_and_a_storefront_that_is_down_with_1() {
    let world = world().await;
    says(&world, "status --tenant nobody", 2, &["no customer of nobody has a [customer.stream]"])
        .await;
    says(&world, "replay", 2, &["--since"]).await;
    says(&world, "replay --since 2020-01-16 --until 2020-01-15", 2, &["before --until"]).await;
    says(&world, "replay --since 2020-01-16 --until 9020-01-15", 2, &["in the future"]).await;
    world.tenant.refuse_connections().await;
    says(&world, "status", 1, &["unknown", "storefront is unavailable"]).await;
    says(&world, "register", 1, &["dodici memobridge: storefront is unavailable"]).await;

    let text = std::fs::read_to_string(world.config()).unwrap();
    let (first, second) = text.split_once("tenant = \"seconda\"").unwrap();
    let section = format!(
        "[customer.stream]\ncallback_url = \"{CALLBACK}\"\napi_key = \"{OTHER_KEY}\"\n[customer.erp]"
    );
    let second = second.replacen("[customer.erp]", &section, 1);
    std::fs::write(world.config(), format!("{first}tenant = \"seconda\"{second}")).unwrap();
    says(&world, "register", 2, &["name one with --tenant: dodici, seconda"]).await;
    says(&world, "status", 1, &["dodici", "seconda", "2 streams"]).await;

    world.configure(&Settings::default());
    says(&world, "status", 2, &["no customer has a [customer.stream]"]).await;
}
