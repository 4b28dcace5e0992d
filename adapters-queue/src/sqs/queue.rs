//! One queue of SQS and its calls, each with its timeouts and translated errors.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sqs::{
    Client,
    config::Builder,
    types::{
        ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
        MessageSystemAttributeName, QueueAttributeName,
        builders::{
            ChangeMessageVisibilityBatchRequestEntryBuilder, DeleteMessageBatchRequestEntryBuilder,
            SendMessageBatchRequestEntryBuilder,
        },
    },
};
use ports::JobsError;

use super::{
    batch::{Answer, Batches},
    fault::{SqsError, SqsFault},
    message::{Outgoing, seconds},
    settings::{SettingProblem, SettingsError},
};

const CONNECT: Duration = Duration::from_secs(3);
/// The time for one answer, without the wait of a long poll.
const ANSWER: Duration = Duration::from_secs(5);
/// The longest pause before a call is repeated.
const BACKOFF: Duration = Duration::from_millis(200);
/// The most messages of one receive.
const MAX_RECEIVED: usize = 10;
/// A receipt handle that no queue ever issued.
const NO_HANDLE: &str = "memobridge-asks-for-its-rights";

/// How to reach AWS: the given values, and everything else from the AWS configuration chain.
pub async fn aws(region: Option<String>, endpoint: Option<String>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    loader.load().await
}

/// A queue and its calls.
pub(super) struct Queue {
    pub(super) url: Arc<str>,
    client: Client,
    sends: Batches<SendMessageBatchRequestEntryBuilder>,
    deletes: Batches<DeleteMessageBatchRequestEntryBuilder>,
    hides: Batches<ChangeMessageVisibilityBatchRequestEntryBuilder>,
}

/// The three batch calls, which differ only in their names.
macro_rules! batches {
    ($name:ident, $call:ident, $entry:ty) => {
        fn $name(client: &Client, url: &Arc<str>) -> Batches<$entry> {
            let (client, url) = (client.clone(), url.clone());
            Batches::new(move |entries: Vec<$entry>| {
                let entries = entries.into_iter().enumerate();
                let entries = entries.map(|(place, entry)| entry.id(place.to_string()).build());
                let entries = entries.collect::<Result<_, _>>().expect("entries are complete");
                let call = client.$call().queue_url(&*url).set_entries(Some(entries));
                async move {
                    let output = call.send().await?;
                    let successful = output.successful.into_iter().map(|it| it.id).collect();
                    Ok(Answer { successful, failed: output.failed })
                }
            })
        }
    };
}

batches!(sends, send_message_batch, SendMessageBatchRequestEntryBuilder);
batches!(deletes, delete_message_batch, DeleteMessageBatchRequestEntryBuilder);
batches!(hides, change_message_visibility_batch, ChangeMessageVisibilityBatchRequestEntryBuilder);

impl Queue {
    pub(super) fn new(aws: &SdkConfig, url: &str) -> Self {
        // The only retry inside a client, and at most one: otherwise a lost connection or brief
        // throttling would cost a complete attempt at the job, or require the storefront's next
        // delivery. Every call may be repeated: a FIFO send keeps its deduplication id, a standard
        // queue may duplicate anyway, and the others are idempotent. If the failure continues, the
        // caller handles it.
        let retries = RetryConfig::standard().with_max_attempts(2).with_initial_backoff(BACKOFF);
        let config =
            Builder::from(aws).retry_config(retries).timeout_config(timeouts(Duration::ZERO));
        let (client, url) = (Client::from_conf(config.build()), Arc::from(url));
        let (sends, deletes) = (sends(&client, &url), deletes(&client, &url));
        Self { hides: hides(&client, &url), sends, deletes, client, url }
    }

    pub(super) async fn send(&self, message: Outgoing) -> Result<(), SqsError> {
        let sent = self.sends.submit(message.entry, message.bytes).await;
        sent.map_err(self.failed("SendMessage"))
    }

