//! Trying again what a person asks for: the one way of the command line and of the admin API.

mod filter;
mod tally;

use std::time::Duration;

use domain::CancellationId;
use ports::{
    CancellationRecord, CancellationState, Clock, Jobs, JobsError, Journal, JournalError, Query,
    Step,
};

use crate::{
    operator::{json::instant, paging},
    process::service::job,
};

pub use self::{filter::Filter, tally::RetryTally};

/// What is wanted with the cancellations that are found.
#[derive(Clone, Copy)]
pub enum RetryMode<'a> {
    /// To know how many they are, and their money.
    Count,
    /// To have them tried again.
    PutBack(Requeue<'a>),
}

/// The way back into the queue.
#[derive(Clone, Copy)]
pub struct Requeue<'a> {
    /// The queue.
    pub jobs: &'a dyn Jobs,
    /// The time.
    pub clock: &'a dyn Clock,
    /// How it was asked for.
    pub channel: Channel,
}

/// How a person reaches us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A command on this machine.
    CommandLine,
    /// A call with the admin token.
    AdminApi,
}

impl Channel {
    /// As the rest of a sentence that tells what a person did.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::CommandLine => "by a person on the command line",
            Self::AdminApi => "by a person through the admin API",
        }
    }
}

/// Why something is not tried again.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// The journal does not have it.
    #[error("no cancellation has the id {0}")]
    Unknown(CancellationId),
    /// It is done.
    #[error("{0} is {name}: there is nothing to try again", name = .1.name())]
    Settled(CancellationId, CancellationState),
    /// Everything in this state is done.
    #[error("what is {} is not tried again", .0.name())]
    Done(CancellationState),
    /// The journal does not work.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The queue does not work.
    #[error(transparent)]
    Queue(#[from] JobsError),
}

/// The cancellation with this id, if it may be tried again.
pub async fn one(
    journal: &dyn Journal,
    id: &CancellationId,
) -> Result<CancellationRecord, RetryError> {
    let query = Query { id: Some(id.clone()), limit: 1, ..Query::default() };
    let found = journal.find(&query).await?.pop();
    let record = found.ok_or_else(|| RetryError::Unknown(id.clone()))?;
    if is_done(record.state) {
        return Err(RetryError::Settled(id.clone(), record.state));
    }
    Ok(record)
}

/// Does what is wanted with everything that matches. What was done when
/// something failed is in the tally; what was not still matches.
pub async fn all(
    journal: &dyn Journal,
    filter: &Filter,
    mode: RetryMode<'_>,
    tally: &mut RetryTally,
) -> Result<(), RetryError> {
    if is_done(filter.state) {
        return Err(RetryError::Done(filter.state));
    }
    let mut query = filter.query();
    while let Some(page) = paging::next(journal, &mut query).await? {
        for record in &page {
            apply(journal, record, mode, tally).await?;
        }
    }
    Ok(())
}

/// Does what is wanted with one cancellation. Put back, its deadline starts again.
pub async fn apply(
    journal: &dyn Journal,
    record: &CancellationRecord,
    mode: RetryMode<'_>,
    tally: &mut RetryTally,
) -> Result<(), RetryError> {
    if let RetryMode::PutBack(Requeue { jobs, clock, channel }) = mode {
        let (id, now) = (record.cancellation.id(), clock.now());
        // With its time, so that each of several retries is a note of its own.
        let note = format!("retried {} at {}", channel.phrase(), instant(now));
        // Before it is queued: the worker forgets the job of what is still parked.
        journal.record(&id, now, &[Step::Note(vec![note]), Step::Retried]).await?;
        jobs.push(&job(&record.cancellation), Duration::ZERO).await?;
    }
    tally.add(record);
    Ok(())
}

/// Whether nothing is left to try: credited, or nothing to credit.
fn is_done(state: CancellationState) -> bool {
    matches!(state, CancellationState::Posted | CancellationState::Skipped)
}
