//! The calls behind `post`: record a memo at most once.
//!
//! The external id makes this safe: NetSuite accepts one record per external id, over all types of
//! transaction. Whatever `add` answers, the record under the key decides. So every uncertain answer
//! is followed by one look-up of that record, never by a second `add`. Where the key was taken
//! before this call sent the memo, one search shows whether the record under it was voided since.

use std::{collections::BTreeSet, time::Duration};

use domain::{CreditMemo, RecordId, Source, UnitId};
use ports::{LedgerError, Posted, Sending};

use crate::{
    account_conventions::AccountConventions,
    billing::BillingReader,
    client::Client,
    fault::{Class, Effect, NetSuiteError},
    ledger::is_memo,
    reply::{self, Identity},
    request::{self, RecordType},
};

/// A look-up after an uncertain answer is quick, or is left to the next attempt.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// The record under a key.
enum Found {
    Memo(Identity),
    Other(String),
}

/// Records a memo, or finds the one already on record under its key.
pub(crate) async fn post(
    reading: BillingReader<'_>,
    memo: &CreditMemo,
    sending: Sending,
) -> Result<Posted, LedgerError> {
    let BillingReader { client, conventions, .. } = reading;
    if sending == Sending::Resend {
        let found = find_by_key(client, conventions, memo, Duration::MAX).await;
        if let Some(found) = found.map_err(as_unknown)? {
            return standing(reading, compare(memo, found)?).await;
        }
    }
    match record(client, conventions, memo).await {
        Ok(id) => Ok(Posted::Now(id)),
        Err(error) => resolve(reading, memo, error).await,
    }
}

async fn record(
    client: &Client,
    conventions: &AccountConventions,
    memo: &CreditMemo,
) -> Result<RecordId, NetSuiteError> {
    let answer = client.call(&request::add(memo, conventions)).await?;
    reply::parse_write(&answer)
}

/// The result of an `add` that failed, with a look-up of the record where the answer alone is not
/// sufficient.
async fn resolve(
    reading: BillingReader<'_>,
    memo: &CreditMemo,
    error: NetSuiteError,
) -> Result<Posted, LedgerError> {
    let BillingReader { client, conventions, .. } = reading;
    let is_doubtful = matches!(error.class, Class::Unknown | Class::Failed | Class::Unreadable);
    if !is_doubtful && !error.class.is_refusal() {
        return Err(error.into_error(Effect::Write));
    }
    match (find_by_key(client, conventions, memo, PROBE_TIMEOUT).await, error.class) {
        (Ok(None), Class::Duplicate) => {
            Err(conflict(memo, "a record that is no credit memo".to_owned()))
        }
        // The account answers, also the reads of this order, so the memo is what failed.
        (Ok(None), Class::Unknown) => Err(error.into_failed()),
        (Ok(None), _) => Err(error.into_error(Effect::Write)),
        (Ok(Some(found)), Class::Duplicate) => standing(reading, compare(memo, found)?).await,
        (Ok(Some(found)), _) => compare(memo, found),
        // Nothing was written, because the key was taken before.
        (Err(error), Class::Duplicate) => Err(as_unknown(error)),
        (Err(error), _) => Err(match as_unknown(error) {
            unreadable @ LedgerError::Unreadable(_) => unreadable,
            unanswered => LedgerError::Unknown(unanswered.into()),
        }),
    }
}

/// Whether an existing record still counts; only a search shows that.
async fn standing(reading: BillingReader<'_>, posted: Posted) -> Result<Posted, LedgerError> {
    let record = posted.record().clone();
    let voided = reading.voided(std::slice::from_ref(&record)).await.map_err(as_unknown)?;
    Ok(if voided.is_empty() { posted } else { Posted::Voided(record) })
}

async fn find_by_key(
    client: &Client,
    conventions: &AccountConventions,
    memo: &CreditMemo,
    limit: Duration,
) -> Result<Option<Found>, NetSuiteError> {
    let request = request::get_by_external_id(RecordType::CreditMemo, &memo.key);
    let Some(record) = reply::parse_get(client.call_with_timeout(limit, &request).await?)? else {
        return Ok(None);
    };
    if !is_memo(&record) {
        let kind = record.kind().unwrap_or("unknown");
        return Ok(Some(Found::Other(format!("a record of type {kind}"))));
    }
    // A record that cannot be compared is not retried; it needs a person.
    Ok(Some(match reply::identity(&record, conventions) {
        Ok(identity) => Found::Memo(identity),
        Err(problem) => Found::Other(problem.of(&reply::subject(&record))),
    }))
}

/// The error of a failed look-up. A rejection concerns the look-up, not the memo: it must never be
/// taken for "nothing is on record", and the next look-up is rejected, too.
fn as_unknown(error: NetSuiteError) -> LedgerError {
    if error.class.is_refusal() {
        return LedgerError::Unreadable(format!("look-up refused: {error}"));
    }
    error.into_error(Effect::None)
}

fn compare(memo: &CreditMemo, found: Found) -> Result<Posted, LedgerError> {
    match found {
        Found::Memo(identity) if is_same(memo, &identity) => Ok(Posted::Already(identity.id)),
        Found::Memo(identity) => Err(conflict(memo, describe(&identity))),
        Found::Other(description) => Err(conflict(memo, description)),
    }
}

fn conflict(memo: &CreditMemo, found: String) -> LedgerError {
    LedgerError::Conflict { key: memo.key.clone(), found }
}

/// Compares customer, source and units; a person compares the total.
fn is_same(memo: &CreditMemo, found: &Identity) -> bool {
    let is_same_source = match &memo.source {
        Source::Invoice(invoice) => found.created_from.as_ref() == Some(invoice),
        Source::Against(_) | Source::SalesOrder(_) => {
            let reference = found.reference.as_deref().unwrap_or_default();
            let sent = request::strip_invalid_chars(&memo.reference);
            found.created_from.is_none() && reference.eq_ignore_ascii_case(sent.trim())
        }
    };
    // The key column may be missing on the form; then no line has a unit.
    let is_same_units = found.units.is_empty() || goods(&memo.units) == goods(&found.units);
    found.entity == memo.entity && is_same_source && is_same_units
}

/// The units without shipping, because shipping in the body is not in the key column.
fn goods(units: &[UnitId]) -> BTreeSet<&UnitId> {
    units.iter().filter(|unit| !unit.is_shipping()).collect()
}

fn describe(found: &Identity) -> String {
    let source = match &found.created_from {
        Some(record) => format!("made from {record}"),
        None => format!("made from nothing, number {:?}", found.reference.as_deref().unwrap_or("")),
    };
    let (id, entity, units) = (&found.id, &found.entity, found.units.len());
    format!("credit memo {id} of customer {entity}, {source}, with {units} units on its lines")
}

#[cfg(test)]
mod tests;
