//! A job as a message: the body is the job's; the other fields are message attributes.

use std::{collections::HashMap, fmt::Display, str::FromStr, time::Duration};

use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName, SendMessageBatchRequestEntry,
    builders::SendMessageBatchRequestEntryBuilder,
};
use domain::Timestamp;
use ports::Job;

use super::settings::Kind;

/// The longest delay that SQS itself supports, only in standard queues.
const LONGEST_DELAY: Duration = Duration::from_mins(15);
/// A message that was received this often is sent again, well before a redrive policy moves it.
const MAX_RECEIVES: u32 = 500;

const ID: &str = "id";
const ORDER: &str = "order";
const ATTEMPTS: &str = "attempts";
const DUE: &str = "due";
const DELAY: &str = "delay";

type Attributes = HashMap<String, MessageAttributeValue>;

/// A message to send.
pub(super) struct Outgoing {
    pub(super) entry: SendMessageBatchRequestEntryBuilder,
    /// The size as SQS counts it, with attributes.
    pub(super) bytes: usize,
}

/// A received job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) job: Job,
    /// The earliest time to deliver it.
    pub(super) due: Option<Timestamp>,
    /// How long before `due` it was sent; `None` for messages of older versions.
    delay: Option<Duration>,
    pub(super) handle: String,
    sent_at: Option<Timestamp>,
    receives: Option<u32>,
}

