//! Conversions that several queries share.
//!
//! Every query generates its own types, which share only the names of their fields, so these are
//! macros.

use domain::ReportedAmount;

use crate::order::BigFloat;

/// An order without the fields that only one query requests.
macro_rules! head {
    ($head:expr, $id:expr, $units:expr) => {{
        let head = $head;
        domain::OrderSnapshot {
            id: $id,
            external_id: head.external_id,
            currency: head.currency,
            channel: head.channel,
            channel_type: head.channel_type,
            demand_location: head.demand_location_id,
            tax_strategy: head.tax_strategy,
            price_method: head.price_method,
            is_exchange: head.is_exchange.unwrap_or(false),
            is_historical: head.is_historical.unwrap_or(false),
            shipping_total: $crate::fragments::reading(head.shipping_total),
            shipping_tax: $crate::fragments::reading(head.shipping_tax),
            grand_total: $crate::fragments::reading(head.grand_total),
            coupon: None,
            units: $units,
            payments: None,
        }
    }};
}

/// An item.
macro_rules! unit {
    ($item:expr) => {{
        let item = $item;
        domain::UnitSnapshot {
            id: item.id,
            product: item.product_id,
            quantity: $crate::fragments::reading(item.quantity),
            price: $crate::fragments::reading(item.pricebook_price),
            item_discounts: $crate::fragments::reading(item.item_discounts),
            order_discounts: $crate::fragments::reading(item.order_discounts),
            tax: $crate::fragments::reading(item.tax),
            status: item.status,
            reason: item.cancellation_reason,
            service_level: item.shipping_service_level,
        }
    }};
}

/// A page of a list.
macro_rules! page {
    ($list:ident of $node:ident) => {
        impl From<$list> for $crate::order::Page<$node> {
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

pub(crate) use {head, page, unit};

/// An amount, where there is one.
pub(crate) fn reading(number: Option<BigFloat>) -> ReportedAmount {
    number.map_or(ReportedAmount::Absent, |it| it.0)
}
