//! Rows of the journal as the words of the domain and of the port.

use std::{collections::BTreeMap, error::Error};

use domain::{Cancellation, Timestamp, UnitId};
use ports::State;
use rusqlite::{Connection, OptionalExtension, Row};

use super::failure::Failure;

/// A row of the table `cancellation`.
pub(super) struct Stored {
    pub(super) place: i64,
    pub(super) id: String,
    pub(super) cancellation: Cancellation,
    pub(super) received_at: Timestamp,
    pub(super) waiting_since: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) state: State,
    pub(super) reason: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) deliveries: u32,
}

/// The columns that [`Stored::from_row`] reads, in its order.
pub(super) const COLUMNS: &str = "place, id, tenant, event, order_id, units, published_at, \
     received_at, waiting_since, updated_at, state, reason, detail, deliveries";

impl Stored {
    /// The cancellation with this id, if it was ever received.
    pub(super) fn load(db: &Connection, id: &str) -> Result<Option<Self>, Failure> {
        let query = format!("SELECT {COLUMNS} FROM cancellation WHERE id = ?1");
        let mut statement = db.prepare_cached(&query)?;
        statement.query_row([id], |row| Ok(Self::from_row(row))).optional()?.transpose()
    }

    pub(super) fn from_row(row: &Row<'_>) -> Result<Self, Failure> {
        let id: String = row.get("id")?;
        let unreadable = |problem: Box<dyn Error + Send + Sync>| {
            Failure::because(format!("cancellation {id} cannot be read: {problem}"))
        };
        let cancellation = cancellation(row).map_err(unreadable)?;
        let state: String = row.get("state")?;
        let unknown = || unreadable(format!("{state:?} is no state").into());
        Ok(Self {
            place: row.get("place")?,
            cancellation,
            received_at: timestamp(row, "received_at")?,
            waiting_since: timestamp(row, "waiting_since")?,
            updated_at: timestamp(row, "updated_at")?,
            state: State::named(&state).ok_or_else(unknown)?,
            reason: row.get("reason")?,
            detail: row.get("detail")?,
            deliveries: row.get("deliveries")?,
            id,
        })
    }
}

fn cancellation(row: &Row<'_>) -> Result<Cancellation, Box<dyn Error + Send + Sync>> {
    let units: BTreeMap<String, Option<String>> =
        serde_json::from_str(&row.get::<_, String>("units")?)?;
    let units = units.into_iter().map(|(id, why)| Ok((UnitId::stored(&id)?, why)));
    Ok(Cancellation {
        tenant: row.get::<_, String>("tenant")?.parse()?,
        event: row.get("event")?,
        order: row.get::<_, String>("order_id")?.parse()?,
        units: units.collect::<Result<_, domain::InvalidId>>()?,
        published_at: timestamp(row, "published_at")?,
    })
}

/// The units with the event's reasons as the column keeps them.
pub(super) fn units(cancellation: &Cancellation) -> Result<String, Failure> {
    let units: BTreeMap<_, _> =
        cancellation.units.iter().map(|(id, why)| (id.as_str(), why)).collect();
    Ok(serde_json::to_string(&units)?)
}

fn timestamp(row: &Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    Ok(Timestamp::from_millis(row.get(column)?))
}
