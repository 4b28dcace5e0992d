//! A ledger in memory: books, and the ways in which one does not work.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use domain::{
    Amount, Billing, CivilDate, CreditMemo, LinesToClose, OrderId, RecordId, RecordedMemo,
    Standing, Timestamp,
};
use ports::{
    BillingQuery, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted, Rejection, Sending,
};

use super::accounts::{Found, ReferenceAccounts};

/// How long somebody who is rejected shall wait.
const THROTTLE: std::time::Duration = std::time::Duration::from_secs(5);

/// The reference ledger.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    state: Mutex<LedgerState>,
}

#[derive(Debug, Default)]
struct LedgerState {
    books: ReferenceAccounts,
    trouble: Option<ReferenceFault>,
    /// No memo may be dated before this.
    open_from: Option<CivilDate>,
    /// What befalls the next call.
    next: Vec<ReferenceFault>,
    /// By how much the next memo's total differs from what was sent.
    miscount: Amount,
}

/// What keeps a ledger from doing what it is asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceFault {
    /// It cannot be reached.
    Down,
    /// It rejects the credentials.
    Revoked,
    /// It denies us a permission.
    Forbidden,
    /// It turns us away because there are too many.
    Throttled,
    /// It records the memo and loses the reply.
    LostReply,
    /// Somebody changed the record meanwhile.
    Stale,
    /// It fails on every memo of this order, and answers everything else.
    FailsOn(OrderId),
    /// Its answers about this order cannot be read.
    Garbles(OrderId),
}

/// Whether a call changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Read,
    Write,
}

impl MemoryLedger {
    /// Looks at the books, or writes in them as a person would.
    pub fn books<T>(&self, look: impl FnOnce(&mut ReferenceAccounts) -> T) -> T {
        look(&mut self.state().books)
    }

    /// From now on it is in this trouble, or in none.
    pub fn be_in(&self, trouble: Option<ReferenceFault>) {
        self.state().trouble = trouble;
    }

    /// The next call gets into this trouble.
    pub fn befall_next(&self, trouble: ReferenceFault) {
        self.state().next.push(trouble);
    }

    /// From now on memos must be dated on this day or later; on any where there is none.
    pub fn open_from(&self, date: Option<CivilDate>) {
        self.state().open_from = date;
    }

    /// The next memo's total is recorded so far off what was sent.
    pub fn miscount_next(&self, by: Amount) {
        self.state().miscount = by;
    }

    fn state(&self) -> MutexGuard<'_, LedgerState> {
        self.state.lock().expect("nobody panics while the ledger is locked")
    }
}

impl LedgerState {
    /// The trouble that every call gets into.
    fn admit(&mut self) -> Result<(), LedgerError> {
        let throttled = self.next.iter().position(|it| *it == ReferenceFault::Throttled);
        let throttled = throttled.map(|nth| self.next.remove(nth));
        match self.trouble.clone().or(throttled) {
            Some(ReferenceFault::Down) => {
                Err(LedgerError::Unavailable("connection refused".into()))
            }
            Some(ReferenceFault::Revoked) => {
                Err(LedgerError::Unauthorized("token revoked".to_owned()))
            }
            Some(ReferenceFault::Forbidden) => {
                Err(LedgerError::Forbidden("find transactions".to_owned()))
            }
            Some(ReferenceFault::Throttled) => Err(LedgerError::Throttled(THROTTLE)),
            Some(
                ReferenceFault::LostReply
                | ReferenceFault::Stale
                | ReferenceFault::FailsOn(_)
                | ReferenceFault::Garbles(_),
            )
            | None => Ok(()),
        }
    }

    /// The trouble that calls about this order get into.
    fn admit_about(&mut self, order: &OrderId, effect: Effect) -> Result<(), LedgerError> {
        self.admit()?;
        match (&self.trouble, effect) {
            (Some(ReferenceFault::FailsOn(bad)), Effect::Write) if bad == order => {
                let message = "an unexpected error occurred, error id k2x8".to_owned();
                Err(LedgerError::Failed { code: "UNEXPECTED_ERROR".to_owned(), message })
            }
            (Some(ReferenceFault::Garbles(bad)), _) if bad == order => {
                Err(LedgerError::Unreadable("no amount on line 1".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn befalls(&mut self, trouble: &ReferenceFault) -> bool {
        let nth = self.next.iter().position(|it| it == trouble);
        nth.is_some_and(|nth| self.next.remove(nth) == *trouble)
    }

    fn post(&mut self, memo: &CreditMemo) -> Result<Posted, LedgerError> {
        match self.books.under_the_key_of(memo) {
            Some(Found::Same(id)) => return Ok(Posted::Already(id)),
            Some(Found::Voided(id)) => return Ok(Posted::Voided(id)),
            Some(Found::Other(found)) => {
                return Err(LedgerError::Conflict { key: memo.key.clone(), found });
            }
            None => {}
        }
        if self.open_from.is_some_and(|from| memo.date < from) {
            return Err(refused(Rejection::Period, "CLOSED_PERIOD", "the period is closed"));
        }
        if let Some(why) = self.books.objection(memo) {
            return Err(refused(Rejection::Data, "INVALID_AMT", &why));
        }
        if self.befalls(&ReferenceFault::Stale) {
            return Err(refused(Rejection::Stale, "RCRD_HAS_BEEN_CHANGED", "look again"));
        }
        let id = self.books.record(memo);
        let recorded = self.books.memos.last_mut().expect("it was just recorded");
        recorded.memo.total += std::mem::take(&mut self.miscount);
        if self.befalls(&ReferenceFault::LostReply) {
            return Err(LedgerError::Unknown("connection reset".into()));
        }
        Ok(Posted::Now(id))
    }
}

fn refused(kind: Rejection, code: &str, message: &str) -> LedgerError {
    LedgerError::Rejected { kind, code: code.to_owned(), message: message.to_owned() }
}

#[async_trait]
impl Ledger for MemoryLedger {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        let mut state = self.state();
        state.admit_about(&query.order, Effect::Read)?;
        Ok(state.books.billing(query))
    }

    /// A key is looked for whatever is known of earlier attempts.
    async fn post(&self, memo: &CreditMemo, _: Sending) -> Result<Posted, LedgerError> {
        let mut state = self.state();
        state.admit_about(&memo.order, Effect::Write)?;
        state.post(memo)
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        let mut state = self.state();
        state.admit()?;
        state.books.close(lines);
        Ok(())
    }

    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        let mut state = self.state();
        state.admit()?;
        let on_record = state.books.memos.iter().filter(|memo| !memo.deleted);
        let wanted = on_record.filter(|it| records.contains(&it.memo.id));
        let confirmed = wanted.map(|it| Confirmed {
            record: it.memo.id.clone(),
            number: it.memo.number.clone(),
            total: it.memo.total,
        });
        Ok(confirmed.collect())
    }

    /// All on one page: it tells no times of change.
    async fn memos(&self, _: Timestamp, _: &Cursor) -> Result<MemoPage, LedgerError> {
        let mut state = self.state();
        state.admit()?;
        let on_record = state.books.memos.iter().filter(|memo| !memo.deleted);
        let memos = on_record.map(|it| RecordedMemo {
            memo: it.memo.clone(),
            reference: Some(it.reference.clone()),
            currency: it.sent.as_ref().and_then(|it| it.currency.clone()),
        });
        let mut memos: Vec<RecordedMemo> = memos.collect();
        memos.sort_by_key(|memo| memo.memo.standing == Standing::Voided);
        Ok(MemoPage { memos, next: None })
    }
}
