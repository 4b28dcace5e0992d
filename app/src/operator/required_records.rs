//! The records that a customer's configuration requires, for the doctor.

use std::collections::BTreeMap;

use domain::{Entry, ItemPolicy, Maps, PaymentNode, Policy, RecordId, ShippingAs};
use ports::{RecordKind, RequiredRecord, Requirements};

/// Every record that policy and maps name, each once, with all the settings that name it.
#[must_use]
pub fn required_records(policy: &Policy, maps: &Maps) -> Requirements {
    let mut names = Names::default();
    names.policy(policy);
    names.maps(maps, policy.shipping_as);
    let records = names.0.into_iter();
    let records = records.map(|((kind, id), named_by)| RequiredRecord { kind, id, named_by });
    Requirements { policy: policy.clone(), records: records.collect() }
}

/// The settings that name each record.
#[derive(Default)]
struct Names(BTreeMap<(RecordKind, RecordId), Vec<String>>);

impl Names {
    fn policy(&mut self, policy: &Policy) {
        let single = [
            (RecordKind::Item, "discount_item", &policy.discount_item),
            (RecordKind::Item, "rounding_item", &policy.rounding_item),
            (RecordKind::Item, "tax_item", &policy.tax_item),
            (RecordKind::TaxCode, "untaxed_code", &policy.untaxed_code),
            (RecordKind::Form, "custom_form", &policy.custom_form),
        ];
        for (kind, key, id) in single {
            if let Some(id) = id {
                self.add(kind, id, format!("policy.{key}"));
            }
        }
        if let ItemPolicy::Fixed(id) = &policy.item {
            self.add(RecordKind::Item, id, "policy.item".to_owned());
        }
    }

    fn maps(&mut self, maps: &Maps, shipping_as: ShippingAs) {
        let shipping = match shipping_as {
            ShippingAs::Body => RecordKind::ShippingMethod,
            ShippingAs::Line => RecordKind::Item,
        };
        let tables = [
            (RecordKind::Department, "channels", &maps.channels),
            (RecordKind::Currency, "currencies", &maps.currencies),
            (shipping, "shipping_methods", &maps.shipping_methods),
        ];
        for (kind, key, table) in tables {
            for id in table.ids() {
                self.add(kind, id, format!("maps.{key}"));
            }
        }
        for (key, location) in &maps.locations {
            let name = format!("maps.locations.{key}");
            if let Entry::Id(id) = &location.id {
                self.add(RecordKind::Location, id, name.clone());
            }
            if let Some(id) = &location.subsidiary {
                self.add(RecordKind::Subsidiary, id, name.clone());
            }
        }
        for (key, node) in &maps.payment_items {
            self.payments(format!("maps.payment_items.{key}"), node);
        }
        for id in &maps.gift_card_products {
            self.add(RecordKind::Item, id, "maps.gift_card_products".to_owned());
        }
    }

    fn payments(&mut self, name: String, node: &PaymentNode) {
        match node {
            PaymentNode::Leaf(Entry::Id(id)) => self.add(RecordKind::Item, id, name),
            PaymentNode::Leaf(Entry::None) => {}
            PaymentNode::Branch(children) => {
                for (key, node) in children {
                    self.payments(format!("{name}.{key}"), node);
                }
            }
        }
    }

    fn add(&mut self, kind: RecordKind, id: &RecordId, name: String) {
        let names = self.0.entry((kind, id.clone())).or_default();
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

#[cfg(test)]
mod tests;
