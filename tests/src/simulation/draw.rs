//! Draws a seed's orders.

use std::time::Duration;

use domain::Timestamp;

use super::{
    oddity::Oddity,
    rng::Rng,
    sale::{Capture, Fate, Group, Inclusion, Layout, Reach, SaleItem, SimulatedSale, Story},
};
use crate::reference::Column;

/// What an order depends on besides chance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Whose it is.
    pub(super) customer: usize,
    /// Its place among all orders.
    pub(super) nth: usize,
    /// Whether its records name units.
    pub(super) column: Column,
    /// When the world begins.
    pub(super) start: Timestamp,
    /// The stretch in which orders are cancelled.
    pub(super) span: Duration,
}

/// The longest that one part of a story is late.
const LATE: i64 = 25 * 60;

/// What a product sells for within one order.
#[derive(Debug, Clone, Copy)]
struct Product {
    price: i64,
    quantity: i64,
    discounts: (i64, i64),
    tax: i64,
}

pub(super) fn sale(terms: Terms, rng: &Rng) -> SimulatedSale {
    let currency = *rng.pick(&[("USD", 2), ("USD", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)]);
    let fate = fate(rng);
    let capture = capture(fate, rng);
    let tax = if rng.strikes(400) { Inclusion::Inside } else { Inclusion::Outside };
    let free = fate == Fate::Fine && rng.strikes(40);
    let products: Vec<Product> = (0..3).map(|_| product(free, rng)).collect();
    let count = rng.between(1, 6);
    let invoices = if rng.strikes(300) { 2 } else { 1 };
    let mut units: Vec<SaleItem> = (0..count)
        .map(|nth| {
            let kind = rng.below(products.len());
            let Product { price, quantity, discounts, tax } = products[kind];
            let id = format!("{:08x}-0000-4000-8000-{:06x}{nth:06x}", rng.next() >> 32, terms.nth);
            SaleItem {
                id: id.parse().expect("it is an id"),
                product: format!("sku{kind}"),
                price,
                quantity,
                discounts,
                tax,
                invoice: Some(rng.below(invoices)),
                reached: if rng.strikes(200) { Reach::Fulfilled } else { Reach::Open },
            }
        })
        .collect();
    let groups = groups(&mut units, terms, rng);
    let shipping = if rng.strikes(600) && !free {
        let shipping = rng.between(100, 2000);
        (shipping, shipping * rng.between(0, 25) / 100)
    } else {
        (0, 0)
    };
    let currency = if fate == Fate::Unmapped { ("CHF", 2) } else { currency };
    let number = format!("TEST-{}", 1000 + terms.nth);
    let mut sale = SimulatedSale {
        customer: terms.customer,
        order: format!("0c1f2e3d-0000-4000-8000-{:012x}", terms.nth).parse().expect("a UUID"),
        number,
        currency,
        tax,
        units,
        shipping,
        off: 0,
        instruments: vec![100],
        capture,
        layout: *rng.pick(&[Layout::LinePerUnit, Layout::LinePerProduct]),
        invoices,
        fate,
        oddity: Oddity::None,
        story: story(terms, invoices, rng),
        groups,
    };
    if capture == Capture::AtOrder && rng.strikes(300) {
        sale.instruments = vec![0, rng.between(10, 60), rng.between(0, 30)];
    }
    make_sense(&mut sale, terms.column, rng);
    sale
}

