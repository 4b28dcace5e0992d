//! Retries cancellations on a person's request, for the command line and the admin API.

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

/// What to do with the matching cancellations.
#[derive(Clone, Copy)]
pub enum RetryMode<'a> {
    /// Count them and their amounts.
    Count,
    /// Requeue them.
    PutBack(Requeue<'a>),
}

/// What is needed to requeue a cancellation.
#[derive(Clone, Copy)]
pub struct Requeue<'a> {
    /// The queue.
    pub jobs: &'a dyn Jobs,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// The channel of the request.
    pub channel: Channel,
}

/// The channel of a person's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A command on this machine.
    CommandLine,
    /// A call with the admin token.
    AdminApi,
}

impl Channel {
    /// The channel as part of a sentence about the request.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        match self {
            Self::CommandLine => "by a person on the command line",
            Self::AdminApi => "by a person through the admin API",
        }
    }
}

/// Why a cancellation is not retried.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// The journal has no cancellation with this id.
    #[error("no cancellation has the id {0}")]
    Unknown(CancellationId),
    /// The cancellation is finished.
    #[error("{0} is {name}: there is nothing to retry", name = .1.name())]
    Settled(CancellationId, CancellationState),
    /// Every cancellation in this state is finished.
    #[error("cannot retry cancellations in state {}", .0.name())]
    Done(CancellationState),
    /// The journal is unavailable.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The queue is unavailable.
    #[error(transparent)]
    Queue(#[from] JobsError),
}

/// The cancellation with this id, if it may be retried.
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

/// Counts or requeues everything that matches. If an error occurs, the tally has what was done
/// before it; the others still match.
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

/// Counts or requeues one cancellation. Requeuing restarts its deadline.
pub async fn apply(
    journal: &dyn Journal,
    record: &CancellationRecord,
    mode: RetryMode<'_>,
    tally: &mut RetryTally,
) -> Result<(), RetryError> {
    if let RetryMode::PutBack(Requeue { jobs, clock, channel }) = mode {
        let (id, now) = (record.cancellation.id(), clock.now());
        // The note has a time, so that each of several retries is a separate note.
        let note = format!("retried {} at {}", channel.phrase(), instant(now));
        // Recorded before it is queued: the worker deletes the job of a cancellation that is still
        // parked.
        journal.record(&id, now, &[Step::Note(vec![note]), Step::Retried]).await?;
        jobs.push(&job(&record.cancellation), Duration::ZERO).await?;
    }
    tally.add(record);
    Ok(())
}

/// Whether the cancellation is finished: credited, or with nothing to credit.
fn is_done(state: CancellationState) -> bool {
    matches!(state, CancellationState::Posted | CancellationState::Skipped)
}
