//! A journal in memory; clones share it, as processes share a store.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use domain::{
    Amount, Cancellation, CancellationId, Claim, ClaimState, CreditMemo, MemoKey, OrderId,
    RecordId, Tenant, Timestamp,
};
use ports::{
    Hold, HoldToken, Journal, JournalError, Known, MemoRecord, Opened, Query, Record, State, Step,
};

/// The reference journal.
#[derive(Debug, Clone, Default)]
pub struct MemoryJournal(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    records: BTreeMap<CancellationId, Record>,
    /// In the order they were made, each with its tenant and the cancellation that made it.
    claims: Vec<(Tenant, CancellationId, MemoRecord)>,
    holds: BTreeMap<(Tenant, OrderId), (HoldToken, Timestamp)>,
}

impl MemoryJournal {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().expect("nobody panics while the journal is locked")
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Opened, JournalError> {
        Ok(self.book().open(cancellation, now))
    }

    async fn hold(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &HoldToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Hold, JournalError> {
        let mut book = self.book();
        let key = (tenant.clone(), order.clone());
        if book.holds.get(&key).is_some_and(|(by, until)| by != token && now < *until) {
            return Ok(Hold::Elsewhere);
        }
        book.holds.insert(key, (token.clone(), now.after(lease)));
        Ok(Hold::Held)
    }

    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError> {
        let book = self.book();
        let here = book.of_order(tenant, order);
        Ok(here.map(|(_, _, it)| it.claim.clone()).collect())
    }

    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        step: &Step,
    ) -> Result<(), JournalError> {
        self.book().step(id, now, step)
    }

    async fn find(&self, query: &Query) -> Result<Vec<Record>, JournalError> {
        Ok(self.book().find(query))
    }
}

impl Book {
    fn open(&mut self, cancellation: &Cancellation, now: Timestamp) -> Opened {
        let place = u64::try_from(self.records.len()).expect("records can be counted") + 1;
        let id = cancellation.id();
        let Some(record) = self.records.get_mut(&id) else {
            let record = Record {
                cancellation: cancellation.clone(),
                state: State::Working,
                reason: None,
                detail: None,
                received_at: now,
                waiting_since: now,
                updated_at: now,
                deliveries: 1,
                memos: Vec::new(),
                flags: Vec::new(),
                history: vec![(now, "received".to_owned())],
                place,
            };
            self.records.insert(id, record);
            let cancellation = cancellation.clone();
            return Opened { cancellation, waiting_since: now, known: Known::New };
        };
        record.deliveries += 1;
        let published = record.cancellation.published_at.min(cancellation.published_at);
        record.cancellation.published_at = published;
        note(record, now, "delivered again".to_owned());
        Opened {
            cancellation: record.cancellation.clone(),
            waiting_since: record.waiting_since,
            known: Known::Before { state: record.state, reason: record.reason.clone() },
        }
    }

    fn step(
        &mut self,
        id: &CancellationId,
        now: Timestamp,
        step: &Step,
    ) -> Result<(), JournalError> {
        let Some(record) = self.records.get_mut(id) else {
            return Err(unavailable(format!("cancellation {id} was never opened")));
        };
        let tenant = record.cancellation.tenant.clone();
        let text = match step {
            Step::Claimed(memo) => self.claim(&tenant, id, memo)?,
            Step::Settled { key, record } => self.settle(key, record)?,
            Step::Freed { key, why } => {
                let is_it = |it: &MemoRecord| it.claim.state == ClaimState::Unsettled;
                self.forget(key, is_it).then(|| format!("freed the units of {key}: {why}"))
            }
            Step::Vanished { key } => {
                let is_it = |it: &MemoRecord| it.claim.state != ClaimState::Unsettled;
                self.forget(key, is_it).then(|| format!("the record of {key} is gone"))
            }
            Step::Confirmed { key, number, total } => self.confirm(key, number.as_ref(), *total)?,
            Step::Flagged(flag) => {
                let text = format!("{}: {flag}", flag.name());
                let is_news = !record.flags.contains(&text);
                if is_news {
                    record.flags.push(text.clone());
                }
                is_news.then(|| format!("flagged {text}"))
            }
            Step::Noted(what) => Some(what.clone()),
            Step::Ended { state, reason, detail, .. } => {
                if state.is_settled() || !record.state.is_settled() {
                    (record.state, record.reason) = (*state, reason.clone());
                    record.detail.clone_from(detail);
                }
                let reason = reason.as_deref().unwrap_or("");
                Some(format!("{}: {reason}", state.name()))
            }
            Step::Retried => {
                (record.state, record.reason, record.detail) = (State::Deferred, None, None);
                record.waiting_since = now;
                Some("to be tried again".to_owned())
            }
            Step::Released(token) => {
                let key = (tenant, record.cancellation.order.clone());
                if self.holds.get(&key).is_some_and(|(by, _)| by == token) {
                    self.holds.remove(&key);
                }
                None
            }
        };
        if let (Some(text), Some(record)) = (text, self.records.get_mut(id)) {
            note(record, now, text);
        }
        Ok(())
    }

