//! The queue in Amazon SQS, FIFO or standard: for replicas on several machines.
//!
//! A delayed job is hidden where SQS can do that, which is one call without a second message;
//! otherwise it is sent again and the old message deleted, in this order. The reasons are in
//! `docs/adr/0003-putting-off-in-sqs.md`.

mod batch;
mod fault;
pub(crate) mod fuzzing;
mod leases;
mod message;
mod queue;
mod settings;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::types::{Message, QueueAttributeName};
use ports::{Backlog, Clock, Delivery, Depth, Instant, Job, Jobs, JobsError, Lease};

pub use self::queue::aws;
use crate::accept;
use {
    self::{
        fault::SqsError,
        message::{MessageError, Outgoing, Received},
        queue::Queue,
        settings::{Kind, MOST_BYTES, SettingProblem, Settings, check_redrive},
    },
    crate::sqs::leases::{LONGEST_HIDING, Leases},
};

/// The longest wait for messages in one call of SQS.
const LONGEST_POLL: Duration = Duration::from_secs(20);
/// How long a queue that answered is assumed to exist.
const READY_FOR: Duration = Duration::from_secs(5);
/// How much longer than the longest wait for a job the queue must keep its message.
const MARGIN: Duration = Duration::from_hours(24);
/// The number of unreadable messages that are remembered, so that each is logged once.
const MAX_REMEMBERED: usize = 10_000;

/// The queues to use.
#[derive(Debug, Clone)]
pub struct SqsOptions {
    /// The queue, FIFO or standard.
    pub url: String,
    /// The destination of messages that cannot be read; without it they stay in the queue.
    pub dead_letter_url: Option<String>,
}

/// A queue that replicas on several machines share.
pub struct Sqs {
    queue: Arc<Queue>,
    settings: Settings,
    dead_letter: Option<Arc<Queue>>,
    leases: Leases,
    clock: Arc<dyn Clock>,
    /// When the queue last answered.
    ready_at: Mutex<Option<Instant>>,
    /// Unreadable messages that were already logged.
    unreadable: Mutex<HashSet<String>>,
}

