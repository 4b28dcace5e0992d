//! The service on a queue in SQS: replicas, commands, and starts that go wrong.

use std::time::{Duration, Instant};

use adapters_queue::{Sqs, SqsOptions};
use app::clock::SystemClock;
use ports::{CancellationState, Jobs};
use serde_json::json;
use tests::{A, ITEMS, ORDER, Process, Settings, SqsKind, SqsQueue, TestWorld, event, pair, run};

use crate::crash::PROGRAM;

const KINDS: [SqsKind; 2] = [SqsKind::Fifo, SqsKind::Standard];

/// A customer's systems around a queue of its own; the order is not visible yet.
async fn world(kind: SqsKind) -> (TestWorld, SqsQueue) {
    let queue = SqsQueue::create(kind, &json!({})).await;
    let settings = Settings {
        queue: queue.section(),
        worker: "first_delay = \"1s\"\nmax_delay = \"1s\"".to_owned(),
        ..Settings::default()
    };
    let world = TestWorld::with(&pair(), &settings).await;
    world.tenant.remove(ORDER);
    (world, queue)
}

/// Sends the event, which must wait.
async fn deferred(world: &TestWorld, process: &Process) {
    let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    answer.unwrap().is(200, "deferred");
}

/// The number of messages in the queue, received ones included.
async fn messages(queue: &SqsQueue) -> u64 {
    let attributes = queue.call("GetQueueAttributes", json!({ "AttributeNames": ["All"] })).await;
    let count = |name: &str| {
        let count = attributes["Attributes"][format!("ApproximateNumberOfMessages{name}")].as_str();
        count.unwrap().parse::<u64>().unwrap()
    };
    count("") + count("NotVisible") + count("Delayed")
}

#[tokio::test]
#[ignore = "needs fauxqs"]
async fn a_job_deferred_by_one_replica_is_posted_once_by_any() {
    for kind in KINDS {
        let (world, queue) = world(kind).await;
        let replicas = [world.spawn(PROGRAM).await, world.spawn(PROGRAM).await];
        deferred(&world, &replicas[0]).await;
        pair().install_newstore(&world.tenant);
        world.book().becomes(CancellationState::Posted, "by one of the replicas").await;
        world.has_memos(&["20.00"], "by one of the replicas");
        for replica in replicas {
            replica.signal("TERM").await;
            assert!(replica.ended().await.success(), "{kind:?}");
        }
        assert_eq!(messages(&queue).await, 0, "{kind:?}");
    }
}

#[tokio::test]
#[ignore = "needs fauxqs"]
async fn the_service_is_ready_and_stops_without_waiting_for_a_poll() {
    let (world, _queue) = world(SqsKind::Fifo).await;
    let process = world.spawn(PROGRAM).await;
    let url = format!("http://{}/health/ready", process.address);
    assert_eq!(world.http.get(url).send().await.unwrap().status().as_u16(), 200);
    let began = Instant::now();
    process.signal("TERM").await;
    assert!(process.ended().await.success());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test]
#[ignore = "needs fauxqs"]
async fn submit_and_retry_put_into_the_shared_queue() {
    let (world, queue) = world(SqsKind::Standard).await;
    let config = world.config();
    let config = config.to_str().unwrap();
    let file = config.replace("memobridge.toml", "event.json");
    std::fs::write(&file, event(&pair(), ITEMS, &[A]).to_string()).unwrap();
    let submitted = run(PROGRAM, &["submit", "--config", config, &file]).await;
    let said = String::from_utf8(submitted.stdout).unwrap();
    assert!(said.contains("\"outcome\":\"deferred\""), "{said}");
    assert_eq!(messages(&queue).await, 1);

    let retried = run(PROGRAM, &["retry", "--config", config, "--state", "deferred"]).await;
    assert!(retried.status.success(), "{retried:?}");
    assert_eq!(messages(&queue).await, 2, "a shared queue does not know that it is the same");

    pair().install_newstore(&world.tenant);
    let process = world.spawn(PROGRAM).await;
    world.book().becomes(CancellationState::Posted, "after the retry").await;
    world.has_memos(&["20.00"], "once, though there are two messages");
    process.kill().await;
}

#[tokio::test]
#[ignore = "needs fauxqs"]
async fn an_unusable_queue_exits_with_1_and_names_the_cause() {
    let missing = SqsQueue { url: "http://127.0.0.1/000000000000/nowhere".to_owned() };
    let short = json!({ "MessageRetentionPeriod": "345599" });
    let short = SqsQueue::create(SqsKind::Standard, &short).await;
    let table = [
        (missing, ["the queue http://127.0.0.1/000000000000/nowhere", "there is no such queue"]),
        (short, ["MessageRetentionPeriod", "1209600"]),
    ];
    for (queue, words) in table {
        let settings = Settings { queue: queue.section(), ..Settings::default() };
        let world = TestWorld::new(&settings).await;
        let config = world.config();
        let output = run(PROGRAM, &["serve", "--config", config.to_str().unwrap()]).await;
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        for it in words {
            assert!(said.contains(it), "{it:?} in {said}");
        }
        let checked = run(PROGRAM, &["check", "--config", config.to_str().unwrap()]).await;
        assert!(checked.status.success(), "check asks nobody: {checked:?}");
    }
}

#[tokio::test]
#[ignore = "needs fauxqs"]
async fn a_foreign_message_lands_in_the_dead_letter_queue() {
    let second = Duration::from_secs(1);
    for kind in KINDS {
        let queue = SqsQueue::create(kind, &json!({})).await;
        let dead = SqsQueue::create(kind, &json!({})).await;
        let options =
            SqsOptions { url: queue.url.clone(), dead_letter_url: Some(dead.url.clone()) };
        let clock = std::sync::Arc::new(SystemClock);
        let sqs = Sqs::open(&tests::aws().await, &options, clock).await.unwrap();
        let colour = json!({ "DataType": "String", "StringValue": "blue" });
        let mut foreign = json!({
            "MessageBody": "not for us",
            "MessageAttributes": { "colour": colour },
        });
        if kind == SqsKind::Fifo {
            foreign["MessageGroupId"] = json!("theirs");
            foreign["MessageDeduplicationId"] = json!("theirs-1");
        }
        queue.call("SendMessage", foreign).await;
        assert_eq!(sqs.receive(10, second, Duration::ZERO).await.unwrap(), []);
        let wanted = json!({
            "MessageAttributeNames": ["All"], "AttributeNames": ["All"], "WaitTimeSeconds": 5,
        });
        let moved = dead.call("ReceiveMessage", wanted).await["Messages"][0].clone();
        assert_eq!(moved["Body"], "not for us");
        assert_eq!(moved["MessageAttributes"]["colour"]["StringValue"], "blue");
        let group = moved["Attributes"]["MessageGroupId"].as_str();
        assert_eq!(group, (kind == SqsKind::Fifo).then_some("theirs"));
    }
}
