//! The sums of a sale.

use rust_decimal::{Decimal, RoundingStrategy};

use super::{Sale, TaxIn, Unit};

/// A unit's line in accounting: net of tax, before its discount.
pub(super) struct Net {
    /// Before discounts.
    pub(super) amount: Decimal,
    /// The discount line, negative or zero.
    pub(super) discount: Decimal,
}

pub(super) fn decimals(currency: &str) -> u32 {
    match currency {
        "JPY" | "KRW" => 0,
        "KWD" | "BHD" => 3,
        _ => 2,
    }
}

pub(super) fn round(amount: Decimal, decimals: u32) -> Decimal {
    amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

pub(super) fn discount(unit: &Unit) -> Decimal {
    unit.item_discount + unit.order_discount
}

pub(super) fn gross(unit: &Unit) -> Decimal {
    unit.price * Decimal::from(unit.quantity)
}

pub(super) fn net(sale: &Sale, unit: &Unit) -> Net {
    let (gross, discount) = (gross(unit), discount(unit));
    let paid = gross - discount;
    match sale.tax {
        TaxIn::Outside => Net { amount: gross, discount: -discount },
        TaxIn::Inside if paid.is_zero() => Net { amount: gross, discount: -discount },
        TaxIn::Inside => {
            let net = paid - unit.tax;
            let amount = round(gross * net / paid, decimals(&sale.currency));
            Net { amount, discount: net - amount }
        }
    }
}

pub(super) fn shipping_net(sale: &Sale) -> Decimal {
    match sale.tax {
        TaxIn::Outside => sale.shipping,
        TaxIn::Inside => sale.shipping - sale.shipping_tax,
    }
}

pub(super) fn credit(sale: &Sale, unit: &Unit) -> Decimal {
    let paid = gross(unit) - discount(unit);
    match sale.tax {
        TaxIn::Outside => paid + unit.tax,
        TaxIn::Inside => paid,
    }
}

pub(super) fn shipping_credit(sale: &Sale) -> Decimal {
    shipping_net(sale) + sale.shipping_tax
}

pub(super) fn total(sale: &Sale) -> Decimal {
    let units = sale.units.iter().map(|unit| credit(sale, unit));
    units.sum::<Decimal>() + shipping_credit(sale)
}

/// The rate in per cent that makes `tax` of `net`, precise enough to round back to it.
pub(super) fn rate(tax: Decimal, net: Decimal) -> Decimal {
    if net.is_zero() {
        return Decimal::ZERO;
    }
    round(tax * Decimal::ONE_HUNDRED / net, 6).normalize()
}
