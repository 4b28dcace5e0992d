//! The messages of a push.

use tokio::task::JoinSet;

use super::*;
use crate::{
    MAX_BODY,
    testing::{NOW, SECOND},
};

fn value(entry: &Value, attribute: &str) -> Option<String> {
    entry["MessageAttributes"][attribute]["StringValue"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn a_message_has_the_jobs_body_and_its_attributes() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    let job = Job { attempts: 7, ..job("can-1") };
    queue.push(&job, NOW).await.unwrap();
    let [sent] = &*service.entries("SendMessageBatch") else { panic!("one message") };
    assert_eq!(sent["MessageBody"], job.body);
    assert_eq!(value(sent, "id").as_deref(), Some("can-1"));
    assert_eq!(value(sent, "order").as_deref(), Some(job.order.as_str()));
    assert_eq!(value(sent, "attempts").as_deref(), Some("7"));
    assert_eq!(sent.get("MessageGroupId"), None);
}

#[tokio::test]
async fn a_long_delay_in_a_standard_queue_is_stored_in_the_message() {
    // delay, DelaySeconds, due
    let table = [
        (NOW, 0, false),
        (Duration::from_millis(1200), 2, false),
        (Duration::from_mins(15), 900, false),
        (Duration::from_millis(900_001), 900, true),
        (3 * DAY, 900, true),
    ];
    for (delay, seconds, is_due_later) in table {
        let service = Service::start(Kind::Standard).await;
        let queue = service.open().await;
        queue.push(&job("a"), delay).await.unwrap();
        let [sent] = &*service.entries("SendMessageBatch") else { panic!("one message") };
        assert_eq!(sent["DelaySeconds"], seconds, "{delay:?}");
        let due = service.clock.now().after(delay).as_millis().to_string();
        assert_eq!(value(sent, "due"), is_due_later.then_some(due), "{delay:?}");
    }
}

#[tokio::test]
async fn a_fifo_queue_groups_messages_by_order_except_delayed_ones() {
    for delay in [NOW, SECOND, 3 * DAY] {
        let service = Service::start(Kind::Fifo).await;
        let queue = service.open().await;
        queue.push(&job("a"), delay).await.unwrap();
        let [sent] = &*service.entries("SendMessageBatch") else { panic!("one message") };
        assert_eq!(sent.get("DelaySeconds"), None, "{delay:?}");
        let unique = &sent["MessageDeduplicationId"];
        let group = if delay.is_zero() { &json!(job("a").order.as_str()) } else { unique };
        assert_eq!(&sent["MessageGroupId"], group, "{delay:?}");
        let due = service.clock.now().after(delay).as_millis().to_string();
        assert_eq!(value(sent, "due"), (!delay.is_zero()).then_some(due), "{delay:?}");
    }
}

#[tokio::test]
async fn a_fifo_queue_never_treats_a_push_as_a_duplicate() {
    let service = Service::start(Kind::Fifo).await;
    let queue = service.open().await;
    for _ in 0..3 {
        queue.push(&job("a"), NOW).await.unwrap();
    }
    let sent = service.entries("SendMessageBatch");
    let ids: HashSet<_> = sent.iter().map(|it| it["MessageDeduplicationId"].as_str()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|it| it.is_some_and(|it| it.len() <= 128)), "{ids:?}");
}

/// Pushes all of them concurrently; returns the failures by their jobs.
async fn push_all(queue: &Arc<Sqs>, jobs: Vec<Job>) -> Vec<(String, String)> {
    let mut pushing = JoinSet::new();
    for job in jobs {
        let queue = Arc::clone(queue);
        pushing.spawn(async move {
            let result = queue.push(&job, NOW).await;
            (job.id.to_string(), result)
        });
    }
    let results = pushing.join_all().await.into_iter();
    results.filter_map(|(id, it)| it.err().map(|why| (id, ports::error_chain(&why)))).collect()
}

#[tokio::test]
async fn concurrent_pushes_share_a_request() {
    let service = Service::start(Kind::Standard).await;
    let queue = Arc::new(service.open().await);
    let jobs: Vec<_> = (0..95).map(|n| job(&format!("job-{n}"))).collect();
    assert_eq!(push_all(&queue, jobs.clone()).await, []);
    let batches = service.asked("SendMessageBatch");
    let mut sizes: Vec<_> =
        batches.iter().map(|batch| batch["Entries"].as_array().unwrap().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 10, 10, 10, 10, 10, 10, 10, 10, 10]);
    let sent = service.entries("SendMessageBatch");
    let sent: HashSet<_> = sent.iter().map(|it| it["MessageBody"].as_str().unwrap()).collect();
    assert_eq!(sent, jobs.iter().map(|job| job.body.as_str()).collect());
}

#[tokio::test]
async fn a_request_is_within_the_limits_of_sqs() {
    let service = Service::start(Kind::Standard).await;
    let queue = Arc::new(service.open().await);
    let big = |name: &str| Job { body: "x".repeat(400_000), ..job(name) };
    assert_eq!(push_all(&queue, ["a", "b", "c", "d", "e", "f", "g"].map(big).into()).await, []);
    for batch in service.asked("SendMessageBatch") {
        assert!(batch["Entries"].as_array().unwrap().len() <= 2);
    }
    assert_eq!(service.entries("SendMessageBatch").len(), 7);
}

#[tokio::test]
async fn a_failed_entry_of_a_batch_fails_only_its_caller() {
    let service = Service::start(Kind::Standard).await;
    let queue = Arc::new(service.open().await);
    let failed = json!({ "Id": "2", "SenderFault": true, "Code": "InvalidMessageContents" });
    let done = [json!({ "Id": "3" }), json!({ "Id": "0" })];
    service.answers("SendMessageBatch", good(&json!({ "Successful": done, "Failed": [failed] })));
    let jobs: Vec<_> = (0..4).map(|n| job(&format!("job-{n}"))).collect();
    let mut failures = push_all(&queue, jobs).await;
    failures.sort();
    let [(first, silence), (second, contents)] = &*failures else { panic!("{failures:?}") };
    assert_eq!((&**first, &**second), ("job-1", "job-2"));
    assert!(silence.contains("says nothing about one of the entries"), "{silence}");
    assert!(contents.contains("InvalidMessageContents"), "{contents}");
}

#[tokio::test]
async fn a_message_too_long_with_its_attributes_is_rejected_before_it_is_sent() {
    let service = Service::start(Kind::Standard).await;
    let mut small = attributes(Kind::Standard);
    small["MaximumMessageSize"] = json!("262144");
    service.has("jobs", small);
    let queue = service.open().await;
    let attributes =
        "idString".len() + "a".len() + "orderString".len() + 36 + "attemptsNumber0".len();
    for (body, taken) in [(262_144 - attributes, true), (262_145 - attributes, false)] {
        let job = Job { body: "x".repeat(body), ..job("a") };
        assert_eq!(queue.push(&job, NOW).await.is_ok(), taken, "{body} bytes");
    }
    let job = Job { body: "x".repeat(262_144), ..job("a") };
    assert_says(queue.push(&job, NOW).await, &["job a has 262215 bytes", "jobs takes 262144"]);
    let job = Job { body: "x".repeat(MAX_BODY + 1), ..job };
    assert_says(queue.push(&job, NOW).await, &["the limit is 1048576"]);
    assert_eq!(service.entries("SendMessageBatch").len(), 1);
}
