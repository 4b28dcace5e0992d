//! The problems that are found before the first job.

use aws_config::{SdkConfig, profile::ProfileFileCredentialsProvider};

use super::*;

/// Opens a queue that was changed in this way, and expects these words in the error.
async fn fails(kind: Kind, change: impl FnOnce(&mut Service, &mut Value), words: &[&str]) {
    let mut service = Service::with_dead_letter(kind).await;
    let mut attributes = attributes(kind);
    change(&mut service, &mut attributes);
    service.has(if kind == Kind::Fifo { "jobs.fifo" } else { "jobs" }, attributes);
    assert_says(service.try_open().await.map(drop), words);
    assert_eq!(service.entries("SendMessageBatch"), [] as [Value; 0], "nothing is sent");
}

#[tokio::test]
async fn the_kind_is_an_attribute_and_must_match_the_name() {
    for kind in [Kind::Fifo, Kind::Standard] {
        let service = Service::start(kind).await;
        assert_eq!(service.open().await.settings.kind, kind);
    }
    let words = ["jobs.fifo", "ends in .fifo, but it is no FIFO queue"];
    fails(Kind::Fifo, |_, it| it["FifoQueue"] = json!("false"), &words).await;
    let words = ["jobs", "is a FIFO queue, but its name does not say so"];
    fails(Kind::Standard, |_, it| it["FifoQueue"] = json!("true"), &words).await;
}

#[tokio::test]
async fn a_redrive_policy_that_would_move_waiting_jobs_is_an_error() {
    let policy = |count: &Value| {
        let policy = json!({ "deadLetterTargetArn": "arn", "maxReceiveCount": count });
        json!(policy.to_string())
    };
    for count in [json!(999), json!("3")] {
        let words = ["jobs", "receives", "set maxReceiveCount to 1000"];
        fails(Kind::Standard, |_, it| it["RedrivePolicy"] = policy(&count), &words).await;
    }
    let garbage = json!("{");
    fails(Kind::Standard, |_, it| it["RedrivePolicy"] = garbage, &["RedrivePolicy"]).await;
    for count in [json!(1000), json!("1000")] {
        let service = Service::start(Kind::Standard).await;
        let mut attributes = attributes(Kind::Standard);
        attributes["RedrivePolicy"] = policy(&count);
        service.has("jobs", attributes);
        service.open().await;
    }
}

#[tokio::test]
async fn a_queue_with_a_small_message_limit_is_rejected() {
    let words = ["262143 bytes", "262144 are needed", "MaximumMessageSize to 1048576"];
    fails(Kind::Standard, |_, it| it["MaximumMessageSize"] = json!("262143"), &words).await;
}

#[tokio::test]
async fn the_queue_must_keep_jobs_longer_than_the_longest_wait() {
    let service = Service::start(Kind::Standard).await;
    let queue = service.open().await;
    queue.outlasts(3 * DAY).unwrap();
    let words = ["jobs", "MessageRetentionPeriod", "1209600"];
    assert_says(queue.outlasts(3 * DAY + Duration::from_millis(1)), &words);
}

#[tokio::test]
async fn missing_attributes_are_an_error() {
    for name in ["MessageRetentionPeriod", "MaximumMessageSize"] {
        fails(Kind::Standard, |_, it| it[name] = json!("a lot"), &[name, "check the endpoint"])
            .await;
    }
    let nothing = |service: &mut Service, _: &mut Value| {
        service.answers("GetQueueAttributes", good(&json!({})));
    };
    fails(Kind::Standard, nothing, &["it has no attributes"]).await;
}

#[tokio::test]
async fn the_dead_letter_queue_must_be_another_queue_of_the_same_kind() {
    let itself = |service: &mut Service, _: &mut Value| {
        service.options.dead_letter_url = Some(service.options.url.clone());
    };
    fails(Kind::Standard, itself, &["jobs", "it is the queue itself"]).await;
    let other_kind = |service: &mut Service, _: &mut Value| {
        service.has("dead.fifo", attributes(Kind::Fifo));
        service.options.dead_letter_url = Some(url("dead.fifo"));
    };
    fails(Kind::Standard, other_kind, &["dead.fifo", "must be Standard"]).await;
    let missing = |service: &mut Service, _: &mut Value| {
        service.options.dead_letter_url = Some(url("nowhere"));
    };
    fails(Kind::Standard, missing, &["nowhere", "there is no such queue"]).await;
}

