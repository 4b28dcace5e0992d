//! The query for one order, its answer, and the conversion to a snapshot.
//!
//! The types are generated from `order.graphql` and `schema.graphql` at compile time, so a field
//! that the query does not request cannot be read.

mod exact;
mod paging;

use domain::{InstrumentSnapshot, OrderId, OrderSnapshot, TransactionSnapshot, UnitSnapshot};
use graphql_client::GraphQLQuery;

pub(crate) use exact::BigFloat;
use order::{
    OrderOrder as Head, OrderOrderItems as Items, OrderOrderItemsEdgesNode as Item,
    OrderOrderPaymentAccountInstruments as Instruments,
    OrderOrderPaymentAccountInstrumentsEdgesNodePaymentAccountTransactions as Transactions,
};
pub(crate) use order::{
    OrderOrderPaymentAccountInstrumentsEdgesNode as Instrument,
    OrderOrderPaymentAccountInstrumentsEdgesNodePaymentAccountTransactionsEdgesNode as Transaction,
    ResponseData, Variables,
};
pub(crate) use paging::{Collector, Node, Page, Position};

use crate::fragments::{head, page, reading, unit};

/// The API's opaque cursor.
type Cursor = String;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema.graphql",
    query_path = "order.graphql",
    response_derives = "Debug,Clone,PartialEq",
    variables_derives = "Debug,Clone",
    skip_serializing_none
)]
pub(crate) struct Order;

/// One answer about an order: the fields of the order, and one page of each list.
#[derive(Debug)]
pub(crate) struct OrderPage {
    head: Head,
    /// A page of the items.
    pub(crate) units: Page<UnitSnapshot>,
    /// A page of the payment instruments; `None` while the payment account is not visible.
    pub(crate) instruments: Option<Page<Instrument>>,
}

impl OrderPage {
    /// Extracts the lists of an answer; `None` when it contains no order.
    pub(crate) fn of(data: ResponseData) -> Option<Self> {
        let mut head = data.order?;
        let units = head.items.take().map(Page::from).unwrap_or_default();
        let units = units.map(|it| unit!(it));
        let account = head.payment_account.take();
        let instruments = account.and_then(|it| it.instruments).map(Page::from);
        Some(Self { head, units, instruments })
    }

    /// The complete order, once its lists are complete.
    pub(crate) fn snapshot(
        self,
        id: &OrderId,
        units: Vec<UnitSnapshot>,
        payments: Option<Vec<InstrumentSnapshot>>,
    ) -> OrderSnapshot {
        let mut head = self.head;
        let discounts = head.discounts.take().and_then(|it| it.edges).unwrap_or_default();
        let mut coupons = discounts.into_iter().filter_map(|edge| edge?.node?.coupon_code);
        let coupon = coupons.find(|code| !code.trim().is_empty());
        OrderSnapshot { coupon, payments, ..head!(head, id.clone(), units) }
    }
}

impl Instrument {
    /// The first page of its transactions, which comes with the instrument.
    pub(crate) fn transactions(&mut self) -> Page<Transaction> {
        self.payment_account_transactions.take().map(Page::from).unwrap_or_default()
    }

    /// Whether both may be the same instrument, because the API need not return an id.
    pub(crate) fn resembles(&self, other: &Self) -> bool {
        self.payment_method == other.payment_method
            && self.payment_provider == other.payment_provider
    }

    /// The instrument with all its transactions. No field is known to hold the digits of a card.
    pub(crate) fn snapshot(self, transactions: Vec<Transaction>) -> InstrumentSnapshot {
        let transactions = transactions.into_iter().map(|transaction| TransactionSnapshot {
            kind: transaction.transaction_type,
            amount: reading(transaction.amount),
            currency: transaction.currency,
        });
        InstrumentSnapshot {
            method: self.payment_method,
            provider: self.payment_provider,
            last_four: None,
            transactions: transactions.collect(),
        }
    }
}

page!(Items of Item);
page!(Instruments of Instrument);
page!(Transactions of Transaction);

#[cfg(test)]
mod oddities;
#[cfg(test)]
mod tests;
