//! Deferrals, leases and early messages: hidden where SQS can, sent again otherwise.

use super::*;
use crate::testing::{MINUTE, NOW, SECOND};

const HOUR: Duration = Duration::from_hours(1);

type Row = (Kind, fn(&mut Value), Duration, u32, Deferral);

/// The calls of a deferral.
#[derive(Debug, PartialEq, Eq)]
enum Deferral {
    /// For this many seconds.
    Hidden(i64),
    /// And the old one is deleted afterwards.
    SentAgain,
}

fn done(service: &Service) -> Deferral {
    let hidden = service.entries("ChangeMessageVisibilityBatch");
    let calls: Vec<_> = service.calls().into_iter().map(|(action, _)| action).collect();
    if let [only] = &*hidden {
        assert_eq!(calls, ["ReceiveMessage", "ChangeMessageVisibilityBatch"]);
        assert_eq!(only["ReceiptHandle"], "handle of a");
        return Deferral::Hidden(only["VisibilityTimeout"].as_i64().unwrap());
    }
    assert_eq!(calls, ["ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch"]);
    assert_eq!(service.entries("DeleteMessageBatch")[0]["ReceiptHandle"], "handle of a");
    Deferral::SentAgain
}

#[tokio::test]
async fn a_deferral_hides_the_message_or_sends_it_again() {
    let fresh = |_: &mut Value| {};
    let old = |it: &mut Value| {
        let sent = it["Attributes"]["SentTimestamp"].as_str().unwrap().parse::<i64>().unwrap();
        it["Attributes"]["SentTimestamp"] = json!((sent - 48 * 3_600_000).to_string());
    };
    let often = |it: &mut Value| it["Attributes"]["ApproximateReceiveCount"] = json!("500");
    let unknown = |it: &mut Value| it["Attributes"] = json!({});
    let for_later = |it: &mut Value| {
        it["MessageAttributes"]["due"] = json!({ "DataType": "Number", "StringValue": "1" });
    };
    // queue, message, delay, attempts, calls
    let table: [Row; 15] = [
        (Kind::Standard, fresh, NOW, 0, Deferral::Hidden(0)),
        (Kind::Standard, fresh, Duration::from_millis(1001), 0, Deferral::Hidden(2)),
        (Kind::Standard, fresh, 16 * MINUTE, 0, Deferral::Hidden(960)),
        (Kind::Standard, fresh, 719 * MINUTE, 0, Deferral::Hidden(43_140)),
        (Kind::Standard, fresh, 12 * HOUR, 0, Deferral::SentAgain),
        (Kind::Standard, fresh, MINUTE, 1, Deferral::SentAgain),
        (Kind::Standard, old, MINUTE, 0, Deferral::SentAgain),
        (Kind::Standard, often, MINUTE, 0, Deferral::SentAgain),
        (Kind::Standard, unknown, MINUTE, 0, Deferral::SentAgain),
        (Kind::Fifo, fresh, MINUTE, 0, Deferral::SentAgain),
        (Kind::Fifo, fresh, NOW, 0, Deferral::Hidden(0)),
        (Kind::Fifo, for_later, MINUTE, 0, Deferral::Hidden(60)),
        (Kind::Fifo, for_later, MINUTE, 1, Deferral::SentAgain),
        (Kind::Fifo, for_later, 12 * HOUR, 0, Deferral::SentAgain),
        (Kind::Fifo, often, NOW, 0, Deferral::SentAgain),
    ];
    for (row, (kind, age, delay, attempts, expected)) in table.into_iter().enumerate() {
        let service = Service::start(kind).await;
        let queue = service.open().await;
        let mut message = service.message(&job("a"));
        age(&mut message);
        let lease = service.lease(&queue, message).await;
        queue.defer(&lease, delay, attempts).await.unwrap();
        assert_eq!(done(&service), expected, "row {row}: {kind:?}, {delay:?}, {attempts}");
        assert!(matches!(queue.ack(&lease).await, Err(JobsError::LeaseLost)), "row {row}");
    }
}

#[tokio::test]
async fn a_job_sent_again_differs_only_in_attempts_and_deduplication_id() {
    let service = Service::start(Kind::Fifo).await;
    let queue = service.open().await;
    queue.push(&job("a"), NOW).await.unwrap();
    let lease = service.lease(&queue, service.message(&job("a"))).await;
    queue.defer(&lease, NOW, 3).await.unwrap();
    let [first, second] = &*service.entries("SendMessageBatch") else { panic!("two messages") };
    assert_eq!(second["MessageBody"], first["MessageBody"]);
    assert_eq!(second["MessageGroupId"], first["MessageGroupId"]);
    assert_ne!(second["MessageDeduplicationId"], first["MessageDeduplicationId"]);
    assert_eq!(second["MessageAttributes"]["attempts"]["StringValue"], "3");
}

