//! A connection pool: a bounded number of connections, opened when needed and kept while they work.
//!
//! This is not the driver's pool, because of its behaviour when the server dies. Here a refused
//! connection is reported at once and with its own message. A connection whose call failed or was
//! dropped is closed instead of reused, and the idle connections to the same server are closed with
//! it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection,
    postgres::{PgConnectOptions, PgConnection},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout, timeout_at},
};

use super::{DatabaseError, DatabaseUrl};
use crate::model::StoreFailure;

/// The most connections at once; further callers wait.
const MOST: usize = 16;
/// How long a caller waits for a connection.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection may take to prove that it works.
const ANSWER: Duration = Duration::from_secs(1);
/// A connection that was idle for less is assumed to work: no server restarts that quickly.
const FRESH: Duration = Duration::from_millis(100);

/// The settings of every connection, and whether the server is a standby. A statement whose caller
/// has ended also ends, even if this process dies in the middle of it. A server that may lose
/// committed writes (`synchronous_commit = off`) is set to keep them.
const SESSION: &str = "\
    SELECT pg_is_in_recovery(), \
           set_config('statement_timeout', '5s', false), \
           set_config('idle_in_transaction_session_timeout', '10s', false), \
           set_config('default_transaction_isolation', 'read committed', false), \
           set_config('synchronous_commit', \
                      replace(current_setting('synchronous_commit'), 'off', 'on'), false)";

/// Connections to one database.
pub(super) struct Connections {
    options: PgConnectOptions,
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: PgConnection,
    since: Instant,
}

/// A connection for one call. Dropping it closes it.
pub(super) struct PooledConnection<'a> {
    pub(super) connection: PgConnection,
    home: &'a Connections,
    _permit: SemaphorePermit<'a>,
}

impl Connections {
    pub(super) fn new(url: &DatabaseUrl) -> Self {
        let options = *url.0.clone();
        let named = options.get_application_name().is_some();
        let options = if named { options } else { options.application_name("memobridge") };
        // A pooler may not know the float setting, and statements are not logged.
        let options = options.extra_float_digits(None).disable_statement_logging();
        Self { options, permits: Semaphore::new(MOST), idle: Mutex::default() }
    }

    /// A working connection, after a bounded wait.
    pub(super) async fn take(&self) -> Result<PooledConnection<'_>, StoreFailure> {
        let deadline = Instant::now() + TIMEOUT;
        let permit = timeout_at(deadline, self.permits.acquire()).await;
        let permit = permit.map_err(|_| DatabaseError::Busy(MOST))?;
        let permit = permit.expect("the semaphore is never closed");
        let connection = timeout_at(deadline, self.alive()).await;
        let connection = connection.map_err(|_| DatabaseError::Silent(TIMEOUT))??;
        Ok(PooledConnection { connection, home: self, _permit: permit })
    }

    /// Closes the idle connections.
    pub(super) fn forget(&self) {
        self.idle().clear();
    }

    async fn alive(&self) -> Result<PgConnection, StoreFailure> {
        let rested = self.idle().pop();
        if let Some(Idle { mut connection, since }) = rested {
            if since.elapsed() < FRESH {
                return Ok(connection);
            }
            if let Ok(Ok(())) = timeout(ANSWER, connection.ping()).await {
                return Ok(connection);
            }
            self.forget();
        }
        let mut connection = PgConnection::connect_with(&self.options).await?;
        let is_standby: bool = sqlx::query_scalar(SESSION).fetch_one(&mut connection).await?;
        if is_standby { Err(DatabaseError::Standby.into()) } else { Ok(connection) }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PooledConnection<'_> {
    /// Returns the connection for the next call; no statement is running on it.
    pub(super) fn release(self) {
        let rested = Idle { connection: self.connection, since: Instant::now() };
        self.home.idle().push(rested);
    }
}
