//! Batches the requests of several callers into one call.
//!
//! No entry waits for others to join it: entries that arrive while calls are running are collected
//! for the next call. A single entry is sent at once.

use std::sync::Arc;

use aws_sdk_sqs::types::BatchResultErrorEntry;
use tokio::sync::{
    Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot,
};

use super::fault::SqsFault;

/// The most entries of one request.
const MAX_ENTRIES: usize = 10;
/// The most bytes of all messages of one request.
const MAX_BYTES: usize = 1024 * 1024;
/// Concurrent requests of one kind.
const IN_FLIGHT: usize = 4;

/// Combines the entries of many callers into requests; each caller gets the result of its own
/// entry.
pub(super) struct Batches<Entry> {
    waiting: UnboundedSender<Waiting<Entry>>,
}

struct Waiting<Entry> {
    entry: Entry,
    bytes: usize,
    answer: oneshot::Sender<Result<(), SqsFault>>,
}

/// The answer of SQS about the entries of one request, which are identified by their positions.
pub(super) struct Answer {
    pub(super) successful: Vec<String>,
    pub(super) failed: Vec<BatchResultErrorEntry>,
}

impl Answer {
    /// An entry has succeeded only if SQS says so.
    fn of(&self, place: usize) -> Result<(), SqsFault> {
        let id = place.to_string();
        if self.successful.contains(&id) {
            return Ok(());
        }
        Err(match self.failed.iter().find(|it| it.id == id) {
            Some(entry) => SqsFault::of_code(&entry.code, entry.message().unwrap_or_default()),
            None => SqsFault::Unintelligible("it says nothing about one of the entries".to_owned()),
        })
    }
}

impl<Entry: Send + 'static> Batches<Entry> {
    /// Batches that are sent by `call`, until this is dropped.
    pub(super) fn new<Call>(call: impl Fn(Vec<Entry>) -> Call + Send + Sync + 'static) -> Self
    where
        Call: Future<Output = Result<Answer, SqsFault>> + Send + 'static,
    {
        let (waiting, arriving) = unbounded_channel();
        tokio::spawn(run(arriving, Arc::new(call)));
        Self { waiting }
    }

    /// Submits an entry at once; the future returns the answer.
    pub(super) fn submit(
        &self,
        entry: Entry,
        bytes: usize,
    ) -> impl Future<Output = Result<(), SqsFault>> + Send + use<Entry> {
        let (answer, received) = oneshot::channel();
        let taken = self.waiting.send(Waiting { entry, bytes, answer });
        async move {
            match (taken, received.await) {
                (Ok(()), Ok(result)) => result,
                _ => Err(SqsFault::Unreachable("the process is ending".to_owned())),
            }
        }
    }
}

async fn run<Entry, Call, Calls>(mut arriving: UnboundedReceiver<Waiting<Entry>>, call: Arc<Calls>)
where
    Entry: Send + 'static,
    Call: Future<Output = Result<Answer, SqsFault>> + Send + 'static,
    Calls: Fn(Vec<Entry>) -> Call + Send + Sync + 'static,
{
    let flights = Arc::new(Semaphore::new(IN_FLIGHT));
    loop {
        let flight = flights.clone().acquire_owned().await.expect("the semaphore is never closed");
        let mut batch = Vec::new();
        if arriving.recv_many(&mut batch, MAX_ENTRIES).await == 0 {
            return;
        }
        let call = Arc::clone(&call);
        tokio::spawn(async move {
            while !batch.is_empty() {
                let rest = batch.split_off(fitting(&batch));
                send(&*call, batch).await;
                batch = rest;
            }
            drop(flight);
        });
    }
}

async fn send<Entry, Call: Future<Output = Result<Answer, SqsFault>>>(
    call: &impl Fn(Vec<Entry>) -> Call,
    batch: Vec<Waiting<Entry>>,
) {
    let (entries, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|it| (it.entry, it.answer)).unzip();
    let said = call(entries).await;
    for (place, answer) in answers.into_iter().enumerate() {
        let result = said.as_ref().map_err(Clone::clone).and_then(|it| it.of(place));
        // A caller that was dropped needs no answer.
        answer.send(result).ok();
    }
}

/// How many of the first entries fit into one request: at least one.
fn fitting<Entry>(batch: &[Waiting<Entry>]) -> usize {
    let mut bytes = 0;
    let fits = |it: &&Waiting<Entry>| {
        bytes += it.bytes;
        bytes <= MAX_BYTES
    };
    batch.iter().take_while(fits).count().max(1)
}
