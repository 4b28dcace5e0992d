//! A simulated shop: events arrive, memos are recorded, and some state is lost.

mod agreement;

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, test_runner::TestCaseError};

use super::{
    super::*,
    RandomSale,
    sale::{Memory, unit_name},
};
use crate::{Invoice, LineKind, MemoKey, ReportedAmount, Settlement, Tax, testing::*};

/// A sale in both systems, and every memo ever made for it.
pub(super) struct SaleHistory<'a> {
    sale: &'a RandomSale,
    story: Story,
    owed: Amount,
    cancelled: BTreeSet<usize>,
    memos: Vec<CreditMemo>,
    left_over: Amount,
    runs: usize,
}

impl<'a> SaleHistory<'a> {
    pub(super) fn new(sale: &'a RandomSale, events: &[Vec<usize>]) -> Self {
        let mut world = Self {
            sale,
            story: sale.story(),
            owed: sale.grand_total(),
            cancelled: BTreeSet::new(),
            memos: Vec::new(),
            left_over: Amount::ZERO,
            runs: 0,
        };
        world.story.order.grand_total = ReportedAmount::Value(world.owed);
        if sale.ahead {
            world.cancel(&events.concat());
        }
        world
    }

    fn cancel(&mut self, event: &[usize]) {
        for nth in event.iter().map(|it| it % self.sale.units.len()) {
            self.story.order.units[nth].status = Some("cancelled".into());
            self.cancelled.insert(nth);
        }
    }

    /// One delivery of an event, processed to its end.
    pub(super) fn run(&mut self, event: &[usize]) -> Result<(), TestCaseError> {
        self.cancel(event);
        self.pay_and_refund();
        let names: BTreeSet<String> =
            event.iter().map(|it| unit_name(it % self.sale.units.len())).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let decision = self.story.decide(&names);
        let plan = match decision {
            Decision::Stop(Stop::Done(_) | Stop::Skip(Reason::NothingToCredit)) => return Ok(()),
            Decision::Stop(stop) => return Err(TestCaseError::fail(format!("{stop:?}"))),
            Decision::Act(plan) => plan,
        };
        prop_assert!(plan.rest.is_none() && plan.close.is_none(), "{:?}", plan);
        for flag in &plan.flags {
            match flag {
                Flag::RoundingLeft(left) => self.left_over += *left,
                flag => return Err(TestCaseError::fail(format!("{flag}"))),
            }
        }
        let order = self.story.ready(&names).unwrap();
        let billing = self.story.billing(&order);
        self.remember(&plan, &order)?;
        for invoice in &billing.invoices {
            self.invoice_is_not_exceeded(invoice)?;
        }
        Ok(())
    }

    fn remember(&mut self, plan: &Plan, order: &Order) -> Result<(), TestCaseError> {
        for memo in &plan.memos {
            self.adds_up(memo, order)?;
        }
        // The ledger accepts a key once, so a memo that is planned again would be lost.
        for memo in &plan.memos {
            prop_assert!(!self.memos.iter().any(|it| it.key == memo.key), "again: {:#?}", memo);
        }
        self.memos.extend(plan.memos.iter().cloned());
        let memory = self.sale.memory[self.runs % self.sale.memory.len()];
        self.runs += 1;
        if memory != Memory::Ledger {
            self.story.settle(plan);
        }
        if memory != Memory::Journal {
            self.story.record(plan);
        }
        self.no_unit_twice()
    }

    /// Everything is captured at order time; the value of inactive units is refunded, from the last
    /// instrument on.
    fn pay_and_refund(&mut self) {
        let order = Order::check(&self.story.order).unwrap();
        let mut back = self.owed - order.active_value(&self.story.policy);
        let count = i64::try_from(self.sale.instruments).unwrap();
        let part = order.currency.round(self.owed.share(1.into(), (count + 1).into()));
        let mut sums = vec![part; self.sale.instruments];
        sums[0] = self.owed - std::iter::repeat_n(part, self.sale.instruments - 1).sum();
        let mut story = self.story.clone();
        story.order.payments = None;
        let mut refunds = Vec::new();
        for sum in sums.iter().rev() {
            let refund = back.min(*sum).max(Amount::ZERO);
            back -= refund;
            refunds.push(refund);
        }
        let methods = [("credit_card", "adyen"), ("gift_card", ""), ("paypal", "paypal")];
        for (nth, (sum, refund)) in sums.iter().zip(refunds.iter().rev()).enumerate() {
            let (method, provider) = methods[nth];
            story = story.paid_by(method, provider, &sum.to_string());
            story = story.refunded(&refund.to_string());
        }
        self.story = story;
    }

