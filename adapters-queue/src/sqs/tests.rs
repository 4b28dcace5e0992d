//! The requests to SQS, and the results of its answers, against a scripted SQS. The promises of
//! every queue are in the port's contract.

mod delaying;
mod failing;
mod opening;
mod receiving;
mod sending;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_sqs::config::Credentials;
use serde_json::{Value, json};
use tokio::sync::Notify;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use super::*;
use ports::contract::FakeClock;

use crate::testing::job;

const DAY: Duration = Duration::from_hours(24);

/// Answers calls as a test scripted them, and successfully otherwise.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<ScriptState>>, Arc<Notify>);

#[derive(Default)]
struct ScriptState {
    attributes: HashMap<String, Value>,
    answers: HashMap<String, VecDeque<ResponseTemplate>>,
    asked: Vec<(String, Value)>,
}

impl Respond for Script {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let target = request.headers["x-amz-target"].to_str().unwrap();
        let action = target.strip_prefix("AmazonSQS.").unwrap().to_owned();
        let body: Value = request.body_json().unwrap();
        let mut state = self.0.lock().unwrap();
        state.asked.push((action.clone(), body.clone()));
        self.1.notify_one();
        if let Some(answer) = state.answers.get_mut(&action).and_then(VecDeque::pop_front) {
            return answer;
        }
        match action.as_str() {
            "GetQueueAttributes" => {
                let url = body["QueueUrl"].as_str().unwrap();
                match state.attributes.get(url) {
                    Some(attributes) => good(&json!({ "Attributes": attributes })),
                    None => error(400, "QueueDoesNotExist", "The specified queue does not exist."),
                }
            }
            "ReceiveMessage" => good(&json!({})),
            "DeleteMessage" | "ChangeMessageVisibility" => {
                error(404, "ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
            }
            _ => match body["Entries"].as_array().unwrap().as_slice() {
                [] => error(400, "EmptyBatchRequest", "There should be at least one entry."),
                entries => {
                    let done = entries.iter().map(|entry| json!({ "Id": entry["Id"] }));
                    good(&json!({ "Successful": done.collect::<Vec<_>>() }))
                }
            },
        }
    }
}

/// An SQS with a queue, whose time the test controls.
struct Service {
    server: MockServer,
    script: Script,
    clock: Arc<FakeClock>,
    options: SqsOptions,
}

impl Service {
    async fn start(kind: Kind) -> Self {
        let (server, script) = (MockServer::start().await, Script::default());
        Mock::given(any()).respond_with(script.clone()).mount(&server).await;
        let name = if kind == Kind::Fifo { "jobs.fifo" } else { "jobs" };
        let options = SqsOptions { url: url(name), dead_letter_url: None };
        let service = Self { server, script, clock: Arc::default(), options };
        service.has(name, attributes(kind));
        service
    }

    /// The same with a dead-letter queue.
    async fn with_dead_letter(kind: Kind) -> Self {
        let mut service = Self::start(kind).await;
        let name = if kind == Kind::Fifo { "dead.fifo" } else { "dead" };
        service.has(name, attributes(kind));
        service.options.dead_letter_url = Some(url(name));
        service
    }

    /// Gives the queue an attribute.
    fn has(&self, name: &str, attributes: Value) {
        self.script.0.lock().unwrap().attributes.insert(url(name), attributes);
    }

    /// Scripts the next answer to `action` that is not scripted yet.
    fn answers(&self, action: &str, answer: ResponseTemplate) {
        let mut state = self.script.0.lock().unwrap();
        state.answers.entry(action.to_owned()).or_default().push_back(answer);
    }

    /// Scripts the next receive.
    fn delivers(&self, messages: &[Value]) {
        self.answers("ReceiveMessage", good(&json!({ "Messages": messages })));
    }

    async fn try_open(&self) -> Result<Sqs, JobsError> {
        let aws = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .endpoint_url(self.server.uri())
            .credentials_provider(Credentials::new("id", "secret", None, None, "tests"));
        Sqs::open(&aws.load().await, &self.options, self.clock.clone()).await
    }

