//! The readers: a few connections that look at snapshots beside the writer.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::{StoreError, open};

/// Reads at the same time; more would wait for the same disk.
const READERS: usize = 4;

/// Connections that are opened when needed and kept.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, idle: Arc::default(), permits: Arc::new(Semaphore::new(READERS)) }
    }

    /// Runs `work` on a thread that may block, in one read transaction.
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
        let (idle, path) = (Arc::clone(&self.idle), self.path.clone());
        let reading = spawn_blocking(move || {
            let _permit = permit;
            let failed = |source| StoreError::Read { path: path.clone(), source };
            let kept = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let db = kept.map_or_else(|| open::reader(&path), Ok).map_err(failed)?;
            let snapshot = db.unchecked_transaction().map_err(failed)?;
            let result = work(&snapshot);
            drop(snapshot);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
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
