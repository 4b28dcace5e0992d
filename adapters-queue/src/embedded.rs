//! The queue in a file on this machine.

mod depth;
mod failure;
pub(crate) mod fuzzing;
mod table;

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use embedded_store::Store;
use ports::{Backlog, Clock, Delivery, Depth, Job, Jobs, JobsError, Lease};
use rusqlite::Connection;

use crate::{MAX_LEASED, accept, job_notifier::JobNotifier};

use self::failure::StoreFailure;

const MIGRATIONS: &[&str] =
    &[include_str!("embedded/schema-1.sql"), include_str!("embedded/schema-2.sql")];

/// The longest delay until a push by another process is noticed.
const RECHECK: Duration = Duration::from_secs(1);

/// A queue in one SQLite file. Confirmed writes are on disk; several processes of one machine may
/// share it.
pub struct Embedded {
    store: Store,
    notifier: JobNotifier,
}

impl Embedded {
    /// Opens the queue and creates the file and its folders where they are missing.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> Result<Self, JobsError> {
        let store = Store::open(path, MIGRATIONS);
        let store = store.map_err(|error| JobsError::Unavailable(error.into()))?;
        Ok(Self { store, notifier: JobNotifier::new(clock, RECHECK) })
    }

    /// Returns the error that [`Self::open`] would return. Changes and creates nothing.
    pub fn check(path: &Path) -> Result<(), JobsError> {
        let checked = embedded_store::check(path, MIGRATIONS);
        checked.map_err(|error| JobsError::Unavailable(error.into()))
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreFailure> + Send + 'static,
    ) -> Result<T, JobsError> {
        Ok(self.store.write(work).await?)
    }
}

#[async_trait]
impl Jobs for Embedded {
    async fn push(&self, job: &Job, delay: Duration) -> Result<(), JobsError> {
        accept(job)?;
        let (job, now) = (job.clone(), self.notifier.now());
        self.write(move |db| table::push(db, &job, now, delay)).await?;
        self.notifier.announce();
        Ok(())
    }

    async fn receive(
        &self,
        max: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, JobsError> {
        let look = |now| {
            let work = move |db: &_| table::lease(db, max.min(MAX_LEASED), now, lease);
            self.write(work)
        };
        self.notifier.wait(wait, look).await
    }

    async fn extend(&self, held: &Lease, lease: Duration) -> Result<(), JobsError> {
        let (held, now) = (held.clone(), self.notifier.now());
        self.write(move |db| table::extend(db, &held, now, lease)).await
    }

    async fn ack(&self, held: &Lease) -> Result<(), JobsError> {
        let held = held.clone();
        self.write(move |db| table::ack(db, &held)).await?;
        self.notifier.announce();
        Ok(())
    }

    async fn defer(&self, held: &Lease, delay: Duration, attempts: u32) -> Result<(), JobsError> {
        let (held, now) = (held.clone(), self.notifier.now());
        self.write(move |db| table::defer(db, &held, now, delay, attempts)).await?;
        self.notifier.announce();
        Ok(())
    }

    async fn check(&self) -> Result<(), JobsError> {
        self.write(table::check).await
    }
}

#[async_trait]
impl Backlog for Embedded {
    async fn depth(&self) -> Result<Depth, JobsError> {
        let now = self.notifier.now();
        let depth = self.store.read(move |db| depth::measure(db, now).map_err(StoreFailure::from));
        Ok(depth.await?)
    }
}

#[cfg(test)]
mod tests;
