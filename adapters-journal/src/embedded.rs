//! The journal in a file of this machine.

mod claim;
mod find;
mod lease;
mod open_counts;
mod record;

use std::{path::Path, time::Duration};

use async_trait::async_trait;
use domain::{Cancellation, CancellationId, Claim, OrderId, Tenant, Timestamp};
use embedded_store::{Store, StoreError};
use ports::{
    CancellationRecord, Journal, JournalError, LeaseToken, OpenCount, OpenCounts, OrderLease,
    Query, Received, Retention, Step,
};

use crate::{
    Existing,
    model::{FORGET, StoreFailure, at_most as limit},
};

const MIGRATIONS: &[&str] = &[
    include_str!("embedded/schema-1.sql"),
    include_str!("embedded/schema-2.sql"),
    include_str!("embedded/schema-3.sql"),
    include_str!("embedded/schema-4.sql"),
    include_str!("embedded/schema-5.sql"),
];

/// A journal in one SQLite file. Confirmed writes are on disk; several processes of one machine may
/// share it.
///
/// `find` returns at most 10,000 cancellations at once, with flags as `name: sentence`. A
/// redelivery and every step except [`Step::Released`] add a line to the history, unless they
/// change nothing.
#[derive(Debug)]
pub struct Embedded {
    store: Store,
}

impl Embedded {
    /// Opens the journal and creates the file and its folders where they are missing.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        Ok(Self { store: Store::open(path, MIGRATIONS).map_err(unavailable)? })
    }

    /// Opens the journal for reading. Changes nothing.
    pub fn open_existing(path: &Path) -> Result<Existing<Self>, JournalError> {
        if matches!(path.try_exists(), Ok(false)) {
            return Ok(Existing::Missing);
        }
        match Store::open_read_only(path, MIGRATIONS) {
            Ok(store) => Ok(Existing::Current(Self { store })),
            Err(StoreError::Older { found, known, .. }) => Ok(Existing::Older { found, known }),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Returns the error that [`Self::open`] would return. Changes and creates nothing.
    pub fn check(path: &Path) -> Result<(), JournalError> {
        embedded_store::check(path, MIGRATIONS).map_err(unavailable)
    }
}

fn unavailable(error: StoreError) -> JournalError {
    JournalError::Unavailable(error.into())
}

#[async_trait]
impl Journal for Embedded {
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Received, JournalError> {
        let cancellation = cancellation.clone();
        Ok(self.store.write(move |db| record::open(db, &cancellation, now)).await?)
    }

    async fn acquire(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &LeaseToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OrderLease, JournalError> {
        let (tenant, order, token) = (tenant.clone(), order.clone(), token.clone());
        let work = move |db: &_| lease::acquire(db, &tenant, &order, &token, now, lease);
        Ok(self.store.write(work).await?)
    }

    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError> {
        let (tenant, order) = (tenant.clone(), order.clone());
        Ok(self.store.read(move |db| claim::of_order(db, &tenant, &order)).await?)
    }

    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), JournalError> {
        let (id, steps) = (id.clone(), steps.to_vec());
        Ok(self.store.write(move |db| record::steps(db, &id, now, &steps)).await?)
    }

    async fn find(&self, query: &Query) -> Result<Vec<CancellationRecord>, JournalError> {
        let query = query.clone();
        Ok(self.store.read(move |db| find::find(db, &query)).await?)
    }
}

#[async_trait]
impl Retention for Embedded {
    async fn forget(&self, before: Timestamp, at_most: usize) -> Result<usize, JournalError> {
        let forget = move |db: &rusqlite::Connection| {
            let mut statement = db.prepare_cached(FORGET)?;
            let limit = limit(at_most);
            Ok::<_, StoreFailure>(statement.execute([before.as_millis(), limit])?)
        };
        Ok(self.store.write(forget).await?)
    }
}

#[async_trait]
impl OpenCounts for Embedded {
    async fn open_counts(&self) -> Result<Vec<OpenCount>, JournalError> {
        Ok(self.store.read(open_counts::open_counts).await?)
    }
}

#[cfg(test)]
mod tests;