    /// Receives messages and hides them from others for `lease`.
    pub(super) async fn receive(
        &self,
        max: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Message>, SqsError> {
        let max = i32::try_from(max.min(MAX_RECEIVED)).expect("ten is a small number");
        let call = self
            .client
            .receive_message()
            .queue_url(&*self.url)
            .max_number_of_messages(max)
            .visibility_timeout(seconds(lease))
            .wait_time_seconds(seconds(wait))
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::MessageGroupId)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .customize()
            .config_override(Builder::new().timeout_config(timeouts(wait)));
        let received = call.send().await.map_err(SqsFault::from);
        let received = received.map_err(self.failed("ReceiveMessage"))?;
        Ok(received.messages.unwrap_or_default())
    }

    pub(super) async fn delete(&self, handle: &str) -> Result<(), SqsError> {
        let entry = DeleteMessageBatchRequestEntry::builder().receipt_handle(handle);
        let deleted = self.deletes.submit(entry, 0).await;
        deleted.map_err(self.failed("DeleteMessage"))
    }

    /// Hides a received message for `time` from now. Requests that are made before the first answer
    /// is awaited share one call.
    pub(super) fn hide(
        &self,
        handle: &str,
        time: Duration,
    ) -> impl Future<Output = Result<(), SqsError>> + Send + use<> {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
            .receipt_handle(handle)
            .visibility_timeout(seconds(time));
        let hidden = self.hides.submit(entry, 0);
        let failed = self.failed("ChangeMessageVisibility");
        async move { hidden.await.map_err(failed) }
    }

    /// These attributes of the queue. `All` is one of the names; some attributes cause an error if
    /// they are requested by name and the queue does not have them.
    pub(super) async fn attributes(
        &self,
        names: &[QueueAttributeName],
    ) -> Result<HashMap<QueueAttributeName, String>, SqsError> {
        let call = self.client.get_queue_attributes().queue_url(&*self.url);
        let answer = call.set_attribute_names(Some(names.to_vec())).send().await;
        let answer = answer.map_err(SqsFault::from).map_err(self.failed("GetQueueAttributes"))?;
        let nothing = || SqsFault::Unintelligible("it has no attributes".to_owned());
        let attributes = answer.attributes.ok_or_else(nothing);
        attributes.map_err(self.failed("GetQueueAttributes"))
    }

    /// Fails when sending is not permitted: sends an empty batch. SQS may reject it before it
    /// checks permissions; then the first push shows it.
    pub(super) async fn may_send(&self) -> Result<(), SqsError> {
        let call = self.client.send_message_batch().queue_url(&*self.url);
        let answer = call.set_entries(Some(Vec::new())).send().await;
        self.permitted("SendMessage", answer.map(drop).map_err(SqsFault::from))
    }

    /// Fails when another permission is missing: requests a message that is visible again at once,
    /// and changes to a message that does not exist.
    pub(super) async fn may_work(&self) -> Result<(), SqsError> {
        self.receive(1, Duration::ZERO, Duration::ZERO).await?;
        let call = self.client.delete_message().queue_url(&*self.url).receipt_handle(NO_HANDLE);
        let answer = call.send().await.map(drop).map_err(SqsFault::from);
        self.permitted("DeleteMessage", answer)?;
        let call = self.client.change_message_visibility().queue_url(&*self.url);
        let call = call.receipt_handle(NO_HANDLE).visibility_timeout(0);
        let answer = call.send().await.map(drop).map_err(SqsFault::from);
        self.permitted("ChangeMessageVisibility", answer)
    }

    /// Any rejection except a missing permission proves that the call is permitted.
    fn permitted(
        &self,
        action: &'static str,
        answer: Result<(), SqsFault>,
    ) -> Result<(), SqsError> {
        match answer {
            Ok(()) | Err(SqsFault::Refused(_) | SqsFault::LeaseLost(_)) => Ok(()),
            Err(fault) => Err(self.failed(action)(fault)),
        }
    }

    /// The error for a queue that cannot be used with its settings.
    pub(super) fn misconfigured(&self, problem: SettingProblem) -> JobsError {
        JobsError::Unavailable(SettingsError { queue: self.url.clone(), problem }.into())
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(SqsFault) -> SqsError + Send + use<> {
        let queue = self.url.clone();
        move |fault| SqsError { action, queue, fault }
    }
}

/// The timeouts of a call that SQS may delay by `wait`.
fn timeouts(wait: Duration) -> TimeoutConfig {
    let attempt = wait + ANSWER;
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(attempt + 2 * ANSWER)
        .build()
}
