//! The port, over one NetSuite account.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Billing, CreditMemo, LinesToClose, RecordId};
use ports::{BillingQuery, Clock, Confirmed, Ledger, LedgerError, Posted, Sending};

use crate::{
    billing,
    books::Books,
    client::Client,
    fault::{Effect, Failure},
    options::{InvalidOptions, Options},
    post,
    reply::{self, Node},
    request::{self, RecordType},
};

/// NetSuite takes at most this many ids in one request.
const BATCH: usize = 1000;

/// The ledger in one NetSuite account.
pub struct NetSuite {
    client: Client,
    books: Books,
}

impl NetSuite {
    /// Checks the options; nothing is sent.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self, InvalidOptions> {
        let books = Books::new(&options)?;
        Ok(Self { client: Client::new(options, clock)?, books })
    }

    async fn read_back(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, Failure> {
        let request = request::get_list(RecordType::CreditMemo, records);
        let found = reply::listed(self.client.call(&request).await?)?;
        let memos = found.iter().filter(|it| is_memo(it));
        memos.map(|it| Ok(reply::confirmed(it)?)).collect()
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

#[async_trait]
impl Ledger for NetSuite {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        let billing = billing::read(&self.client, &self.books, query).await;
        billing.map_err(|it| it.into_error(Effect::None))
    }

    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError> {
        post::post(&self.client, &self.books, memo, sending).await
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        if lines.targets.is_empty() {
            return Ok(());
        }
        self.update(lines).await.map_err(|it| it.into_error(Effect::Write))
    }

    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        let mut confirmed = Vec::with_capacity(records.len());
        for batch in records.chunks(BATCH) {
            let found = self.read_back(batch).await.map_err(|it| it.into_error(Effect::None))?;
            confirmed.extend(found);
        }
        Ok(confirmed)
    }
}

#[cfg(test)]
mod tests;
