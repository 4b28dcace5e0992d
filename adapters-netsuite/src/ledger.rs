//! The ledger port over one NetSuite account.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Billing, CreditMemo, LinesToClose, RecordId, Timestamp};
use ports::{
    BillingQuery, Clock, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted, ReadPermissions,
    Sending,
};

use crate::{
    account_conventions::AccountConventions,
    billing::BillingReader,
    client::Client,
    fault::{Effect, NetSuiteError},
    options::{Options, OptionsError},
    post,
    read_permissions::VerifiedPermissions,
    reply::{self, Node, XmlError},
    request::{self, RecordType},
};

/// The ledger in one NetSuite account.
pub struct NetSuite {
    pub(crate) client: Client,
    pub(crate) conventions: AccountConventions,
    permissions: VerifiedPermissions,
}

impl NetSuite {
    /// Checks the options; nothing is sent.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self, OptionsError> {
        let conventions = AccountConventions::new(&options)?;
        Ok(Self {
            client: Client::new(options, clock)?,
            conventions,
            permissions: VerifiedPermissions::default(),
        })
    }

    fn reader<'a>(&'a self, conventions: &'a AccountConventions) -> BillingReader<'a> {
        BillingReader { client: &self.client, conventions, permissions: &self.permissions }
    }

    async fn read_back(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, NetSuiteError> {
        let request = request::get_list(RecordType::CreditMemo, records);
        let found = reply::parse_get_list(self.client.call_backfill(&request).await?)?;
        let confirmed = |it: &Node| readable(it, reply::confirmed(it, &self.conventions));
        Ok(found.iter().filter(|it| is_memo(it)).filter_map(confirmed).collect())
    }

    async fn update(&self, lines: &LinesToClose) -> Result<(), NetSuiteError> {
        let answer = self.client.call(&request::close_lines(lines)).await?;
        reply::parse_write(&answer).map(drop)
    }
}

/// Whether a record is a credit memo.
pub(crate) fn is_memo(record: &Node) -> bool {
    record.kind() == Some("CreditMemo")
}

/// The memo that was read, or `None` with a warning: one unreadable memo must not prevent the
/// others of its batch from being read.
pub(crate) fn readable<T>(record: &Node, read: Result<T, XmlError>) -> Option<T> {
    if let Err(problem) = &read {
        let memo = reply::subject(record);
        tracing::warn!(error = problem.of(&memo), "Failed to read {memo}");
    }
    read.ok()
}

#[async_trait]
impl Ledger for NetSuite {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        let conventions = self.conventions.in_currency(query.money);
        let billing = self.permissions.note(self.reader(&conventions).billing(query).await);
        billing.map_err(|it| it.into_error(Effect::None))
    }

    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError> {
        let posted = post::post(self.reader(&self.conventions), memo, sending).await;
        if let Err(LedgerError::Forbidden(_) | LedgerError::Unauthorized(_)) = posted {
            self.permissions.invalidate();
        }
        posted
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        if lines.targets.is_empty() {
            return Ok(());
        }
        let updated = self.permissions.note(self.update(lines).await);
        updated.map_err(|it| it.into_error(Effect::Write))
    }

    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        let mut confirmed = Vec::with_capacity(records.len());
        for batch in records.chunks(request::MAX_IDS) {
            let found = self.permissions.note(self.read_back(batch).await);
            let found = found.map_err(|it| it.into_error(Effect::None))?;
            confirmed.extend(found);
        }
        Ok(confirmed)
    }

    async fn memos(&self, since: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError> {
        let page =
            self.permissions.note(self.reader(&self.conventions).memos_since(since, place).await);
        page.map_err(|it| it.into_error(Effect::None))
    }
}

#[async_trait]
impl ReadPermissions for NetSuite {
    async fn verify(&self) -> Result<(), LedgerError> {
        let proved = self.permissions.note(self.permissions.renew(&self.client).await);
        proved.map_err(|it| it.into_error(Effect::None))
    }
}

#[cfg(test)]
mod tests;
