//! The changes of each step, and their texts in the history.

use domain::{Amount, Cancellation, CancellationId, CreditMemo, MemoKey, RecordId, Timestamp};
use ports::{CancellationRecord, CancellationState, FailedTries, Step};

use super::{ClaimRow, StoreFailure, bounded};
use crate::codec;

/// The history text of a redelivery.
pub(crate) const DELIVERED_AGAIN: &str = "delivered again";

/// Whether the history has a line for the delivery with this number, and for its outcome. During an
/// outage an event may be delivered thousands of times without any news, so later only the 16th,
/// the 32nd, the 64th delivery and so on get a line. All are counted.
pub(crate) fn is_recorded(deliveries: u32) -> bool {
    deliveries <= 8 || deliveries.is_power_of_two()
}

/// The history text of the first delivery.
pub(crate) fn received(cancellation: &Cancellation) -> String {
    format!("received {}, units: {}", cancellation.event, cancellation.units.len())
}

/// The changes of a step.
pub(crate) struct Changes<'a> {
    /// The change of a row.
    pub(crate) change: Change<'a>,
    /// The new lines of history, each with its cancellation.
    pub(crate) lines: Vec<(CancellationId, String)>,
}

/// A change other than to the history and the time of the last step.
pub(crate) enum Change<'a> {
    /// Nothing.
    None,
    /// The cancellation's own state, reason, detail, deadline and failed tries.
    State,
    /// The memo with its text: it and its units are claimed, or it replaces the memo that is
    /// claimed under its key. It is about to be sent.
    Claim(&'a CreditMemo, String),
    /// When the memo was last sent without an answer.
    Sent(&'a MemoKey, Timestamp),
    /// The memo is on record.
    Settle(&'a MemoKey, &'a RecordId),
    /// The claim is deleted, and its units are free.
    Free(&'a MemoKey),
    /// The ledger's number and total.
    Confirm(&'a MemoKey, Option<&'a str>, String),
    /// Only lines of history.
    Note,
    /// A flag. If the cancellation has it already, nothing changes and no line is added.
    Flag(String),
}

impl Change<'_> {
    /// Whether a line that the history has already is not added again: during an outage a memo may
    /// be sent thousands of times.
    pub(crate) fn is_recorded_once(&self) -> bool {
        matches!(self, Self::Note | Self::Sent(..))
    }
}

/// The key of the claim that a step concerns.
pub(crate) fn key(step: &Step) -> Option<&MemoKey> {
    match step {
        Step::Claimed(memo) => Some(&memo.key),
        Step::Settled { key, .. }
        | Step::ClaimKept { key, .. }
        | Step::Freed { key, .. }
        | Step::RecordGone { key }
        | Step::Confirmed { key, .. } => Some(key),
        Step::Failed { .. }
        | Step::Answered
        | Step::Flagged(_)
        | Step::Note(_)
        | Step::AttemptEnded { .. }
        | Step::Retried
        | Step::Released(_) => None,
    }
}

/// Applies a step to a cancellation; `claim` is the claim under the step's [`key`]. `None` when the
/// step changes nothing.
pub(crate) fn apply<'a>(
    record: &mut CancellationRecord,
    claim: Option<&ClaimRow>,
    step: &'a Step,
    now: Timestamp,
) -> Result<Option<Changes<'a>>, StoreFailure> {
    let runner = record.cancellation.id();
    if let Step::Note(noted) = step {
        let lines = noted.iter().map(|it| (runner.clone(), bounded(it))).collect();
        return Ok(Some(Changes { change: Change::Note, lines }));
    }
    if let Step::Failed { .. } | Step::Answered = step {
        record.failed = failed_tries(record, step, now);
        return Ok(Some(Changes { change: Change::State, lines: Vec::new() }));
    }
    let Some((change, text)) = transition(record, claim, step, now)? else { return Ok(None) };
    record.updated_at = now;
    let mut lines = vec![(runner.clone(), bounded(&text))];
    // The line is added to the history of the cancellation whose attempt it was, and of the one
    // whose memo it is.
    if let Some(claim) = claim.filter(|it| it.cancellation != runner.as_str()) {
        let owner = claim.cancellation.parse()?;
        lines.push((owner, bounded(&format!("{text}, by {runner}"))));
    }
    Ok(Some(Changes { change, lines }))
}

/// The consecutive failed tries after a step; an answer resets them.
fn failed_tries(record: &CancellationRecord, step: &Step, now: Timestamp) -> Option<FailedTries> {
    let Step::Failed { is_order_bound } = *step else { return None };
    let earlier = record.failed.unwrap_or(FailedTries { count: 0, since: now, is_order_bound });
    Some(FailedTries {
        count: earlier.count.saturating_add(1),
        is_order_bound: earlier.is_order_bound || is_order_bound,
        ..earlier
    })
}

