//! The results of bad and missing answers.

use super::*;
use crate::testing::{MINUTE, NOW};

/// The ways in which a call can fail, with their error texts.
fn faults() -> Vec<(ResponseTemplate, &'static str)> {
    let garbage = ResponseTemplate::new(200).set_body_raw("<html>Welcome", "text/html");
    let proxy = ResponseTemplate::new(502).set_body_raw("<html>Bad Gateway", "text/html");
    vec![
        (error(400, "RequestThrottled", "Rate exceeded"), "SQS throttles calls"),
        (error(400, "ThrottlingException", "Rate exceeded"), "SQS throttles calls"),
        (error(403, "AccessDenied", "not authorized to perform"), "AWS does not permit it"),
        (error(400, "KmsAccessDenied", "no key for you"), "AWS does not permit it"),
        (error(400, "QueueDoesNotExist", "does not exist"), "there is no such queue"),
        (
            error(400, "QueueDoesNotExist", "does not exist").insert_header(
                "x-amzn-query-error",
                "AWS.SimpleQueueService.NonExistentQueue;Sender",
            ),
            "there is no such queue",
        ),
        (error(404, "InvalidAddress", "not valid for this endpoint"), "there is no such queue"),
        (error(403, "InvalidClientTokenId", "invalid"), "AWS does not accept the credentials"),
        (error(403, "ExpiredToken", "expired"), "AWS does not accept the credentials"),
        (error(403, "SignatureDoesNotMatch", "check"), "AWS does not accept the credentials"),
        (error(400, "OverLimit", "too many inflight"), "SQS refuses it: OverLimit too many"),
        (error(500, "InternalError", "sorry"), "SQS refuses it: InternalError sorry"),
        (garbage, "this is not an answer of SQS"),
        (proxy, "this is not an answer of SQS"),
    ]
}

#[tokio::test]
async fn every_error_of_every_call_names_its_queue_and_fix() {
    for (answer, words) in faults() {
        let service = Service::start(Kind::Standard).await;
        let queue = service.open().await;
        let lease = service.lease(&queue, service.message(&job("a"))).await;
        let script = |action: &str| {
            // Twice, for calls that SQS's client repeats.
            service.answers(action, answer.clone());
            service.answers(action, answer.clone());
        };
        for action in ["SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch"] {
            script(action);
        }
        script("ChangeMessageVisibilityBatch");
        script("GetQueueAttributes");
        let url = &*service.options.url;
        assert_says(queue.push(&job("a"), NOW).await, &["SendMessage of ", url, words]);
        let received = queue.receive(1, MINUTE, NOW).await.map(drop);
        assert_says(received, &["ReceiveMessage of ", url, words]);
        assert_says(queue.ack(&lease).await, &["DeleteMessage of ", url, words]);
        let extended = queue.extend(&lease, MINUTE).await;
        assert_says(extended, &["ChangeMessageVisibility of ", url, words]);
        assert_says(queue.depth().await.map(drop), &["GetQueueAttributes of ", url, words]);
    }
}

#[tokio::test]
async fn brief_throttling_is_retried() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    service.answers("SendMessageBatch", error(400, "RequestThrottled", "Rate exceeded"));
    queue.push(&job("a"), NOW).await.unwrap();
    let [first, second] = &*service.asked("SendMessageBatch") else { panic!("two calls") };
    assert_eq!(first, second);
}

#[tokio::test]
async fn an_unconfirmed_entry_is_not_done() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    for silence in [json!({}), json!({ "Successful": [{ "Id": "7" }], "Failed": [] })] {
        service.answers("SendMessageBatch", good(&silence));
        assert_says(queue.push(&job("a"), NOW).await, &["says nothing about one of the entries"]);
    }
}

#[tokio::test]
async fn an_invalid_receipt_handle_is_a_lost_lease() {
    let expired = "Value a for parameter ReceiptHandle is invalid. Reason: The receipt handle has \
                   expired.";
    let table = [
        ("ReceiptHandleIsInvalid", "", true),
        ("AWS.SimpleQueueService.MessageNotInflight", "", true),
        ("InvalidParameterValue", expired, true),
        ("InvalidParameterValue", "Total VisibilityTimeout is beyond the limit", false),
    ];
    for (code, message, is_lost) in table {
        let service = Service::start(Kind::Standard).await;
        let queue = service.open().await;
        let lease = service.lease(&queue, service.message(&job("a"))).await;
        for action in ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"] {
            service.answers(action, refused(code, message));
            service.answers(action, refused(code, message));
        }
        for result in [
            queue.extend(&lease, MINUTE).await,
            queue.ack(&lease).await,
            queue.defer(&lease, MINUTE, 0).await,
        ] {
            assert_eq!(matches!(result, Err(JobsError::LeaseLost)), is_lost, "{code} {message}");
            assert!(result.is_err(), "{code} {message}");
        }
    }
}

#[tokio::test]
async fn a_missing_answer_ends_at_the_timeout() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    let lease = service.lease(&queue, service.message(&job("a"))).await;
    let never = good(&json!({})).set_delay(Duration::from_hours(1));
    for action in ["SendMessageBatch", "ReceiveMessage", "DeleteMessageBatch", "GetQueueAttributes"]
    {
        service.answers(action, never.clone());
        service.answers(action, never.clone());
    }
    // From here on, waiting takes no time.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    assert_says(queue.push(&job("a"), NOW).await, &["SQS cannot be reached"]);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let received = queue.receive(1, MINUTE, Duration::from_secs(20)).await.map(drop);
    assert_says(received, &["SQS cannot be reached"]);
    assert_says(queue.ack(&lease).await, &["SQS cannot be reached"]);
    assert_says(queue.check().await, &["SQS cannot be reached"]);
}
