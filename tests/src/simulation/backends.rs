//! One customer's systems: what storefront and ERP hold, whoever asks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use domain::{CreditMemo, OrderId, Timestamp, UnitId};
use ports::{Ledger, LedgerError, Posted, Sending};

use super::{
    context::SimulationContext,
    customer::SimulatedCustomer,
    fault_schedule::{FaultSchedule, SimulatedFault},
    manual_memos,
    oddity::{Failure, Oddity},
    sale::{Capture, Fate, SimulatedSale},
};
use crate::reference::{Folder, MemoryLedger, MemoryStorefront, Recorded};

/// A customer's storefront and ERP.
pub struct Backends {
    /// The world.
    pub simulation: Arc<SimulationContext>,
    /// Whose they are.
    pub customer: SimulatedCustomer,
    /// The storefront.
    pub storefront: MemoryStorefront,
    /// The ERP.
    pub ledger: Arc<MemoryLedger>,
    /// What befalls them.
    pub faults: FaultSchedule,
    /// Whether the ERP works for everybody, but for orders that it always fails on.
    pub works_for_others: bool,
    /// All orders.
    pub sales: BTreeMap<OrderId, Arc<SimulatedSale>>,
    notes: Mutex<Notes>,
}

/// What was seen on the way.
#[derive(Debug, Clone, Default)]
pub struct Notes {
    /// Orders whose memos the ERP added up wrongly.
    pub miscounted: BTreeSet<OrderId>,
    /// Whether the books were ever closed.
    pub closed: bool,
    /// Orders whose key somebody else took.
    pub squatted: BTreeSet<OrderId>,
    /// Units that were booked by hand, with their orders.
    pub by_hand: BTreeMap<UnitId, OrderId>,
    /// Orders of which a memo was deleted by hand.
    pub deleted: BTreeSet<OrderId>,
    /// Orders whose invoices somebody set something against, perhaps with a memo in flight.
    pub touched: BTreeSet<OrderId>,
    /// When somebody booked by hand what is odd about an order's books.
    pub booked_at: BTreeMap<OrderId, Timestamp>,
    /// Units of memos created by memobridge that were voided by hand, by their order, and when.
    pub voided: BTreeMap<(OrderId, UnitId), Timestamp>,
    /// When the newest memo of any order was made.
    pub written_at: Option<Timestamp>,
    /// When credentials were refused of late.
    refused: Vec<Timestamp>,
}

impl Backends {
    pub(super) fn new(
        simulation: Arc<SimulationContext>,
        customer: SimulatedCustomer,
        faults: FaultSchedule,
        sales: Vec<SimulatedSale>,
    ) -> Self {
        let ledger = MemoryLedger::default();
        ledger.books(|it| it.column = customer.column);
        let storefront = MemoryStorefront::new(Arc::new(simulation.time.clone()), Duration::ZERO);
        let sales = sales.into_iter().map(|sale| (sale.order.clone(), Arc::new(sale))).collect();
        let ledger = Arc::new(ledger);
        let notes = Mutex::default();
        let works_for_others = !faults.knows_any(&SimulatedFault::OF_THE_ERP);
        Self { simulation, customer, storefront, ledger, faults, works_for_others, sales, notes }
    }

    /// How the ERP fails on an order, where it fails on it alone.
    pub(super) fn fails_on(&self, order: &OrderId) -> Option<Failure> {
        match self.sales.get(order)?.oddity {
            Oddity::FailsAlone(failure) => Some(failure),
            _ => None,
        }
    }

