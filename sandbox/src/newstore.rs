//! A simulated NewStore tenant: a token endpoint, a GraphQL endpoint over the orders that a test
//! adds, and an event stream.
//!
//! Orders are JSON objects with the names of the schema. Lists inside them are arrays and are
//! served as connections, page by page.

mod connection;
mod endpoint;
mod execute;
mod fault;
mod filter;
mod form;
mod schema;
mod state;
mod stream;

#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

use serde_json::Value;

use crate::{clock::Now, serve::Server};

pub use fault::Fault;
pub use state::Calls;
pub use stream::{Delivery, Integration, Status, Stream};

/// A running tenant. It stops when its last handle is dropped.
#[derive(Clone)]
pub struct Tenant {
    shared: Arc<state::Shared>,
    server: Arc<Server>,
}

impl Tenant {
    /// Starts a tenant on a free port of the loopback; it accepts these credentials only.
    pub async fn start(name: &str, client_id: &str, client_secret: &str) -> io::Result<Self> {
        let shared = Arc::new(state::Shared::new(name, client_id, client_secret));
        let server = Arc::new(Server::start(endpoint::router(&shared)).await?);
        Ok(Self { shared, server })
    }

    /// The URL for queries.
    #[must_use]
    pub fn graphql_url(&self) -> String {
        format!("http://{}{}", self.server.address(), endpoint::GRAPHQL)
    }

    /// The URL for tokens.
    #[must_use]
    pub fn token_url(&self) -> String {
        let realm = &self.shared.name;
        format!("http://{}/auth/realms/{realm}{}", self.server.address(), endpoint::TOKEN)
    }

    /// Its event stream.
    #[must_use]
    pub fn stream(&self) -> Stream {
        let url = format!("http://{}{}", self.server.address(), stream::PATH);
        Stream { shared: Arc::clone(&self.shared), url }
    }

    /// Adds an order, or replaces the one with its `id`.
    ///
    /// # Panics
    /// If the order has no `id`: a mistake in a test, not a fault of the tenant.
    pub fn put(&self, order: Value) {
        let id = order["id"].as_str().expect("an order has an id").to_owned();
        self.shared.world().orders.insert(id, order);
    }

    /// Changes an order in place; a missing one is ignored.
    pub fn edit(&self, order_id: &str, change: impl FnOnce(&mut Value)) {
        if let Some(order) = self.shared.world().orders.get_mut(order_id) {
            change(order);
        }
    }

    /// Removes an order, as if it had not been replicated yet.
    pub fn remove(&self, order_id: &str) {
        self.shared.world().orders.remove(order_id);
    }

    /// Sets the fault of queries; it lasts until the next call.
    pub fn fault(&self, fault: Fault) {
        self.shared.fault.send_replace(fault);
    }

    /// Sets the fault of the token endpoint; it lasts until the next call.
    pub fn token_fault(&self, fault: Fault) {
        self.shared.token_fault.send_replace(fault);
    }

    /// Sets the lifetime of new tokens; the default is an hour.
    pub fn token_ttl(&self, seconds: u32) {
        self.shared.world().token_ttl = seconds;
    }

    /// Invalidates all tokens, as when the client was changed.
    pub fn revoke_tokens(&self) {
        self.shared.world().tokens.clear();
    }

    /// Limits the entries of a list in one answer, even if the request asks for more.
    pub fn page_limit(&self, entries: usize) {
        self.shared.world().page_limit = entries;
    }

    /// Answers null for every field that no known query selects, although the schema has it.
    pub fn answer_only_proven_fields(&self) {
        self.shared.world().answers = state::Answers::ProvenOnly;
    }

    /// Rejects filters of orders that name any of these fields.
    pub fn refuse_filters(&self, fields: &[&str]) {
        self.shared.world().refused_filters =
            fields.iter().map(|&field| field.to_owned()).collect();
    }

    /// Sets the tenant's clock, which decides when tokens expire.
    pub fn clock(&self, now: Now) {
        self.shared.world().now = now;
    }

    /// The number of calls of each endpoint, with failed ones.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.shared.world().calls
    }

    /// Stops listening: connections are refused until [`Self::accept_connections`].
    pub async fn refuse_connections(&self) {
        self.server.shut().await;
    }

    /// Listens again, on the same port.
    pub async fn accept_connections(&self) {
        self.server.open().await;
    }
}
