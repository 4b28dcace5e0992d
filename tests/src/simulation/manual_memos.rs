//! Books as people leave them: memos by hand, units billed twice, another shop's records.

use std::{sync::Arc, time::Duration};

use domain::{
    Amount, ExistingLine, ExistingMemo, Invoice, ItemRef, RecordId, Standing, Timestamp, UnitId,
};

use super::{
    backends::Backends,
    oddity::{HandMade, MemoSource, Oddity, OwnRecords},
    sale::{Reach, SimulatedSale},
    views::{DISCOUNT_ITEM, id},
};
use crate::reference::{Column, Folder, Recorded, ReferenceAccounts};

/// Another customer of the same ERP.
const OTHER_ENTITY: &str = "5999";
/// A return authorisation, which no order shows.
const RETURN_AUTHORISATION: &str = "66001";

impl SimulatedSale {
    /// The memo as it is on record, to be given an id.
    pub(super) fn by_hand(&self, memo: &HandMade) -> ExistingMemo {
        let sum = |part: &dyn Fn(usize) -> i64| memo.units.iter().map(|nth| part(*nth)).sum();
        let goods = |nth: usize| &self.units[nth];
        let first = goods(memo.units[0]);
        let invoice = first.invoice.map(|invoice| self.invoice_id(invoice));
        let line = |item: &str, amount: i64| ExistingLine {
            item: ItemRef { id: id(item), external_id: None, name: None },
            source_line: None,
            quantity: None,
            amount: self.amount(amount),
            units: Vec::new(),
        };
        let pieces: i64 = sum(&|nth| goods(nth).quantity);
        let discount: i64 = sum(&|nth| goods(nth).discount());
        let net: i64 = sum(&|nth| self.net(goods(nth)));
        let (pieces, amount, discount) = match memo.money {
            Some(money) => (1, money, 0),
            None => (pieces, net + discount, discount),
        };
        let ids = memo.units.iter().map(|nth| goods(*nth).id.clone());
        let mut lines = vec![ExistingLine {
            quantity: Some(pieces.into()),
            units: if memo.named { ids.collect() } else { Vec::new() },
            source_line: self.line_of(memo.units[0]).filter(|_| memo.on_line),
            ..line(&format!("item-{}", first.product), amount)
        }];
        if discount != 0 {
            lines.push(line(DISCOUNT_ITEM, -discount));
        }
        let total = memo.money.unwrap_or_else(|| sum(&|nth| self.credit(goods(nth))));
        ExistingMemo {
            id: id("0"),
            external_id: None,
            number: None,
            entity: Some(self.entity()),
            standing: Standing::Valid,
            created_from: match memo.source {
                MemoSource::Invoice => invoice.clone(),
                MemoSource::ReturnAuthorisation => Some(id(RETURN_AUTHORISATION)),
                MemoSource::NothingApplied | MemoSource::NothingOpen => None,
            },
            applied_to: invoice.filter(|_| memo.is_applied()).into_iter().collect(),
            total: self.amount(total),
            shipping_cost: Amount::ZERO,
            lines,
        }
    }

    /// The invoice on which a unit stands again.
    fn billed_again(&self, unit: usize, column: Column) -> Option<Invoice> {
        let of = self.units[unit].invoice?;
        let mut invoice = self.invoice(of, column);
        let number = self.line_of(unit)?;
        // Its discount, where it has one, is the next line.
        invoice.lines.retain(|line| (number..=number + 1).contains(&line.line));
        invoice.lines.retain(|line| line.line == number || line.amount < Amount::ZERO);
        let total = self.amount(self.credit(&self.units[unit]));
        invoice
            .lines
            .iter_mut()
            .for_each(|line| line.units.retain(|it| *it == self.units[unit].id));
        let cost = Amount::ZERO;
        let record = self.invoice_id(9);
        Some(Invoice { id: record, total, remaining: total, shipping_cost: cost, ..invoice })
    }

    /// What another shop has under the order's number: the same products at the same prices,
    /// for another customer, each line naming a unit of that shop.
    pub(super) fn of_another_shop(&self, now: Timestamp, column: Column) -> Folder {
        let record = |id: &RecordId| -> RecordId { super::views::id(&format!("33{id}")) };
        let mut order = self.sales_order(now, column);
        order.id = record(&order.id);
        order.entity = id(OTHER_ENTITY);
        for line in &mut order.lines {
            line.line.units.iter_mut().for_each(|unit| *unit = of_another_shop(unit));
        }
        let invoices = self.made_invoices().map(|nth| {
            let mut invoice = self.invoice(nth, column);
            invoice.id = record(&invoice.id);
            invoice.entity = id(OTHER_ENTITY);
            for line in &mut invoice.lines {
                line.units.iter_mut().for_each(|unit| *unit = of_another_shop(unit));
            }
            invoice
        });
        Folder {
            order: "0c1f2e3d-ffff-4000-8000-00000000ffff".parse().expect("a UUID"),
            invoices: invoices.collect(),
            sales_order: Some(order),
            cash_sales: Vec::new(),
        }
    }

