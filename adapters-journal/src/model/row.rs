//! Rows, the same in every database, and their conversion to the types of domain and port.

use std::{collections::BTreeMap, error::Error};

use domain::{Cancellation, Claim, ClaimState, Timestamp, UnitId};
use ports::{CancellationRecord, CancellationState, FailedTries, MemoRecord, Query};
use serde::Deserialize;

use super::StoreFailure;
use crate::codec;

/// The limit of a query that gives none.
const DEFAULT_LIMIT: usize = 100;

/// The highest limit.
const MAX_LIMIT: usize = 10_000;

/// The columns of [`CancellationRow`], as a literal for longer ones.
macro_rules! columns {
    () => {
        "place, id, tenant, event, order_id, units, published_at, received_at, waiting_since, \
         updated_at, state, reason, detail, deliveries, failed_tries, failing_since, \
         fails_alone"
    };
}

/// A row of the table `cancellation`.
pub(crate) struct CancellationRow {
    pub(crate) place: i64,
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) event: String,
    pub(crate) order_id: String,
    pub(crate) units: String,
    pub(crate) published_at: i64,
    pub(crate) received_at: i64,
    pub(crate) waiting_since: i64,
    pub(crate) updated_at: i64,
    pub(crate) state: String,
    pub(crate) reason: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) deliveries: i64,
    pub(crate) failed_tries: i64,
    pub(crate) failing_since: i64,
    pub(crate) fails_alone: bool,
}

/// A row of the table `claim`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ClaimRow {
    pub(crate) key: String,
    /// The cancellation that made it.
    pub(crate) cancellation: String,
    pub(crate) memo: String,
    /// When it was last sent without a known answer.
    pub(crate) sent_at: i64,
    /// The memo's id in the ledger, once it is settled.
    pub(crate) record: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) confirmed_total: Option<String>,
}

/// Reads a [`CancellationRow`] by the names of its columns, with `row.get` of any database.
macro_rules! cancellation_row {
    ($row:ident.$get:ident) => {
        $crate::model::CancellationRow {
            place: $row.$get("place")?,
            id: $row.$get("id")?,
            tenant: $row.$get("tenant")?,
            event: $row.$get("event")?,
            order_id: $row.$get("order_id")?,
            units: $row.$get("units")?,
            published_at: $row.$get("published_at")?,
            received_at: $row.$get("received_at")?,
            waiting_since: $row.$get("waiting_since")?,
            updated_at: $row.$get("updated_at")?,
            state: $row.$get("state")?,
            reason: $row.$get("reason")?,
            detail: $row.$get("detail")?,
            deliveries: $row.$get("deliveries")?,
            failed_tries: $row.$get("failed_tries")?,
            failing_since: $row.$get("failing_since")?,
            fails_alone: $row.$get("fails_alone")?,
        }
    };
}

/// Reads a [`ClaimRow`] in the same way.
macro_rules! claim_row {
    ($row:ident.$get:ident) => {
        $crate::model::ClaimRow {
            key: $row.$get("key")?,
            cancellation: $row.$get("cancellation")?,
            memo: $row.$get("memo")?,
            sent_at: $row.$get("sent_at")?,
            record: $row.$get("record")?,
            number: $row.$get("number")?,
            confirmed_total: $row.$get("confirmed_total")?,
        }
    };
}

pub(crate) use {cancellation_row, claim_row, columns};

impl CancellationRow {
    /// The cancellation, without its memos, flags and history.
    pub(crate) fn record(self) -> Result<CancellationRecord, StoreFailure> {
        let id = self.id.clone();
        self.read().map_err(|problem| {
            StoreFailure::because(format!("cancellation {id} cannot be read: {problem}"))
        })
    }

    fn read(self) -> Result<CancellationRecord, Box<dyn Error + Send + Sync>> {
        let units: BTreeMap<String, Option<String>> = serde_json::from_str(&self.units)?;
        let units = units.into_iter().map(|(id, why)| Ok((UnitId::stored(&id)?, why)));
        let failed = FailedTries {
            count: u32::try_from(self.failed_tries)?,
            since: Timestamp::from_millis(self.failing_since),
            is_order_bound: self.fails_alone,
        };
        let unknown = || format!("{:?} is no state", self.state);
        Ok(CancellationRecord {
            cancellation: Cancellation {
                tenant: self.tenant.parse()?,
                event: self.event,
                order: self.order_id.parse()?,
                units: units.collect::<Result<_, domain::IdError>>()?,
                published_at: Timestamp::from_millis(self.published_at),
            },
            state: CancellationState::named(&self.state).ok_or_else(unknown)?,
            reason: self.reason,
            detail: self.detail,
            received_at: Timestamp::from_millis(self.received_at),
            waiting_since: Timestamp::from_millis(self.waiting_since),
            updated_at: Timestamp::from_millis(self.updated_at),
            failed: (failed.count != 0).then_some(failed),
            deliveries: u32::try_from(self.deliveries)?,
            memos: Vec::new(),
            flags: Vec::new(),
            history: Vec::new(),
            sequence: self.place.unsigned_abs(),
        })
    }
}

impl ClaimRow {
    /// The memo as it was or will be sent, and whether it is on record.
    pub(crate) fn claim(&self) -> Result<Claim, StoreFailure> {
        let state = match &self.record {
            Some(id) => ClaimState::Settled(id.parse()?),
            None => ClaimState::Unsettled { sent_at: Timestamp::from_millis(self.sent_at) },
        };
        Ok(Claim { memo: codec::decode(&self.key, &self.memo)?, state })
    }

    /// The claim with the values that were read back.
    pub(crate) fn memo_record(self) -> Result<MemoRecord, StoreFailure> {
        let confirmed_total = self.confirmed_total.as_deref().map(str::parse).transpose()?;
        Ok(MemoRecord { claim: self.claim()?, number: self.number, confirmed_total })
    }
}

/// Failed tries as the columns `failed_tries`, `failing_since` and `fails_alone`.
pub(crate) fn failed(tries: Option<FailedTries>) -> (i64, i64, bool) {
    let columns = |it: FailedTries| (it.count.into(), it.since.as_millis(), it.is_order_bound);
    tries.map_or((0, 0, false), columns)
}

/// The units with the event's reasons, as the column stores them.
pub(crate) fn units(cancellation: &Cancellation) -> Result<String, StoreFailure> {
    let units: BTreeMap<_, _> =
        cancellation.units.iter().map(|(id, why)| (id.as_str(), why)).collect();
    Ok(serde_json::to_string(&units)?)
}

/// The most cancellations that a query returns.
pub(crate) fn limit(query: &Query) -> usize {
    if query.limit == 0 { DEFAULT_LIMIT } else { query.limit.min(MAX_LIMIT) }
}
