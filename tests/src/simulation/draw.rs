//! Draws a seed's orders.

use std::time::Duration;

use domain::Timestamp;

use super::{
    chance::Chance,
    oddity::Oddity,
    sale::{Capture, Fate, Goods, Group, Inclusion, Layout, Reach, Sale, Story},
};
use crate::reference::Column;

/// What an order depends on besides chance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Whose it is.
    pub(super) retailer: usize,
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

pub(super) fn sale(terms: Terms, chance: &Chance) -> Sale {
    let currency = *chance.pick(&[("USD", 2), ("USD", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)]);
    let fate = fate(chance);
    let capture = capture(fate, chance);
    let tax = if chance.strikes(400) { Inclusion::Inside } else { Inclusion::Outside };
    let free = fate == Fate::Fine && chance.strikes(40);
    let products: Vec<Product> = (0..3).map(|_| product(free, chance)).collect();
    let count = chance.between(1, 6);
    let invoices = if chance.strikes(300) { 2 } else { 1 };
    let mut units: Vec<Goods> = (0..count)
        .map(|nth| {
            let kind = chance.below(products.len());
            let Product { price, quantity, discounts, tax } = products[kind];
            let id =
                format!("{:08x}-0000-4000-8000-{:06x}{nth:06x}", chance.next() >> 32, terms.nth);
            Goods {
                id: id.parse().expect("it is an id"),
                product: format!("sku{kind}"),
                price,
                quantity,
                discounts,
                tax,
                invoice: Some(chance.below(invoices)),
                reached: if chance.strikes(200) { Reach::Fulfilled } else { Reach::Open },
            }
        })
        .collect();
    let groups = groups(&mut units, terms, chance);
    let shipping = if chance.strikes(600) && !free {
        let shipping = chance.between(100, 2000);
        (shipping, shipping * chance.between(0, 25) / 100)
    } else {
        (0, 0)
    };
    let currency = if fate == Fate::Unmapped { ("CHF", 2) } else { currency };
    let number = format!("TEST-{}", 1000 + terms.nth);
    let mut sale = Sale {
        retailer: terms.retailer,
        order: format!("0c1f2e3d-0000-4000-8000-{:012x}", terms.nth).parse().expect("a UUID"),
        number,
        currency,
        tax,
        units,
        shipping,
        off: 0,
        instruments: vec![100],
        capture,
        layout: *chance.pick(&[Layout::LinePerUnit, Layout::LinePerProduct]),
        invoices,
        fate,
        oddity: Oddity::None,
        story: story(terms, invoices, chance),
        groups,
    };
    if capture == Capture::AtOrder && chance.strikes(300) {
        sale.instruments = vec![0, chance.between(10, 60), chance.between(0, 30)];
    }
    make_sense(&mut sale, terms.column, chance);
    sale
}

/// What cannot be told apart must not differ, and what is never billed has no rest.
fn make_sense(sale: &mut Sale, column: Column, chance: &Chance) {
    let never_billed = sale.fate == Fate::NeverInvoiced || sale.capture == Capture::AtShipment;
    if never_billed {
        let last = sale.groups.len() - 1;
        for (nth, group) in sale.groups.iter().enumerate() {
            if nth == last || sale.capture == Capture::AtShipment {
                group.units.iter().for_each(|it| sale.units[*it].invoice = None);
            }
        }
    }
    if sale.capture == Capture::AtShipment {
        // What is sent is what lives, and only that is billed.
        sale.units.iter_mut().filter(|it| it.invoice.is_some()).for_each(|it| {
            it.reached = Reach::Fulfilled;
        });
    }
    if matches!(sale.fate, Fate::CashSale) {
        sale.units.iter_mut().for_each(|it| it.invoice = None);
    }
    if column == Column::Absent && never_billed {
        for (nth, unit) in sale.units.iter_mut().enumerate() {
            unit.product = format!("sku{nth}");
        }
    } else if column == Column::Absent {
        // Units of one product are told apart by nothing: they go one way together.
        for nth in 0..sale.units.len() {
            let product = sale.units[nth].product.clone();
            let first = sale.units.iter().find(|it| it.product == product);
            sale.units[nth].invoice = first.expect("it is there itself").invoice;
        }
    }
    let billed = |it: &Goods| it.invoice.is_some();
    let cheap = sale.units.iter().any(|it| sale.credit(it) < 50);
    if sale.units.iter().all(billed) && !cheap && chance.strikes(300) {
        let most = i64::try_from(sale.units.len()).expect("few units");
        // An invoice that is below its units is credited to its end by a negative rounding line.
        sale.off = chance.between(-most, most);
    }
}

fn fate(chance: &Chance) -> Fate {
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
    if chance.strikes(150) { *chance.pick(&fates) } else { Fate::Fine }
}

fn capture(fate: Fate, chance: &Chance) -> Capture {
    let shipment = matches!(fate, Fate::Fine | Fate::NeverInvoiced | Fate::NeverExported);
    if shipment && chance.strikes(100) { Capture::AtShipment } else { Capture::AtOrder }
}

fn product(free: bool, chance: &Chance) -> Product {
    let price = chance.between(100, 20_000);
    let quantity = if chance.strikes(150) { chance.between(2, 3) } else { 1 };
    let percent = match () {
        () if free || chance.strikes(60) => 100,
        () if chance.strikes(400) => chance.between(1, 60),
        () => 0,
    };
    let discount = price * quantity * percent / 100;
    let left = price * quantity - discount;
    let tax = if chance.strikes(700) { left * chance.between(1, 25) / 100 } else { 0 };
    Product { price, quantity, discounts: (discount / 3, discount - discount / 3), tax }
}

/// Some units, or all of them, in up to three groups.
fn groups(units: &mut [Goods], terms: Terms, chance: &Chance) -> Vec<Group> {
    let mut places: Vec<usize> = (0..units.len()).collect();
    chance.shuffle(&mut places);
    let whole = chance.strikes(500);
    let cancelled = if whole { places.len() } else { chance.below(places.len()) + 1 };
    places.truncate(cancelled);
    for place in &places {
        units[*place].reached = Reach::Open;
    }
    let count = usize::try_from(chance.between(1, 3)).expect("one to three").min(cancelled);
    let mut groups: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (nth, place) in places.into_iter().enumerate() {
        groups[nth % count].push(place);
    }
    let grouped = groups.into_iter().map(|units| {
        let cancelled_at = terms.start.after(chance.millis(0, millis(terms.span)));
        let refunded_at = cancelled_at.after(late(chance));
        Group { units, cancelled_at, refunded_at }
    });
    grouped.collect()
}

fn story(terms: Terms, invoices: usize, chance: &Chance) -> Story {
    let at = || terms.start.after(late(chance));
    Story {
        visible_at: at(),
        paid_at: at(),
        exported_at: at(),
        invoiced_at: (0..invoices).map(|_| at()).collect(),
    }
}

/// Mostly at once, sometimes much later.
fn late(chance: &Chance) -> Duration {
    if chance.strikes(150) { chance.seconds(LATE) } else { chance.seconds(3) }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).expect("spans are short")
}