    /// What its own records are kept under.
    pub(super) fn folder(&self) -> String {
        match self.oddity {
            Oddity::ForeignNumber(OwnRecords::UnderUuid) => self.order.to_string(),
            _ => self.number.clone(),
        }
    }
}

/// The unit of another shop that stands where this one would.
pub(super) fn of_another_shop(unit: &UnitId) -> UnitId {
    let text = unit.as_str().replace("-4000-8000-", "-4fff-8fff-");
    text.parse().expect("it is an id")
}

impl HandMade {
    /// Whether it is set against the invoice.
    pub(super) fn is_applied(&self) -> bool {
        match self.source {
            MemoSource::Invoice => self.on_line,
            MemoSource::ReturnAuthorisation | MemoSource::NothingApplied => true,
            MemoSource::NothingOpen => false,
        }
    }
}

/// Puts the invoice on which a unit stands again on the books, with the memo by hand for the
/// first one: at once, or the order would be in order for a moment.
pub(super) fn bill_again(
    books: &mut ReferenceAccounts,
    sale: &SimulatedSale,
    unit: usize,
    column: Column,
) {
    let memo = HandMade {
        units: vec![unit],
        at: sale.story.exported_at,
        source: MemoSource::Invoice,
        named: true,
        on_line: true,
        money: None,
    };
    books.record_by_hand(&sale.number, sale.by_hand(&memo));
    let again = sale.billed_again(unit, column);
    if let Some(folder) = books.folders.get_mut(&sale.folder()) {
        folder.invoices.extend(again);
    }
}

/// Does with an order's books what is odd about them, in its time.
pub async fn meddle(backend: Arc<Backends>, sale: Arc<SimulatedSale>) {
    match &sale.oddity {
        Oddity::Returned(memo) => {
            let Reach::Returned(back_at) = sale.units[memo.units[0]].reached else { return };
            backend.simulation.time.until(back_at).await;
            book(&backend, &sale, memo, Fortune::Counts).await;
        }
        Oddity::Goodwill(memo) => {
            book(&backend, &sale, memo, Fortune::Counts).await;
        }
        Oddity::OtherEntity(memo) => {
            book(&backend, &sale, memo, Fortune::OtherEntity).await;
        }
        Oddity::VoidedByHand(memo, after) => {
            let record = book(&backend, &sale, memo, Fortune::Voided(*after)).await;
            backend.simulation.time.sleep(*after).await;
            backend.simulation.tell("clerk", format_args!("voids {record}"));
            backend.ledger.books(|books| books.void(&record));
        }
        Oddity::OursVoided(after) => void_ours(&backend, &sale, *after).await,
        _ => {}
    }
}

/// What becomes of a memo by hand.
enum Fortune {
    /// It counts.
    Counts,
    /// It is another customer's.
    OtherEntity,
    /// It is voided so long after it was booked: at once, or later.
    Voided(Duration),
}

async fn book(
    backend: &Backends,
    sale: &SimulatedSale,
    memo: &HandMade,
    fortune: Fortune,
) -> RecordId {
    let invoiced = sale.units[memo.units[0]].invoice.map(|nth| sale.story.invoiced_at[nth]);
    let at = invoiced.into_iter().chain([memo.at, sale.story.exported_at]).max();
    backend.simulation.time.until(at.expect("there is an instant")).await;
    backend.simulation.tell("clerk", format_args!("books for {}: {memo:?}", sale.number));
    let entity = match fortune {
        Fortune::OtherEntity => id(OTHER_ENTITY),
        Fortune::Counts | Fortune::Voided(_) => sale.entity(),
    };
    if let (Fortune::Counts, None) = (&fortune, memo.money) {
        for nth in &memo.units {
            backend.notes().by_hand.insert(sale.units[*nth].id.clone(), sale.order.clone());
        }
    }
    backend.notes().booked_at.insert(sale.order.clone(), backend.simulation.time.now());
    // What was in flight meanwhile may be set against more than is left now.
    backend.notes().touched.insert(sale.order.clone());
    backend.ledger.books(|books| {
        let memo = ExistingMemo { entity: Some(entity), ..sale.by_hand(memo) };
        let record = books.record_by_hand(&sale.number, memo);
        if matches!(fortune, Fortune::Voided(Duration::ZERO)) {
            books.void(&record);
        }
        record
    })
}

/// Voids the first memo of memobridge of an order.
async fn void_ours(backend: &Backends, sale: &SimulatedSale, after: Duration) {
    let simulation = &backend.simulation;
    let is_ours = |memo: &&Recorded| memo.sent.is_some() && memo.reference == sale.number;
    loop {
        let first = backend.ledger.books(|books| books.memos.iter().find(is_ours).cloned());
        if let Some(memo) = first {
            simulation.time.sleep(after).await;
            let units = memo.sent.into_iter().flat_map(|sent| sent.units);
            simulation.tell("clerk", format_args!("voids {} of ours", memo.memo.id));
            backend.ledger.books(|books| books.void(&memo.memo.id));
            let voided = units.map(|unit| ((sale.order.clone(), unit), simulation.time.now()));
            backend.notes().voided.extend(voided);
            return;
        }
        simulation.time.sleep(Duration::from_mins(1)).await;
    }
}
