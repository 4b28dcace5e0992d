//! A cancellation as JSON, the same in `list --json`, `show --json` and the admin API.

use domain::{ClaimState, Timestamp};
use ports::{CancellationRecord, MemoRecord};
use serde_json::{Value, json};

/// A cancellation as an entry of a list.
#[must_use]
pub fn summary(record: &CancellationRecord) -> Value {
    json!({
        "id": record.cancellation.id().as_str(),
        "tenant": record.cancellation.tenant.as_str(),
        "order": record.cancellation.order.as_str(),
        "event": record.cancellation.event,
        "state": record.state.name(),
        "reason": record.reason,
        "detail": record.detail,
        "received_at": instant(record.received_at),
        "updated_at": instant(record.updated_at),
        "deliveries": record.deliveries,
        "flags": record.flags,
    })
}

/// A cancellation with its history, if the query asked for it.
#[must_use]
pub fn whole(record: &CancellationRecord) -> Value {
    let mut all = summary(record);
    let history = record.history.iter();
    all["history"] =
        history.map(|(at, what)| json!({ "at": instant(*at), "what": what })).collect();
    all["units"] = record.cancellation.units.keys().map(ToString::to_string).collect();
    all["memos"] = record.memos.iter().map(memo).collect();
    all
}

fn memo(memo: &MemoRecord) -> Value {
    let sent = &memo.claim.memo;
    json!({
        "external_id": sent.key.as_str(),
        "standing": standing(memo),
        "number": memo.number,
        "units": sent.units.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "currency": sent.money.code(),
        "credit": sent.credit.to_string(),
        "total": sent.total.to_string(),
        "confirmed_total": memo.confirmed_total.map(|it| it.to_string()),
    })
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
