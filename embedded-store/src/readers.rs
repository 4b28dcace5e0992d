//! The readers: a few connections that read snapshots while the writer works.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{StoreError, open};

/// Concurrent reads; more would wait for the same disk.
const READERS: usize = 4;

/// Whether this process also writes the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// It has a writer: read connections are reused.
    Writer,
    /// It only reads. Each read opens the file again, because a writing process may have started.
    Nothing,
}

/// Connections that are opened when needed.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    beside: Beside,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf, beside: Beside) -> Self {
        Self { path, beside, idle: Arc::default(), permits: Arc::new(Semaphore::new(READERS)) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `work` in one read transaction, on a thread that may block.
    pub(crate) async fn read<T, E>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let closed = |_| StoreError::Closed { path: self.path.clone() };
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(closed)?;
        let (idle, path, beside) = (Arc::clone(&self.idle), self.path.clone(), self.beside);
        let reading = spawn_blocking(move || {
            let _permit = permit;
            let failed = |source| StoreError::Read { path: path.clone(), source };
            let reused = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let open = || match beside {
                Beside::Writer => open::reader(&path),
                Beside::Nothing => open::read_only_connection(&path),
            };
            let db = reused.map_or_else(open, Ok).map_err(failed)?;
            let snapshot = db.unchecked_transaction().map_err(failed)?;
            let result = work(&snapshot);
            drop(snapshot);
            if beside == Beside::Writer {
                idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
            }
            result
        });
        match reading.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => {
                Err(StoreError::Panicked { path: self.path.clone() }.into())
            }
            Err(_) => Err(StoreError::Closed { path: self.path.clone() }.into()),
        }
    }
}