impl Sqs {
    /// Opens the queue and checks, as far as that is harmless, that it can be used: that it exists,
    /// is set up correctly, and that the process has the permissions.
    pub async fn open(
        aws: &SdkConfig,
        options: &SqsOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, JobsError> {
        let queue = Queue::new(aws, &options.url);
        if aws.region().is_none() {
            return Err(queue.misconfigured(SettingProblem::NoRegion));
        }
        let attributes = queue.attributes(&[QueueAttributeName::All]).await?;
        let settings =
            Settings::read(&queue.url, &attributes).map_err(|it| queue.misconfigured(it))?;
        check_redrive(&attributes).map_err(|it| queue.misconfigured(it))?;
        if settings.max_bytes < MOST_BYTES {
            tracing::warn!(
                remedy = "set the queue's MaximumMessageSize to 1048576",
                "The queue takes no event of more than 5,500 items"
            );
        }
        queue.may_send().await?;
        queue.may_work().await?;
        let dead_letter = match &options.dead_letter_url {
            Some(url) => Some(Arc::new(dead_letter(aws, url, &queue, settings.kind).await?)),
            None => None,
        };
        Ok(Self {
            queue: Arc::new(queue),
            settings,
            dead_letter,
            leases: Leases::default(),
            clock,
            ready_at: Mutex::default(),
            unreadable: Mutex::default(),
        })
    }

    /// Fails when SQS could drop a job that is still waiting.
    pub fn outlasts(&self, give_up_after: Duration) -> Result<(), JobsError> {
        let (kept, needed) = (self.settings.retention, give_up_after + MARGIN);
        if kept < needed {
            return Err(self.queue.misconfigured(SettingProblem::Retention { kept, needed }));
        }
        Ok(())
    }

    async fn send(&self, job: &Job, delay: Duration) -> Result<(), JobsError> {
        accept(job)?;
        let message = Outgoing::new(job, delay, self.settings.kind, self.clock.now());
        let (bytes, limit) = (message.bytes, self.settings.max_bytes);
        if limit < bytes {
            let id = &job.id;
            let problem = format!(
                "job {id} has {bytes} bytes with its attributes, queue {} takes {limit}",
                self.queue.url
            );
            return Err(JobsError::Unavailable(problem.into()));
        }
        Ok(self.queue.send(message).await?)
    }

    /// Delays a job with a new message. It is sent before the old one is deleted: a crash in
    /// between leaves two messages, never none.
    async fn send_again(
        &self,
        old: &Received,
        job: &Job,
        delay: Duration,
    ) -> Result<(), JobsError> {
        self.send(job, delay).await?;
        Ok(self.queue.delete(&old.handle).await?)
    }

    /// Sorts received messages into due jobs, early jobs, and messages that are no jobs.
    async fn sort(&self, messages: Vec<Message>, lease: Duration) -> Vec<Delivery> {
        let (now, instant) = (self.clock.now(), self.clock.instant());
        let mut deliveries = Vec::new();
        let mut hidden = Vec::new();
        for message in messages {
            match Received::read(&message) {
                Err(problem) => self.set_aside(message, &problem),
                Ok(received) => match received.left(now) {
                    None | Some(Duration::ZERO) => {
                        deliveries.push(self.leases.take(received, instant, lease));
                    }
                    Some(left) if received.is_fresh(now, self.settings.retention) => {
                        let hiding = self.queue.hide(&received.handle, left.min(LONGEST_HIDING));
                        hidden.push((received.job.id, hiding));
                    }
                    Some(left) => {
                        let sent = self.send_again(&received, &received.job, left).await;
                        log_failed_delay(&received.job.id, sent);
                    }
                },
            }
        }
        for (id, hiding) in hidden {
            log_failed_delay(&id, hiding.await.map_err(JobsError::from));
        }
        deliveries
    }

    /// Moves a message that is no job out of the way. This happens in the background, so that a
    /// dead-letter queue that does not answer never stops the jobs.
    fn set_aside(&self, message: Message, problem: &MessageError) {
        let id = message.message_id().unwrap_or_default().to_owned();
        if let Some(dead_letter) = &self.dead_letter {
            tracing::error!(message.id = id, error = %problem, "Message {id} is not a job; moving it to the dead letter queue");
            let (queue, dead_letter) = (self.queue.clone(), dead_letter.clone());
            let kind = self.settings.kind;
            tokio::spawn(async move {
                if let Err(failure) = move_away(&message, kind, &queue, &dead_letter).await {
                    tracing::error!(message.id = id, error = %failure, "Failed to move message {id} to the dead letter queue");
                }
            });
            return;
        }
        let mut unreadable =
            self.unreadable.lock().expect("no thread panics while it holds the lock");
        if unreadable.len() == MAX_REMEMBERED {
            unreadable.clear();
        }
        if unreadable.insert(id.clone()) {
            tracing::error!(
                message.id = id, error = %problem,
                "Message {id} is not a job and stays in the queue: no dead_letter_url is set"
            );
        }
    }
}

#[async_trait]
impl Jobs for Sqs {
    async fn push(&self, job: &Job, delay: Duration) -> Result<(), JobsError> {
        self.send(job, delay).await
    }

