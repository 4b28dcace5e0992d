//! The question about one order, the answer's shape, and the way from there to a snapshot.
//!
//! The types are made from `order.graphql` and `schema.graphql` when this is
//! compiled, so a field that the query does not ask for cannot be read.

mod exact;
mod paging;

use domain::{
    InstrumentSnapshot, OrderId, OrderSnapshot, Reading, TransactionSnapshot, UnitSnapshot,
};
use graphql_client::GraphQLQuery;

use exact::BigFloat;
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

/// An opaque place in a list.
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

/// One answer about an order: what is told once, and one page of each list.
#[derive(Debug)]
pub(crate) struct Told {
    head: Head,
    /// A page of the items.
    pub(crate) units: Page<UnitSnapshot>,
    /// A page of the payment instruments; `None` while the payment account is not visible.
    pub(crate) instruments: Option<Page<Instrument>>,
}

impl Told {
    /// Takes the lists out of an answer; `None` when it tells no order.
    pub(crate) fn of(data: ResponseData) -> Option<Self> {
        let mut head = data.order?;
        let units = head.items.take().map(Page::from).unwrap_or_default().map(unit);
        let account = head.payment_account.take();
        let instruments = account.and_then(|it| it.instruments).map(Page::from);
        Some(Self { head, units, instruments })
    }

    /// The whole order, once its lists are whole.
    pub(crate) fn snapshot(
        self,
        id: &OrderId,
        units: Vec<UnitSnapshot>,
        payments: Option<Vec<InstrumentSnapshot>>,
    ) -> OrderSnapshot {
        let head = self.head;
        let discounts = head.discounts.and_then(|it| it.edges).unwrap_or_default();
        let mut coupons = discounts.into_iter().filter_map(|edge| edge?.node?.coupon_code);
        OrderSnapshot {
            id: id.clone(),
            external_id: head.external_id,
            currency: head.currency,
            channel: head.channel,
            channel_type: head.channel_type,
            demand_location: head.demand_location_id,
            tax_strategy: head.tax_strategy,
            price_method: head.price_method,
            is_exchange: head.is_exchange.unwrap_or(false),
            is_historical: head.is_historical.unwrap_or(false),
            shipping_total: reading(head.shipping_total),
            shipping_tax: reading(head.shipping_tax),
            grand_total: reading(head.grand_total),
            coupon: coupons.find(|code| !code.trim().is_empty()),
            units,
            payments,
        }
    }
}

fn unit(item: Item) -> UnitSnapshot {
    UnitSnapshot {
        id: item.id,
        product: item.product_id,
        quantity: reading(item.quantity),
        price: reading(item.pricebook_price),
        item_discounts: reading(item.item_discounts),
        order_discounts: reading(item.order_discounts),
        tax: reading(item.tax),
        status: item.status,
        reason: item.cancellation_reason,
        service_level: item.shipping_service_level,
    }
}

impl Instrument {
    /// The page of its transactions that came with it.
    pub(crate) fn transactions(&mut self) -> Page<Transaction> {
        self.payment_account_transactions.take().map(Page::from).unwrap_or_default()
    }

    /// Whether both may be the same instrument: the API need not give it an id.
    pub(crate) fn resembles(&self, other: &Self) -> bool {
        self.payment_method == other.payment_method
            && self.payment_provider == other.payment_provider
    }

    /// The instrument with all its transactions. Nothing proven tells the digits of a card.
    pub(crate) fn snapshot(self, transactions: Vec<Transaction>) -> InstrumentSnapshot {
        let transactions = transactions.into_iter().map(|it| TransactionSnapshot {
            kind: it.transaction_type,
            amount: reading(it.amount),
            currency: it.currency,
        });
        InstrumentSnapshot {
            method: self.payment_method,
            provider: self.payment_provider,
            last_four: None,
            transactions: transactions.collect(),
        }
    }
}

fn reading(number: Option<BigFloat>) -> Reading {
    number.map_or(Reading::Absent, |it| it.0)
}

/// The three lists differ in name only, and names are all that made types share.
macro_rules! page {
    ($list:ident of $node:ident) => {
        impl From<$list> for Page<$node> {
            /// A list that is null holds nothing yet; a hole among its entries stays a hole.
            fn from(list: $list) -> Self {
                let (more, end) = match list.page_info {
                    None => (None, None),
                    Some(info) => (info.has_next_page, info.end_cursor),
                };
                let edges = list.edges.unwrap_or_default();
                let nodes = edges.into_iter().map(|edge| edge?.node).collect();
                Self { nodes, more, end }
            }
        }
    };
}

page!(Items of Item);
page!(Instruments of Instrument);
page!(Transactions of Transaction);

#[cfg(test)]
mod tests;
