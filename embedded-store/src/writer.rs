//! The writer: one thread that commits the writes of many callers with one fsync, and returns free
//! pages to the disk when idle.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, JoinHandle},
};

use rusqlite::Connection;
use tokio::sync::{
    mpsc::{self, error::TryRecvError},
    oneshot,
};

use crate::StoreError;

/// The most writes in one transaction.
const BATCH: usize = 256;

/// Free pages that the file keeps for later writes.
const KEPT_PAGES: i64 = 1024;

/// Free pages that one step returns to the disk. It lasts a few milliseconds, so that a new write
/// hardly waits.
const RECLAIMED_PAGES: i64 = 256;

/// The most writes in the writer's queue; when it is full, callers wait.
const BACKLOG: usize = 1024;

/// A handle of the writer thread.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    queue: Option<mpsc::Sender<Box<dyn WriteJob>>>,
    thread: Option<JoinHandle<()>>,
}

/// One caller's write with its result. It is a trait because every caller has its own types.
trait WriteJob: Send {
    /// Runs the write; its result is stored until the commit.
    fn run(&mut self, db: &Connection) -> Verdict;

    /// Sends the caller the result, or the reason why nothing was written.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// Whether the changes of a write are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Keep,
    Undo,
}

/// Why a transaction is not on disk.
#[derive(Clone)]
enum WriteFailure {
    /// SQLite could not begin or commit it.
    Refused(Arc<rusqlite::Error>),
    /// SQLite rolled it back while a write ran.
    RolledBack,
}

impl Writer {
    /// Starts the thread, which then owns the connection.
    pub(crate) fn start(path: &Path, db: Connection) -> Result<Self, StoreError> {
        let (queue, writes) = mpsc::channel(BACKLOG);
        let owned = path.to_owned();
        let thread = thread::Builder::new()
            .name("embedded-writer".to_owned())
            .spawn(move || serve(&owned, &db, writes))
            .map_err(|source| StoreError::Thread { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), queue: Some(queue), thread: Some(thread) })
    }

    pub(crate) async fn write<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let closed = || StoreError::Closed { path: self.path.clone() };
        let (caller, answer) = oneshot::channel();
        let write_job =
            Box::new(Call { path: self.path.clone(), work: Some(work), result: None, caller });
        let queue = self.queue.as_ref().ok_or_else(closed)?;
        queue.send(write_job).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without a sender the thread ends after the last write in the queue. When this returns,
        // the file is closed and no write is lost.
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the writer thread catches panics");
        }
    }
}

struct Call<W, T, E> {
    path: PathBuf,
    work: Option<W>,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<W, T, E> WriteJob for Call<W, T, E>
where
    W: FnOnce(&Connection) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run(&mut self, db: &Connection) -> Verdict {
        let work = self.work.take().expect("a write is run once");
        // A panic must not end the writer thread.
        let result = catch_unwind(AssertUnwindSafe(|| work(db)));
        let panicked = |_| Err(StoreError::Panicked { path: self.path.clone() }.into());
        let result = result.unwrap_or_else(panicked);
        let verdict = if result.is_ok() { Verdict::Keep } else { Verdict::Undo };
        self.result = Some(result);
        verdict
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let closed = || Err(StoreError::Closed { path: self.path.clone() }.into());
        let result = match committed {
            Ok(()) => self.result.unwrap_or_else(closed),
            Err(error) => Err(error.into()),
        };
        // The caller may have been dropped; its write is committed anyway.
        drop(self.caller.send(result));
    }
}

fn serve(path: &Path, db: &Connection, mut writes: mpsc::Receiver<Box<dyn WriteJob>>) {
    // Reclaiming begins above this limit and ends at `KEPT_PAGES`, so that pages are not returned
    // and allocated again in turn.
    let mut limit = 4 * KEPT_PAGES;
    loop {
        let first = match writes.try_recv() {
            Ok(first) => first,
            Err(TryRecvError::Empty) if reclaim(db, limit) => {
                limit = KEPT_PAGES;
                continue;
            }
            Err(_) => {
                limit = 4 * KEPT_PAGES;
                let Some(first) = writes.blocking_recv() else { return };
                first
            }
        };
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = writes.try_recv()
        {
            batch.push(next);
        }
        let outcome = commit(db, &mut batch);
        for write_job in batch {
            write_job.answer(outcome.clone().map_err(|failure| failure.error(path)));
        }
    }
}

/// Returns some free pages to the disk if there are more than `limit`, and whether it did. An error
/// is ignored here; the next write reports it.
fn reclaim(db: &Connection, limit: i64) -> bool {
    let free = db.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0));
    // Each row that is read frees one page.
    let page = |_: &rusqlite::Row<'_>| Ok(());
    free.is_ok_and(|free| limit < free)
        && db.pragma(None, "incremental_vacuum", RECLAIMED_PAGES, page).is_ok()
}

/// Runs the batch in one transaction, and leaves no transaction open.
fn commit(db: &Connection, batch: &mut Vec<Box<dyn WriteJob>>) -> Result<(), WriteFailure> {
    let outcome = attempt(db, batch);
    if outcome.is_err() && !db.is_autocommit() {
        // If this fails, the next BEGIN fails as well and reports it.
        drop(db.execute_batch("ROLLBACK"));
    }
    outcome
}

fn attempt(db: &Connection, batch: &mut Vec<Box<dyn WriteJob>>) -> Result<(), WriteFailure> {
    run(db, "BEGIN IMMEDIATE")?;
    for at in 0..batch.len() {
        run(db, "SAVEPOINT one_write")?;
        let verdict = batch[at].run(db);
        if db.is_autocommit() {
            // SQLite has rolled everything back. The write that caused it returns its own error;
            // the others get `RolledBack`.
            if verdict == Verdict::Undo {
                batch.remove(at).answer(Ok(()));
            }
            return Err(WriteFailure::RolledBack);
        }
        if verdict == Verdict::Undo {
            run(db, "ROLLBACK TO one_write")?;
        }
        run(db, "RELEASE one_write")?;
    }
    run(db, "COMMIT")?;
    Ok(())
}

/// Runs a statement that is prepared once and cached.
fn run(db: &Connection, statement: &str) -> rusqlite::Result<()> {
    db.prepare_cached(statement)?.execute([]).map(drop)
}

impl WriteFailure {
    fn error(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::Refused(source) => StoreError::Write { path, source },
            Self::RolledBack => StoreError::RolledBack { path },
        }
    }
}

impl From<rusqlite::Error> for WriteFailure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Refused(Arc::new(error))
    }
}
