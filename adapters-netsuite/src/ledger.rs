//! The port, over one NetSuite account.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Billing, CreditMemo, LinesToClose, RecordId, Timestamp};
use ports::{
    Access, BillingQuery, Clock, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted, Sending,
};

use crate::{
    billing::Reading,
    books::Books,
    client::Client,
    fault::{Effect, Failure},
    options::{InvalidOptions, Options},
    post,
    reply::{self, Node, Unreadable},
    request::{self, RecordType},
    rights::Rights,
};

/// The ledger in one NetSuite account.
pub struct NetSuite {
    pub(crate) client: Client,
    pub(crate) books: Books,
    rights: Rights,
}

impl NetSuite {
    /// Checks the options; nothing is sent.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self, InvalidOptions> {
        let books = Books::new(&options)?;
        Ok(Self { client: Client::new(options, clock)?, books, rights: Rights::default() })
    }

    fn reading<'a>(&'a self, books: &'a Books) -> Reading<'a> {
        Reading { client: &self.client, books, rights: &self.rights }
    }

    async fn read_back(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, Failure> {
        let request = request::get_list(RecordType::CreditMemo, records);
        let found = reply::listed(self.client.call_later(&request).await?)?;
        let confirmed = |it: &Node| readable(it, reply::confirmed(it, &self.books));
        Ok(found.iter().filter(|it| is_memo(it)).filter_map(confirmed).collect())
    }

    async fn update(&self, lines: &LinesToClose) -> Result<(), Failure> {
        let answer = self.client.call(&request::close_lines(lines)).await?;
        reply::written(&answer).map(drop)
    }
}

/// Whether a record is what its id was thought to be.
pub(crate) fn is_memo(record: &Node) -> bool {
    record.kind() == Some("CreditMemo")
}

/// What can be read of a memo. One that cannot must not keep the others of its
/// batch from being read.
pub(crate) fn readable<T>(record: &Node, read: Result<T, Unreadable>) -> Option<T> {
    if let Err(problem) = &read {
        let memo = reply::subject(record);
        tracing::warn!(problem = problem.of(&memo), "{memo} cannot be read");
    }
    read.ok()
}

#[async_trait]
impl Ledger for NetSuite {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        let books = self.books.in_currency(query.money);
        let billing = self.rights.note(self.reading(&books).billing(query).await);
        billing.map_err(|it| it.into_error(Effect::None))
    }

    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError> {
        let posted = post::post(self.reading(&self.books), memo, sending).await;
        if let Err(LedgerError::Forbidden(_) | LedgerError::Unauthorized(_)) = posted {
            self.rights.doubt();
        }
        posted
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        if lines.targets.is_empty() {
            return Ok(());
        }
        let updated = self.rights.note(self.update(lines).await);
        updated.map_err(|it| it.into_error(Effect::Write))
    }

    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        let mut confirmed = Vec::with_capacity(records.len());
        for batch in records.chunks(request::MAX_IDS) {
            let found = self.rights.note(self.read_back(batch).await);
            let found = found.map_err(|it| it.into_error(Effect::None))?;
            confirmed.extend(found);
        }
        Ok(confirmed)
    }

    async fn memos(&self, since: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError> {
        let page = self.rights.note(self.reading(&self.books).memos_since(since, place).await);
        page.map_err(|it| it.into_error(Effect::None))
    }
}

#[async_trait]
impl Access for NetSuite {
    async fn prove(&self) -> Result<(), LedgerError> {
        let proved = self.rights.note(self.rights.renew(&self.client).await);
        proved.map_err(|it| it.into_error(Effect::None))
    }
}

#[cfg(test)]
mod tests;
