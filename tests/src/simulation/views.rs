//! What storefront and ERP show of an order at an instant.

use domain::{
    Amount, BillingLine, Classes, InstrumentSnapshot, Invoice, ItemRef, OrderLine, OrderSnapshot,
    RecordId, ReportedAmount, SalesOrder, Timestamp, TransactionSnapshot, UnitSnapshot,
};
use rust_decimal::Decimal;

use super::{
    oddity::{Oddity, SHIPPING_DIFFERS_BY},
    sale::{Capture, Fate, Inclusion, Layout, Reach, SaleItem, SimulatedSale},
};
use crate::reference::Column;

/// The item that carries discounts.
pub const DISCOUNT_ITEM: &str = "8494";
/// How orders are paid, and the item that books it.
pub const METHODS: [(&str, &str, &str); 3] =
    [("credit_card", "adyen", "91291"), ("gift_card", "", "91254"), ("paypal", "paypal", "91240")];
/// The date of every invoice.
pub const INVOICE_DATE: &str = "2026-11-18";

/// An id that is known to be one.
#[must_use]
pub fn id(raw: &str) -> RecordId {
    raw.parse().expect("the world's ids are ids")
}

impl SimulatedSale {
    /// What the storefront shows, if it shows the order.
    #[must_use]
    pub fn snapshot(&self, now: Timestamp) -> Option<OrderSnapshot> {
        if now < self.story.visible_at || self.fate == Fate::NeverVisible {
            return None;
        }
        let paid = self.story.paid_at <= now && self.fate != Fate::NeverPaid;
        let units = self.units.iter().enumerate().map(|(nth, it)| self.unit_shown(nth, it, now));
        Some(OrderSnapshot {
            id: self.order.clone(),
            external_id: Some(self.number.clone()),
            currency: Some(self.currency.0.to_owned()),
            channel: Some("USC".to_owned()),
            channel_type: Some("web".to_owned()),
            demand_location: None,
            tax_strategy: Some(match self.tax {
                Inclusion::Outside => "tax_excluded".to_owned(),
                Inclusion::Inside => "vat_included".to_owned(),
            }),
            price_method: None,
            is_exchange: false,
            is_historical: self.fate == Fate::Historical,
            shipping_total: self.reading(self.shipping.0),
            shipping_tax: self.reading(self.shipping.1),
            grand_total: self.reading(self.grand_total()),
            coupon: None,
            units: units.collect(),
            payments: paid.then(|| self.payments(now)),
        })
    }

    fn unit_shown(&self, nth: usize, unit: &SaleItem, now: Timestamp) -> UnitSnapshot {
        let group = self.groups.iter().find(|group| group.units.contains(&nth));
        let cancelled = group.is_some_and(|it| it.cancelled_at <= now);
        let status = match unit.reached {
            _ if cancelled && self.fate != Fate::NeverCancelled => "cancelled",
            Reach::Returned(at) if at <= now => "returned",
            Reach::Fulfilled | Reach::Returned(_) => "completed",
            Reach::Open => "opened",
        };
        UnitSnapshot {
            id: unit.id.to_string(),
            product: Some(unit.product.clone()),
            quantity: ReportedAmount::Value(Amount::cents(100 * unit.quantity)),
            price: self.reading(unit.price),
            item_discounts: self.reading(unit.discounts.0),
            order_discounts: self.reading(unit.discounts.1),
            tax: self.reading(unit.tax),
            status: Some(status.to_owned()),
            reason: Some("insufficient_stock".to_owned()),
            service_level: Some("GROUND".to_owned()),
        }
    }

