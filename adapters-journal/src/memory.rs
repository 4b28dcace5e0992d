//! The journal in memory: the port's promises in the fewest lines, and nothing durable.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    Cancellation, CancellationId, Claim, CreditMemo, MemoKey, OrderId, Tenant, Timestamp,
};
use ports::{
    CancellationRecord, CancellationState, Journal, JournalError, Known, LeaseToken, OpenCount,
    OpenCounts, OrderLease, Query, Received, Retention, Step,
};

use crate::model::{
    Change, ClaimRow, DELIVERED_AGAIN, StoreFailure, apply, is_recorded, key, limit, received,
};

/// A journal in memory, lost with its last clone; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Memory(Arc<Mutex<JournalData>>);

type Order = (Tenant, OrderId);

#[derive(Debug, Clone, Default)]
struct JournalData {
    /// In the order of their first receipt.
    records: Vec<CancellationRecord>,
    /// The number of cancellations ever received.
    received: u64,
    sequences: BTreeMap<CancellationId, usize>,
    /// The claims of each order, in the order they were made.
    claims: BTreeMap<Order, Vec<ClaimRow>>,
    leases: BTreeMap<Order, HeldLease>,
}

/// An order's lease.
#[derive(Debug, Clone)]
struct HeldLease {
    token: LeaseToken,
    taken_at: Timestamp,
    until: Timestamp,
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, JournalData> {
        self.0.lock().expect("no thread panics while it holds the lock")
    }
}

#[async_trait]
impl Journal for Memory {
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Received, JournalError> {
        Ok(self.lock().open(cancellation, now))
    }

    async fn acquire(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &LeaseToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OrderLease, JournalError> {
        let order = (tenant.clone(), order.clone());
        let leases = &mut self.lock().leases;
        match leases.get_mut(&order) {
            Some(held) if held.token != *token && now < held.until => {
                // The clock was set back: the owner may be alive, so its lease restarts.
                if now < held.taken_at {
                    held.until = now.after(held.until.since(held.taken_at));
                    held.taken_at = now;
                }
                Ok(OrderLease::HeldByOther)
            }
            _ => {
                let held =
                    HeldLease { token: token.clone(), taken_at: now, until: now.after(lease) };
                leases.insert(order, held);
                Ok(OrderLease::Held)
            }
        }
    }

    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError> {
        let data = self.lock();
        let rows = data.claims.get(&(tenant.clone(), order.clone())).into_iter().flatten();
        Ok(rows.map(ClaimRow::claim).collect::<Result<_, _>>()?)
    }

    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), JournalError> {
        Ok(self.lock().steps(id, now, steps)?)
    }

    async fn find(&self, query: &Query) -> Result<Vec<CancellationRecord>, JournalError> {
        let data = self.lock();
        let newest_first = data.records.iter().rev().filter(|record| data.meets(record, query));
        let found = newest_first.take(limit(query)).map(|it| data.whole(it, query));
        Ok(found.collect::<Result<_, _>>()?)
    }
}

#[async_trait]
impl OpenCounts for Memory {
    async fn open_counts(&self) -> Result<Vec<OpenCount>, JournalError> {
        let mut found: BTreeMap<(Tenant, &str), OpenCount> = BTreeMap::new();
        for CancellationRecord { cancellation, state, waiting_since, .. } in &self.lock().records {
            let (tenant, state, waiting_since) = (&cancellation.tenant, *state, *waiting_since);
            if matches!(state, CancellationState::Posted | CancellationState::Skipped) {
                continue;
            }
            let new = || OpenCount { tenant: tenant.clone(), state, count: 0, waiting_since };
            let group = found.entry((tenant.clone(), state.name())).or_insert_with(new);
            group.count += 1;
            group.waiting_since = group.waiting_since.min(waiting_since);
        }
        Ok(found.into_values().collect())
    }
}