#[tokio::test]
async fn a_message_is_not_deleted_before_its_successor_is_sent() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    let lease = service.lease(&queue, service.message(&job("a"))).await;
    service.answers("SendMessageBatch", refused("InternalError", "Try again."));
    assert_says(queue.defer(&lease, MINUTE, 1).await, &["SendMessage", "InternalError"]);
    assert_eq!(service.asked("DeleteMessageBatch").len(), 0);
    // The lease has not ended, so the worker may try again.
    queue.defer(&lease, MINUTE, 1).await.unwrap();
    assert_eq!(service.asked("DeleteMessageBatch").len(), 1);
}

#[tokio::test]
async fn a_lease_is_kept_alive_up_to_twelve_hours_in_total() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    let lease = service.lease(&queue, service.message(&job("a"))).await;
    let mut passed = NOW;
    while queue.extend(&lease, HOUR).await.is_ok() {
        let asked = service.entries("ChangeMessageVisibilityBatch");
        let hidden = asked.last().unwrap()["VisibilityTimeout"].as_u64().unwrap();
        let total = passed + Duration::from_secs(hidden);
        assert!(total <= 12 * HOUR, "{total:?} in total");
        service.clock.advance(59 * MINUTE);
        passed += 59 * MINUTE;
    }
    assert!(passed > 11 * HOUR, "{passed:?}");
    assert!(matches!(queue.extend(&lease, HOUR).await, Err(JobsError::LeaseLost)));
}

#[tokio::test]
async fn a_late_deferral_is_limited_to_the_rest_of_twelve_hours() {
    for (delay, expected) in [(HOUR, Deferral::Hidden(3600)), (2 * HOUR, Deferral::SentAgain)] {
        let service = Service::start(Kind::Standard).await;
        let queue = service.open().await;
        service.delivers(&[service.message(&job("a"))]);
        let delivery = queue.receive(1, 12 * HOUR, NOW).await.unwrap().remove(0);
        service.clock.advance(10 * HOUR + MINUTE);
        queue.defer(&delivery.lease, delay, 0).await.unwrap();
        assert_eq!(done(&service), expected, "{delay:?}");
    }
}

#[tokio::test]
async fn an_ended_lease_is_lost_without_asking_sqs() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    let lease = service.lease(&queue, service.message(&job("a"))).await;
    service.clock.advance(MINUTE);
    assert!(matches!(queue.ack(&lease).await, Err(JobsError::LeaseLost)));
    assert!(matches!(queue.extend(&lease, MINUTE).await, Err(JobsError::LeaseLost)));
    assert!(matches!(queue.defer(&lease, MINUTE, 1).await, Err(JobsError::LeaseLost)));
    assert_eq!(service.calls().len(), 1, "the receive");
}

#[tokio::test]
async fn an_early_message_is_hidden_again_in_one_call() {
    let service = Service::start(Kind::Fifo).await;
    let queue = service.open().await;
    let delays = [NOW, Duration::from_millis(1), SECOND, 3 * HOUR, 3 * DAY];
    let jobs: Vec<_> = (0..delays.len()).map(|n| job(&format!("job-{n}"))).collect();
    let messages: Vec<_> =
        jobs.iter().zip(delays).map(|(job, delay)| service.message_for_later(job, delay)).collect();
    service.delivers(&messages);
    let deliveries = queue.receive(10, MINUTE, NOW).await.unwrap();
    assert_eq!(deliveries.iter().map(|delivery| &delivery.job).collect::<Vec<_>>(), [&jobs[0]]);
    let [batch] = &*service.asked("ChangeMessageVisibilityBatch") else { panic!("one call") };
    let entries = batch["Entries"].as_array().unwrap();
    let hidden: Vec<_> = entries.iter().map(|entry| entry["VisibilityTimeout"].as_u64()).collect();
    assert_eq!(hidden, [1, 1, 10_800, 43_140].map(Some));
}

#[tokio::test]
async fn a_message_that_came_early_too_often_is_sent_again_for_the_same_time() {
    let service = Service::start(Kind::Fifo).await;
    let queue = service.open().await;
    let mut message = service.message_for_later(&Job { attempts: 4, ..job("a") }, 3 * DAY);
    message["Attributes"]["ApproximateReceiveCount"] = json!("500");
    let due = message["MessageAttributes"]["due"].clone();
    service.delivers(&[message]);
    assert_eq!(queue.receive(10, MINUTE, NOW).await.unwrap(), []);
    assert_eq!(done(&service), Deferral::SentAgain);
    let [sent] = &*service.entries("SendMessageBatch") else { panic!("one message") };
    assert_eq!(sent["MessageAttributes"]["due"], due);
    assert_eq!(sent["MessageAttributes"]["attempts"]["StringValue"], "4");
}
