//! The schema, migrated by the replica that starts first.

use sqlx::{Connection, PgConnection};

use super::DatabaseError;
use crate::model::StoreFailure;

/// Each migration runs once per database.
const MIGRATIONS: [&str; 5] = [
    include_str!("schema-1.sql"),
    include_str!("schema-2.sql"),
    include_str!("schema-3.sql"),
    include_str!("schema-4.sql"),
    include_str!("schema-5.sql"),
];

/// The key of the lock under which replicas that start together migrate one after the other.
const LOCK: i64 = 0x6d65_6d6f_6272_6467;

/// The schema of the database, 0 where there is none, and the one that this program knows. A newer
/// one is refused: this program would misread it.
pub(super) async fn find(db: &mut PgConnection) -> Result<(usize, usize), StoreFailure> {
    let (found, known) = (version(db).await?, MIGRATIONS.len());
    if known < found {
        Err(DatabaseError::Newer { found, known }.into())
    } else {
        Ok((found, known))
    }
}

/// Runs the migrations that the database does not have, all or none. Where none is missing it only
/// reads, and needs no right to create anything.
pub(super) async fn migrate(db: &mut PgConnection) -> Result<(), StoreFailure> {
    let (found, known) = find(db).await?;
    if found == known {
        return Ok(());
    }
    let mut work = db.begin().await?;
    sqlx::query("SELECT set_config('statement_timeout', '0', true)").execute(&mut *work).await?;
    // Held until the end of the transaction, so that it also works through a pooler.
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *work).await?;
    // Another replica may have migrated while this one waited for the lock.
    let found = version(&mut work).await?;
    for (number, migration) in (1i32..).zip(MIGRATIONS).skip(found) {
        sqlx::raw_sql(migration).execute(&mut *work).await?;
        let done = sqlx::query("INSERT INTO journal_schema (version) VALUES ($1)").bind(number);
        done.execute(&mut *work).await?;
    }
    Ok(work.commit().await?)
}

async fn version(db: &mut PgConnection) -> Result<usize, StoreFailure> {
    // `to_regclass` is not used: it caches a negative result within the transaction.
    let there = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_tables \
                        WHERE schemaname = current_schema() AND tablename = 'journal_schema')",
    );
    if !there.fetch_one(&mut *db).await? {
        return Ok(0);
    }
    let version: i32 =
        sqlx::query_scalar("SELECT max(version) FROM journal_schema").fetch_one(db).await?;
    Ok(usize::try_from(version)?)
}
