//! An order whose numbers have been checked, and what each of its units is worth.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use rust_decimal::prelude::ToPrimitive;

use crate::{
    Amount, Currency, Instrument, InstrumentSnapshot, OrderId, OrderSnapshot, Reason,
    ReportedAmount, UnitId, UnitSnapshot, payment::Movement,
};

/// The number of ignored transaction types that a note names.
const MAX_IGNORED_SHOWN: usize = 5;

/// How prices and tax relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxTreatment {
    /// Prices are without tax; tax is added.
    Outside,
    /// Prices contain the tax.
    Inside,
}

/// The state of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitStatus {
    /// The customer still expects it.
    Open,
    /// The customer has it.
    Fulfilled,
    /// It will never be sent.
    Cancelled,
    /// It was sent back.
    Returned,
}

/// One item of the order. All amounts are for the whole line, rounded to the currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The item's id.
    pub id: UnitId,
    /// The product sold.
    pub product: String,
    /// Pieces of it.
    pub quantity: u32,
    /// Price times quantity, before discounts; contains tax when tax is inside.
    pub gross: Amount,
    /// Discounts of both kinds together, not negative.
    pub discount: Amount,
    /// Tax, not negative.
    pub tax: Amount,
    /// Its state.
    pub status: UnitStatus,
    /// Why it was cancelled, as the storefront states it.
    pub reason: Option<String>,
    /// How it was to be shipped.
    pub service_level: Option<String>,
}

/// The shipping charge of the whole order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipping {
    /// What the customer paid for it, tax included.
    pub credit: Amount,
    /// The tax in it.
    pub tax: Amount,
}

/// An order whose numbers were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The storefront's id.
    pub id: OrderId,
    /// The number that people use for it; the id when it has none.
    pub reference: String,
    /// The currency of every amount here.
    pub currency: Currency,
    /// How prices and tax relate.
    pub treatment: TaxTreatment,
    /// The shop or store that sold it.
    pub channel: Option<String>,
    /// `web`, `store` and so on, in lower case.
    pub channel_type: Option<String>,
    /// The location where the demand arose.
    pub demand_location: Option<String>,
    /// The first coupon.
    pub coupon: Option<String>,
    /// The shipping charge.
    pub shipping: Shipping,
    /// The total that the customer owed.
    pub grand_total: Amount,
    /// All items.
    pub units: Vec<Unit>,
    /// All payment instruments.
    pub instruments: Vec<Instrument>,
    /// Transaction types that do not count: unknown, failed or pending ones.
    pub unknown_movements: Vec<String>,
    /// The position of each unit in `units`.
    places: BTreeMap<UnitId, usize>,
}

impl Unit {
    /// The amount owed back for it: `credit` of `docs/RULES.md#money`.
    #[must_use]
    pub fn credit(&self, treatment: TaxTreatment) -> Amount {
        match treatment {
            TaxTreatment::Outside => self.gross - self.discount + self.tax,
            TaxTreatment::Inside => self.gross - self.discount,
        }
    }

    /// The credit without its tax.
    #[must_use]
    pub fn net(&self, treatment: TaxTreatment) -> Amount {
        self.credit(treatment) - self.tax
    }

    /// Whether it is neither cancelled nor returned.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self.status, UnitStatus::Open | UnitStatus::Fulfilled)
    }
}

impl Shipping {
    /// The charge without its tax.
    #[must_use]
    pub fn net(self) -> Amount {
        self.credit - self.tax
    }
}

impl Order {
    /// Checks a snapshot whose payments have arrived.
    ///
    /// The error is [`Reason::InvalidOrder`] and names the field.
    pub fn check(snapshot: &OrderSnapshot) -> Result<Self, Reason> {
        let currency = currency(snapshot)?;
        let treatment = treatment(snapshot);
        let units = snapshot.units.iter().enumerate();
        let units: Vec<_> = units
            .map(|(index, unit)| check_unit(index, unit, currency, treatment))
            .collect::<Result<_, _>>()?;
        check_together(&units)?;
        let shipping = check_shipping(snapshot, currency, treatment)?;
        let credits = units.iter().map(|unit| unit.credit(treatment)).sum::<Amount>();
        let grand_total = match money("grandTotal", &snapshot.grand_total, currency)? {
            Some(total) if total < Amount::ZERO => return Err(negative("grandTotal", total)),
            Some(total) => total,
            None => credits + shipping.credit,
        };
        let (instruments, unknown_movements) =
            check_payments(snapshot.payments.as_deref().unwrap_or_default(), currency)?;
        Ok(Self {
            id: snapshot.id.clone(),
            reference: filled(snapshot.external_id.as_ref())
                .unwrap_or_else(|| snapshot.id.to_string()),
            currency,
            treatment,
            channel: filled(snapshot.channel.as_ref()),
            channel_type: filled(snapshot.channel_type.as_ref()).map(|it| it.to_lowercase()),
            demand_location: filled(snapshot.demand_location.as_ref()),
            coupon: filled(snapshot.coupon.as_ref()),
            shipping,
            grand_total,
            places: units.iter().enumerate().map(|(nth, unit)| (unit.id.clone(), nth)).collect(),
            units,
            instruments,
            unknown_movements,
        })
    }

