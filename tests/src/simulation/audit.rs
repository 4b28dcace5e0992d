//! What must hold when the world has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Amount, ClaimState, CreditMemo, LineKind, RecordId, Settlement, Standing, Tax, UnitId,
};
use ports::{CancellationRecord, CancellationState, Query};

use super::{
    backends::Backends,
    customer::ROUNDING_ITEM,
    oddity::Oddity,
    replica::Shared,
    sale::{Fate, SimulatedSale},
    stream::Event,
};
use crate::reference::{Column, Recorded};

pub mod odd;

/// Looks at everything, and notes what must not be.
pub async fn audit(shared: &Shared, events: &[(usize, Event)]) {
    let query = Query { limit: 10_000, ..Query::default() };
    let journal = shared.journal.find(&query).await.expect("it works for the world");
    for (customer, event) in events {
        let backend = &shared.backends[*customer];
        let id = event.cancellation(backend).id();
        let record = journal.iter().find(|it| it.cancellation.id() == id);
        match record {
            None => shared.simulation.violated(format!("{id} was lost")),
            Some(record) => {
                ended_well(shared, backend, event, record);
                odd::others_do_not_notice(backend, event, record);
            }
        }
    }
    for backend in &shared.backends {
        let memos = backend.ledger.books(|it| it.memos.clone());
        for sale in backend.sales.values() {
            let records = journal.iter().filter(|it| it.cancellation.order == sale.order);
            let records: Vec<&CancellationRecord> = records.collect();
            let mut flags = records.iter().flat_map(|record| &record.flags);
            let left_over = flags.any(|it| it.starts_with("rounding-left"));
            let posted = records.iter().filter(|record| record.state == CancellationState::Posted);
            let posted: BTreeSet<&UnitId> =
                posted.flat_map(|it| it.cancellation.units.keys()).collect();
            let excused = sale.units.iter().map(|unit| &unit.id).filter(|it| !posted.contains(it));
            let excused = excused.cloned().collect();
            let memos = of_order(&memos, sale);
            odd::of_order(backend, sale, &records, &memos);
            Account { shared, backend, sale, memos, left_over, excused }.check();
        }
        agree(shared, backend, &journal, &memos);
    }
}

fn of_order<'a>(memos: &'a [Recorded], sale: &SimulatedSale) -> Vec<&'a Recorded> {
    memos.iter().filter(|memo| memo.reference == sale.number).collect()
}

/// A cancellation became what its order explains, and nothing else.
fn ended_well(shared: &Shared, backend: &Backends, event: &Event, record: &CancellationRecord) {
    let sale = &backend.sales[&event.order];
    let reason = record.reason.as_deref().unwrap_or("");
    let fits = endings(sale, event)
        .iter()
        .any(|(state, why)| *state == record.state && (why.is_empty() || *why == reason));
    let fits = fits && odd::is_explained(backend, sale, event, record);
    shared.simulation.must(fits, || {
        let id = record.cancellation.id();
        let state = record.state.name();
        let SimulatedSale { fate, oddity, .. } = &**sale;
        format!("{id} of a {fate:?} order ({oddity:?}) is {state} {reason}: {:?}", record.detail)
    });
}

/// All that may become of an event.
fn endings(sale: &SimulatedSale, event: &Event) -> Vec<(CancellationState, &'static str)> {
    let named = |nth: usize| event.units.contains(&sale.units[nth].id);
    let unbilled = (0..sale.units.len()).any(|it| named(it) && sale.units[it].invoice.is_none());
    let early = match sale.fate {
        Fate::NeverVisible => Some((CancellationState::Parked, "order-not-visible")),
        Fate::NeverCancelled => Some((CancellationState::Parked, "unit-not-cancelled-yet")),
        Fate::Historical => Some((CancellationState::Skipped, "historical")),
        _ => None,
    };
    if let Some(ending) = early {
        return vec![ending];
    }
    let posted = (CancellationState::Posted, "");
    let usual = match sale.fate {
        Fate::NeverPaid => (CancellationState::Parked, "payment-not-visible"),
        Fate::NeverRefunded => (CancellationState::Parked, "refund-not-visible"),
        Fate::Unmapped => (CancellationState::Parked, "unmapped"),
        Fate::NeverExported if sale.nothing_held() => {
            (CancellationState::Skipped, "never-exported")
        }
        Fate::NeverExported => (CancellationState::Parked, "sales-order-not-found"),
        Fate::CashSale => (CancellationState::Parked, "cash-sale"),
        Fate::Mismatched => (CancellationState::Parked, "amount-mismatch"),
        _ if unbilled && sale.nothing_held() => (CancellationState::Skipped, "never-billed"),
        _ if unbilled => (CancellationState::Parked, "not-invoiced"),
        _ => posted,
    };
    let mut endings = odd::endings(sale, event, usual);
    if sale.credits(named) == 0 {
        endings.extend([posted, (CancellationState::Skipped, "nothing-to-credit")]);
    }
    endings
}

