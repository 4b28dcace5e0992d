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

/// Pieces of work that share one transaction at most.
const BATCH: usize = 256;

/// Free pages that a file may keep: it will need them again.
const KEPT_PAGES: i64 = 1024;

/// Free pages that are given back at once: a few milliseconds, so that a caller
/// who comes meanwhile hardly waits.
const RECLAIMED_PAGES: i64 = 256;

/// Pieces that may wait for the writer; past that, callers wait to hand theirs in.
const BACKLOG: usize = 1024;

/// The way to the writer's thread.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    queue: Option<mpsc::Sender<Box<dyn WriteJob>>>,
    thread: Option<JoinHandle<()>>,
}

/// One caller's work, its result and the caller who waits for it; a trait
/// because every caller has its own types.
trait WriteJob: Send {
    /// Does the work; its result is kept until the commit.
    fn run(&mut self, db: &Connection) -> Verdict;

    /// Gives the result to the caller, or the reason why nothing was written.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// What becomes of the changes that a piece of work made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Keep,
    Undo,
}

/// Why a transaction is not on disk.
#[derive(Clone)]
enum WriteFailure {
    /// SQLite refused to begin or to commit it.
    Refused(Arc<rusqlite::Error>),
    /// SQLite gave it up while a piece ran.
    RolledBack,
}

impl Writer {
    /// Starts the thread, which owns the connection from now on.
    pub(crate) fn start(path: &Path, db: Connection) -> Result<Self, StoreError> {
        let (queue, pieces) = mpsc::channel(BACKLOG);
        let owned = path.to_owned();
        let thread = thread::Builder::new()
            .name("embedded-writer".to_owned())
            .spawn(move || serve(&owned, &db, pieces))
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
        let piece =
            Box::new(Call { path: self.path.clone(), work: Some(work), result: None, caller });
        let queue = self.queue.as_ref().ok_or_else(closed)?;
        queue.send(piece).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Without a sender the thread ends after its last piece; waiting for it
        // means that the file is closed, and no work lost, when this returns.
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the writer catches what panics in it");
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
        let work = self.work.take().expect("a piece of work is run once");
        // A panic must not take the writer, and with it all later work, along.
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
        // A caller that has left gave up the answer, not the work.
        drop(self.caller.send(result));
    }
}

fn serve(path: &Path, db: &Connection, mut pieces: mpsc::Receiver<Box<dyn WriteJob>>) {
    // Free pages above which giving back begins; in between nothing is moved to and fro.
    let mut limit = 4 * KEPT_PAGES;
    loop {
        let first = match pieces.try_recv() {
            Ok(first) => first,
            Err(TryRecvError::Empty) if reclaim(db, limit) => {
                limit = KEPT_PAGES;
                continue;
            }
            Err(_) => {
                limit = 4 * KEPT_PAGES;
                let Some(first) = pieces.blocking_recv() else { return };
                first
            }
        };
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = pieces.try_recv()
        {
            batch.push(next);
        }
        let outcome = commit(db, &mut batch);
        for piece in batch {
            piece.answer(outcome.clone().map_err(|failure| failure.error(path)));
        }
    }
}

/// Gives some free pages back to the disk, where there are more than `limit`;
/// whether it did. What fails here fails again, and is told, at the next write.
fn reclaim(db: &Connection, limit: i64) -> bool {
    let free = db.pragma_query_value(None, "freelist_count", |row| row.get::<_, i64>(0));
    // A step frees a page, so it is asked for row after row.
    let page = |_: &rusqlite::Row<'_>| Ok(());
    free.is_ok_and(|free| limit < free)
        && db.pragma(None, "incremental_vacuum", RECLAIMED_PAGES, page).is_ok()
}

/// Runs the batch in one transaction and leaves none open, whatever happens.
fn commit(db: &Connection, batch: &mut Vec<Box<dyn WriteJob>>) -> Result<(), WriteFailure> {
    let outcome = attempt(db, batch);
    if outcome.is_err() && !db.is_autocommit() {
        // When even this fails, the next BEGIN says so to everyone.
        drop(db.execute_batch("ROLLBACK"));
    }
    outcome
}

fn attempt(db: &Connection, batch: &mut Vec<Box<dyn WriteJob>>) -> Result<(), WriteFailure> {
    run(db, "BEGIN IMMEDIATE")?;
    for at in 0..batch.len() {
        run(db, "SAVEPOINT piece")?;
        let verdict = batch[at].run(db);
        if db.is_autocommit() {
            // SQLite has undone everything. The piece that met the cause has it
            // in its own error; the others are told that they were undone.
            if verdict == Verdict::Undo {
                batch.remove(at).answer(Ok(()));
            }
            return Err(WriteFailure::RolledBack);
        }
        if verdict == Verdict::Undo {
            run(db, "ROLLBACK TO piece")?;
        }
        run(db, "RELEASE piece")?;
    }
    run(db, "COMMIT")?;
    Ok(())
}

/// Runs a statement that is parsed once.
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
