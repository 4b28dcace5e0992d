//! What people and other shops put on the account's books: memos by hand of every sort.

use rust_decimal::Decimal;
use sandbox::{
    netsuite::{Account, Application, Kind, Line, Record, Standing},
    sale::{Billing, KeyColumn, Sale, TaxIn, Unit},
};

use super::order::Order;
use crate::simulation::Rng;

/// The column that names a line's units.
const UNITS: &str = "custcol_nws_item_id";
/// The item that carries discounts.
const DISCOUNT: &str = "8494";
/// A return authorisation, which no search finds.
const RETURN_AUTHORISATION: &str = "66001";
/// Another customer of the same account.
pub(super) const OTHER_CUSTOMER: &str = "5999";

/// A memo by hand for a unit, before anything else happens.
#[derive(Debug, Clone)]
pub(super) struct ByHand {
    /// The unit.
    pub(super) unit: String,
    /// How it is booked.
    pub(super) kind: Kinds,
    /// Whether its line names the unit.
    pub(super) named: bool,
}

/// How a memo is booked by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kinds {
    /// Made from the invoice, which it is applied to.
    FromInvoice,
    /// Made from a return authorisation, and applied to the invoice.
    FromReturn,
    /// Made from nothing: it bears the order's number, and is applied to the invoice.
    Applied,
    /// Made from nothing: it bears the order's number.
    Open,
    /// Made from the invoice, and voided.
    Voided,
    /// Made from nothing: another customer's memo that bears the order's number.
    OtherCustomer,
    /// Made from the invoice: less than the unit's price, on its line.
    Goodwill,
}

impl Kinds {
    /// All of them.
    const ALL: [Self; 7] = [
        Self::FromInvoice,
        Self::FromReturn,
        Self::Applied,
        Self::Open,
        Self::Voided,
        Self::OtherCustomer,
        Self::Goodwill,
    ];

    /// Whether the unit is credited by it.
    pub(super) fn credits(self) -> bool {
        match self {
            Self::FromInvoice | Self::FromReturn | Self::Applied | Self::Open => true,
            Self::Voided | Self::OtherCustomer | Self::Goodwill => false,
        }
    }
}

impl ByHand {
    /// Draws how a unit is booked.
    pub(super) fn drawn(sale: &Sale, unit: &str, chance: &Rng) -> Self {
        let kind = *chance.pick(&Kinds::ALL);
        let of_unit = sale.units.iter().find(|it| it.id == unit);
        // So little would be rounding.
        let too_little = of_unit.is_none_or(|it| goodwill(sale, it) < Decimal::from(5));
        let kind = if kind == Kinds::Goodwill && too_little { Kinds::Voided } else { kind };
        // Another customer's memo cannot name a unit of memobridge.
        let named = chance.strikes(500) && kind != Kinds::OtherCustomer;
        Self { unit: unit.to_owned(), kind, named }
    }