fn transition<'a>(
    record: &mut CancellationRecord,
    claim: Option<&ClaimRow>,
    step: &'a Step,
    now: Timestamp,
) -> Result<Option<(Change<'a>, String)>, StoreFailure> {
    Ok(match step {
        Step::Claimed(memo) => claimed(record, claim, memo, now)?,
        Step::Settled { key, record } => settled(known(claim, key)?, key, record),
        Step::Freed { key, rejection } => {
            let open = claim.filter(|it| it.record.is_none());
            open.map(|_| (Change::Free(key), format!("freed the units of {key}: {rejection}")))
        }
        Step::ClaimKept { key, rejection, sent_at } => {
            let open = claim.filter(|it| it.record.is_none());
            let line =
                format!("{key} was refused, but an earlier sending may still arrive: {rejection}");
            open.map(|_| (Change::Sent(key, *sent_at), line))
        }
        Step::RecordGone { key } => claim.and_then(|it| it.record.as_ref()).map(|id| {
            (Change::Free(key), format!("record {id} of {key} was deleted: its units are free"))
        }),
        Step::Confirmed { key, number, total } => {
            confirmed(known(claim, key)?, key, number.as_deref(), *total)
        }
        Step::Flagged(flag) => {
            let text = format!("{}: {flag}", flag.name());
            let line = format!("flagged {text}");
            Some((Change::Flag(text), line))
        }
        Step::AttemptEnded { state, reason, detail, took } => {
            let again = *state == CancellationState::Working
                && (record.state, &record.reason) == (CancellationState::Working, reason);
            if again && !is_recorded(record.deliveries) {
                return Ok(None);
            }
            let parts = [Some(state.name()), reason.as_deref(), detail.as_deref()];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            // First, so that a long detail cannot cut it off.
            let line = format!("after {} ms {}", took.as_millis(), parts.join(": "));
            // An attempt that ends late, or has lost its lease, undoes nothing.
            if record.state.is_settled() && !state.is_settled() {
                return Ok(Some((Change::None, line)));
            }
            let detail = detail.as_deref().map(bounded);
            (record.state, record.reason, record.detail) = (*state, reason.clone(), detail);
            if state.is_settled() {
                record.failed = None;
            }
            Some((Change::State, line))
        }
        Step::Retried => {
            (record.state, record.reason, record.detail) =
                (CancellationState::Deferred, None, None);
            (record.waiting_since, record.failed) = (now, None);
            Some((Change::State, "retry requested, the deadline restarts".to_owned()))
        }
        // Leases are stored separately, notes are written by the caller, and tries are counted
        // above.
        Step::Released(_) | Step::Note(_) | Step::Failed { .. } | Step::Answered => None,
    })
}

fn known<'a>(claim: Option<&'a ClaimRow>, key: &MemoKey) -> Result<&'a ClaimRow, StoreFailure> {
    claim.ok_or_else(|| StoreFailure::because(format!("no units are claimed under {key}")))
}

fn claimed<'a>(
    record: &CancellationRecord,
    claim: Option<&ClaimRow>,
    memo: &'a CreditMemo,
    now: Timestamp,
) -> Result<Option<(Change<'a>, String)>, StoreFailure> {
    let (key, order) = (&memo.key, &record.cancellation.order);
    if memo.order != *order {
        let id = record.cancellation.id();
        let problem = format!("memo {key} is for order {}, {id} for {order}", memo.order);
        return Err(StoreFailure::because(problem));
    }
    let text = codec::encode(memo)?;
    let said = match claim {
        None => "claimed",
        Some(ClaimRow { record: Some(_), .. }) => return Ok(None),
        Some(claim) if claim.memo == text => {
            let line = format!("sending {key} again, as no answer is known");
            return Ok(Some((Change::Sent(key, now), line)));
        }
        Some(_) => "claimed again",
    };
    let (units, total, money) = (memo.units.len(), memo.total, memo.money.code());
    let line = format!("{said} {key}, units: {units}, total: {total} {money}");
    Ok(Some((Change::Claim(memo, text), line)))
}

fn settled<'a>(
    claim: &ClaimRow,
    key: &'a MemoKey,
    record: &'a RecordId,
) -> Option<(Change<'a>, String)> {
    match claim.record.as_deref() {
        None => Some((Change::Settle(key, record), format!("settled {key} as record {record}"))),
        Some(first) if first == record.as_str() => None,
        Some(first) => {
            let line = format!("{key} was also reported as record {record}, {first} is kept");
            Some((Change::None, line))
        }
    }
}

fn confirmed<'a>(
    claim: &ClaimRow,
    key: &'a MemoKey,
    number: Option<&'a str>,
    total: Amount,
) -> Option<(Change<'a>, String)> {
    let total = total.to_string();
    if claim.number.as_deref() == number && claim.confirmed_total.as_ref() == Some(&total) {
        return None;
    }
    let called = number.unwrap_or("without a number");
    let line = format!("confirmed {key}: {called}, total: {total}");
    Some((Change::Confirm(key, number, total), line))
}
