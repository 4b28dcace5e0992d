//! The settings of a queue, from its attributes, and whether they fit.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_sqs::types::QueueAttributeName as Name;

/// A redrive policy with a lower count would move jobs that wait, because every deferral counts as
/// a receive.
pub(super) const LEAST_RECEIVES: u64 = 1000;
/// The limit of SQS until 2025, which an older queue may still have. An event of 5,000 items fits.
const LEAST_BYTES: usize = 256 * 1024;
/// The limit of SQS. An event with the most items fits.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// The kinds of queues, which differ in what a message must carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// In order within a message group; no delay of single messages.
    Fifo,
    /// In any order, sometimes twice.
    Standard,
}

/// The relevant settings of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) kind: Kind,
    /// The longest message with its attributes, in bytes.
    pub(super) max_bytes: usize,
    /// After this time SQS drops a message, read or not.
    pub(super) retention: Duration,
}

/// The queue cannot be used with its settings.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("queue {queue}: {problem}")]
pub(super) struct SettingsError {
    pub(super) queue: Arc<str>,
    pub(super) problem: SettingProblem,
}

/// The problem with a setting, and its fix.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SettingProblem {
    #[error("SQS reports no usable {0}; fix: check the endpoint")]
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
        "it keeps messages for {kept:?}, and {needed:?} are needed: give_up_after and a day; fix: \
         set MessageRetentionPeriod to 1209600 (14 days)"
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

/// Fails when a redrive policy would move jobs that wait.
pub(super) fn check_redrive(attributes: &HashMap<Name, String>) -> Result<(), SettingProblem> {
    let Some(policy) = attributes.get(&Name::RedrivePolicy).filter(|it| !it.is_empty()) else {
        return Ok(());
    };
    let policy: serde_json::Value =
        serde_json::from_str(policy).map_err(|_| SettingProblem::Attribute("RedrivePolicy"))?;
    // A number, or a number in quotes: SQS returns it as it was set.
    let count = &policy["maxReceiveCount"];
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok());
    match count.ok_or(SettingProblem::Attribute("RedrivePolicy"))? {
        count if count < LEAST_RECEIVES => Err(SettingProblem::Redrive(count)),
        _ => Ok(()),
    }
}