    /// The unit with this id.
    #[must_use]
    pub fn unit(&self, id: &UnitId) -> Option<&Unit> {
        self.places.get(id).and_then(|nth| self.units.get(*nth))
    }

    /// Whether the order has a unit that is neither cancelled nor returned.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.units.iter().any(Unit::is_active)
    }

    /// Whether an item reached the customer, so that the shipping was used.
    #[must_use]
    pub fn shipping_was_used(&self) -> bool {
        let reached = [UnitStatus::Returned, UnitStatus::Fulfilled];
        self.units.iter().any(|unit| reached.contains(&unit.status))
    }

    /// Sum of the credit of the units that `choose` selects.
    pub fn credit_of(&self, choose: impl Fn(&Unit) -> bool) -> Amount {
        let chosen = self.units.iter().filter(|unit| choose(unit));
        chosen.map(|it| it.credit(self.treatment)).sum()
    }
}

/// The storefront's numbers of the order, for audits; no personal data.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tax = match self.treatment {
            TaxTreatment::Outside => "tax outside",
            TaxTreatment::Inside => "tax inside",
        };
        let (reference, total, money) = (&self.reference, self.grand_total, self.currency.code());
        write!(f, "order {reference} of {total} {money}, {tax}; units worth")?;
        for (nth, unit) in self.units.iter().enumerate() {
            let comma = if nth == 0 { "" } else { "," };
            let status = match unit.status {
                UnitStatus::Cancelled => "cancelled",
                UnitStatus::Returned => "returned",
                UnitStatus::Fulfilled => "fulfilled",
                UnitStatus::Open => "open",
            };
            write!(f, "{comma} {} {status}", unit.credit(self.treatment))?;
        }
        write!(f, "; shipping {}", self.shipping.credit)?;
        for it in &self.instruments {
            let (method, provider) = (&it.method, &it.provider);
            write!(f, "; {method}/{provider} paid {}, given back {}", it.paid(), it.given_back())?;
        }
        let ignored: BTreeSet<_> = self.unknown_movements.iter().collect();
        for (nth, kind) in ignored.into_iter().take(MAX_IGNORED_SHOWN).enumerate() {
            let before = if nth == 0 { "; not counted: " } else { ", " };
            write!(f, "{before}{kind}")?;
        }
        Ok(())
    }
}

impl FromStr for UnitStatus {
    type Err = std::convert::Infallible;

    /// The list of statuses is open: any status that is not known as a final one counts as open.
    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        Ok(match raw.trim().to_lowercase().as_str() {
            "cancelled" | "canceled" => Self::Cancelled,
            "returned" => Self::Returned,
            "complete" | "completed" | "fulfilled" | "shipped" | "delivered" | "handed_over"
            | "picked_up" => Self::Fulfilled,
            _ => Self::Open,
        })
    }
}

fn check_unit(
    index: usize,
    unit: &UnitSnapshot,
    currency: Currency,
    treatment: TaxTreatment,
) -> Result<Unit, Reason> {
    let field = |name: &str| format!("items[{index}].{name}");
    let required = |name: &str, reading: &ReportedAmount| {
        number(&field(name), reading)?.ok_or_else(|| invalid(field(name), "is missing"))
    };
    let line = |name: &str, reading: &ReportedAmount| {
        let amount = money(&field(name), reading, currency)?;
        Ok(amount.unwrap_or_default().abs())
    };
    let id = unit.id.parse().map_err(|why| invalid(field("id"), why))?;
    let product =
        filled(unit.product.as_ref()).ok_or_else(|| invalid(field("productId"), "is missing"))?;
    let pieces = required("quantity", &unit.quantity)?;
    let quantity = pieces.value().is_integer().then(|| pieces.value().to_u32()).flatten();
    let quantity = quantity
        .filter(|it| *it >= 1)
        .ok_or_else(|| invalid(field("quantity"), format!("{pieces} is not a whole number")))?;
    let price = required("pricebookPrice", &unit.price)?;
    if price < Amount::ZERO {
        return Err(negative(&field("pricebookPrice"), price));
    }
    let gross = price.times(quantity).map_err(|why| invalid(field("pricebookPrice"), why))?;
    let gross = currency.round(gross);
    let discount = line("itemDiscounts", &unit.item_discounts)?
        + line("orderDiscounts", &unit.order_discounts)?;
    if gross < discount {
        let why = format!("discounts of {discount} are above the price of {gross}");
        return Err(invalid(field("itemDiscounts"), why));
    }
    let tax = line("tax", &unit.tax)?;
    if treatment == TaxTreatment::Inside && gross - discount < tax {
        let why = format!("{tax} is above the price of {} that contains it", gross - discount);
        return Err(invalid(field("tax"), why));
    }
    Ok(Unit {
        id,
        product,
        quantity,
        gross,
        discount,
        tax,
        status: status(unit),
        reason: filled(unit.reason.as_ref()),
        service_level: filled(unit.service_level.as_ref()),
    })
}

