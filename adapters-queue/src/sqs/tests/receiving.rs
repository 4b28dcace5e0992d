//! Polls, foreign messages, and the cost of readiness.

use std::io::{self, Write};

use tracing_subscriber::{filter::LevelFilter, fmt, prelude::*};

use super::*;
use crate::testing::{MINUTE, NOW, SECOND};

#[tokio::test]
async fn a_receive_requests_its_attributes_within_the_limits_of_sqs() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    for (max, asked) in [(1, 1), (10, 10), (64, 10)] {
        service.delivers(&[service.message(&job("a"))]);
        queue.receive(max, Duration::from_millis(1500), NOW).await.unwrap();
        let receive = service.asked("ReceiveMessage").pop().unwrap();
        assert_eq!(receive["MaxNumberOfMessages"], asked, "{max}");
        assert_eq!(receive["VisibilityTimeout"], 2);
    }
}

#[tokio::test]
async fn a_poll_waits_at_most_its_limit() {
    for (wait, asked) in [(NOW, 0), (Duration::from_millis(999), 0), (5 * SECOND, 5), (DAY, 20)] {
        let service = Service::start(Kind::Standard).await;
        let queue = service.open().await;
        service.delivers(&[service.message(&job("a"))]);
        queue.receive(1, MINUTE, wait).await.unwrap();
        let [receive] = &*service.asked("ReceiveMessage") else { panic!("one poll") };
        assert_eq!(receive["WaitTimeSeconds"], asked, "{wait:?}");
    }
}

#[tokio::test]
async fn polls_follow_each_other_until_there_is_a_job() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    service.delivers(&[]);
    service.delivers(&[service.message_for_later(&job("early"), MINUTE)]);
    service.delivers(&[service.message(&job("a"))]);
    let deliveries = queue.receive(1, MINUTE, DAY).await.unwrap();
    assert_eq!(deliveries[0].job, job("a"));
    assert_eq!(service.asked("ReceiveMessage").len(), 3);
}

#[tokio::test]
async fn a_check_asks_sqs_at_most_every_five_seconds_and_receives_nothing() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    for _ in 0..10 {
        queue.check().await.unwrap();
    }
    service.clock.advance(READY_FOR);
    queue.check().await.unwrap();
    let calls: Vec<_> = service.calls().into_iter().map(|(action, _)| action).collect();
    assert_eq!(calls, ["GetQueueAttributes"; 2]);

    service.clock.advance(READY_FOR);
    service.has("jobs", json!({}));
    service.answers("GetQueueAttributes", error(403, "AccessDenied", "not authorized"));
    assert_says(queue.check().await, &["GetQueueAttributes", "AccessDenied"]);
    queue.check().await.unwrap();
}

/// Messages that are no jobs, and why.
fn foreign(service: &Service) -> Vec<Value> {
    let good = service.message(&job("a"));
    let with = |name: &str, value: Value| {
        let mut message = good.clone();
        message["MessageId"] = json!(format!("without {name}"));
        message["MessageAttributes"][name] = value;
        message
    };
    let string = |it: &str| json!({ "DataType": "String", "StringValue": it });
    let mut bare = good.clone();
    bare["MessageAttributes"] = json!({});
    let binary = json!({ "DataType": "Binary", "BinaryValue": "AAEC" });
    vec![
        with("order", string("no order")),
        with("id", string("")),
        with("attempts", string("-1")),
        with("due", string("soon")),
        with("id", binary),
        bare,
    ]
}

