//! A cancellation: the order to check and the units that the event names.

use std::collections::BTreeMap;

use crate::{CancellationId, OrderId, Tenant, Timestamp, UnitId, digest::digest};

/// The event that says that some units of an order were cancelled.
pub const ITEMS_CANCELLED: &str = "order.items_cancelled";
/// The event that says that an order was cancelled as a whole.
pub const ORDER_CANCELLED: &str = "order.cancelled";
/// The events that name cancelled units, `docs/RULES.md#events`; all others are ignored.
pub const CANCELLATION_EVENTS: [&str; 2] = [ITEMS_CANCELLED, ORDER_CANCELLED];

/// The units of one order that one storefront event reports as cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// The tenant that the order belongs to.
    pub tenant: Tenant,
    /// The event's name, for example `order.items_cancelled`.
    pub event: String,
    /// The order.
    pub order: OrderId,
    /// The cancelled units, each with the reason the event gave.
    pub units: BTreeMap<UnitId, Option<String>>,
    /// When the event was published: the earliest of its deliveries.
    pub published_at: Timestamp,
}

impl Cancellation {
    /// The same for the first delivery and every redelivery: a digest of tenant, event name, order
    /// and sorted unit ids.
    #[must_use]
    pub fn id(&self) -> CancellationId {
        let mut parts = vec![self.tenant.as_str(), &self.event, self.order.as_str()];
        parts.extend(self.units.keys().map(UnitId::as_str));
        format!("can-{}", digest(&parts)).parse().expect("hexadecimal digits make an id")
    }
}