    fn claim(
        &mut self,
        tenant: &Tenant,
        id: &CancellationId,
        memo: &CreditMemo,
    ) -> Result<Option<String>, JournalError> {
        let taken = |unit| {
            let others = self.of_order(tenant, &memo.order);
            let mut others = others.filter(|(_, _, it)| it.claim.memo.key != memo.key);
            let holder = others.find(|(_, _, it)| it.claim.memo.units.contains(unit));
            holder.map(|(_, _, it)| it.claim.memo.key.clone())
        };
        if let Some(holder) = memo.units.iter().find_map(taken) {
            return Err(JournalError::Claimed(holder));
        }
        let key = &memo.key;
        let Some(known) = self.known(key) else {
            let claim = Claim { memo: memo.clone(), state: ClaimState::Unsettled };
            let made = MemoRecord { claim, number: None, confirmed_total: None };
            self.claims.push((tenant.clone(), id.clone(), made));
            return Ok(Some(format!("claimed {key}")));
        };
        let is_new = known.claim.state == ClaimState::Unsettled && known.claim.memo != *memo;
        if is_new {
            known.claim.memo = memo.clone();
        }
        Ok(is_new.then(|| format!("claimed anew {key}")))
    }

    fn settle(&mut self, key: &MemoKey, id: &RecordId) -> Result<Option<String>, JournalError> {
        let known = self.known(key).ok_or_else(|| unclaimed(key))?;
        match &known.claim.state {
            ClaimState::Unsettled => {
                known.claim.state = ClaimState::Settled(id.clone());
                Ok(Some(format!("settled {key} as record {id}")))
            }
            ClaimState::Settled(first) if first == id => Ok(None),
            ClaimState::Settled(first) => {
                Ok(Some(format!("{key} was also reported as record {id}, {first} is kept")))
            }
        }
    }

    fn confirm(
        &mut self,
        key: &MemoKey,
        number: Option<&String>,
        total: Amount,
    ) -> Result<Option<String>, JournalError> {
        let known = self.known(key).ok_or_else(|| unclaimed(key))?;
        let told = (number.cloned(), Some(total));
        if (&known.number, known.confirmed_total) == (&told.0, told.1) {
            return Ok(None);
        }
        (known.number, known.confirmed_total) = told;
        Ok(Some(format!("confirmed {key}: {total}")))
    }

    /// Whether a claim of this key was there and met the condition.
    fn forget(&mut self, key: &MemoKey, is_it: impl Fn(&MemoRecord) -> bool) -> bool {
        let before = self.claims.len();
        self.claims.retain(|(_, _, it)| it.claim.memo.key != *key || !is_it(it));
        self.claims.len() < before
    }

    fn known(&mut self, key: &MemoKey) -> Option<&mut MemoRecord> {
        self.claims.iter_mut().map(|(_, _, it)| it).find(|it| it.claim.memo.key == *key)
    }

    fn of_order<'a>(
        &'a self,
        tenant: &'a Tenant,
        order: &'a OrderId,
    ) -> impl Iterator<Item = &'a (Tenant, CancellationId, MemoRecord)> {
        self.claims.iter().filter(move |(of, _, it)| of == tenant && it.claim.memo.order == *order)
    }

    fn find(&self, query: &Query) -> Vec<Record> {
        let limit = if query.limit == 0 { 100 } else { query.limit };
        let mut found: Vec<&Record> = match &query.id {
            Some(id) => self.records.get(id).into_iter().collect(),
            None => self.records.values().collect(),
        };
        found.sort_by_key(|it| std::cmp::Reverse(it.place));
        let found = found.into_iter().filter(|it| matches(it, query));
        let found = found.map(|it| (it, self.memos_of(&it.cancellation.id())));
        let found = found.filter(|(_, memos)| {
            let unsettled = |it: &MemoRecord| it.claim.state == ClaimState::Unsettled;
            let unconfirmed = |it: &MemoRecord| !unsettled(it) && it.confirmed_total.is_none();
            (!query.unsettled || memos.iter().any(unsettled))
                && (!query.unconfirmed || memos.iter().any(unconfirmed))
        });
        let told = found.take(limit).map(|(it, memos)| Record {
            memos,
            history: if query.with_history { it.history.clone() } else { Vec::new() },
            cancellation: it.cancellation.clone(),
            reason: it.reason.clone(),
            detail: it.detail.clone(),
            flags: it.flags.clone(),
            ..*it
        });
        told.collect()
    }

    fn memos_of(&self, id: &CancellationId) -> Vec<MemoRecord> {
        let made = self.claims.iter().filter(|(_, by, _)| by == id);
        made.map(|(_, _, it)| it.clone()).collect()
    }
}

fn matches(record: &Record, query: &Query) -> bool {
    let Query { state, reason, tenant, order, since, after, .. } = query;
    state.is_none_or(|it| it == record.state)
        && reason.as_ref().is_none_or(|it| record.reason.as_ref() == Some(it))
        && tenant.as_ref().is_none_or(|it| *it == record.cancellation.tenant)
        && order.as_ref().is_none_or(|it| *it == record.cancellation.order)
        && since.is_none_or(|it| it <= record.received_at)
        && after.is_none_or(|it| record.place < it)
}

fn note(record: &mut Record, now: Timestamp, text: String) {
    record.history.push((now, text));
    record.updated_at = now;
}

fn unclaimed(key: &MemoKey) -> JournalError {
    unavailable(format!("no units are claimed under {key}"))
}

fn unavailable(problem: String) -> JournalError {
    JournalError::Unavailable(problem.into())
}
