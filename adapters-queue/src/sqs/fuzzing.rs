//! A job's way into a message and out of it, without a queue.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_sqs::types::Message;
use domain::Timestamp;
use ports::Job;

use super::{
    message::{Outgoing, Received, text},
    settings::Kind,
};

/// A message of SQS: its body, and its attributes as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FuzzMessage {
    /// The body.
    pub body: String,
    /// The attributes by name.
    pub attributes: BTreeMap<String, String>,
}

impl FuzzMessage {
    /// The message of a job that is to be delivered after `delay`.
    #[must_use]
    pub fn of(job: &Job, delay: Duration, now: Timestamp) -> Self {
        let entry = Outgoing::new(job, delay, Kind::Fifo, now).entry.id("0").build();
        let entry = entry.expect("a message is complete");
        let attributes = entry.message_attributes.unwrap_or_default().into_iter();
        let attributes = attributes.map(|(name, it)| (name, it.string_value.unwrap_or_default()));
        Self { body: entry.message_body, attributes: attributes.collect() }
    }

    /// The job in it, and when it is due, where it is for later.
    #[must_use]
    pub fn read(&self) -> Option<(Job, Option<Timestamp>)> {
        let attributes = self.attributes.iter().map(|(name, it)| (name.clone(), text(it)));
        let message = Message::builder()
            .body(&self.body)
            .set_message_attributes(Some(attributes.collect()))
            .receipt_handle("handle")
            .build();
        Received::read(&message).ok().map(|it| (it.job, it.due))
    }
}
