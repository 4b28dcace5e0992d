//! The conversation behind `post`: record a memo, and never twice.
//!
//! The external id is what makes this safe: NetSuite takes one record per id,
//! over all types of transaction. Whatever `add` answers, the record under the
//! key is what counts, so every doubt ends in one look for it, and no doubt in
//! a second `add`. Where the key was taken before a memo is first sent, one search
//! tells whether the record under it was voided since.

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

/// A look after a doubtful answer is quick, or worth leaving to the next attempt.
const PROBE_TIMEOUT: Duration = Duration::from_secs(20);

/// What is on record under a key.
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

/// What an `add` that did not succeed means, after a look at the record where
/// its answer alone does not tell.
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
        // The account answers, this order's reads included: what failed is this memo.
        (Ok(None), Class::Unknown) => Err(error.into_failed()),
        (Ok(None), _) => Err(error.into_error(Effect::Write)),
        (Ok(Some(found)), Class::Duplicate) => standing(reading, compare(memo, found)?).await,
        (Ok(Some(found)), _) => compare(memo, found),
        // Nothing was written: the key was taken before.
        (Err(error), Class::Duplicate) => Err(as_unknown(error)),
        (Err(error), _) => Err(match as_unknown(error) {
            unreadable @ LedgerError::Unreadable(_) => unreadable,
            unanswered => LedgerError::Unknown(unanswered.into()),
        }),
    }
}

/// Whether what was on record before still counts: only a search tells.
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
    // What cannot be compared is no reason to look again: it is for a person.
    Ok(Some(match reply::identity(&record, conventions) {
        Ok(identity) => Found::Memo(identity),
        Err(problem) => Found::Other(problem.of(&reply::subject(&record))),
    }))
}

/// What a failed look means. A refused one refuses the question, not the memo: that
/// must never be taken for "nothing is on record", and the next look is refused too.
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

/// The same customer, source and units; the total is for a person to compare.
fn is_same(memo: &CreditMemo, found: &Identity) -> bool {
    let is_same_source = match &memo.source {
        Source::Invoice(invoice) => found.created_from.as_ref() == Some(invoice),
        Source::Against(_) | Source::SalesOrder(_) => {
            let reference = found.reference.as_deref().unwrap_or_default();
            let sent = request::strip_invalid_chars(&memo.reference);
            found.created_from.is_none() && reference.eq_ignore_ascii_case(sent.trim())
        }
    };
    // The key column may not be on the form: then no line has a unit.
    let is_same_units = found.units.is_empty() || goods(&memo.units) == goods(&found.units);
    found.entity == memo.entity && is_same_source && is_same_units
}

/// Shipping in the body leaves no trace in the key column.
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
