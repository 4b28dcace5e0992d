//! Connections: a bounded number, opened when they are needed and kept while they are good.
//!
//! Not the driver's own pool, because of what happens when the server dies: here
//! a refused connection is said at once and in its own words, a connection whose
//! call failed or was given up is closed instead of used again, and it takes the
//! resting ones along, which were open to the same server.

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

/// Connections at once; callers beyond that wait.
const MOST: usize = 16;
/// How long a caller waits for a connection.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection that rested may take to say that it lives.
const ANSWER: Duration = Duration::from_secs(1);
/// A connection that rested for less is taken to be alive: no server restarts as fast.
const FRESH: Duration = Duration::from_millis(100);

/// What holds for every connection, and whether it is to a standby. A call whose caller has gone
/// ends by itself, also when this process is gone in the middle of it; and a server that may lose
/// what it committed is told not to.
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
        // A pooler in between need not know of floats, and statements are in no log.
        let options = options.extra_float_digits(None).disable_statement_logging();
        Self { options, permits: Semaphore::new(MOST), idle: Mutex::default() }
    }

    /// A connection that is alive, after a wait that ends.
    pub(super) async fn take(&self) -> Result<PooledConnection<'_>, StoreFailure> {
        let deadline = Instant::now() + TIMEOUT;
        let permit = timeout_at(deadline, self.permits.acquire()).await;
        let permit = permit.map_err(|_| DatabaseError::Busy(MOST))?;
        let permit = permit.expect("the semaphore is never closed");
        let connection = timeout_at(deadline, self.alive()).await;
        let connection = connection.map_err(|_| DatabaseError::Silent(TIMEOUT))??;
        Ok(PooledConnection { connection, home: self, _permit: permit })
    }

    /// Closes the resting connections.
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
    /// Keeps the connection for the next call: nothing is under way on it.
    pub(super) fn release(self) {
        let rested = Idle { connection: self.connection, since: Instant::now() };
        self.home.idle().push(rested);
    }
}
