//! Reads memos back in batches: number and total as the ERP has them. A total that differs from the
//! expected one is flagged, never ignored, and the memo is never posted again.

use std::{collections::BTreeMap, time::Duration};

use domain::{CancellationId, ClaimState, Flag, MemoKey, RecordId};
use ports::{Confirmed, Instant, JournalError, MemoRecord, Query, Step};

use crate::process::service::{CustomerEntry, Service};

/// Memos per call.
const BATCH: usize = 200;
/// The wait before a record that the ERP did not show is read again; it doubles up to an hour.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// Reads posted memos back every `period` until the service drains.
pub async fn run(service: Service, period: Duration) {
    let mut pauses = Pauses::default();
    while service.sleep_or_drain(period).await.is_some() {
        for entry in service.customers.values() {
            let reading = batch(&service, entry, &mut pauses);
            if let Some(Err(error)) = service.draining.run_until_cancelled(reading).await {
                tracing::error!(%error, "Failed to list memos to read back from the journal");
            }
        }
    }
}

/// Records that the ERP did not show, and when to read them again.
#[derive(Default)]
struct Pauses(BTreeMap<MemoKey, (Instant, Duration)>);

async fn batch(
    service: &Service,
    entry: &CustomerEntry,
    pauses: &mut Pauses,
) -> Result<(), JournalError> {
    let customer = &entry.customer;
    let query = Query {
        tenant: Some(customer.tenant.clone()),
        unconfirmed: true,
        limit: BATCH,
        ..Query::default()
    };
    let now = service.context.clock.instant();
    let found = service.context.journal.find(&query).await?;
    let mut waiting: Vec<(CancellationId, MemoRecord, RecordId)> = Vec::new();
    for record in found {
        let id = record.cancellation.id();
        for memo in record.memos.into_iter().filter(|memo| memo.confirmed_total.is_none()) {
            let resting = pauses.0.get(&memo.claim.memo.key).is_some_and(|(until, _)| now < *until);
            if let (ClaimState::Settled(record), false) = (&memo.claim.state, resting) {
                let record = record.clone();
                waiting.push((id.clone(), memo, record));
            }
        }
    }
    if waiting.is_empty() || customer.ledger.pause().is_some() {
        return Ok(());
    }
    let records: Vec<RecordId> = waiting.iter().map(|(_, _, record)| record.clone()).collect();
    let confirmed = match ports::Ledger::confirm(&*customer.ledger, &records).await {
        Ok(confirmed) => confirmed,
        Err(error) => {
            tracing::warn!(tenant = %customer.tenant, %error, "Failed to read back memos; retrying later");
            return Ok(());
        }
    };
    for (id, memo, record) in waiting {
        let key = memo.claim.memo.key.clone();
        if let Some(shown) = confirmed.iter().find(|it| it.record == record) {
            pauses.0.remove(&key);
            write_down(service, &id, &memo, shown).await?;
        } else {
            let (_, pause) = pauses.0.get(&key).copied().unwrap_or((now, FIRST_PAUSE));
            pauses.0.insert(key, (now.after(pause), (pause * 2).min(LONGEST_PAUSE)));
        }
    }
    Ok(())
}

async fn write_down(
    service: &Service,
    id: &CancellationId,
    memo: &MemoRecord,
    confirmed: &Confirmed,
) -> Result<(), JournalError> {
    let sent = &memo.claim.memo;
    let mut steps = Vec::new();
    if confirmed.total != sent.total {
        let flag = Flag::TotalDiffers { expected: sent.total, actual: confirmed.total };
        tracing::error!(
            cancellation.id = %id, order.id = %sent.order, memo.key = %sent.key,
            "Credit memo {}: {flag}", sent.key
        );
        metrics::counter!("memobridge_memo_total_mismatches_total").increment(1);
        steps.push(Step::Flagged(flag));
    }
    steps.push(Step::Confirmed {
        key: sent.key.clone(),
        number: confirmed.number.clone(),
        total: confirmed.total,
    });
    service.context.journal.record(id, service.context.clock.now(), &steps).await
}
