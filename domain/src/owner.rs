//! Separates an order's records from those of another order with the same number: two shops in one
//! account may both count from 1001.

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    Billing, BillingLine, Entry, Invoice, Maps, Order, RecordId, SalesOrder, Standing, UnitId,
    decide::names,
};

/// The data that separates an order's records from another shop's with the same number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderIdentity {
    /// All its units.
    pub units: BTreeSet<UnitId>,
    /// All its products.
    pub products: BTreeSet<String>,
    /// Its currency's record, where the currency map has one.
    pub currency: Option<RecordId>,
}

impl OrderIdentity {
    /// The identity of an order.
    #[must_use]
    pub fn of(order: &Order, maps: &Maps) -> Self {
        Self {
            units: order.units.iter().map(|unit| unit.id.clone()).collect(),
            products: order.units.iter().map(|unit| unit.product.clone()).collect(),
            currency: maps.currency(order).ok().and_then(Entry::id),
        }
    }

    /// Whether a line of these invoices names one of the order's units. They are the order's
    /// invoices then, even where their sales order does not match.
    #[must_use]
    pub fn is_named_on(&self, invoices: &[Invoice]) -> bool {
        invoices.iter().any(|invoice| self.is_named(&invoice.lines))
    }

    /// Whether a sales order with its invoices belongs to this order. Either a line names one of
    /// its units. Or no line names any unit, one line is of one of its products, and the currency
    /// does not differ.
    #[must_use]
    pub fn owns(&self, sales_order: Option<&SalesOrder>, invoices: &[Invoice]) -> bool {
        let ordered = sales_order.iter().flat_map(|it| &it.lines).map(|it| &it.line);
        let lines = ordered.chain(invoices.iter().flat_map(|invoice| &invoice.lines));
        let lines: Vec<&BillingLine> = lines.collect();
        if lines.iter().any(|line| !line.units.is_empty()) {
            return self.is_named(lines);
        }
        let is_product =
            |line: &&BillingLine| names(&line.item).any(|(name, _)| self.products.contains(name));
        let currency = sales_order.and_then(|it| it.currency.as_ref());
        let currency =
            currency.or_else(|| invoices.iter().find_map(|invoice| invoice.currency.as_ref()));
        let is_foreign =
            self.currency.as_ref().zip(currency).is_some_and(|(expected, found)| expected != found);
        lines.iter().any(is_product) && !is_foreign
    }

    /// The billing without the records of another order. Everything is removed where the sales
    /// order belongs to another order; otherwise the invoices whose lines name units but none of
    /// this order's. Their memos are removed with them, except memos that name one of this order's
    /// units. Without any sales document no memo can be attributed, so none is removed.
    #[must_use]
    pub fn own<'a>(&self, billing: &'a Billing) -> Cow<'a, Billing> {
        let sales_order = billing.sales_order.as_ref();
        let is_found = sales_order.is_none() || self.owns(sales_order, &billing.invoices);
        let is_ours = |invoice: &&Invoice| {
            let names_none = invoice.lines.iter().all(|line| line.units.is_empty());
            is_found && (names_none || self.is_named(&invoice.lines))
        };
        let (invoices_of_order, others): (Vec<&Invoice>, Vec<&Invoice>) =
            billing.invoices.iter().partition(is_ours);
        let has_documents = is_found && (sales_order.is_some() || !invoices_of_order.is_empty());
        if has_documents && others.is_empty() {
            return Cow::Borrowed(billing);
        }
        let own_invoices: BTreeSet<&RecordId> =
            invoices_of_order.iter().map(|invoice| &invoice.id).collect();
        let others: BTreeSet<&RecordId> = others.into_iter().map(|invoice| &invoice.id).collect();
        let mut own = Billing {
            invoices: invoices_of_order.into_iter().cloned().collect(),
            ..billing.clone()
        };
        own.memos.retain(|memo| {
            let is_own = |record: &&RecordId| own_invoices.contains(*record);
            let is_known = |record: &&RecordId| is_own(record) || others.contains(*record);
            // The record that a memo was made from is better evidence than the one it was applied
            // to.
            let credited = memo.created_from.iter().chain(&memo.applied_to).find(is_known);
            let may_be_own = has_documents && credited.as_ref().is_none_or(is_own);
            let mut units = memo.lines.iter().flat_map(|line| &line.units);
            // Voided memos are on the list only because a claim of memobridge names their record.
            let is_voided = memo.standing == Standing::Voided;
            may_be_own || is_voided || units.any(|unit| self.units.contains(unit))
        });
        if !is_found {
            own.sales_order = None;
            own.cash_sales = Vec::new();
        }
        Cow::Owned(own)
    }

    fn is_named<'a>(&self, lines: impl IntoIterator<Item = &'a BillingLine>) -> bool {
        lines.into_iter().flat_map(|line| &line.units).any(|unit| self.units.contains(unit))
    }
}

#[cfg(test)]
mod tests;
