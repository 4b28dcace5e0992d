//! Tells an order's records from those of another order with the same number: two shops may both
//! count from 1001 in one account.

use std::{borrow::Cow, collections::BTreeSet};

use crate::{
    Billing, BillingLine, Entry, Invoice, Maps, Order, RecordId, SalesOrder, Standing, UnitId,
    decide::names,
};

/// What tells the records of an order from another shop's with the same number.
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

    /// Whether a line of these invoices names one of its units: they are its own then,
    /// whatever their sales order says.
    #[must_use]
    pub fn is_named_on(&self, invoices: &[Invoice]) -> bool {
        invoices.iter().any(|invoice| self.is_named(&invoice.lines))
    }

    /// Whether a sales order with its invoices is this order's: a line names one of its
    /// units; or none names any unit, one is of one of its products, and the currency is
    /// not another one.
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
        let is_foreign = self.currency.as_ref().zip(currency).is_some_and(|(ours, it)| ours != it);
        lines.iter().any(is_product) && !is_foreign
    }

    /// The billing without what is another order's: everything where the sales order is,
    /// else invoices whose lines name units and none of this order's. Their memos go with
    /// them, but for those that name one of this order's units. Without any sales document
    /// nothing else tells whose a memo is.
    #[must_use]
    pub fn own<'a>(&self, billing: &'a Billing) -> Cow<'a, Billing> {
        let sales_order = billing.sales_order.as_ref();
        let is_found = sales_order.is_none() || self.owns(sales_order, &billing.invoices);
        let is_ours = |invoice: &&Invoice| {
            let names_none = invoice.lines.iter().all(|line| line.units.is_empty());
            is_found && (names_none || self.is_named(&invoice.lines))
        };
        let (ours, others): (Vec<&Invoice>, Vec<&Invoice>) =
            billing.invoices.iter().partition(is_ours);
        let has_documents = is_found && (sales_order.is_some() || !ours.is_empty());
        if has_documents && others.is_empty() {
            return Cow::Borrowed(billing);
        }
        let own_invoices: BTreeSet<&RecordId> = ours.iter().map(|invoice| &invoice.id).collect();
        let others: BTreeSet<&RecordId> = others.into_iter().map(|invoice| &invoice.id).collect();
        let mut own = Billing { invoices: ours.into_iter().cloned().collect(), ..billing.clone() };
        own.memos.retain(|memo| {
            let is_own = |record: &&RecordId| own_invoices.contains(*record);
            let is_known = |record: &&RecordId| is_own(record) || others.contains(*record);
            // What it was made from tells more than what it was applied to.
            let credited = memo.created_from.iter().chain(&memo.applied_to).find(is_known);
            let may_be_own = has_documents && credited.as_ref().is_none_or(is_own);
            let mut units = memo.lines.iter().flat_map(|line| &line.units);
            // Voided ones are asked for by the records of our claims.
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
