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

    /// Where SOAP requests go.
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

    /// Changes a transaction as a person would; one that is not there is left alone.
    pub fn edit(&self, id: &str, change: impl FnOnce(&mut Record)) {
        self.shared.books().edit(id, change);
    }

    /// Deletes a transaction.
    pub fn delete(&self, id: &str) {
        self.shared.books().delete(id);
    }

    /// Tells what a line's item is called and what it is for; others are goods without a name
    /// or a record of their own.
    pub fn item(&self, item: Item) {
        self.shared.books().items.insert(item.id.clone(), item);
    }

    /// Puts an entry on a list that transactions choose from; what they name is on it anyway.
    pub fn list(&self, kind: ListKind, id: &str) {
        self.shared.books().lists.add(kind, id);
    }

    /// Adds a custom field, though no transaction has it filled in.
    pub fn custom_field(&self, script_id: &str) {
        self.shared.books().custom_fields.insert(script_id.to_owned());
    }

    /// Sets a tax code's rate in per cent; a code that is not set taxes nothing.
    pub fn tax_code(&self, id: &str, rate: Decimal) {
        self.shared.books().tax_codes.insert(id.to_owned(), rate);
    }

    /// The item whose external id is this product; made up where there is none.
    #[must_use]
    pub fn item_for(&self, product: &str) -> String {
        self.shared.books().item_for(product)
    }

    /// A tax code with this rate; made up where there is none.
    #[must_use]
    pub fn tax_code_for(&self, rate: Decimal) -> String {
        self.shared.books().tax_code_for(rate)
    }

    /// Sets how many decimals a currency has; others have two.
    pub fn currency(&self, id: &str, decimals: u32) {
        self.shared.books().currencies.insert(id.to_owned(), decimals);
    }

    /// Prints amounts with the noise of doubles, or as they are.
    pub fn print_noise(&self, noise: bool) {
        self.shared.books().noise = noise;
    }

    /// The credit memos in the order they were made.
    #[must_use]
    pub fn memos(&self) -> Vec<Record> {
        self.of_kind(Kind::CreditMemo)
    }

    /// All transactions of a kind in the order they were made.
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

    /// The transaction with this external id, whatever its case.
    #[must_use]
    pub fn by_external_id(&self, external_id: &str) -> Option<Record> {
        self.shared.books().by_external_id(external_id).cloned()
    }

    /// Adds to what goes wrong. Rules are tried in the order they were added.
    pub fn fault(&self, rule: impl Into<Rule>) {
        self.shared.script.push(rule.into());
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.shared.script.clear();
    }

    /// The next call of `operation` waits at `point` until the hold is released.
    #[must_use]
    pub fn hold(&self, operation: Operation, point: Point) -> Hold {
        self.shared.holds.arm(operation, point)
    }

    /// Takes a permission away.
    pub fn deny(&self, denial: Denial) {
        self.shared.books().denials.push(denial);
    }

    /// Gives all permissions back.
    pub fn allow_all(&self) {
        self.shared.books().denials.clear();
    }

    /// Closes the accounting periods: nothing can be dated on or before this day.
    pub fn close_books(&self, until: Date) {
        self.shared.books().closed_until = Some(until);
    }

    /// Opens the accounting periods again.
    pub fn open_books(&self) {
        self.shared.books().closed_until = None;
    }

    /// The time zone of the integration's user, which makes a date of a `tranDate`;
    /// `America/New_York` at first.
    ///
    /// # Errors
    /// If there is no such time zone.
    pub fn time_zone(&self, name: &str) -> Result<(), jiff::Error> {
        self.shared.books().time_zone = jiff::tz::TimeZone::get(name)?;
        Ok(())
    }

    /// Takes over the account's time: passports must be within five minutes of it.
    pub fn clock(&self, now: Now) {
        self.shared.books().now = now;
    }

    /// Replaces the credentials that are accepted, as when a token is revoked.
    pub fn credentials(&self, credentials: Credentials) {
        self.shared.books().credentials = credentials;
    }

    /// The most entries of a search that one answer holds, whatever was asked for.
    pub fn page_limit(&self, entries: usize) {
        self.shared.books().page_limit = entries;
    }

    /// How many requests may run at once; more are blocked. Five at first.
    pub fn concurrency_limit(&self, requests: usize) {
        self.shared.limits.set(requests);
    }

    /// The most requests that ever ran at once, blocked ones not counted.
    #[must_use]
    pub fn peak_in_flight(&self) -> usize {
        self.shared.limits.peak()
    }

    /// How many requests run now.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.limits.running()
    }

    /// How the slots were used since this was asked last; to be asked while none is taken.
    #[must_use]
    pub fn take_usage(&self) -> Usage {
        self.shared.limits.take_usage()
    }

    /// How often each operation was called, failed and blocked calls included.
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