#[async_trait]
impl Retention for Memory {
    async fn forget(&self, before: Timestamp, at_most: usize) -> Result<usize, JournalError> {
        Ok(self.lock().forget(before, at_most))
    }
}

impl JournalData {
    fn open(&mut self, cancellation: &Cancellation, now: Timestamp) -> Received {
        let id = cancellation.id();
        if let Some(place) = self.sequences.get(&id) {
            let record = &mut self.records[*place];
            let published = &mut record.cancellation.published_at;
            *published = cancellation.published_at.min(*published);
            record.deliveries += 1;
            record.updated_at = now;
            if is_recorded(record.deliveries) {
                record.history.push((now, DELIVERED_AGAIN.to_owned()));
            }
            return Received {
                cancellation: record.cancellation.clone(),
                waiting_since: record.waiting_since,
                known: Known::SeenBefore { state: record.state, reason: record.reason.clone() },
                failed: record.failed,
            };
        }
        let place = self.records.len();
        self.received += 1;
        self.sequences.insert(id, place);
        self.records.push(CancellationRecord {
            cancellation: cancellation.clone(),
            state: CancellationState::Working,
            reason: None,
            detail: None,
            received_at: now,
            waiting_since: now,
            updated_at: now,
            failed: None,
            deliveries: 1,
            memos: Vec::new(),
            flags: Vec::new(),
            history: vec![(now, received(cancellation))],
            sequence: self.received,
        });
        Received {
            cancellation: cancellation.clone(),
            waiting_since: now,
            known: Known::New,
            failed: None,
        }
    }

    fn forget(&mut self, before: Timestamp, at_most: usize) -> usize {
        let is_over = |it: &&CancellationRecord| {
            matches!(it.state, CancellationState::Posted | CancellationState::Skipped)
                && it.updated_at < before
        };
        let mut over: Vec<_> = self.records.iter().filter(is_over).collect();
        over.sort_by_key(|it| it.updated_at);
        let over: Vec<_> = over.into_iter().take(at_most).map(|it| it.cancellation.id()).collect();
        for id in &over {
            self.records.retain(|record| record.cancellation.id() != *id);
        }
        let places = self.records.iter().enumerate();
        self.sequences = places.map(|(place, it)| (it.cancellation.id(), place)).collect();
        over.len()
    }

    fn steps(
        &mut self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), StoreFailure> {
        let before = (steps.len() > 1).then(|| self.clone());
        let result = steps.iter().try_for_each(|it| self.step(id, now, it));
        if let (Err(_), Some(before)) = (&result, before) {
            *self = before;
        }
        result
    }

    fn step(
        &mut self,
        id: &CancellationId,
        now: Timestamp,
        step: &Step,
    ) -> Result<(), StoreFailure> {
        let place = *self.sequences.get(id).ok_or_else(|| StoreFailure::never_opened(id))?;
        let mut record = self.records[place].clone();
        let order = of(&record.cancellation);
        if let Step::Released(token) = step {
            if self.leases.get(&order).is_some_and(|held| held.token == *token) {
                self.leases.remove(&order);
            }
            return Ok(());
        }
        let claims = self.claims.entry(order).or_default();
        let claim = key(step).and_then(|key| claims.iter().find(|claim| claim.key == key.as_str()));
        let Some(changes) = apply(&mut record, claim, step, now)? else { return Ok(()) };
        let once = changes.change.is_recorded_once();
        match changes.change {
            Change::None | Change::Note | Change::State => {}
            Change::Claim(memo, text) => make(claims, id, memo, text, now)?,
            Change::Sent(key, at) => row(claims, key).sent_at = at.as_millis(),
            Change::Settle(key, id) => row(claims, key).record = Some(id.to_string()),
            Change::Free(key) => claims.retain(|claim| claim.key != key.as_str()),
            Change::Confirm(key, number, total) => {
                let row = row(claims, key);
                (row.number, row.confirmed_total) = (number.map(str::to_owned), Some(total));
            }
            Change::Flag(text) if record.flags.contains(&text) => return Ok(()),
            Change::Flag(text) => record.flags.push(text),
        }
        self.records[place] = record;
        for (whose, what) in changes.lines {
            if let Some(place) = self.sequences.get(&whose) {
                let record = &mut self.records[*place];
                if once && record.history.iter().any(|(_, it)| *it == what) {
                    continue;
                }
                record.history.push((now, what));
                record.updated_at = now;
            }
        }
        Ok(())
    }