/// One order's memos beside what is due.
struct Account<'a> {
    shared: &'a Shared,
    backend: &'a Backends,
    sale: &'a SimulatedSale,
    memos: Vec<&'a Recorded>,
    /// Whether a person was told of cents that fitted on no memo.
    left_over: bool,
    /// Units that no event was posted for, each for a reason that was looked at.
    excused: BTreeSet<UnitId>,
}

impl Account<'_> {
    fn must(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        let number = &self.sale.number;
        self.shared.simulation.must(holds, || format!("{number}: {}", otherwise()));
    }

    fn ours(&self) -> impl Iterator<Item = &CreditMemo> {
        Recorded::sent(self.memos.iter().copied()).into_iter()
    }

    fn check(&self) {
        for memo in self.ours() {
            self.adds_up(memo);
        }
        self.each_unit_once();
        self.each_product_once();
        self.shipping_once();
        self.no_invoice_is_exceeded();
        self.comes_to_what_was_owed();
    }

    /// A memo says what its units are worth, line by line.
    fn adds_up(&self, memo: &CreditMemo) {
        let sale = self.sale;
        let key = &memo.key;
        let units: Vec<usize> =
            (0..sale.units.len()).filter(|it| memo.units.contains(&sale.units[*it].id)).collect();
        let ships = memo.units.contains(&UnitId::shipping());
        let sum = |part: &dyn Fn(usize) -> i64| units.iter().map(|unit| part(*unit)).sum::<i64>();
        let shipping = if ships { sale.shipping_credit() } else { 0 };
        let shipping_tax = if ships { sale.shipping.1 } else { 0 };
        let net = sale.amount(sum(&|it| sale.net(&sale.units[it])));
        let tax = sale.amount(sum(&|it| sale.units[it].tax) + shipping_tax);
        let credit = sale.amount(sum(&|it| sale.credit(&sale.units[it])) + shipping);
        let of = |choose: fn(&LineKind) -> bool| {
            memo.lines
                .iter()
                .filter(|line| choose(&line.kind))
                .map(|line| line.amount)
                .sum::<Amount>()
        };
        let goods = of(|it| matches!(it, LineKind::Item | LineKind::Discount));
        let rounding = of(|it| *it == LineKind::Rounding);
        let payments = of(|it| matches!(it, LineKind::Payment(_)));
        let body = memo.shipping.as_ref().map_or(Amount::ZERO, |it| it.cost);
        let taxed = of(|it| *it == LineKind::Tax);
        let told_tax =
            if self.backend.customer.policy.tax == Tax::Item { tax } else { Amount::ZERO };
        let paid = match self.backend.customer.policy.settlement {
            Settlement::PaymentItems => -memo.credit,
            Settlement::Apply => Amount::ZERO,
        };
        let table = [
            ("goods", goods, net),
            ("shipping", body, sale.amount(shipping - shipping_tax)),
            ("tax", taxed, told_tax),
            ("credit", memo.credit, credit + rounding),
            ("payments", payments, paid),
            ("total", memo.total, memo.credit + payments),
        ];
        for (what, found, due) in table {
            self.must(found == due, || format!("{what} of {key} is {found}, due is {due}"));
        }
        self.must(memo.entity == sale.entity(), || format!("{key} is for another customer"));
        let off = sale.amount(sale.off.abs().max(odd::short(sale)));
        let is_rounding =
            rounding.abs() <= off || self.backend.notes().miscounted.contains(&sale.order);
        self.must(is_rounding, || format!("{key} rounds by {rounding}"));
        let items = memo.lines.iter().filter(|line| line.kind == LineKind::Rounding);
        let items = items.filter(|it| it.item.as_str() != ROUNDING_ITEM).count();
        self.must(items == 0, || format!("{key} rounds with another item"));
        self.is_on_its_lines(memo);
    }

    /// Every line credits the line of its invoice that bears its units.
    fn is_on_its_lines(&self, memo: &CreditMemo) {
        let billed = |invoice: &RecordId, line: u32| {
            self.backend.ledger.books(|books| {
                let folder = books.folders.get(&self.sale.folder())?;
                let invoice = folder.invoices.iter().find(|it| it.id == *invoice)?;
                invoice.line(line).cloned()
            })
        };
        for line in memo.lines.iter().filter(|line| line.kind == LineKind::Item) {
            let source = memo.source.invoice().zip(line.source_line);
            let Some(found) = source.and_then(|(invoice, line)| billed(invoice, line)) else {
                self.must(false, || format!("{} credits no line of an invoice", memo.key));
                continue;
            };
            for id in &line.units {
                let unit = self.sale.units.iter().find(|unit| unit.id == *id);
                let product = unit.map(|it| it.product.as_str());
                let fits = match self.backend.customer.column {
                    Column::Present => found.units.contains(id),
                    Column::Absent => found.item.external_id.as_deref() == product,
                };
                self.must(fits, || format!("{} credits {id} on the line of others", memo.key));
            }
        }
    }

    /// Whether a memo on record credits anything of this order.
    fn counts(&self, memo: &Recorded) -> bool {
        let is_valid = memo.memo.standing == Standing::Valid && !memo.deleted;
        is_valid && memo.memo.entity == Some(self.sale.entity())
    }

    /// Nothing twice, ever, and by nobody; what is due once.
    fn each_unit_once(&self) {
        let sale = self.sale;
        for nth in 0..sale.units.len() {
            let unit = &sale.units[nth];
            let times = self.ours().filter(|it| it.units.contains(&unit.id)).count();
            let by_hand = self.backend.notes().by_hand.contains_key(&unit.id);
            self.must(times <= 1, || format!("{} is credited {times} times", unit.id));
            let due = self.is_due(nth);
            self.must(due || times == 0, || format!("{} is credited and not due", unit.id));
            let wanted = due && sale.credit(unit) != 0 && !self.counts_by_product(&unit.product);
            if wanted {
                let all = times + usize::from(by_hand);
                let once = all == 1 || all == 0 && self.may_be_open(nth);
                self.must(once, || format!("{} is credited {all} times, due once", unit.id));
            }
        }
    }

    /// Where somebody booked without naming a unit, pieces of the product are counted.
    fn each_product_once(&self) {
        let sale = self.sale;
        let mut due: BTreeMap<&str, i64> = BTreeMap::new();
        let mut made: BTreeMap<&str, i64> = BTreeMap::new();
        for nth in (0..sale.units.len()).filter(|it| self.is_due(*it)) {
            let unit = &sale.units[nth];
            let times = self.ours().filter(|it| it.units.contains(&unit.id)).count();
            let by_hand = usize::from(self.backend.notes().by_hand.contains_key(&unit.id));
            let times = i64::try_from(times + by_hand).expect("few memos");
            *due.entry(&unit.product).or_default() += unit.quantity;
            *made.entry(&unit.product).or_default() += times * unit.quantity;
        }
        for (product, due) in due {
            let made = made.get(product).copied().unwrap_or_default();
            self.must(made <= due, || format!("{made} of {product} are credited, {due} due"));
            let of_product =
                || (0..sale.units.len()).filter(|it| sale.units[*it].product == product);
            let free = of_product().any(|it| sale.credit(&sale.units[it]) == 0);
            let free = free || of_product().any(|it| self.may_be_open(it));
            self.must(free || made == due, || format!("{made} of {product} credited, {due} due"));
        }
    }

    fn counts_by_product(&self, product: &str) -> bool {
        let by_hand = self.backend.notes().by_hand.clone();
        let units = self.sale.units.iter().filter(|unit| unit.product == product);
        units.filter(|it| by_hand.contains_key(&it.id)).count() != 0
    }

    fn is_due(&self, unit: usize) -> bool {
        let sale = self.sale;
        let fate = matches!(sale.fate, Fate::Fine | Fate::NeverInvoiced);
        let fails = matches!(sale.oddity, Oddity::FailsAlone(_));
        fate && !fails && sale.is_cancelled(unit) && sale.units[unit].invoice.is_some()
    }

    /// Whether a unit that is due may be credited by nobody.
    fn may_be_open(&self, unit: usize) -> bool {
        let id = &self.sale.units[unit].id;
        self.excused.contains(id) || odd::may_stay_uncredited(self.sale, unit)
    }

    fn shipping_once(&self) {
        let sale = self.sale;
        let ours = self.ours().filter(|it| it.units.contains(&UnitId::shipping())).count();
        let fate = matches!(sale.fate, Fate::Fine | Fate::NeverInvoiced);
        let due = fate
            && sale.is_cancelled_whole()
            && sale.shipping_credit() != 0
            && sale.bearer().is_some();
        let due = usize::from(
            due && !matches!(sale.oddity, Oddity::FailsAlone(_) | Oddity::ShippingDiffers),
        );
        let open = ours == 0 && odd::may_park(sale);
        self.must(ours == due || open, || format!("shipping is credited {ours} times, due {due}"));
    }

    fn no_invoice_is_exceeded(&self) {
        let sale = self.sale;
        for invoice in sale.made_invoices() {
            let id = sale.invoice_id(invoice);
            let ours = self.ours().filter(|it| it.source.invoice() == Some(&id));
            let by_hand = self.memos.iter().filter(|memo| memo.sent.is_none());
            let by_hand = by_hand.filter(|it| self.counts(it));
            let by_hand = by_hand.filter(|it| {
                it.memo.created_from.as_ref() == Some(&id) || it.memo.applied_to.contains(&id)
            });
            let sum: Amount = ours.map(|it| it.credit).chain(by_hand.map(|it| it.memo.total)).sum();
            // Nothing keeps people from giving money back on what is credited already.
            let total = sale.amount(sale.invoice_total(invoice) + odd::goodwill(sale));
            self.must(sum <= total, || format!("{sum} is credited on an invoice of {total}"));
        }
    }

    /// When we credited all of it, the memos come to what the customer owed.
    fn comes_to_what_was_owed(&self) {
        let sale = self.sale;
        let notes = self.backend.notes().clone();
        let by_hand = self.memos.iter().any(|memo| memo.sent.is_none() && self.counts(memo));
        let all =
            (0..sale.units.len()).all(|it| self.is_due(it) && sale.credit(&sale.units[it]) > 0);
        let open = (0..sale.units.len()).any(|it| self.may_be_open(it)) || odd::may_park(sale);
        if !all || open || by_hand || notes.miscounted.contains(&sale.order) {
            return;
        }
        let sum: Amount = self.ours().map(|it| it.credit).sum();
        let owed = sale.amount(sale.grand_total() - odd::short(sale));
        let told = odd::short(sale) == 0 || self.left_over;
        self.must(told, || "nobody was told of the cents that fit on no memo".to_owned());
        let all_told = self.left_over && (owed - sum).abs() <= sale.amount(sale.off.abs());
        self.must(sum == owed || all_told, || format!("memos come to {sum}, owed was {owed}"));
    }
}

