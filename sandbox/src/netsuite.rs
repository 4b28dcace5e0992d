//! A NetSuite account: SuiteTalk SOAP 2025.2 over the transactions put into it.
//!
//! It checks the token passport, validates requests against the order and the namespaces of the
//! schema, and enforces the rules of an account: external ids are unique over all records, lines
//! cannot be credited twice, applied amounts must balance, and periods may be closed.

mod account;
mod apply;
mod auth;
mod creditable;
mod endpoint;
mod fault;
mod hold;
mod limits;
mod listing;
mod memo;
mod number;
mod operation;
mod order;
mod permission;
mod read;
mod record;
mod reply;
mod request;
mod search;
mod shape;
mod write;
mod xml;

#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::{clock::Now, serve::Server};

pub use account::{Item, ItemKind};
pub use auth::Credentials;
pub use fault::{Calls, Fault, Operation, Rule};
pub use hold::{Hold, Point};
pub use limits::Usage;
pub use listing::{ItemType, ListKind};
pub use memo::SHIPPING_TAX;
pub use permission::{Access, Denial};
pub use record::{Application, Field, Kind, Line, Record, Standing, TaxBasis, TaxDetail};

/// A running account. It stops when its last handle is dropped.
#[derive(Clone)]
pub struct Account {
    shared: Arc<account::Shared>,
    server: Arc<Server>,
}

impl Account {
    /// Starts an account on a free port of the loopback; it accepts these credentials only.
    pub async fn start(credentials: Credentials) -> io::Result<Self> {
        let shared = Arc::new(account::Shared::new(credentials));
        let server = Arc::new(Server::start(endpoint::router(&shared)).await?);
        Ok(Self { shared, server })
    }