    /// Puts the memo on the books of the account.
    pub(super) fn book(&self, account: &Account, invoice: &str, goodwill: Decimal) {
        let invoice = account.invoice(invoice).expect("it was just booked");
        let other = self.kind == Kinds::OtherCustomer;
        let entity = if other { OTHER_CUSTOMER } else { &invoice.entity };
        let mut memo = Record {
            created_from: match self.kind {
                Kinds::FromInvoice | Kinds::Voided | Kinds::Goodwill => Some(invoice.id.clone()),
                Kinds::FromReturn => Some(RETURN_AUTHORISATION.to_owned()),
                Kinds::Applied | Kinds::Open | Kinds::OtherCustomer => None,
            },
            other_ref_num: invoice.other_ref_num.clone(),
            account: invoice.account.clone(),
            date: invoice.date,
            tax_item: invoice.tax_item.clone(),
            tax_basis: invoice.tax_basis,
            ..Record::new(Kind::CreditMemo, entity, &invoice.currency)
        };
        let from = invoice.lines.iter().position(|line| line.field(UNITS) == Some(&*self.unit));
        let from = from.expect("its line names it");
        // Its discount, where it has one, is the next line, and names nothing.
        let of_unit = invoice.lines[from..].iter().enumerate();
        let of_unit = of_unit.take_while(|(nth, line)| *nth == 0 || line.item == DISCOUNT);
        for (_, line) in of_unit {
            let details = invoice.tax_details.iter();
            let details =
                details.filter(|detail| Some(&detail.reference) == line.tax_reference.as_ref());
            memo.tax_details.extend(details.cloned());
            memo.lines.push(self.line(&memo, line));
        }
        if self.kind == Kinds::Goodwill {
            memo.lines.truncate(1);
            memo.tax_details.clear();
            let line = &mut memo.lines[0];
            line.amount = goodwill;
            (line.quantity, line.rate) = (Some(Decimal::ONE), Some(goodwill));
            (line.tax_code, line.taxable, line.tax_reference) = (None, Some(false), None);
        }
        let memo = account.record(&account.add(memo)).expect("it was just added");
        match self.kind {
            Kinds::Voided => account.edit(&memo.id, |it| it.standing = Standing::Voided),
            Kinds::Open | Kinds::OtherCustomer => {}
            Kinds::FromInvoice | Kinds::FromReturn | Kinds::Applied | Kinds::Goodwill => {
                let application = Application { doc: invoice.id.clone(), amount: memo.total };
                account.edit(&memo.id, |it| {
                    it.remaining = Some(Decimal::ZERO);
                    it.applied.push(application);
                });
                account.edit(&invoice.id, |it| it.remaining = Some(it.open() - memo.total));
            }
        }
    }

    fn line(&self, memo: &Record, line: &Line) -> Line {
        let from_invoice = memo.created_from.as_deref() != Some(RETURN_AUTHORISATION);
        let from_invoice = from_invoice && memo.created_from.is_some();
        let mut copy = line.clone();
        copy.order_line = Some(line.line).filter(|_| from_invoice);
        if !self.named {
            copy.fields.retain(|field| field.script_id != UNITS);
        }
        copy
    }
}

/// A quarter of a piece's net price, in whole units of any currency.
pub(super) fn goodwill(sale: &Sale, unit: &Unit) -> Decimal {
    let pieces = Decimal::from(unit.quantity);
    let inside = if sale.tax == TaxIn::Inside { unit.tax } else { Decimal::ZERO };
    let net = unit.price * pieces - unit.item_discount - unit.order_discount - inside;
    (net / pieces / Decimal::from(4)).trunc()
}

/// Puts another shop's records on the books: the same number, products and prices, its own
/// units, another customer.
pub(super) fn book_another_shop(order: &Order, account: &Account) {
    let theirs = |id: &str| id.replace("-4000-8000-", "-4fff-8fff-");
    let mut sale: Sale = order.sale.clone();
    sale.order = theirs(&sale.order);
    sale.units.iter_mut().for_each(|unit| unit.id = theirs(&unit.id));
    let booked = sale.install_netsuite(account, &Billing::OneInvoice, KeyColumn::Present);
    for id in booked.sales_order.iter().chain(&booked.invoices) {
        account.edit(id, |record| OTHER_CUSTOMER.clone_into(&mut record.entity));
    }
}

/// The memos that credit anything of the customers' own orders, each naming the units it is for.
pub(super) fn crediting(orders: &[Order], memos: Vec<Record>) -> Vec<Record> {
    let is_ours = |memo: &Record| memo.external_id.is_some();
    let by_hand = |memo: &Record| {
        let order =
            orders.iter().find(|order| Some(&order.sale.reference) == memo.other_ref_num.as_ref());
        order.and_then(|order| order.by_hand.clone())
    };
    let mut crediting = Vec::new();
    for mut memo in memos {
        if !is_ours(&memo) {
            let Some(booked) = by_hand(&memo).filter(|booked| booked.kind.credits()) else {
                continue;
            };
            if let Some(line) = memo.lines.first_mut().filter(|line| line.field(UNITS).is_none()) {
                line.fields.push(sandbox::netsuite::Field::text(UNITS, &booked.unit));
            }
        }
        crediting.push(memo);
    }
    crediting
}