    /// The instruments, refunds on the last ones first.
    fn payments(&self, now: Timestamp) -> Vec<InstrumentSnapshot> {
        let owed = self.grand_total();
        let mut sums: Vec<i64> =
            self.instruments.iter().map(|instrument| owed * instrument / 100).collect();
        sums[0] = owed - sums[1..].iter().sum::<i64>();
        let mut back = match self.capture {
            Capture::AtShipment => 0,
            Capture::AtOrder => self.refunded(now),
        };
        if self.fate == Fate::NeverRefunded {
            back = 0;
        }
        back += self.returned(now);
        let mut failed = self.failed_movements(now);
        let taken = match self.capture {
            Capture::AtOrder => owed,
            Capture::AtShipment => self.made_invoices().map(|it| self.invoice_total(it)).sum(),
        };
        let mut shown = Vec::new();
        for (nth, sum) in sums.iter().enumerate().rev() {
            let (method, provider, _) = METHODS[nth];
            let mut transactions = vec![self.movement("authorize", *sum)];
            // At shipment there is one instrument, and it pays for what was sent.
            let captured = if self.capture == Capture::AtOrder { *sum } else { taken };
            if captured > 0 {
                transactions.push(self.movement("capture", captured));
            }
            let refund = back.min(*sum);
            back -= refund;
            if refund > 0 {
                transactions.push(self.movement("refund", refund));
            }
            transactions.append(&mut failed);
            shown.push(InstrumentSnapshot {
                method: Some(method.to_owned()),
                provider: Some(provider.to_owned()),
                last_four: None,
                transactions,
            });
        }
        shown.reverse();
        shown
    }

    /// Movements of money that never happened, where the order's books are odd so: a capture
    /// that was declined, and refunds that failed or are pending long before the real one.
    fn failed_movements(&self, now: Timestamp) -> Vec<TransactionSnapshot> {
        if self.oddity != Oddity::FailedMovements || now < self.story.visible_at {
            return Vec::new();
        }
        let owed = self.grand_total();
        let movements = [
            ("capture_declined", owed),
            ("refund_failed", owed),
            ("Refund_Pending", owed),
            ("refund_requested", owed),
            ("capture_reversed", owed),
        ];
        movements.map(|(kind, amount)| self.movement(kind, amount)).into()
    }

    fn movement(&self, kind: &str, amount: i64) -> TransactionSnapshot {
        TransactionSnapshot {
            kind: Some(kind.to_owned()),
            amount: self.reading(amount),
            currency: Some(self.currency.0.to_owned()),
        }
    }

    fn reading(&self, smallest: i64) -> ReportedAmount {
        ReportedAmount::Value(self.amount(smallest))
    }

    /// The record of an invoice.
    #[must_use]
    pub fn invoice_id(&self, invoice: usize) -> RecordId {
        id(&format!("7{}{invoice}", self.digits()))
    }

    /// The customer in the ERP.
    #[must_use]
    pub fn entity(&self) -> RecordId {
        id(&format!("5{}", self.digits()))
    }

    fn digits(&self) -> &str {
        self.number.rsplit('-').next().unwrap_or_default()
    }

    /// The sales order in the ERP, with what was billed of it so far.
    #[must_use]
    pub fn sales_order(&self, now: Timestamp, column: Column) -> SalesOrder {
        let lines = self.lines(|_| true, column).into_iter().map(|(units, line)| {
            let billed = units.iter().filter_map(|unit| {
                let invoice = self.units[*unit].invoice?;
                (self.story.invoiced_at[invoice] <= now).then_some(self.units[*unit].quantity)
            });
            let billed = Decimal::from(billed.sum::<i64>());
            OrderLine { line, closed: false, billed, fulfilled: Decimal::ZERO }
        });
        SalesOrder {
            id: id(&format!("6{}", self.digits())),
            entity: self.entity(),
            currency: Some(id(self.currency_id())),
            classes: Classes::default(),
            tax_item: None,
            lines: lines.collect(),
        }
    }

    /// The line of its invoice that carries a unit.
    #[must_use]
    pub fn line_of(&self, unit: usize) -> Option<u32> {
        let invoice = self.units[unit].invoice;
        let lines = self.lines(|it| self.units[it].invoice == invoice, Column::Present);
        let carries = |(units, _): &&(Vec<usize>, BillingLine)| units.contains(&unit);
        lines.iter().find(carries).filter(|_| invoice.is_some()).map(|(_, line)| line.line)
    }

