//! The journal in a PostgreSQL database, shared by replicas on several machines.

mod claim;
mod connections;
mod find;
mod lease;
mod open_counts;
mod record;
mod schema;
mod url;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use domain::{Cancellation, CancellationId, Claim, OrderId, Tenant, Timestamp};
use ports::{
    CancellationRecord, Journal, JournalError, LeaseToken, OpenCount, OpenCounts, OrderLease,
    Query, Received, Retention, Step,
};
use sqlx::PgConnection;
use tokio::time::timeout;

use self::connections::Connections;
pub use self::url::{DatabaseUrl, DatabaseUrlError};
use crate::{
    Existing,
    model::{FORGET, StoreFailure, at_most as limit},
};

/// The time limit of a call once it has a connection.
const LIMIT: Duration = Duration::from_secs(5);

/// A journal in a PostgreSQL database. A confirmed write is committed, and as durable as the
/// database's commits.
///
/// Every call ends, within 10 s at most. A failed call is [`JournalError::Unavailable`]: it may or
/// may not have taken effect, and may be repeated, like every step. The next call connects again.
///
/// Leases use the callers' time: the clocks of the machines may differ by the time that is left of
/// a lease when it is renewed, and by no more.
pub struct Postgres {
    connections: Connections,
}

/// Why the database cannot be used, where the error does not come from the database.
#[derive(Debug, thiserror::Error)]
enum DatabaseError {
    #[error("all {0} connections to the database are in use")]
    Busy(usize),
    #[error("the database has not answered within {0:?}")]
    Silent(Duration),
    #[error("the database is a standby, which accepts no writes")]
    Standby,
    #[error("the database has journal schema {found}, this program knows up to {known}")]
    Newer { found: usize, known: usize },
}

impl Postgres {
    /// Opens the journal and creates missing tables.
    pub async fn open(url: &DatabaseUrl) -> Result<Self, JournalError> {
        let connections = Connections::new(url);
        let mut db = connections.take().await?;
        schema::migrate(&mut db.connection).await?;
        db.release();
        Ok(Self { connections })
    }

    /// Opens the journal for reading, without creating or migrating anything.
    pub async fn open_existing(url: &DatabaseUrl) -> Result<Existing<Self>, JournalError> {
        let connections = Connections::new(url);
        let mut db = connections.take().await?;
        let (found, known) = schema::find(&mut db.connection).await?;
        db.release();
        Ok(match found {
            0 => Existing::Missing,
            found if found < known => Existing::Older { found, known },
            _ => Existing::Current(Self { connections }),
        })
    }

    /// Makes one call on its own connection. After a failure that connection is closed in any
    /// state, and the idle ones as well.
    async fn call<T>(
        &self,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, StoreFailure>,
    ) -> Result<T, JournalError> {
        let mut db = self.connections.take().await?;
        let result = timeout(LIMIT, work(&mut db.connection)).await;
        match result.unwrap_or_else(|_| Err(DatabaseError::Silent(LIMIT).into())) {
            Err(StoreFailure::Other(source)) => {
                self.connections.forget();
                Err(JournalError::Unavailable(source))
            }
            result => {
                db.release();
                Ok(result?)
            }
        }
    }
}

#[async_trait]
impl Journal for Postgres {
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Received, JournalError> {
        self.call(async |db| record::open(db, cancellation, now).await).await
    }

    async fn acquire(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &LeaseToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OrderLease, JournalError> {
        self.call(async |db| lease::acquire(db, tenant, order, token, now, lease).await).await
    }

    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError> {
        self.call(async |db| claim::of_order(db, tenant, order).await).await
    }

    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), JournalError> {
        self.call(async |db| record::steps(db, id, now, steps).await).await
    }

    async fn find(&self, query: &Query) -> Result<Vec<CancellationRecord>, JournalError> {
        self.call(async |db| find::find(db, query).await).await
    }
}

#[async_trait]
impl Retention for Postgres {
    async fn forget(&self, before: Timestamp, at_most: usize) -> Result<usize, JournalError> {
        self.call(async |db| {
            let forget = sqlx::query(FORGET).bind(before.as_millis());
            let forgotten = forget.bind(limit(at_most)).execute(db).await?;
            Ok(usize::try_from(forgotten.rows_affected()).unwrap_or(usize::MAX))
        })
        .await
    }
}

#[async_trait]
impl OpenCounts for Postgres {
    async fn open_counts(&self) -> Result<Vec<OpenCount>, JournalError> {
        self.call(async |db| open_counts::open_counts(db).await).await
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}