    fn adds_up(&self, memo: &CreditMemo, order: &Order) -> Result<(), TestCaseError> {
        let units: Vec<&Unit> = memo.units.iter().filter_map(|id| order.unit(id)).collect();
        let ships = memo.units.contains(&UnitId::shipping());
        let due: Amount = units.iter().map(|unit| unit.credit(order.treatment)).sum();
        let shipping = if ships { order.shipping.credit } else { Amount::ZERO };
        let taxes: Amount = units.iter().map(|unit| unit.tax).sum();
        let taxes = if ships { taxes + order.shipping.tax } else { taxes };
        let of_kind = |choose: fn(&LineKind) -> bool| {
            let lines = memo.lines.iter().filter(move |it| choose(&it.kind));
            lines.map(|it| it.amount).sum::<Amount>()
        };
        let payments = of_kind(|it| matches!(it, LineKind::Payment(_)));
        let rounding = of_kind(|it| *it == LineKind::Rounding);
        let body = memo.shipping.as_ref().map_or(Amount::ZERO, |it| it.cost);
        let lines = of_kind(|it| !matches!(it, LineKind::Payment(_))) + body;
        let computed = if self.sale.choices.1 == Tax::Item { Amount::ZERO } else { taxes };
        prop_assert_eq!(memo.credit, due + shipping + rounding, "units of {:#?}", memo);
        prop_assert_eq!(memo.credit, lines + computed, "lines of {:#?}", memo);
        prop_assert_eq!(memo.total, memo.credit + payments, "total of {:#?}", memo);
        if self.sale.choices.2 == Settlement::PaymentItems {
            prop_assert!(memo.total.is_zero(), "does not net: {:#?}", memo);
        }
        if self.sale.choices.1 == Tax::SuiteTax {
            let body = memo.shipping.iter().flat_map(|it| &it.taxes);
            let details = memo.lines.iter().flat_map(|line| &line.taxes).chain(body);
            let detailed_tax: Amount = details.map(|it| it.amount).sum();
            prop_assert_eq!(detailed_tax, taxes, "details of {:#?}", memo);
        }
        for line in &memo.lines {
            prop_assert!(order.currency.is_exact(line.amount), "{:#?}", memo);
            if let (Some(rate), Some(pieces)) = (line.rate, line.quantity) {
                prop_assert_eq!(rate.share(pieces.into(), 1.into()), line.amount, "{:#?}", memo);
            }
        }
        let tenant = "dodici".parse().unwrap();
        let mut backwards = memo.units.clone();
        backwards.reverse();
        prop_assert_eq!(&memo.key, &MemoKey::of(&tenant, &order.id, &backwards));
        Ok(())
    }

    fn invoice_is_not_exceeded(&self, invoice: &Invoice) -> Result<(), TestCaseError> {
        let on_it = self.memos.iter().filter(|memo| memo.source.invoice() == Some(&invoice.id));
        let sum: Amount = on_it.map(|it| it.credit).sum();
        prop_assert!(sum <= invoice.total, "{} on invoice of {}", sum, invoice.total);
        Ok(())
    }

    fn no_unit_twice(&self) -> Result<(), TestCaseError> {
        for (unit, times) in self.credited_units() {
            let limit = if self.sale.knows_units() { 1 } else { self.limit(&unit) };
            prop_assert!(times <= limit, "{unit} {times} times: {:#?}", self.memos);
        }
        Ok(())
    }

    /// The number of cancelled units of a product; 1 for shipping.
    fn limit(&self, product: &str) -> usize {
        let of_product = self
            .cancelled
            .iter()
            .filter(|it| format!("p{}", self.sale.units[**it].product) == product);
        if product == UnitId::SHIPPING { 1 } else { of_product.count() }
    }

    /// How often each unit was credited; by product where ids are lost.
    pub(super) fn credited_units(&self) -> BTreeMap<String, usize> {
        let mut times = BTreeMap::new();
        for id in self.memos.iter().flat_map(|memo| &memo.units) {
            let name = match self.story.order.units.iter().find(|unit| unit.id == id.as_str()) {
                Some(unit) if !self.sale.knows_units() => unit.product.clone().unwrap(),
                _ => id.to_string(),
            };
            *times.entry(name).or_default() += 1;
        }
        // A free unit is credited only if its memo has other units.
        let free = |nth: &usize| self.sale.units[*nth].is_free();
        for nth in (0..self.sale.units.len()).filter(free) {
            times.remove(&unit_name(nth));
            times.remove(&format!("p{}", self.sale.units[nth].product));
        }
        times
    }

    /// The credited amount, with the cents that did not fit on a memo.
    pub(super) fn total(&self) -> Amount {
        self.memos.iter().map(|memo| memo.credit).sum::<Amount>() + self.left_over
    }

    /// Every cancelled unit is credited once, shipping when no item is active, and nothing else.
    pub(super) fn credits_are_exactly_what_was_cancelled(&self) -> Result<(), TestCaseError> {
        let order = Order::check(&self.story.order).unwrap();
        let items = order.credit_of(|it| it.status == crate::UnitStatus::Cancelled);
        let shipping = order.shipping_due(&self.story.policy).unwrap_or_default();
        let whole = self.cancelled.len() == self.sale.units.len();
        let rounding = if whole { self.sale.amount(self.sale.off) } else { Amount::ZERO };
        let due = items + shipping + rounding;
        prop_assert_eq!(self.total(), due, "{:#?}", self.memos);
        Ok(())
    }

    pub(super) fn memos_come_to_what_was_owed(&self) -> Result<(), TestCaseError> {
        let order = Order::check(&self.story.order).unwrap();
        let kept = match order.shipping_due(&self.story.policy) {
            Some(_) => Amount::ZERO,
            None => order.shipping.credit,
        };
        prop_assert_eq!(self.total() + kept, self.owed, "{:#?}", self.memos);
        Ok(())
    }
}