/// Checks that no item is listed twice and that all pieces together can be counted.
fn check_together(units: &[Unit]) -> Result<(), Reason> {
    let mut ids = BTreeSet::new();
    if let Some(index) = units.iter().position(|unit| !ids.insert(&unit.id)) {
        return Err(invalid(format!("items[{index}].id"), "is listed twice"));
    }
    let pieces = units.iter().try_fold(0, |sum: u32, it| sum.checked_add(it.quantity));
    pieces.map(|_| ()).ok_or_else(|| invalid("items", "are more pieces than can be counted"))
}

fn check_shipping(
    snapshot: &OrderSnapshot,
    currency: Currency,
    treatment: TaxTreatment,
) -> Result<Shipping, Reason> {
    let total = money("shippingTotal", &snapshot.shipping_total, currency)?.unwrap_or_default();
    let tax = money("shippingTax", &snapshot.shipping_tax, currency)?.unwrap_or_default().abs();
    if total < Amount::ZERO {
        return Err(negative("shippingTotal", total));
    }
    match treatment {
        TaxTreatment::Outside => Ok(Shipping { credit: total + tax, tax }),
        TaxTreatment::Inside if total < tax => {
            Err(invalid("shippingTax", format!("{tax} is above the {total} that contains it")))
        }
        TaxTreatment::Inside => Ok(Shipping { credit: total, tax }),
    }
}

fn check_payments(
    payments: &[InstrumentSnapshot],
    currency: Currency,
) -> Result<(Vec<Instrument>, Vec<String>), Reason> {
    let mut instruments = Vec::new();
    let mut instrument_counts = BTreeMap::new();
    let mut unknown = Vec::new();
    let mut met = BTreeSet::new();
    for (index, snapshot) in payments.iter().enumerate() {
        let mut instrument = Instrument::untouched(snapshot, &mut instrument_counts);
        for (nth, transaction) in snapshot.transactions.iter().enumerate() {
            let kind = transaction.kind.as_deref().unwrap_or("");
            let Some(movement) = Movement::of(kind) else {
                if met.insert(kind) {
                    unknown.push(kind.to_owned());
                }
                continue;
            };
            let field = |name: &str| format!("instruments[{index}].transactions[{nth}].{name}");
            let foreign = filled(transaction.currency.as_ref())
                .filter(|it| !it.eq_ignore_ascii_case(currency.code()));
            if let Some(code) = foreign {
                let why = format!("{code} is not the order's currency {}", currency.code());
                return Err(invalid(field("currency"), why));
            }
            let amount = money(&field("amount"), &transaction.amount, currency)?;
            let amount = amount.ok_or_else(|| invalid(field("amount"), "is missing"))?;
            instrument.apply(movement, amount);
        }
        instruments.push(instrument);
    }
    Ok((instruments, unknown))
}

pub(crate) fn status(unit: &UnitSnapshot) -> UnitStatus {
    let Ok(status) = unit.status.as_deref().unwrap_or("").parse();
    status
}

fn currency(snapshot: &OrderSnapshot) -> Result<Currency, Reason> {
    let code =
        filled(snapshot.currency.as_ref()).ok_or_else(|| invalid("currency", "is missing"))?;
    code.parse().map_err(|why| invalid("currency", why))
}

fn treatment(snapshot: &OrderSnapshot) -> TaxTreatment {
    let strategies = [&snapshot.tax_strategy, &snapshot.price_method];
    let strategies: Vec<_> = strategies.into_iter().flatten().map(|it| it.to_lowercase()).collect();
    let first = strategies.iter().find(|it| it.contains("included") || it.contains("excluded"));
    match first {
        Some(word) if word.contains("included") => TaxTreatment::Inside,
        _ => TaxTreatment::Outside,
    }
}

fn number(field: &str, reading: &ReportedAmount) -> Result<Option<Amount>, Reason> {
    match reading {
        ReportedAmount::Absent => Ok(None),
        ReportedAmount::Value(amount) => Ok(Some(*amount)),
        ReportedAmount::Unreadable(raw) => Err(invalid(field, format!("{raw:?} is not an amount"))),
    }
}

fn money(
    field: &str,
    reading: &ReportedAmount,
    currency: Currency,
) -> Result<Option<Amount>, Reason> {
    Ok(number(field, reading)?.map(|it| currency.round(it)))
}

fn filled(text: Option<&String>) -> Option<String> {
    text.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty())
}

fn negative(field: &str, amount: Amount) -> Reason {
    invalid(field, format!("{amount} is negative"))
}

fn invalid(field: impl Into<String>, problem: impl std::fmt::Display) -> Reason {
    Reason::InvalidOrder { field: field.into(), problem: format!("{problem}") }
}