/// What cannot be told apart must not differ, and what is never billed has no rest.
fn make_sense(sale: &mut SimulatedSale, column: Column, rng: &Rng) {
    let never_billed = sale.fate == Fate::NeverInvoiced || sale.capture == Capture::AtShipment;
    if never_billed {
        let last = sale.groups.len() - 1;
        for (nth, group) in sale.groups.iter().enumerate() {
            if nth == last || sale.capture == Capture::AtShipment {
                group.units.iter().for_each(|unit| sale.units[*unit].invoice = None);
            }
        }
    }
    if sale.capture == Capture::AtShipment {
        // What is sent is what lives, and only that is billed.
        sale.units.iter_mut().filter(|unit| unit.invoice.is_some()).for_each(|unit| {
            unit.reached = Reach::Fulfilled;
        });
    }
    if matches!(sale.fate, Fate::CashSale) {
        sale.units.iter_mut().for_each(|unit| unit.invoice = None);
    }
    if column == Column::Absent && never_billed {
        for (nth, unit) in sale.units.iter_mut().enumerate() {
            unit.product = format!("sku{nth}");
        }
    } else if column == Column::Absent {
        // Units of one product are told apart by nothing: they go one way together.
        for nth in 0..sale.units.len() {
            let product = sale.units[nth].product.clone();
            let first = sale.units.iter().find(|unit| unit.product == product);
            sale.units[nth].invoice = first.expect("it is there itself").invoice;
        }
    }
    let billed = |it: &SaleItem| it.invoice.is_some();
    let cheap = sale.units.iter().any(|unit| sale.credit(unit) < 50);
    if sale.units.iter().all(billed) && !cheap && rng.strikes(300) {
        let most = i64::try_from(sale.units.len()).expect("few units");
        // An invoice that is below its units is credited to its end by a negative rounding line.
        sale.off = rng.between(-most, most);
    }
}

fn fate(rng: &Rng) -> Fate {
    let fates = [
        Fate::NeverVisible,
        Fate::NeverCancelled,
        Fate::NeverRefunded,
        Fate::NeverPaid,
        Fate::NeverExported,
        Fate::NeverInvoiced,
        Fate::Historical,
        Fate::Mismatched,
        Fate::Unmapped,
        Fate::CashSale,
    ];
    if rng.strikes(150) { *rng.pick(&fates) } else { Fate::Fine }
}

fn capture(fate: Fate, rng: &Rng) -> Capture {
    let shipment = matches!(fate, Fate::Fine | Fate::NeverInvoiced | Fate::NeverExported);
    if shipment && rng.strikes(100) { Capture::AtShipment } else { Capture::AtOrder }
}

fn product(free: bool, rng: &Rng) -> Product {
    let price = rng.between(100, 20_000);
    let quantity = if rng.strikes(150) { rng.between(2, 3) } else { 1 };
    let percent = if free || rng.strikes(60) {
        100
    } else if rng.strikes(400) {
        rng.between(1, 60)
    } else {
        0
    };
    let discount = price * quantity * percent / 100;
    let left = price * quantity - discount;
    let tax = if rng.strikes(700) { left * rng.between(1, 25) / 100 } else { 0 };
    Product { price, quantity, discounts: (discount / 3, discount - discount / 3), tax }
}

/// Some units, or all of them, in up to three groups.
fn groups(units: &mut [SaleItem], terms: Terms, rng: &Rng) -> Vec<Group> {
    let mut places: Vec<usize> = (0..units.len()).collect();
    rng.shuffle(&mut places);
    let whole = rng.strikes(500);
    let cancelled = if whole { places.len() } else { rng.below(places.len()) + 1 };
    places.truncate(cancelled);
    for place in &places {
        units[*place].reached = Reach::Open;
    }
    let count = usize::try_from(rng.between(1, 3)).expect("one to three").min(cancelled);
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (nth, place) in places.into_iter().enumerate() {
        groups[nth % count].push(place);
    }
    let grouped = groups.into_iter().map(|units| {
        let cancelled_at = terms.start.after(rng.millis(0, millis(terms.span)));
        let refunded_at = cancelled_at.after(late(rng));
        Group { units, cancelled_at, refunded_at }
    });
    grouped.collect()
}

fn story(terms: Terms, invoices: usize, rng: &Rng) -> Story {
    let at = || terms.start.after(late(rng));
    Story {
        visible_at: at(),
        paid_at: at(),
        exported_at: at(),
        invoiced_at: (0..invoices).map(|_| at()).collect(),
    }
}

/// Mostly at once, sometimes much later.
fn late(rng: &Rng) -> Duration {
    if rng.strikes(150) { rng.seconds(LATE) } else { rng.seconds(3) }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).expect("spans are short")
}