    /// The claims that a cancellation made.
    fn made_by<'a>(&'a self, record: &CancellationRecord) -> impl Iterator<Item = &'a ClaimRow> {
        let id = record.cancellation.id();
        let claims = self.claims.get(&of(&record.cancellation)).into_iter().flatten();
        claims.filter(move |it| it.cancellation == id.as_str())
    }

    fn meets(&self, record: &CancellationRecord, query: &Query) -> bool {
        let CancellationRecord { cancellation, .. } = record;
        let unsettled = |it: &ClaimRow| it.record.is_none();
        let unconfirmed = |it: &ClaimRow| it.record.is_some() && it.confirmed_total.is_none();
        let written = |since: Timestamp| {
            let is_written = |it: &ClaimRow| it.record.is_some() && since.as_millis() <= it.sent_at;
            self.made_by(record).any(is_written)
        };
        query.id.as_ref().is_none_or(|it| *it == cancellation.id())
            && query.state.is_none_or(|it| it == record.state)
            && query.reason.as_ref().is_none_or(|it| Some(it) == record.reason.as_ref())
            && query.tenant.as_ref().is_none_or(|it| *it == cancellation.tenant)
            && query.order.as_ref().is_none_or(|it| *it == cancellation.order)
            && query.beside.as_ref().is_none_or(|it| *it != cancellation.order)
            && query.written_since.is_none_or(written)
            && query.since.is_none_or(|it| it <= record.received_at)
            && query.after.is_none_or(|it| record.sequence < it)
            && (!query.unsettled || self.made_by(record).any(unsettled))
            && (!query.unconfirmed || self.made_by(record).any(unconfirmed))
    }

    /// The record with its memos and, where the query asks for it, its history.
    fn whole(
        &self,
        record: &CancellationRecord,
        query: &Query,
    ) -> Result<CancellationRecord, StoreFailure> {
        let memos = self.made_by(record).cloned().map(ClaimRow::memo_record);
        let memos = memos.collect::<Result<_, _>>()?;
        let history = if query.with_history { record.history.clone() } else { Vec::new() };
        Ok(CancellationRecord { memos, history, ..record.clone() })
    }
}

fn of(cancellation: &Cancellation) -> Order {
    (cancellation.tenant.clone(), cancellation.order.clone())
}

fn row<'a>(claims: &'a mut [ClaimRow], key: &MemoKey) -> &'a mut ClaimRow {
    let found = claims.iter_mut().find(|claim| claim.key == key.as_str());
    found.expect("only what is claimed is settled and confirmed")
}

/// Claims the memo's units under its key, all of them or none.
fn make(
    claims: &mut Vec<ClaimRow>,
    id: &CancellationId,
    memo: &CreditMemo,
    text: String,
    now: Timestamp,
) -> Result<(), StoreFailure> {
    let key = memo.key.as_str();
    for other in claims.iter().filter(|claim| claim.key != key) {
        if other.claim()?.memo.units.iter().any(|unit| memo.units.contains(unit)) {
            return Err(StoreFailure::Claimed(other.key.parse()?));
        }
    }
    if let Some(claim) = claims.iter_mut().find(|claim| claim.key == key) {
        (claim.memo, claim.sent_at) = (text, now.as_millis());
        return Ok(());
    }
    claims.push(ClaimRow {
        key: key.to_owned(),
        cancellation: id.to_string(),
        memo: text,
        sent_at: now.as_millis(),
        record: None,
        number: None,
        confirmed_total: None,
    });
    Ok(())
}