    /// The URL for SOAP requests.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}{}", self.server.address(), endpoint::PATH)
    }

    /// Adds a transaction as a person would, without the checks of a request, and returns its
    /// internal id. Totals are computed; an invoice is unpaid unless it states otherwise.
    #[expect(clippy::must_use_candidate, reason = "the record is on the books either way")]
    pub fn add(&self, record: Record) -> String {
        self.shared.books().insert(record)
    }

    /// Changes a transaction as a person would; a missing one is ignored.
    pub fn edit(&self, id: &str, change: impl FnOnce(&mut Record)) {
        self.shared.books().edit(id, change);
    }

    /// Deletes a transaction.
    pub fn delete(&self, id: &str) {
        self.shared.books().delete(id);
    }

    /// Defines an item that lines name. Undefined items are sold items without a name and without a
    /// record of their own.
    pub fn item(&self, item: Item) {
        self.shared.books().items.insert(item.id.clone(), item);
    }

    /// Adds an entry to a list, such as locations. Entries that a transaction names exist anyway.
    pub fn list(&self, kind: ListKind, id: &str) {
        self.shared.books().lists.add(kind, id);
    }

    /// Adds a custom field that no transaction has to contain.
    pub fn custom_field(&self, script_id: &str) {
        self.shared.books().custom_fields.insert(script_id.to_owned());
    }

    /// Sets a tax code's rate in per cent; the rate of any other code is zero.
    pub fn tax_code(&self, id: &str, rate: Decimal) {
        self.shared.books().tax_codes.insert(id.to_owned(), rate);
    }

    /// The item whose external id is this product; created if it does not exist.
    #[must_use]
    pub fn item_for(&self, product: &str) -> String {
        self.shared.books().item_for(product)
    }

    /// A tax code with this rate; created if it does not exist.
    #[must_use]
    pub fn tax_code_for(&self, rate: Decimal) -> String {
        self.shared.books().tax_code_for(rate)
    }

    /// Sets the number of decimals of a currency; the default is two.
    pub fn currency(&self, id: &str, decimals: u32) {
        self.shared.books().currencies.insert(id.to_owned(), decimals);
    }

    /// Whether amounts are printed with the noise of binary fractions.
    pub fn print_noise(&self, noise: bool) {
        self.shared.books().noise = noise;
    }

    /// The credit memos in the order of their creation.
    #[must_use]
    pub fn memos(&self) -> Vec<Record> {
        self.of_kind(Kind::CreditMemo)
    }

    /// All transactions of a kind in the order of their creation.
    #[must_use]
    pub fn of_kind(&self, kind: Kind) -> Vec<Record> {
        self.shared.books().of_kind(kind)
    }

    /// The transaction with this internal id.
    #[must_use]
    pub fn record(&self, id: &str) -> Option<Record> {
        self.shared.books().record(id).cloned()
    }

    /// The invoice with this internal id.
    #[must_use]
    pub fn invoice(&self, id: &str) -> Option<Record> {
        self.record(id).filter(|it| it.kind == Kind::Invoice)
    }

    /// The sales order with this internal id.
    #[must_use]
    pub fn sales_order(&self, id: &str) -> Option<Record> {
        self.record(id).filter(|it| it.kind == Kind::SalesOrder)
    }

    /// The transaction with this external id, compared without case.
    #[must_use]
    pub fn by_external_id(&self, external_id: &str) -> Option<Record> {
        self.shared.books().by_external_id(external_id).cloned()
    }

    /// Adds a fault rule. The first matching rule applies, in the order of their addition.
    pub fn fault(&self, rule: impl Into<Rule>) {
        self.shared.script.push(rule.into());
    }

    /// Removes all fault rules.
    pub fn clear_faults(&self) {
        self.shared.script.clear();
    }

    /// The next call of `operation` waits at `point` until the hold is released.
    #[must_use]
    pub fn hold(&self, operation: Operation, point: Point) -> Hold {
        self.shared.holds.arm(operation, point)
    }

    /// Removes a permission from the integration's role.
    pub fn deny(&self, denial: Denial) {
        self.shared.books().denials.push(denial);
    }

    /// Restores all permissions.
    pub fn allow_all(&self) {
        self.shared.books().denials.clear();
    }

    /// Closes the accounting periods up to this day: no transaction can be dated on or before it.
    pub fn close_books(&self, until: Date) {
        self.shared.books().closed_until = Some(until);
    }

    /// Opens the accounting periods again.
    pub fn open_books(&self) {
        self.shared.books().closed_until = None;
    }

    /// The time zone of the integration's user, which decides the date of a
    /// `tranDate`; the default is `America/New_York`.
    ///
    /// # Errors
    /// If there is no such time zone.
    pub fn time_zone(&self, name: &str) -> Result<(), jiff::Error> {
        self.shared.books().time_zone = jiff::tz::TimeZone::get(name)?;
        Ok(())
    }

    /// Sets the account's clock: passports must be within five minutes of it.
    pub fn clock(&self, now: Now) {
        self.shared.books().now = now;
    }

    /// Replaces the credentials that are accepted, as when a token is revoked.
    pub fn credentials(&self, credentials: Credentials) {
        self.shared.books().credentials = credentials;
    }

    /// Limits the entries of one search answer, even if the request asks for more.
    pub fn page_limit(&self, entries: usize) {
        self.shared.books().page_limit = entries;
    }

    /// Sets the number of concurrent requests; more are rejected. The default is five.
    pub fn concurrency_limit(&self, requests: usize) {
        self.shared.limits.set(requests);
    }

    /// The highest number of concurrent requests so far, without rejected ones.
    #[must_use]
    pub fn peak_in_flight(&self) -> usize {
        self.shared.limits.peak()
    }

    /// The number of running requests.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.limits.running()
    }

    /// The use of the slots since the last call of this function; call it while no request runs.
    #[must_use]
    pub fn take_usage(&self) -> Usage {
        self.shared.limits.take_usage()
    }

    /// The number of calls of each operation, with failed and rejected calls.
    #[must_use]
    pub fn calls(&self) -> Calls {
        self.shared.script.calls()
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
