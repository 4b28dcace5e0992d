//! The storefront port over NewStore's GraphQL API; this module reads one order, page by page.

use std::{fmt, mem, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{InstrumentSnapshot, OrderId, OrderSnapshot, Tenant};
use ports::{CancelledPage, Clock, Cursor, Storefront, StorefrontError, Window};
use tokio::time;

use crate::{
    Options, OptionsError,
    api::Api,
    http,
    order::{Collector, Instrument, Node, Order, OrderPage, Page, Position, Variables},
    token::Tokens,
};

/// Large enough that almost every order is one request.
const PAGE_SIZE: i64 = 100;
/// The most requests for one order; enough for the largest order in small pages.
const MAX_REQUESTS: usize = 500;

/// One tenant's NewStore.
pub struct NewStore {
    pub(crate) tenant: Tenant,
    pub(crate) api: Api,
    pub(crate) timeout: Duration,
    pub(crate) page_size: i64,
}

impl NewStore {
    /// Checks `options` and prepares a client without any call.
    pub fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self, OptionsError> {
        Self::with_page_size(options, clock, PAGE_SIZE)
    }

    /// Like [`Self::new`], with another page size.
    pub(crate) fn with_page_size(
        options: Options,
        clock: Arc<dyn Clock>,
        page_size: i64,
    ) -> Result<Self, OptionsError> {
        let endpoints = options.endpoints()?;
        let Options { tenant, client_id, client_secret, timeout, .. } = options;
        let http = http::client(timeout).map_err(OptionsError::Client)?;
        let tokens =
            Tokens::new(http.clone(), endpoints.token, client_id, client_secret, clock, &tenant);
        let api = Api { http, url: endpoints.graphql, tokens };
        Ok(Self { tenant, api, timeout, page_size })
    }
}

#[async_trait]
impl Storefront for NewStore {
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError> {
        let mut retrieval = Retrieval { newstore: self, id, requests: 0 };
        match time::timeout(self.timeout, retrieval.run()).await {
            Ok(answer) => answer,
            Err(late) => Err(StorefrontError::Unavailable(Box::new(late))),
        }
    }

    async fn cancelled(
        &self,
        window: Window,
        place: &Cursor,
    ) -> Result<CancelledPage, StorefrontError> {
        match time::timeout(self.timeout, self.page_of_cancelled(window, place)).await {
            Ok(answer) => answer,
            Err(late) => Err(StorefrontError::Unavailable(Box::new(late))),
        }
    }
}

/// One order being read.
struct Retrieval<'a> {
    newstore: &'a NewStore,
    id: &'a OrderId,
    requests: usize,
}

/// The start of the next page of each list.
#[derive(Debug, Clone, Default)]
struct Places {
    items: Position,
    instruments: Position,
    transactions: Position,
}

impl Retrieval<'_> {
    /// Requests the next page of all lists at once. A complete list is requested with its last page
    /// again; almost always the first request is the only one.
    async fn run(&mut self) -> Result<Option<OrderSnapshot>, StorefrontError> {
        let mut places = Places::default();
        let Some(mut page) = self.ask(&places).await? else {
            return Ok(None);
        };
        let mut units = self.list("items");
        let mut payments = page.instruments.is_some().then(|| self.list("instruments"));
        loop {
            if !units.is_whole() {
                units.add(mem::take(&mut page.units))?;
            }
            if let Some(list) = payments.as_mut().filter(|it| !it.is_whole()) {
                let instruments = page.instruments.take().ok_or_else(changed_while_paging)?;
                list.add(self.complete(&places, instruments).await?)?;
            }
            if units.is_whole() && payments.as_ref().is_none_or(Collector::is_whole) {
                let payments = payments.map(Collector::into_entries);
                return Ok(Some(page.snapshot(self.id, units.into_entries(), payments)));
            }
            places.items = units.position().clone();
            if let Some(list) = &payments {
                places.instruments = list.position().clone();
            }
            page = self.ask(&places).await?.ok_or_else(changed_while_paging)?;
        }
    }

    /// The page of instruments at `places`, each with all its transactions.
    async fn complete(
        &mut self,
        places: &Places,
        page: Page<Instrument>,
    ) -> Result<Page<InstrumentSnapshot>, StorefrontError> {
        let mut nodes = Vec::new();
        for (index, node) in page.nodes.into_iter().enumerate() {
            nodes.push(match node {
                Some(instrument) => Some(self.instrument(places, index, instrument).await?),
                None => None,
            });
        }
        Ok(Page { nodes, more: page.more, end: page.end })
    }

    /// The instrument at `index` of its page, with all its transactions. Further transactions are
    /// read by requesting the same page again, because instruments have no id by which they could
    /// be queried.
    async fn instrument(
        &mut self,
        places: &Places,
        index: usize,
        mut instrument: Instrument,
    ) -> Result<InstrumentSnapshot, StorefrontError> {
        let mut transactions = self.list("transactions");
        transactions.add(instrument.transactions())?;
        while !transactions.is_whole() {
            let position = transactions.position().clone();
            let places = Places { transactions: position, ..places.clone() };
            let instruments = self.ask(&places).await?.and_then(|page| page.instruments);
            let mut nodes = instruments.ok_or_else(changed_while_paging)?.nodes.into_iter();
            let again = nodes.nth(index).flatten().filter(|it| it.resembles(&instrument));
            transactions.add(again.ok_or_else(changed_while_paging)?.transactions())?;
        }
        Ok(instrument.snapshot(transactions.into_entries()))
    }

    async fn ask(&mut self, places: &Places) -> Result<Option<OrderPage>, StorefrontError> {
        if self.requests == MAX_REQUESTS {
            let why = format!("the order has more pages than {MAX_REQUESTS} requests can read");
            return Err(StorefrontError::Unreadable(why));
        }
        self.requests += 1;
        let Places { items, instruments, transactions } = places.clone();
        let variables = Variables {
            id: self.id.to_string(),
            tenant: self.newstore.tenant.to_string(),
            first: self.newstore.page_size,
            items_after: items.after,
            items_offset: items.offset,
            instruments_after: instruments.after,
            instruments_offset: instruments.offset,
            transactions_after: transactions.after,
            transactions_offset: transactions.offset,
        };
        Ok(OrderPage::of(self.newstore.api.ask::<Order>(variables).await?))
    }

    fn list<T: Node>(&self, name: &'static str) -> Collector<T> {
        Collector::new(name, self.newstore.page_size)
    }
}

fn changed_while_paging() -> StorefrontError {
    StorefrontError::Unreadable("part of the order vanished between two pages".to_owned())
}

impl fmt::Debug for NewStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewStore").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
