//! The builder methods of a story.

use super::{Column, Lines, Story, amount, date, id};
use crate::{
    Billing, Deadline, Entry, InstrumentSnapshot, OrderSnapshot, Policy, ReportedAmount,
    TransactionSnapshot, UnitSnapshot,
};

/// The order.
impl Story {
    pub(crate) fn unit(mut self, id: &str, price: &str) -> Self {
        self.order.units.push(UnitSnapshot {
            id: id.to_owned(),
            product: Some(id.to_owned()),
            quantity: ReportedAmount::of("1"),
            price: ReportedAmount::of(price),
            status: Some("opened".to_owned()),
            service_level: Some("GROUND".to_owned()),
            reason: Some("insufficient_stock".to_owned()),
            ..UnitSnapshot::default()
        });
        self
    }

    pub(crate) fn last(&mut self) -> &mut UnitSnapshot {
        self.order.units.last_mut().unwrap()
    }

    pub(crate) fn tax(mut self, tax: &str) -> Self {
        self.last().tax = ReportedAmount::of(tax);
        self
    }

    pub(crate) fn product(mut self, product: &str) -> Self {
        self.last().product = Some(product.to_owned());
        self
    }

    pub(crate) fn times(mut self, quantity: &str) -> Self {
        self.last().quantity = ReportedAmount::of(quantity);
        self
    }

    pub(crate) fn status(mut self, status: &str) -> Self {
        self.last().status = Some(status.to_owned());
        self
    }

    pub(crate) fn discounts(mut self, item: &str, order: &str) -> Self {
        self.last().item_discounts = ReportedAmount::of(item);
        self.last().order_discounts = ReportedAmount::of(order);
        self
    }

    pub(crate) fn inside(mut self) -> Self {
        self.order.tax_strategy = Some("vat_included".to_owned());
        self
    }

    /// Everything is in this currency, and the currency map contains it.
    pub(crate) fn currency(mut self, code: &str) -> Self {
        self.order.currency = Some(code.to_owned());
        self.maps.currencies = [(code.to_owned(), Entry::Id(id("1")))].into_iter().collect();
        self
    }

    pub(crate) fn shipping(mut self, total: &str, tax: &str) -> Self {
        self.order.shipping_total = ReportedAmount::of(total);
        self.order.shipping_tax = ReportedAmount::of(tax);
        self
    }

    pub(crate) fn owed(mut self, total: &str) -> Self {
        self.owed = Some(amount(total));
        self
    }

    pub(crate) fn reporting(mut self, change: impl FnOnce(&mut OrderSnapshot)) -> Self {
        change(&mut self.order);
        self
    }
}

/// The payments.
impl Story {
    pub(crate) fn instrument(mut self, method: &str, provider: &str) -> Self {
        self.order.payments.get_or_insert_default().push(InstrumentSnapshot {
            method: Some(method.to_owned()),
            provider: Some(provider.to_owned()),
            last_four: None,
            transactions: Vec::new(),
        });
        self
    }

    pub(crate) fn moved(mut self, kind: &str, sum: &str) -> Self {
        let currency = self.order.currency.clone();
        let kind = Some(kind.to_owned());
        let instruments = self.order.payments.as_mut().unwrap();
        let transactions = &mut instruments.last_mut().unwrap().transactions;
        transactions.push(TransactionSnapshot { kind, amount: ReportedAmount::of(sum), currency });
        self
    }

    pub(crate) fn paid_by(self, method: &str, provider: &str, sum: &str) -> Self {
        self.instrument(method, provider).moved("authorize", sum).moved("capture", sum)
    }

    pub(crate) fn paid(self, sum: &str) -> Self {
        self.paid_by("credit_card", "adyen", sum)
    }

    pub(crate) fn authorized(self, sum: &str) -> Self {
        self.instrument("credit_card", "adyen").moved("authorize", sum)
    }

    pub(crate) fn captured(self, sum: &str) -> Self {
        self.moved("capture", sum)
    }

    pub(crate) fn refunded(self, sum: &str) -> Self {
        self.moved("refund", sum)
    }
}

/// The billing, the policy and the clock.
impl Story {
    pub(crate) fn invoice(mut self, number: &str) -> Self {
        self.invoices.push((id(number), Vec::new()));
        self
    }

    pub(crate) fn on(mut self, unit: &str, invoice: &str) -> Self {
        let invoice = id(invoice);
        let found = self.invoices.iter_mut().find(|(it, _)| *it == invoice).unwrap();
        found.1.push(unit.to_owned());
        self
    }

    pub(crate) fn not_invoiced(mut self, unit: &str) -> Self {
        self.uninvoiced.push(unit.to_owned());
        self
    }

    /// There is no invoice.
    pub(crate) fn unbilled(mut self) -> Self {
        self.invoices.clear();
        self
    }

    /// The line key column is empty everywhere.
    pub(crate) fn nameless(mut self) -> Self {
        self.column = Column::Empty;
        self
    }

    /// Equal units share a line.
    pub(crate) fn merged(mut self) -> Self {
        self.lines = Lines::OnePerProduct;
        self
    }

    /// The ledger's records were changed by hand.
    pub(crate) fn but(mut self, edit: fn(&mut Billing)) -> Self {
        self.edits.push(edit);
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    pub(crate) fn deadline_passed(mut self) -> Self {
        self.deadline = Deadline::Passed;
        self
    }

    pub(crate) fn published(mut self, raw: &str) -> Self {
        self.published = date(raw);
        self
    }

    pub(crate) fn not_before(mut self, raw: &str) -> Self {
        self.not_before = Some(date(raw));
        self
    }
}