#[tokio::test]
async fn every_permission_is_checked() {
    // The call that shows the problem, and the missing permission.
    let table = [
        ("GetQueueAttributes", "GetQueueAttributes"),
        ("SendMessageBatch", "SendMessage"),
        ("ReceiveMessage", "ReceiveMessage"),
        ("DeleteMessage", "DeleteMessage"),
        ("ChangeMessageVisibility", "ChangeMessageVisibility"),
    ];
    for (call, right) in table {
        let denied = |service: &mut Service, _: &mut Value| {
            service.answers(call, error(403, "AccessDenied", "not authorized"));
        };
        let words = [right, "/jobs: ", "AWS does not permit it", "deploy/iam-policy.json"];
        fails(Kind::Standard, denied, &words).await;
    }
    let denied = |service: &mut Service, _: &mut Value| {
        let empty = error(400, "EmptyBatchRequest", "There should be at least one entry.");
        service.answers("SendMessageBatch", empty);
        service.answers("SendMessageBatch", error(403, "AccessDenied", "not authorized"));
    };
    fails(Kind::Standard, denied, &["SendMessage", "/dead: ", "AWS does not permit it"]).await;
}

#[tokio::test]
async fn checking_permissions_changes_nothing() {
    let service = Service::start(Kind::Fifo).await;
    service.try_open().await.unwrap();
    for (action, body) in service.calls() {
        match action.as_str() {
            "ReceiveMessage" => assert_eq!(body["VisibilityTimeout"], 0),
            "SendMessageBatch" => assert_eq!(body["Entries"], json!([])),
            "DeleteMessage" | "ChangeMessageVisibility" => {
                assert_eq!(body["ReceiptHandle"], "memobridge-asks-for-its-rights");
            }
            _ => assert_eq!(action, "GetQueueAttributes"),
        }
    }
}

#[tokio::test]
async fn wrong_credentials_no_queue_and_no_sqs_are_distinguished() {
    let table = [
        (error(403, "InvalidClientTokenId", "invalid"), "AWS does not accept the credentials"),
        (error(400, "QueueDoesNotExist", "none"), "there is no such queue"),
    ];
    for (answer, words) in table {
        let answers = |service: &mut Service, _: &mut Value| {
            service.answers("GetQueueAttributes", answer);
        };
        fails(Kind::Standard, answers, &["GetQueueAttributes", "/jobs: ", words]).await;
    }
}

async fn open(aws: SdkConfig) -> Result<(), JobsError> {
    let options = SqsOptions { url: url("jobs"), dead_letter_url: None };
    Sqs::open(&aws, &options, Arc::new(FakeClock::default())).await.map(drop)
}

/// An address where nothing listens.
fn nowhere() -> aws_config::ConfigLoader {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    aws_config::defaults(BehaviorVersion::latest()).endpoint_url(endpoint)
}

#[tokio::test]
async fn an_unreachable_sqs_is_reported() {
    let key = Credentials::new("id", "secret", None, None, "tests");
    let aws = nowhere().region(Region::new("eu-central-1")).credentials_provider(key);
    assert_says(open(aws.load().await).await, &["/jobs: ", "SQS cannot be reached"]);
}

#[tokio::test]
async fn missing_credentials_are_reported() {
    let chain = ProfileFileCredentialsProvider::builder().profile_name("nobody's").build();
    let aws = nowhere().region(Region::new("eu-central-1")).credentials_provider(chain);
    assert_says(open(aws.load().await).await, &["/jobs: ", "AWS does not accept the credentials"]);
}

#[tokio::test]
async fn a_missing_region_is_reported() {
    let aws = SdkConfig::builder().behavior_version(BehaviorVersion::latest()).build();
    assert_says(open(aws).await, &["/jobs: ", "set queue.region"]);
}
