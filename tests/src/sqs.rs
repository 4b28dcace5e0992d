//! An SQS on this machine: fauxqs, one server for each test process.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
use domain::Timestamp;
use serde_json::{Value, json};

/// Any credentials will do for fauxqs; a process gets them in its environment.
pub(crate) const CREDENTIALS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "key-of-the-tests"), ("AWS_SECRET_ACCESS_KEY", "secret-of-the-tests")];

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sqs");
const REGION: &str = "eu-central-1";

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

struct Server {
    endpoint: String,
    /// It ends when its stdin is closed: with this process, however that ends.
    _process: Child,
}

impl Server {
    fn start() -> Self {
        let installed = Path::new(FOLDER).join("node_modules/fauxqs").exists();
        assert!(installed, "fauxqs is missing: run `npm ci` in tests/sqs");
        let mut process = Command::new("node")
            .arg("server.mjs")
            .current_dir(FOLDER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be started");
        let mut endpoint = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut endpoint).expect("it says where it listens");
        Self { endpoint: endpoint.trim().to_owned(), _process: process }
    }
}

/// The kinds of queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqsKind {
    /// In order, within each message group.
    Fifo,
    /// In any order.
    Standard,
}

/// An empty queue of one test's own.
#[derive(Debug)]
pub struct SqsQueue {
    /// Its URL.
    pub url: String,
}

impl SqsQueue {
    /// Makes a queue, with SQS's defaults but for these attributes.
    pub async fn create(kind: SqsKind, attributes: &Value) -> Self {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let number = COUNTER.fetch_add(1, Ordering::Relaxed);
        let suffix = if kind == SqsKind::Fifo { ".fifo" } else { "" };
        let name = format!("queue-{number}{suffix}");
        let queue = json!({ "QueueName": name, "Attributes": attributes });
        let url = call("CreateQueue", &queue).await["QueueUrl"]
            .as_str()
            .expect("a queue has a URL")
            .to_owned();
        Self { url }
    }

    /// Gives the queue a time of its own, which stands still.
    pub async fn set_clock(&self, now: Timestamp) {
        let query = [("queue", self.url.clone()), ("now", now.as_millis().to_string())];
        let url = reqwest::Url::parse_with_params(&format!("{}/clock", endpoint()), query);
        let url = url.expect("the endpoint is a URL");
        let answer = reqwest::Client::new().post(url).send().await;
        answer.and_then(reqwest::Response::error_for_status).expect("the server is there");
    }

    /// Makes a call of SQS about this queue.
    pub async fn call(&self, action: &str, mut parameters: Value) -> Value {
        parameters["QueueUrl"] = json!(self.url);
        call(action, &parameters).await
    }

    /// The section of a configuration file that names it.
    #[must_use]
    pub fn section(&self) -> String {
        let (url, endpoint) = (&self.url, endpoint());
        format!("kind = \"sqs\"\nurl = \"{url}\"\nregion = \"{REGION}\"\nendpoint = \"{endpoint}\"")
    }
}

/// How to reach the server.
pub async fn aws() -> SdkConfig {
    let [(_, id), (_, secret)] = CREDENTIALS;
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint())
        .credentials_provider(Credentials::new(id, secret, None, None, "tests"))
        .load()
        .await
}

fn endpoint() -> &'static str {
    &SERVER.endpoint
}

async fn call(action: &str, parameters: &Value) -> Value {
    let request = reqwest::Client::new()
        .post(endpoint())
        .header("X-Amz-Target", format!("AmazonSQS.{action}"))
        .header("Content-Type", "application/x-amz-json-1.0")
        .body(parameters.to_string());
    let answer = request.send().await.expect("the server is there");
    let status = answer.status();
    let text = answer.text().await.expect("the answer is whole");
    assert!(status.is_success(), "{action} {parameters}: {text}");
    serde_json::from_str(&text).expect("the answer is JSON")
}