/// The message is not a job, or damaged.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MessageError {
    #[error("it has no {0}")]
    Missing(&'static str),
    #[error("its {name} {why}")]
    Invalid { name: &'static str, why: String },
}

impl Outgoing {
    /// The message of a job that is to be delivered after `delay`.
    ///
    /// In a FIFO queue a delayed message has its own group: hiding it until it is due blocks no
    /// other message of its order.
    pub(super) fn new(job: &Job, delay: Duration, kind: Kind, now: Timestamp) -> Self {
        let by_sqs = match kind {
            Kind::Fifo => Duration::ZERO,
            Kind::Standard => delay.min(LONGEST_DELAY),
        };
        let due = (by_sqs < delay).then(|| now.after(delay));
        let mut attributes = Attributes::from([
            (ID.to_owned(), text(job.id.as_str())),
            (ORDER.to_owned(), text(job.order.as_str())),
            (ATTEMPTS.to_owned(), number(job.attempts)),
        ]);
        if let Some(due) = due {
            attributes.insert(DUE.to_owned(), number(due.as_millis()));
            attributes.insert(DELAY.to_owned(), number(delay.as_millis()));
        }
        let message = Self::with(&job.body, attributes);
        match kind {
            Kind::Standard => message.map(|it| it.delay_seconds(seconds(by_sqs))),
            Kind::Fifo => {
                // Never the same id twice: SQS would drop the second message for 5 minutes.
                let unique = format!("{}-{:032x}", job.id, rand::random::<u128>());
                let group = if due.is_some() { &unique } else { job.order.as_str() };
                message.map(|it| it.message_group_id(group).message_deduplication_id(&unique))
            }
        }
    }

    /// The same message for a queue of the same kind. A FIFO queue treats a repetition as a
    /// duplicate.
    pub(super) fn copy(message: &Message, kind: Kind) -> Self {
        let attributes = message.message_attributes().cloned().unwrap_or_default();
        let copy = Self::with(message.body().unwrap_or_default(), attributes);
        match kind {
            Kind::Standard => copy,
            Kind::Fifo => {
                let id = message.message_id().unwrap_or_default();
                let group = system(message, &MessageSystemAttributeName::MessageGroupId);
                let group = group.unwrap_or(id);
                copy.map(|it| it.message_group_id(group).message_deduplication_id(id))
            }
        }
    }

    fn with(body: &str, attributes: Attributes) -> Self {
        let bytes = body.len() + attributes.iter().map(attribute_bytes).sum::<usize>();
        let entry = SendMessageBatchRequestEntry::builder()
            .message_body(body)
            .set_message_attributes(Some(attributes).filter(|it| !it.is_empty()));
        Self { entry, bytes }
    }

    fn map(
        self,
        change: impl FnOnce(SendMessageBatchRequestEntryBuilder) -> SendMessageBatchRequestEntryBuilder,
    ) -> Self {
        Self { entry: change(self.entry), ..self }
    }
}

impl Received {
    /// Parses a message that [`Outgoing::new`] wrote.
    pub(super) fn read(message: &Message) -> Result<Self, MessageError> {
        let job = Job {
            id: attribute(message, ID)?,
            order: attribute(message, ORDER)?,
            attempts: attribute(message, ATTEMPTS)?,
            body: message.body().ok_or(MessageError::Missing("body"))?.to_owned(),
        };
        let sent_at = system(message, &MessageSystemAttributeName::SentTimestamp);
        let sent_at = sent_at.and_then(|it| it.parse().ok()).map(Timestamp::from_millis);
        let due = optional::<i64>(message, DUE)?.map(Timestamp::from_millis);
        let delay = optional::<u64>(message, DELAY)?.map(Duration::from_millis);
        let handle = message.receipt_handle().ok_or(MessageError::Missing("receipt handle"))?;
        let receives = system(message, &MessageSystemAttributeName::ApproximateReceiveCount);
        Ok(Self {
            job,
            due,
            delay,
            handle: handle.to_owned(),
            sent_at,
            receives: receives.and_then(|it| it.parse().ok()),
        })
    }

    /// How long until it may be delivered; `None` where it was never delayed.
    ///
    /// Measured with this machine's clock from the time when the message was sent. If the clock
    /// shows an earlier time than that, it was set back, and the time since sending is taken from
    /// the clock of SQS.
    pub(super) fn left(&self, now: Timestamp) -> Option<Duration> {
        let due = match (self.due?, self.delay, self.sent_at) {
            (due, Some(delay), Some(sent_at)) if now.after(delay) < due => sent_at.after(delay),
            (due, ..) => due,
        };
        Some(due.since(now))
    }

    /// Whether the message can stay: SQS drops messages older than the queue's `retention`, and a
    /// redrive policy moves messages that were received too often.
    pub(super) fn is_fresh(&self, now: Timestamp, retention: Duration) -> bool {
        self.sent_at.is_some_and(|it| now.since(it) < retention / 2)
            && self.receives.is_some_and(|it| it < MAX_RECEIVES)
    }
}

/// Whole seconds, as SQS counts them, rounded up.
pub(super) fn seconds(time: Duration) -> i32 {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() != 0);
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

pub(super) fn text(value: &str) -> MessageAttributeValue {
    attribute_value("String", value)
}

fn number(value: impl Display) -> MessageAttributeValue {
    attribute_value("Number", &value.to_string())
}

fn attribute_value(data_type: &str, value: &str) -> MessageAttributeValue {
    let value = MessageAttributeValue::builder().data_type(data_type).string_value(value).build();
    value.expect("an attribute with a type is complete")
}

fn attribute_bytes((name, value): (&String, &MessageAttributeValue)) -> usize {
    let binary = value.binary_value().map_or(0, |it| it.as_ref().len());
    name.len() + value.data_type().len() + value.string_value().map_or(0, str::len) + binary
}

fn attribute<T: FromStr<Err: Display>>(
    message: &Message,
    name: &'static str,
) -> Result<T, MessageError> {
    let found = message.message_attributes().and_then(|it| it.get(name)?.string_value());
    let found = found.ok_or(MessageError::Missing(name))?;
    found.parse().map_err(|why: T::Err| MessageError::Invalid { name, why: why.to_string() })
}

fn optional<T: FromStr<Err: Display>>(
    message: &Message,
    name: &'static str,
) -> Result<Option<T>, MessageError> {
    match attribute(message, name) {
        Ok(value) => Ok(Some(value)),
        Err(MessageError::Missing(_)) => Ok(None),
        Err(invalid) => Err(invalid),
    }
}

fn system<'a>(message: &'a Message, name: &MessageSystemAttributeName) -> Option<&'a str> {
    message.attributes()?.get(name).map(String::as_str)
}
