//! Counting what is not over.

use ports::Unfinished;
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::book::{COUNT, Failure, unfinished};

pub(super) async fn census(db: &mut PgConnection) -> Result<Vec<Unfinished>, Failure> {
    let rows = sqlx::query(COUNT).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<Unfinished, Failure> {
    let (tenant, state) = (row.try_get("tenant")?, row.try_get("state")?);
    unfinished(tenant, state, row.try_get("count")?, row.try_get("since")?)
}