    /// The opened queue; the calls of opening are discarded.
    async fn open(&self) -> Sqs {
        let queue = self.try_open().await.unwrap();
        self.script.0.lock().unwrap().asked.clear();
        queue
    }

    /// Every call so far, in order.
    fn calls(&self) -> Vec<(String, Value)> {
        self.script.0.lock().unwrap().asked.clone()
    }

    /// The requests of `action`, call by call.
    fn asked(&self, action: &str) -> Vec<Value> {
        let calls = self.calls().into_iter().filter(|(it, _)| it == action);
        calls.map(|(_, body)| body).collect()
    }

    /// The same, once there were this many calls; for background calls.
    async fn requests_after_a_while(&self, action: &str, times: usize) -> Vec<Value> {
        let asked = async {
            while self.asked(action).len() < times {
                self.script.1.notified().await;
            }
        };
        let asked = tokio::time::timeout(Duration::from_secs(10), asked).await;
        asked.unwrap_or_else(|_| panic!("{action} is not asked {times} times"));
        self.asked(action)
    }

    /// The entries of all batches of `action`.
    fn entries(&self, action: &str) -> Vec<Value> {
        let batches = self.asked(action);
        batches.iter().flat_map(|batch| batch["Entries"].as_array().unwrap().clone()).collect()
    }

    /// A message with this job, sent and received now.
    fn message(&self, job: &Job) -> Value {
        let string = |it: &str| json!({ "DataType": "String", "StringValue": it });
        json!({
            "MessageId": format!("message of {}", job.id),
            "ReceiptHandle": format!("handle of {}", job.id),
            "Body": job.body,
            "Attributes": {
                "SentTimestamp": self.clock.now().as_millis().to_string(),
                "ApproximateReceiveCount": "1",
            },
            "MessageAttributes": {
                "id": string(job.id.as_str()),
                "order": string(job.order.as_str()),
                "attempts": { "DataType": "Number", "StringValue": job.attempts.to_string() },
            },
        })
    }

    /// The same, due after `delay`.
    fn message_for_later(&self, job: &Job, delay: Duration) -> Value {
        let mut message = self.message(job);
        let due = self.clock.now().after(delay).as_millis().to_string();
        message["MessageAttributes"]["due"] = json!({ "DataType": "Number", "StringValue": due });
        message
    }

    /// Receives this message as the only one.
    async fn lease(&self, queue: &Sqs, message: Value) -> Lease {
        self.delivers(&[message]);
        let deliveries = queue.receive(1, Duration::from_mins(1), Duration::ZERO).await.unwrap();
        let [delivery] = <[_; 1]>::try_from(deliveries).expect("exactly one delivery");
        delivery.lease
    }
}

fn url(name: &str) -> String {
    format!("https://sqs.eu-central-1.amazonaws.com/123456789012/{name}")
}

/// A queue's default attributes in SQS.
fn attributes(kind: Kind) -> Value {
    let mut attributes = json!({
        "QueueArn": "arn:aws:sqs:eu-central-1:123456789012:a-queue",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
    });
    if kind == Kind::Fifo {
        attributes["FifoQueue"] = json!("true");
    }
    attributes
}

fn good(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body.to_string(), "application/x-amz-json-1.0")
}

fn error(status: u16, code: &str, message: &str) -> ResponseTemplate {
    let body = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": message });
    ResponseTemplate::new(status).set_body_raw(body.to_string(), "application/x-amz-json-1.0")
}

/// The answer to a batch of one entry that SQS rejects.
fn refused(code: &str, message: &str) -> ResponseTemplate {
    let entry = json!({ "Id": "0", "SenderFault": true, "Code": code, "Message": message });
    good(&json!({ "Successful": [], "Failed": [entry] }))
}

#[track_caller]
fn assert_says(result: Result<(), JobsError>, words: &[&str]) {
    let said = ports::error_chain(&result.expect_err("it fails"));
    for it in words {
        assert!(said.contains(it), "{it:?} in {said:?}");
    }
}
