//! What a queue is, from its attributes; and whether it fits.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_sqs::types::QueueAttributeName as Name;

/// A redrive policy that moves messages earlier would take jobs that wait: every
/// deferral counts as a receive.
pub(super) const LEAST_RECEIVES: u64 = 1000;
/// What SQS took until 2025, and a queue made earlier may still be set to: an event of 5,000 items
/// fits.
const LEAST_BYTES: usize = 256 * 1024;
/// What SQS takes at most: an event of the most items fits.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// The kinds of queues, which differ in what a message must carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In order within a message group; no delay of single messages.
    Fifo,
    /// In any order, sometimes twice.
    Standard,
}

/// What we need to know of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) kind: Kind,
    /// The longest message with its attributes, in bytes.
    pub(super) max_bytes: usize,
    /// After this time SQS drops a message, read or not.
    pub(super) retention: Duration,
}

/// The queue cannot be used as it is set up.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("queue {queue}: {problem}")]
pub(super) struct SettingsError {
    pub(super) queue: Arc<str>,
    pub(super) problem: SettingProblem,
}

/// What is wrong with its settings, and what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SettingProblem {
    #[error("SQS does not tell a usable {0}; fix: check the endpoint")]
    Attribute(&'static str),
    #[error("its name ends in .fifo, but it is no FIFO queue; fix: check URL and endpoint")]
    NotFifo,
    #[error("it is a FIFO queue, but its name does not say so; fix: check the URL")]
    NotNamedFifo,
    #[error(
        "its redrive policy moves a message away after {0} receives, and every deferral is one; \
         fix: set maxReceiveCount to {LEAST_RECEIVES} or remove the policy"
    )]
    Redrive(u64),
    #[error(
        "it keeps messages for {kept:?}, and {needed:?} are needed: give_up_after and a day; what \
         to do: set MessageRetentionPeriod to 1209600 (14 days)"
    )]
    Retention { kept: Duration, needed: Duration },
    #[error("it is the queue itself; fix: name another one in dead_letter_url")]
    OwnDeadLetter,
    #[error("as a dead-letter queue it must be {wanted:?} like the queue; fix: change it")]
    DeadLetterKind { wanted: Kind },
    #[error(
        "it takes messages of {0} bytes, {LEAST_BYTES} are needed; fix: set its MaximumMessageSize \
         to 1048576"
    )]
    MessageSize(usize),
    #[error("no region is known; fix: set queue.region, or AWS_REGION")]
    NoRegion,
}

impl Settings {
    /// Reads the attributes of the queue at `url`.
    pub(super) fn read(
        url: &str,
        attributes: &HashMap<Name, String>,
    ) -> Result<Self, SettingProblem> {
        let is_fifo = attributes.get(&Name::FifoQueue).is_some_and(|it| it == "true");
        let kind = match (is_fifo, url.rsplit('.').next() == Some("fifo")) {
            (true, true) => Kind::Fifo,
            (false, false) => Kind::Standard,
            (false, true) => return Err(SettingProblem::NotFifo),
            (true, false) => return Err(SettingProblem::NotNamedFifo),
        };
        let number = |name: Name, text| {
            let value = attributes.get(&name).and_then(|it| it.parse::<u32>().ok());
            value.ok_or(SettingProblem::Attribute(text))
        };
        let retention = number(Name::MessageRetentionPeriod, "MessageRetentionPeriod")?;
        let max_bytes = number(Name::MaximumMessageSize, "MaximumMessageSize")? as usize;
        if max_bytes < LEAST_BYTES {
            return Err(SettingProblem::MessageSize(max_bytes));
        }
        Ok(Self { kind, max_bytes, retention: Duration::from_secs(retention.into()) })
    }
}

/// Fails when a redrive policy would take jobs that wait.
pub(super) fn check_redrive(attributes: &HashMap<Name, String>) -> Result<(), SettingProblem> {
    let Some(policy) = attributes.get(&Name::RedrivePolicy).filter(|it| !it.is_empty()) else {
        return Ok(());
    };
    let policy: serde_json::Value =
        serde_json::from_str(policy).map_err(|_| SettingProblem::Attribute("RedrivePolicy"))?;
    // A number, or a number in quotes: it is kept as it was set.
    let count = &policy["maxReceiveCount"];
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok());
    match count.ok_or(SettingProblem::Attribute("RedrivePolicy"))? {
        count if count < LEAST_RECEIVES => Err(SettingProblem::Redrive(count)),
        _ => Ok(()),
    }
}
