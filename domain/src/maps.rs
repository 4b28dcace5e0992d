//! The customer's tables from storefront values to the ERP's record ids.
//!
//! Keys compare without case. A missing entry is never guessed: the look-up fails with
//! [`Reason::Unmapped`], which names table, key and order.

use std::collections::BTreeMap;

use crate::{Order, Reason, RecordId};

/// The value of a table for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// This record.
    Id(RecordId),
    /// Deliberately no record: −1 in the configuration.
    None,
}

impl Entry {
    /// The record, unless the entry deliberately has none.
    #[must_use]
    pub fn id(self) -> Option<RecordId> {
        match self {
            Self::Id(id) => Some(id),
            Self::None => None,
        }
    }
}

/// A table with keys in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table(BTreeMap<String, Entry>);

impl FromIterator<(String, Entry)> for Table {
    fn from_iter<I: IntoIterator<Item = (String, Entry)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(key, entry)| (fold(&key), entry)).collect())
    }
}

impl Table {
    fn get(&self, key: &str) -> Option<Entry> {
        self.0.get(&fold(key)).cloned()
    }

    /// The records of all entries.
    pub fn ids(&self) -> impl Iterator<Item = &RecordId> {
        self.0.values().filter_map(|entry| match entry {
            Entry::Id(id) => Some(id),
            Entry::None => None,
        })
    }
}

/// A payment item, or a choice among several by provider or currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentNode {
    /// The item.
    Leaf(Entry),
    /// Keys are providers, wallets or currencies, in lower case.
    Branch(BTreeMap<String, PaymentNode>),
}

impl PaymentNode {
    /// A branch whose keys compare without case.
    pub fn branch(children: impl IntoIterator<Item = (String, Self)>) -> Self {
        Self::Branch(children.into_iter().map(|(key, node)| (fold(&key), node)).collect())
    }

    fn find(&self, keys: &[&str]) -> Option<Entry> {
        match self {
            Self::Leaf(entry) => Some(entry.clone()),
            Self::Branch(children) => keys.iter().enumerate().find_map(|(nth, key)| {
                let rest: Vec<_> = keys.iter().skip(nth + 1).copied().collect();
                children.get(&fold(key)).and_then(|node| node.find(&rest))
            }),
        }
    }

    fn collect<'a>(&'a self, into: &mut Vec<&'a RecordId>) {
        match self {
            Self::Leaf(Entry::Id(id)) => into.push(id),
            Self::Leaf(Entry::None) => {}
            Self::Branch(children) => children.values().for_each(|child| child.collect(into)),
        }
    }
}

/// A fulfilment location or store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Its record.
    pub id: Entry,
    /// The subsidiary it belongs to.
    pub subsidiary: Option<RecordId>,
}

/// All tables of one customer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Maps {
    /// Channel type to department.
    pub channels: Table,
    /// Currency code to currency.
    pub currencies: Table,
    /// Service level to ship item.
    pub shipping_methods: Table,
    /// Location or store id, in lower case, to location.
    pub locations: BTreeMap<String, Location>,
    /// Payment method to payment item.
    pub payment_items: BTreeMap<String, PaymentNode>,
    /// Items of gift cards; the first stands in for an unmapped gift card payment.
    pub gift_card_products: Vec<RecordId>,
}

impl Maps {
    /// The department of a channel type.
    pub fn department(&self, channel_type: &str, order: &Order) -> Result<Entry, Reason> {
        self.channels.get(channel_type).ok_or_else(|| unmapped("channels", channel_type, order))
    }

    /// The record of the order's currency.
    pub fn currency(&self, order: &Order) -> Result<Entry, Reason> {
        let code = order.currency.code();
        self.currencies.get(code).ok_or_else(|| unmapped("currencies", code, order))
    }

    /// The ship item of a service level.
    pub fn shipping_method(&self, level: &str, order: &Order) -> Result<Entry, Reason> {
        let entry = self.shipping_methods.get(level);
        entry.ok_or_else(|| unmapped("shipping_methods", level, order))
    }

    /// The location with this storefront id.
    pub fn location(&self, id: &str, order: &Order) -> Result<&Location, Reason> {
        self.locations.get(&fold(id)).ok_or_else(|| unmapped("locations", id, order))
    }

    /// The item that stands for a payment by this method and provider.
    pub fn payment_item(
        &self,
        method: &str,
        provider: &str,
        order: &Order,
    ) -> Result<Entry, Reason> {
        let code = order.currency.code();
        let found = self.payment_items.get(&fold(method));
        let found = found.and_then(|node| node.find(&[provider, code]));
        let gift_card = || match fold(method).as_str() {
            "gift_card" => self.gift_card_products.first().cloned().map(Entry::Id),
            _ => None,
        };
        found.or_else(gift_card).ok_or_else(|| {
            let key = [method, provider, code].map(str::to_lowercase).join(".");
            unmapped("payment_items", &key, order)
        })
    }

    /// Whether the item is one that stands for a payment.
    #[must_use]
    pub fn is_payment_item(&self, item: &RecordId) -> bool {
        let mut items = Vec::new();
        self.payment_items.values().for_each(|node| node.collect(&mut items));
        items.contains(&item)
    }
}

pub(crate) fn unmapped(table: &str, key: &str, order: &Order) -> Reason {
    Reason::Unmapped {
        table: table.to_owned(),
        key: key.to_owned(),
        order: order.reference.clone(),
    }
}

fn fold(key: &str) -> String {
    key.trim().to_lowercase()
}

#[cfg(test)]
mod tests;
