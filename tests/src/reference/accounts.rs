//! What an accounting system holds: sales orders, invoices, credit memos.
//!
//! It believes what it is told as far as a real one does: it knows one record
//! per external id and applies no more than an invoice has left. That a unit is
//! credited twice it does not notice; whoever tests for that must look.

use std::collections::BTreeMap;

use domain::{
    Amount, Billing, CreditMemo, ExistingLine, ExistingMemo, ExistingMemos, Invoice, LineKind,
    LinesToClose, OrderId, RecordId, SalesOrder, Source, Standing,
};
use ports::BillingQuery;

/// Everything on record.
#[derive(Debug, Default)]
pub struct ReferenceAccounts {
    /// What each order has, by its number.
    pub folders: BTreeMap<String, Folder>,
    /// All credit memos in the order they were made, deleted ones included.
    pub memos: Vec<Recorded>,
    /// Whether lines keep the ids of their units.
    pub column: Column,
    /// External ids of other records, in lower case, and what they are.
    pub others: BTreeMap<String, String>,
}

/// Whether the line key column is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Column {
    /// It is.
    #[default]
    Present,
    /// It is not: memos on record name no units.
    Absent,
}

/// What one order has on record, memos left out.
#[derive(Debug, Clone)]
pub struct Folder {
    /// The storefront's id of it.
    pub order: OrderId,
    /// The sales order.
    pub sales_order: Option<SalesOrder>,
    /// Its invoices, each with what is left unpaid of it.
    pub invoices: Vec<Invoice>,
    /// Cash sales instead of invoices.
    pub cash_sales: Vec<RecordId>,
}

/// A credit memo on record.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The order's number.
    pub reference: String,
    /// As people and we see it.
    pub memo: ExistingMemo,
    /// The memo as it was sent; none where somebody made it by hand.
    pub sent: Option<CreditMemo>,
    /// What was set against which invoice.
    pub applied: Option<(RecordId, Amount)>,
    /// Whether somebody deleted it since.
    pub deleted: bool,
}

impl Recorded {
    /// The memos that were sent among these, deleted ones included. One that somebody deleted
    /// while an earlier sending of it was under way is there again under its key, and counts once.
    pub fn sent<'a>(memos: impl IntoIterator<Item = &'a Self>) -> Vec<&'a CreditMemo> {
        let sent = memos.into_iter().filter_map(|memo| memo.sent.as_ref());
        let by_key: BTreeMap<_, _> = sent.map(|it| (&it.key, it)).collect();
        by_key.into_values().collect()
    }
}

/// What is on record under an external id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// The memo that is looked for.
    Same(RecordId),
    /// It was, and somebody voided it.
    Voided(RecordId),
    /// Something else.
    Other(String),
}

impl ReferenceAccounts {
    /// What is told about an order.
    pub(crate) fn billing(&self, query: &BillingQuery) -> Billing {
        let by_id = || self.folders.iter().find(|(_, it)| it.order == query.order);
        let is_ours = |(_, it): &(&String, &Folder)| {
            query.identity.owns(it.sales_order.as_ref(), &it.invoices)
        };
        let by_number = self.folders.get_key_value(&query.reference).filter(is_ours);
        let found = by_number.or_else(by_id);
        let Some((reference, folder)) = found else {
            return Billing::default();
        };
        let invoices: Vec<_> = folder.invoices.iter().map(|invoice| &invoice.id).collect();
        let is_told = |it: &&Recorded| {
            let from_invoice =
                it.memo.created_from.as_ref().is_some_and(|id| invoices.contains(&id));
            let by_number = query.existing_memos == ExistingMemos::Number;
            let is_found = from_invoice || by_number && it.reference == *reference;
            match it.memo.standing {
                Standing::Valid => !it.deleted && is_found,
                Standing::Voided => !it.deleted && query.own_memos.contains(&it.memo.id),
            }
        };
        Billing {
            sales_order: folder.sales_order.clone(),
            invoices: folder.invoices.clone(),
            cash_sales: folder.cash_sales.clone(),
            memos: self.memos.iter().filter(is_told).map(|memo| memo.memo.clone()).collect(),
        }
    }

    /// What is under the memo's key.
    pub(crate) fn under_the_key_of(&self, memo: &CreditMemo) -> Option<Found> {
        let is_it = |id: &str| id.eq_ignore_ascii_case(memo.key.as_str());
        if let Some((_, what)) = self.others.iter().find(|(id, _)| is_it(id)) {
            return Some(Found::Other(what.clone()));
        }
        let here =
            |it: &&Recorded| !it.deleted && it.memo.external_id.as_deref().is_some_and(is_it);
        let found = self.memos.iter().find(here)?;
        let is_ours = found.sent.as_ref().is_some_and(|it| {
            it.source == memo.source && it.entity == memo.entity && it.units == memo.units
        });
        let id = found.memo.id.clone();
        Some(match found.memo.standing {
            Standing::Valid if is_ours => Found::Same(id),
            Standing::Voided if is_ours => Found::Voided(id),
            Standing::Valid | Standing::Voided => Found::Other(format!("credit memo {id}")),
        })
    }