    /// What was seen on the way.
    pub fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("nobody panics while notes are taken")
    }

    /// The answer to a call that is not even looked at.
    pub(super) fn turned_away(&self) -> Option<LedgerError> {
        if self.faults.strikes(SimulatedFault::ErpDown) {
            return Some(LedgerError::Unavailable("connection refused".into()));
        }
        if self.faults.strikes(SimulatedFault::ErpRevoked) {
            self.notes().refused.push(self.simulation.time.now());
            return Some(LedgerError::Unauthorized("token revoked".to_owned()));
        }
        if self.faults.strikes(SimulatedFault::ErpForbidden) {
            return Some(LedgerError::Forbidden("find transactions".to_owned()));
        }
        let throttled = self.faults.strikes(SimulatedFault::ErpThrottles);
        throttled.then_some(LedgerError::Throttled(Duration::from_secs(5)))
    }

    /// The ERP gets a memo; what must hold whenever one is made is looked at.
    pub(super) async fn record(
        &self,
        memo: &CreditMemo,
        sending: Sending,
    ) -> Result<Posted, LedgerError> {
        let posted = self.ledger.post(memo, sending).await;
        if matches!(posted, Ok(Posted::Now(_))) {
            self.notes().written_at = Some(self.simulation.time.now());
            let total = self.ledger.books(|it| it.memos.last().map(|it| it.memo.total));
            if total != Some(memo.total) {
                self.notes().miscounted.insert(memo.order.clone());
            }
            match self.sales.get(&memo.order) {
                Some(sale) => self.story_is_complete(sale, memo),
                None => self.simulation.violated(format!("a memo for nobody's order: {memo:?}")),
            }
        }
        posted
    }

    /// Nothing is credited before all of it shows, and no more than was given back.
    fn story_is_complete(&self, sale: &SimulatedSale, memo: &CreditMemo) {
        let now = self.simulation.time.now();
        let key = &memo.key;
        for id in memo.units.iter().filter(|unit| !unit.is_shipping()) {
            let unit = sale.units.iter().position(|unit| unit.id == *id);
            let complete = unit.is_some_and(|it| sale.is_cancelled(it) && sale.shows(it) <= now);
            self.simulation.must(complete, || format!("{key} credits {id} before its time"));
        }
        if sale.capture == Capture::AtOrder {
            let back = if sale.fate == Fate::NeverRefunded { 0 } else { sale.refunded(now) };
            let back = sale.amount(back) + self.customer.policy.tolerance;
            let made = self.ledger.books(|books| {
                let ours = Recorded::sent(&books.memos).into_iter();
                ours.filter(|it| it.order == sale.order).map(|it| it.credit).sum::<domain::Amount>()
            });
            self.simulation
                .must(made <= back, || format!("{key}: {made} credited, {back} given back"));
        }
    }

    /// Shows what storefront and ERP have of an order by now.
    pub(super) fn show(&self, sale: &SimulatedSale) {
        let now = self.simulation.time.now();
        if let Some(snapshot) = sale.snapshot(now) {
            self.storefront.show(snapshot);
        }
        let column = self.customer.column;
        if matches!(sale.oddity, Oddity::ForeignNumber(_)) {
            let theirs = sale.of_another_shop(now, column);
            self.ledger.books(|books| {
                books.folders.entry(sale.number.clone()).or_insert(theirs);
            });
        }
        if now < sale.story.exported_at || sale.fate == Fate::NeverExported {
            return;
        }
        self.ledger.books(|books| {
            let folder = books.folders.entry(sale.folder()).or_insert_with(|| Folder {
                order: sale.order.clone(),
                sales_order: None,
                invoices: Vec::new(),
                cash_sales: Vec::new(),
            });
            folder.sales_order = Some(sale.sales_order(now, column));
            if sale.fate == Fate::CashSale && folder.cash_sales.is_empty() {
                folder.cash_sales.push(super::views::id("8001"));
            }
            let mut new = Vec::new();
            for invoice in sale.made_invoices() {
                let made = sale.story.invoiced_at[invoice] <= now;
                let known = folder.invoices.iter().any(|it| it.id == sale.invoice_id(invoice));
                if made && !known {
                    folder.invoices.push(sale.invoice(invoice, column));
                    new.push(invoice);
                }
            }
            if let Oddity::BilledAgain { unit } = sale.oddity
                && new.iter().any(|invoice| sale.units[unit].invoice == Some(*invoice))
            {
                manual_memos::bill_again(books, sale, unit, column);
            }
        });
    }
}