    async fn receive(
        &self,
        max: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, JobsError> {
        let deadline = self.clock.instant().after(wait);
        loop {
            let left = deadline.since(self.clock.instant()).min(LONGEST_POLL);
            // Whole seconds, rounded down.
            let poll = Duration::from_secs(left.as_secs());
            let messages = self.queue.receive(max, lease, poll).await?;
            let deliveries = self.sort(messages, lease).await;
            if !deliveries.is_empty() || poll.is_zero() {
                return Ok(deliveries);
            }
        }
    }

    async fn extend(&self, held: &Lease, lease: Duration) -> Result<(), JobsError> {
        let now = self.clock.instant();
        let holding = self.leases.get(held, now)?;
        let until = now.after(lease).min(holding.hidden_at_most);
        self.queue.hide(&holding.received.handle, until.since(now)).await?;
        self.leases.extend(held, until);
        Ok(())
    }

    async fn ack(&self, held: &Lease) -> Result<(), JobsError> {
        let holding = self.leases.get(held, self.clock.instant())?;
        self.queue.delete(&holding.received.handle).await?;
        self.leases.release(held);
        Ok(())
    }

    async fn defer(&self, held: &Lease, delay: Duration, attempts: u32) -> Result<(), JobsError> {
        let now = self.clock.instant();
        let holding = self.leases.get(held, now)?;
        let old = &*holding.received;
        // In a FIFO queue a hidden message blocks its group.
        let alone = self.settings.kind == Kind::Standard || old.due.is_some() || delay.is_zero();
        let can_stay = attempts == old.job.attempts
            && now.after(delay) <= holding.hidden_at_most
            && old.is_fresh(self.clock.now(), self.settings.retention);
        if alone && can_stay {
            self.queue.hide(&old.handle, delay).await?;
        } else {
            let job = Job { attempts, ..old.job.clone() };
            self.send_again(old, &job, delay).await?;
        }
        self.leases.release(held);
        Ok(())
    }

    /// Asks SQS at most every five seconds.
    async fn check(&self) -> Result<(), JobsError> {
        let now = self.clock.instant();
        let lock = || self.ready_at.lock().expect("nobody panics with it");
        if lock().is_some_and(|it| now.since(it) < READY_FOR) {
            return Ok(());
        }
        self.queue.attributes(&[QueueAttributeName::QueueArn]).await?;
        *lock() = Some(now);
        Ok(())
    }
}

#[async_trait]
impl Backlog for Sqs {
    /// SQS counts approximately, and does not report since when a job is due.
    async fn depth(&self) -> Result<Depth, JobsError> {
        use QueueAttributeName as Name;
        let [visible, hidden, delayed] = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
            Name::ApproximateNumberOfMessagesDelayed,
        ];
        let names = [visible.clone(), hidden.clone(), delayed.clone()];
        let attributes = self.queue.attributes(&names).await?;
        let count = |name: &Name| {
            let count = attributes.get(name).and_then(|it| it.parse::<u64>().ok());
            count.ok_or_else(|| {
                self.queue.misconfigured(SettingProblem::Attribute("number of messages"))
            })
        };
        Ok(Depth {
            waiting: count(&visible)? + count(&delayed)?,
            leased: count(&hidden)?,
            oldest_due: None,
        })
    }
}

async fn dead_letter(
    aws: &SdkConfig,
    url: &str,
    queue: &Queue,
    kind: Kind,
) -> Result<Queue, JobsError> {
    let dead_letter = Queue::new(aws, url);
    if dead_letter.url == queue.url {
        return Err(dead_letter.misconfigured(SettingProblem::OwnDeadLetter));
    }
    let attributes = dead_letter.attributes(&[QueueAttributeName::All]).await?;
    let settings = Settings::read(url, &attributes).map_err(|it| dead_letter.misconfigured(it))?;
    if settings.kind != kind {
        return Err(dead_letter.misconfigured(SettingProblem::DeadLetterKind { wanted: kind }));
    }
    dead_letter.may_send().await?;
    Ok(dead_letter)
}

/// Sends it before deleting it, with body and attributes unchanged.
async fn move_away(
    message: &Message,
    kind: Kind,
    queue: &Queue,
    dead_letter: &Queue,
) -> Result<(), SqsError> {
    dead_letter.send(Outgoing::copy(message, kind)).await?;
    queue.delete(message.receipt_handle().unwrap_or_default()).await
}

/// An early job that could not be delayed is delivered again when its lease ends.
fn log_failed_delay(id: &domain::CancellationId, result: Result<(), JobsError>) {
    if let Err(error) = result {
        let error = ports::error_chain(&error);
        tracing::warn!(cancellation.id = %id, error, "Failed to delay job {id}, which was received early");
    }
}

#[cfg(test)]
mod tests;
