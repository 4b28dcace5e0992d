//! A cancellation as JSON: the output of `list --json`, `show --json` and the admin API.
//!
//! `docs/openapi.json` describes these objects; the tests compare answers with it.

use std::collections::BTreeMap;

use domain::{ClaimState, Timestamp, UnitId};
use ports::{CancellationRecord, MemoRecord};
use serde::Serialize;

/// A cancellation in a list.
#[derive(Debug, Serialize)]
pub struct CancellationSummary<'a> {
    id: String,
    tenant: &'a str,
    order: &'a str,
    event: &'a str,
    state: &'static str,
    reason: Option<&'a str>,
    detail: Option<&'a str>,
    received_at: String,
    updated_at: String,
    deliveries: u32,
    flags: &'a [String],
}

/// A cancellation with its history.
#[derive(Debug, Serialize)]
pub struct CancellationDetail<'a> {
    #[serde(flatten)]
    summary: CancellationSummary<'a>,
    history: Vec<HistoryEntry<'a>>,
    units: Vec<&'a str>,
    memos: Vec<Memo<'a>>,
}

#[derive(Debug, Serialize)]
struct HistoryEntry<'a> {
    at: String,
    what: &'a str,
}

/// Amounts are decimals as text, in the memo's currency.
#[derive(Debug, Serialize)]
struct Memo<'a> {
    external_id: &'a str,
    standing: String,
    number: Option<&'a str>,
    units: Vec<&'a str>,
    currency: &'static str,
    credit: String,
    total: String,
    confirmed_total: Option<String>,
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct CancellationPage<'a> {
    /// Newest first.
    pub cancellations: Vec<CancellationSummary<'a>>,
    /// Where the next page begins; none on the last.
    pub next_cursor: Option<String>,
}

/// The number of retried cancellations, and the known amounts.
#[derive(Debug, Serialize)]
pub struct RetryAnswer {
    /// `retried` or `would-retry`.
    pub outcome: &'static str,
    /// Their number.
    pub count: usize,
    /// The credit of memos that are not on record yet, by currency.
    pub sums: BTreeMap<&'static str, String>,
    /// Units without a memo.
    pub units_without_memo: usize,
}

impl<'a> From<&'a CancellationRecord> for CancellationSummary<'a> {
    fn from(record: &'a CancellationRecord) -> Self {
        let cancellation = &record.cancellation;
        Self {
            id: cancellation.id().to_string(),
            tenant: cancellation.tenant.as_str(),
            order: cancellation.order.as_str(),
            event: &cancellation.event,
            state: record.state.name(),
            reason: record.reason.as_deref(),
            detail: record.detail.as_deref(),
            received_at: instant(record.received_at),
            updated_at: instant(record.updated_at),
            deliveries: record.deliveries,
            flags: &record.flags,
        }
    }
}

impl<'a> From<&'a CancellationRecord> for CancellationDetail<'a> {
    fn from(record: &'a CancellationRecord) -> Self {
        let history = record.history.iter();
        Self {
            summary: record.into(),
            history: history.map(|(at, what)| HistoryEntry { at: instant(*at), what }).collect(),
            units: record.cancellation.units.keys().map(UnitId::as_str).collect(),
            memos: record.memos.iter().map(Memo::from).collect(),
        }
    }
}

impl<'a> From<&'a MemoRecord> for Memo<'a> {
    fn from(memo: &'a MemoRecord) -> Self {
        let sent = &memo.claim.memo;
        Self {
            external_id: sent.key.as_str(),
            standing: standing(memo),
            number: memo.number.as_deref(),
            units: sent.units.iter().map(UnitId::as_str).collect(),
            currency: sent.money.code(),
            credit: sent.credit.to_string(),
            total: sent.total.to_string(),
            confirmed_total: memo.confirmed_total.map(|total| total.to_string()),
        }
    }
}

/// An object on one line.
#[must_use]
pub fn line(object: &impl Serialize) -> String {
    serde_json::to_string(object).expect("texts, numbers and lists can be written as JSON")
}

/// The state of a memo.
#[must_use]
pub fn standing(memo: &MemoRecord) -> String {
    match &memo.claim.state {
        ClaimState::Unsettled { .. } => "outcome unknown".to_owned(),
        ClaimState::Settled(record) => format!("on record as {record}"),
    }
}

/// An instant in UTC, in ISO 8601.
#[must_use]
pub fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default().to_string()
}