#[tokio::test]
async fn a_message_that_is_no_job_goes_to_the_dead_letter_queue_unchanged() {
    for kind in [Kind::Standard, Kind::Fifo] {
        let service = Service::with_dead_letter(kind).await;
        let queue = service.open().await;
        let foreign = foreign(&service);
        for (before, message) in foreign.iter().enumerate() {
            let mut message = message.clone();
            message["Attributes"]["MessageGroupId"] = json!("a group");
            service.delivers(&[message.clone(), service.message(&job("b"))]);
            let deliveries = queue.receive(10, MINUTE, NOW).await.unwrap();
            assert_eq!(deliveries[0].job, job("b"), "the others are not stopped");

            let deleted = service.requests_after_a_while("DeleteMessageBatch", before + 1).await;
            let deleted = deleted.last().unwrap();
            let sent = service.asked("SendMessageBatch").pop().unwrap();
            assert_eq!(sent["QueueUrl"], *service.options.dead_letter_url.as_ref().unwrap());
            let entry = &sent["Entries"][0];
            assert_eq!(entry["MessageBody"], message["Body"]);
            let attributes = entry.get("MessageAttributes").cloned().unwrap_or(json!({}));
            assert_eq!(attributes, message["MessageAttributes"]);
            assert_eq!(deleted["QueueUrl"], *service.options.url);
            assert_eq!(deleted["Entries"][0]["ReceiptHandle"], message["ReceiptHandle"]);
            match kind {
                Kind::Standard => assert_eq!(entry.get("MessageGroupId"), None),
                Kind::Fifo => {
                    assert_eq!(entry["MessageGroupId"], "a group");
                    assert_eq!(entry["MessageDeduplicationId"], message["MessageId"]);
                }
            }
        }
    }
}

#[tokio::test]
async fn a_message_that_is_no_job_stays_while_the_dead_letter_queue_fails() {
    let service = Service::with_dead_letter(Kind::Standard).await;
    let queue = service.open().await;
    let never = good(&json!({})).set_delay(Duration::from_hours(1));
    let denied = error(403, "AccessDenied", "not authorized");
    for (answer, before) in [(denied, 0), (never, 1)] {
        service.answers("SendMessageBatch", answer);
        service.delivers(&[foreign(&service).remove(0), service.message(&job("b"))]);
        let deliveries = queue.receive(10, MINUTE, NOW).await.unwrap();
        assert_eq!(deliveries[0].job, job("b"), "the others are not stopped");
        service.requests_after_a_while("SendMessageBatch", before + 1).await;
    }
    queue.depth().await.expect_err("the counts are not scripted");
    assert_eq!(service.asked("DeleteMessageBatch").len(), 0);
}

/// The log, until the guard is dropped.
fn log() -> (Arc<Mutex<Vec<u8>>>, tracing::subscriber::DefaultGuard) {
    let log = Arc::<Mutex<Vec<u8>>>::default();
    let lines = Arc::clone(&log);
    let layer = fmt::layer().with_ansi(false).with_writer(move || Lines(Arc::clone(&lines)));
    (log, tracing_subscriber::registry().with(layer.with_filter(LevelFilter::WARN)).set_default())
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn an_unreadable_message_is_logged_once_and_never_quoted() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    let (log, _guard) = log();
    for _ in 0..3 {
        let mut messages = foreign(&service);
        messages.truncate(2);
        messages[0]["Body"] = json!("of Jane Doe");
        service.delivers(&messages);
        assert_eq!(queue.receive(10, MINUTE, NOW).await.unwrap(), []);
    }
    let calls: Vec<_> = service.calls().into_iter().map(|(action, _)| action).collect();
    assert_eq!(calls, ["ReceiveMessage"; 3]);
    let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
    assert_eq!(log.lines().count(), 2, "{log}");
    assert_eq!(log.matches("stays in the queue").count(), 2, "{log}");
    assert!(!log.contains("Jane"), "{log}");
}

#[tokio::test]
async fn the_depth_comes_from_sqs() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    service.has(
        "jobs",
        json!({
            "ApproximateNumberOfMessages": "3",
            "ApproximateNumberOfMessagesNotVisible": "4",
            "ApproximateNumberOfMessagesDelayed": "5",
        }),
    );
    let depth = queue.depth().await.unwrap();
    assert_eq!(depth, Depth { waiting: 8, leased: 4, oldest_due: None });
    service.has("jobs", json!({ "ApproximateNumberOfMessages": "many" }));
    assert_says(queue.depth().await.map(drop), &["number of messages"]);
}