/// Journal and ledger tell the same story.
fn agree(shared: &Shared, backend: &Backends, journal: &[CancellationRecord], memos: &[Recorded]) {
    let tenant = &backend.customer.tenant;
    let ours = journal.iter().filter(|it| it.cancellation.tenant == *tenant);
    let claims: Vec<_> = ours.flat_map(|it| it.memos.iter().map(move |memo| (it, memo))).collect();
    let simulation = &shared.simulation;
    let fails = |record: &CancellationRecord| {
        let sale = backend.sales.get(&record.cancellation.order);
        sale.is_some_and(|sale| matches!(sale.oddity, Oddity::FailsAlone(_)))
    };
    for (record, claim) in claims.iter().filter(|(record, _)| !fails(record)) {
        let key = &claim.claim.memo.key;
        let ClaimState::Settled(id) = &claim.claim.state else {
            simulation.violated(format!("{key} is not settled"));
            continue;
        };
        let Some(found) = memos.iter().find(|memo| memo.memo.id == *id) else {
            simulation.violated(format!("{key} is settled as {id}, which is not on record"));
            continue;
        };
        let sent = found.sent.as_ref() == Some(&claim.claim.memo);
        simulation.must(sent, || format!("{key} was not sent as it was claimed"));
        let unread = claim.confirmed_total.is_none() && !found.deleted;
        simulation.must(!unread, || format!("{key} was never read back"));
        let differs = claim.confirmed_total.is_some_and(|it| it != claim.claim.memo.total);
        let flagged = record.flags.iter().any(|flag| flag.starts_with("total-differs"));
        simulation.must(!differs || flagged, || format!("the total of {key} differs, unsaid"));
        let corrected = backend.notes().miscounted.contains(&record.cancellation.order);
        let right = corrected || claim.confirmed_total.is_none_or(|it| it == found.memo.total);
        simulation.must(right, || format!("{key} was read back wrongly"));
    }
    for memo in memos {
        let Some(sent) = &memo.sent else { continue };
        let known = claims.iter().any(|(_, it)| it.claim.memo.key == sent.key);
        simulation.must(known, || format!("{} is on record and in no book", sent.key));
    }
}