    /// The units that share an invoice line with this one, itself included.
    #[must_use]
    pub fn on_line_with(&self, unit: usize) -> Vec<usize> {
        let invoice = self.units[unit].invoice;
        let lines = self.lines(|it| self.units[it].invoice == invoice, Column::Present);
        let line = lines.into_iter().find(|(units, _)| units.contains(&unit));
        line.map(|(units, _)| units).unwrap_or_default()
    }

    /// An invoice in the ERP, nothing of it credited yet.
    #[must_use]
    pub fn invoice(&self, invoice: usize, column: Column) -> Invoice {
        let total = self.amount(self.invoice_total(invoice));
        let bears = self.bearer() == Some(invoice);
        let more = if self.oddity == Oddity::ShippingDiffers { SHIPPING_DIFFERS_BY } else { 0 };
        let cost = if bears { self.shipping_credit() - self.shipping.1 + more } else { 0 };
        let mut lines = self.lines(|it| self.units[it].invoice == Some(invoice), column);
        if self.fate == Fate::Mismatched {
            for (_, line) in lines.iter_mut().filter(|(units, _)| !units.is_empty()) {
                line.amount += self.amount(50);
            }
        }
        Invoice {
            id: self.invoice_id(invoice),
            entity: self.entity(),
            currency: Some(id(self.currency_id())),
            account: Some(id("122")),
            date: INVOICE_DATE.parse().expect("it is a date"),
            total,
            remaining: total,
            classes: Classes { location: Some(id("12")), ..Classes::default() },
            tax_item: None,
            shipping_cost: self.amount(cost),
            shipping_tax_code: Some(id("tax-7")),
            shipping_taxes: Vec::new(),
            lines: lines.into_iter().map(|(_, line)| line).collect(),
        }
    }

    /// Lines of the chosen units, each with the places of its units and followed by its discount.
    fn lines(
        &self,
        choose: impl Fn(usize) -> bool,
        column: Column,
    ) -> Vec<(Vec<usize>, BillingLine)> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for nth in (0..self.units.len()).filter(|it| choose(*it)) {
            let product = |it: &Vec<usize>| self.units[it[0]].product == self.units[nth].product;
            match groups.iter_mut().find(|group| product(group)) {
                Some(group) if self.layout == Layout::LinePerProduct => group.push(nth),
                _ => groups.push(vec![nth]),
            }
        }
        let mut lines: Vec<(Vec<usize>, BillingLine)> = Vec::new();
        for group in groups {
            let sum = |part: &dyn Fn(&SaleItem) -> i64| {
                group.iter().map(|it| part(&self.units[*it])).sum()
            };
            let discount: i64 = sum(&SaleItem::discount);
            let before: i64 = sum(&|it| self.net(it) + it.discount());
            let pieces: i64 = sum(&|it| it.quantity);
            let product = &self.units[group[0]].product;
            let next = u32::try_from(lines.len()).expect("few lines") + 1;
            let line = BillingLine {
                item: ItemRef {
                    id: id(&format!("item-{product}")),
                    external_id: Some(product.clone()),
                    name: None,
                },
                quantity: Some(pieces.into()),
                units: match column {
                    Column::Present => group.iter().map(|it| self.units[*it].id.clone()).collect(),
                    Column::Absent => Vec::new(),
                },
                ..self.plain(next, before)
            };
            lines.push((group, line));
            if discount != 0 {
                lines.push((Vec::new(), self.plain(next + 1, -discount)));
            }
        }
        lines
    }

    fn plain(&self, line: u32, amount: i64) -> BillingLine {
        BillingLine {
            line,
            item: ItemRef { id: id(DISCOUNT_ITEM), external_id: None, name: None },
            quantity: None,
            amount: self.amount(amount),
            tax_code: Some(id("tax-7")),
            taxable: None,
            taxes: Vec::new(),
            location: None,
            units: Vec::new(),
        }
    }

    fn currency_id(&self) -> &'static str {
        match self.currency.0 {
            "USD" => "1",
            "JPY" => "5",
            "KWD" => "6",
            _ => "9",
        }
    }
}
