//! The query for orders, and the conversion of its answer to snapshots.

use domain::{OrderId, OrderSnapshot, UnitSnapshot};
use graphql_client::GraphQLQuery;

use crate::{
    fragments::{head, page, unit},
    order::{BigFloat, Page},
};

use cancelled_orders::{
    CancelledOrdersOrders as Orders, CancelledOrdersOrdersEdgesNode as Head,
    CancelledOrdersOrdersEdgesNodeItems as Items,
    CancelledOrdersOrdersEdgesNodeItemsEdgesNode as Item,
};
pub(super) use cancelled_orders::{DatetimeFilter, OrderFilter, ResponseData, Variables};

/// The API's opaque cursor.
type Cursor = String;
/// A time without offset, in UTC.
type Datetime = String;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema.graphql",
    query_path = "cancelled_orders.graphql",
    response_derives = "Debug,Clone,PartialEq",
    variables_derives = "Debug,Clone,Default",
    skip_serializing_none
)]
pub(super) struct CancelledOrders;

/// One order of a page.
pub(super) struct Listed {
    head: Head,
    /// The first page of its items, which comes with the order.
    pub(super) items: Page<UnitSnapshot>,
}

impl Listed {
    fn of(mut head: Head) -> Self {
        let items = head.items.take().map(Page::from).unwrap_or_default();
        Self { head, items: items.map(|it| unit!(it)) }
    }

    /// Its id as the API returns it.
    pub(super) fn id(&self) -> &str {
        &self.head.id
    }

    /// Its tenant, where the API returns it.
    pub(super) fn tenant(&self) -> Option<&str> {
        self.head.tenant.as_deref()
    }

    /// When it was created, where the API returns it.
    pub(super) fn created_at(&self) -> Option<&str> {
        self.head.created_at.as_deref()
    }

    /// The order with these items; its payments were not queried.
    pub(super) fn snapshot(self, id: OrderId, units: Vec<UnitSnapshot>) -> OrderSnapshot {
        head!(self.head, id, units)
    }
}

/// A page of orders; empty where the answer has no list.
pub(super) fn orders(data: ResponseData) -> Page<Listed> {
    data.orders.map(Page::from).unwrap_or_default().map(Listed::of)
}

page!(Orders of Head);
page!(Items of Item);