    /// Records a memo as it was sent.
    pub(crate) fn record(&mut self, memo: &CreditMemo) -> RecordId {
        let lines = memo.lines.iter().map(|line| ExistingLine {
            item: domain::ItemRef { id: line.item.clone(), external_id: None, name: None },
            source_line: line.source_line,
            quantity: line.quantity.map(Into::into),
            amount: line.amount,
            units: match (self.column, &line.kind) {
                (Column::Present, LineKind::Item) => line.units.clone(),
                _ => Vec::new(),
            },
        });
        let existing = ExistingMemo {
            id: self.next_id(),
            external_id: Some(memo.key.as_str().to_uppercase()),
            number: None,
            entity: Some(memo.entity.clone()),
            standing: Standing::Valid,
            created_from: memo.source.created_from().cloned(),
            applied_to: memo.application.iter().map(|it| it.invoice.clone()).collect(),
            total: memo.total,
            shipping_cost: memo.shipping.as_ref().map_or(Amount::ZERO, |it| it.cost),
            lines: lines.collect(),
        };
        let applied = memo.application.as_ref().map(|it| (it.invoice.clone(), it.amount));
        self.add(&memo.reference, existing, Some(memo.clone()), applied)
    }

    /// Records a memo that somebody made by hand; its id is given to it. What it is applied to
    /// takes as much of it as is left there.
    pub fn record_by_hand(&mut self, reference: &str, memo: ExistingMemo) -> RecordId {
        let memo = ExistingMemo { id: self.next_id(), external_id: None, ..memo };
        let applied = memo.applied_to.first().and_then(|id| self.invoice(id));
        let applied =
            applied.map(|invoice| (invoice.id.clone(), invoice.remaining.min(memo.total)));
        self.add(reference, memo, None, applied)
    }

    fn add(
        &mut self,
        reference: &str,
        memo: ExistingMemo,
        sent: Option<CreditMemo>,
        applied: Option<(RecordId, Amount)>,
    ) -> RecordId {
        let id = memo.id.clone();
        if let Some((invoice, amount)) = &applied
            && let Some(invoice) = self.invoice_mut(invoice)
        {
            invoice.remaining -= *amount;
        }
        let number = Some(format!("CM{}", self.memos.len() + 1));
        let memo = ExistingMemo { number, ..memo };
        let reference = reference.to_owned();
        self.memos.push(Recorded { reference, memo, sent, applied, deleted: false });
        id
    }

    fn next_id(&self) -> RecordId {
        let id = (90_001 + self.memos.len()).to_string();
        id.parse().expect("a number is an id")
    }

    /// Why an accounting system would not record the memo, in its own words.
    pub(crate) fn objection(&self, memo: &CreditMemo) -> Option<String> {
        if memo.total < Amount::ZERO {
            return Some("the total may not be negative".to_owned());
        }
        if let Source::Invoice(id) | Source::Against(id) = &memo.source
            && self.invoice(id).is_none()
        {
            return Some(format!("there is no invoice {id}"));
        }
        let application = memo.application.as_ref()?;
        let left = self.invoice(&application.invoice).map_or(Amount::ZERO, |it| it.remaining);
        let fits = application.amount <= left && application.amount <= memo.total;
        (!fits).then(|| format!("{} is more than can be applied", application.amount))
    }

    /// Brings lines to their targets; a line that is gone stays gone.
    pub(crate) fn close(&mut self, lines: &LinesToClose) {
        let orders = self.folders.values_mut().filter_map(|it| it.sales_order.as_mut());
        for order in orders.filter(|it| it.id == lines.sales_order) {
            for target in &lines.targets {
                let found = order.lines.iter_mut().filter(|line| line.line.line == target.line);
                for line in found {
                    line.closed = target.closed;
                    line.line.quantity = target.quantity.or(line.line.quantity);
                    line.line.amount = target.amount.unwrap_or(line.line.amount);
                }
            }
        }
    }

    /// Deletes a memo as a person would; what it was applied to is open again.
    pub fn delete(&mut self, id: &RecordId) {
        let found = self.memos.iter_mut().find(|memo| memo.memo.id == *id && !memo.deleted);
        let Some(memo) = found else { return };
        memo.deleted = true;
        let applied = memo.applied.take();
        self.reopen(applied);
    }

    /// Voids a memo as a person would; what it was applied to is open again.
    pub fn void(&mut self, id: &RecordId) {
        let found = self.memos.iter_mut().find(|memo| memo.memo.id == *id);
        let Some(memo) = found else { return };
        memo.memo.standing = Standing::Voided;
        let applied = memo.applied.take();
        self.reopen(applied);
    }

    fn reopen(&mut self, applied: Option<(RecordId, Amount)>) {
        if let Some((invoice, amount)) = applied
            && let Some(invoice) = self.invoice_mut(&invoice)
        {
            invoice.remaining += amount;
        }
    }

    fn invoice(&self, id: &RecordId) -> Option<&Invoice> {
        self.folders.values().flat_map(|it| &it.invoices).find(|it| it.id == *id)
    }

    fn invoice_mut(&mut self, id: &RecordId) -> Option<&mut Invoice> {
        self.folders.values_mut().flat_map(|it| &mut it.invoices).find(|it| it.id == *id)
    }
}
