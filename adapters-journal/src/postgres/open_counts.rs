//! Counts unfinished cancellations.

use ports::OpenCount;
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::model::{COUNT, StoreFailure, unfinished};

pub(super) async fn open_counts(db: &mut PgConnection) -> Result<Vec<OpenCount>, StoreFailure> {
    let rows = sqlx::query(COUNT).fetch_all(db).await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<OpenCount, StoreFailure> {
    let (tenant, state) = (row.try_get("tenant")?, row.try_get("state")?);
    unfinished(tenant, state, row.try_get("count")?, row.try_get("since")?)
}
