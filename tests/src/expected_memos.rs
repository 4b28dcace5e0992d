//! What is due for orders, and whether an account's memos say just that.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use sandbox::{netsuite::Record, sale::Sale};

/// The column that names a line's units.
const UNITS: &str = "custcol_nws_item_id";
/// The item of lines that make up for rounding.
const ROUNDING: &str = "12777";

/// What is due for one order.
#[derive(Debug, Clone)]
pub struct ExpectedMemos {
    /// The order's number.
    pub reference: String,
    /// Each cancelled unit with its credit.
    pub units: BTreeMap<String, Decimal>,
    /// Shipping with its tax; nothing while it is not due.
    pub shipping: Decimal,
    /// The cents that the whole order leaves beside its parts.
    pub rounding: Decimal,
}

impl ExpectedMemos {
    /// What is due when these units are cancelled, and those of the others that live are sent.
    #[must_use]
    pub fn of(sale: &Sale, cancelled: &[&str]) -> Self {
        let units = sale.units.iter().filter(|unit| cancelled.contains(&unit.id.as_str()));
        let units: BTreeMap<_, _> = units.map(|it| (it.id.clone(), sale.credit(it))).collect();
        let mut owed = Self {
            reference: sale.reference.clone(),
            units,
            shipping: Decimal::ZERO,
            rounding: Decimal::ZERO,
        };
        if owed.units.len() == sale.units.len() {
            owed.shipping = sale.shipping_credit();
            owed.rounding = sale.total() - owed.total();
        }
        owed
    }

    /// All of it.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.units.values().sum::<Decimal>() + self.shipping + self.rounding
    }

    /// What is wrong with the memos of this order: each unit is on exactly one, shipping is
    /// credited once, nothing else is, and every memo comes to what is on it.
    fn faults(&self, memos: &[&Record]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut times: BTreeMap<&str, usize> = self.units.keys().map(|unit| (&**unit, 0)).collect();
        let (mut shipped, mut rounded) = (0, Decimal::ZERO);
        for memo in memos {
            let mut due = Decimal::ZERO;
            for unit in units_on(memo) {
                due += self.units.get(unit).copied().unwrap_or_default();
                *times.entry(unit).or_default() += 1;
            }
            if memo.shipping_cost.is_some_and(|it| !it.is_zero()) {
                due += self.shipping;
                shipped += 1;
            }
            let rounding = memo.lines.iter().filter(|line| line.item == ROUNDING);
            let rounding: Decimal = rounding.map(|it| it.amount).sum();
            rounded += rounding;
            if memo.total != due + rounding {
                let (number, total) = (&memo.number, memo.total);
                faults.push(format!("{number} comes to {total}, its units to {due}"));
            }
        }
        for (unit, times) in times {
            let wanted = usize::from(self.units.contains_key(unit));
            if times != wanted {
                faults.push(format!("{unit} is credited {times} times, due {wanted}"));
            }
        }
        let wanted = usize::from(!self.shipping.is_zero());
        if shipped != wanted {
            faults.push(format!("shipping is credited {shipped} times, due {wanted}"));
        }
        if rounded != self.rounding {
            faults.push(format!("rounded by {rounded}, due {}", self.rounding));
        }
        faults
    }
}

/// Everything that is wrong with an account's memos, and with whose.
#[must_use]
pub fn faults(owed: &[ExpectedMemos], memos: &[Record]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut of_order: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for memo in memos {
        of_order.entry(memo.other_ref_num.as_deref().unwrap_or_default()).or_default().push(memo);
    }
    for order in owed {
        let memos = of_order.remove(&*order.reference).unwrap_or_default();
        let found = order.faults(&memos).into_iter();
        faults.extend(found.map(|it| format!("{}: {it}", order.reference)));
    }
    faults.extend(of_order.into_keys().map(|it| format!("{it:?}: credited, and not due")));
    faults
}

/// The units that a memo's lines name.
pub fn units_on(memo: &Record) -> impl Iterator<Item = &str> {
    memo.lines.iter().filter_map(|line| line.field(UNITS)).flat_map(|it| it.split(','))
}
