//! What is odd about an order's books: what people and other systems do to real ones.
//!
//! An order has at most one oddity, so that the audit can say what is right for it by the
//! rules alone. Oddities are drawn from a stream of their own: orders without one are the
//! same whether oddities exist or not.

use std::time::Duration;

use domain::Timestamp;

use super::{
    rng::Rng,
    sale::{Capture, Fate, Reach, SimulatedSale},
};
use crate::reference::Column;

/// By how much an invoice's shipping is above the order's where it differs.
pub const SHIPPING_DIFFERS_BY: i64 = 50;
/// How many minutes after the beginning people book by hand at the latest.
const BOOKED_WITHIN: i64 = 40 * 60;

/// Draws one kind of oddity, where the order can have it.
type Draw = fn(&mut SimulatedSale, Column, Timestamp, &Rng) -> Option<Oddity>;

/// What is odd about the books of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Oddity {
    /// Nothing.
    #[default]
    None,
    /// Another shop's sales order and invoice bear the order's number.
    ForeignNumber(OwnRecords),
    /// The unit is credited by hand, and stands again on a later invoice.
    BilledAgain {
        /// Its place.
        unit: usize,
    },
    /// A unit was returned, and credited by hand for that.
    Returned(HandMade),
    /// Less than a unit's price is given back by hand on its line.
    Goodwill(HandMade),
    /// A memo by hand credits units, and is voided so long after it is booked.
    VoidedByHand(HandMade, Duration),
    /// A memo created by memobridge is voided so long after the first one is on record.
    OursVoided(Duration),
    /// Another customer's memo bears the order's number.
    OtherEntity(HandMade),
    /// The ERP fails on this order, and on no other.
    FailsAlone(Failure),
    /// The last invoice is so little below the order's amounts for it.
    ShortInvoice(i64),
    /// The invoice has another shipping cost.
    ShippingDiffers,
    /// The payments show movements that failed, or are pending.
    FailedMovements,
}

/// Where an order's own records are when another shop's bear its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnRecords {
    /// Under the order's UUID.
    UnderUuid,
    /// Nowhere: it was never exported.
    Nowhere,
}

/// How the ERP fails on one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Its memos end in an internal error, and are not on record.
    Posting,
    /// What it answers about the order cannot be read.
    Unreadable,
    /// It refuses a field of the memo.
    Refusing,
}

/// A credit memo as a person books it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandMade {
    /// The places of the units it is for: all of one product and one invoice.
    pub units: Vec<usize>,
    /// When it is booked; later where the invoice is.
    pub at: Timestamp,
    /// What it was made from.
    pub source: MemoSource,
    /// Whether its line names the units.
    pub named: bool,
    /// Whether its line names the line of the invoice.
    pub on_line: bool,
    /// Its net amount where that is not the units' own.
    pub money: Option<i64>,
}

/// What a memo by hand was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoSource {
    /// The invoice.
    Invoice,
    /// A return authorisation.
    ReturnAuthorisation,
    /// Nothing; it bears the order's number and is applied to the invoice.
    NothingApplied,
    /// Nothing; it bears the order's number and is open.
    NothingOpen,
}

impl MemoSource {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Invoice, Self::ReturnAuthorisation, Self::NothingApplied, Self::NothingOpen];
}

/// Makes something odd of an order in four, where it leaves no doubt about what is right.
pub(super) fn befall(sale: &mut SimulatedSale, column: Column, start: Timestamp, rng: &Rng) {
    let billed = sale.units.iter().all(|unit| unit.invoice.is_some());
    let plain = sale.fate == Fate::Fine && sale.capture == Capture::AtOrder && billed;
    if !plain || !rng.strikes(250) {
        return;
    }
    let draws: [Draw; 11] = [
        |sale, column, _, rng| foreign_number(sale, column, rng),
        |sale, column, _, rng| billed_again(sale, column, rng),
        returned,
        goodwill,
        voided_by_hand,
        |_, _, _, rng| Some(Oddity::OursVoided(rng.seconds(600))),
        other_entity,
        |_, _, _, rng| {
            let failures = [Failure::Posting, Failure::Unreadable, Failure::Refusing];
            Some(Oddity::FailsAlone(*rng.pick(&failures)))
        },
        |sale, _, _, rng| short_invoice(sale, rng),
        |sale, _, _, _| {
            let ships = sale.is_cancelled_whole() && sale.shipping_credit() > 0;
            ships.then_some(Oddity::ShippingDiffers)
        },
        |_, _, _, _| Some(Oddity::FailedMovements),
    ];
    let draw = rng.pick(&draws);
    // An order that cannot be odd so is not odd at all.
    sale.oddity = draw(sale, column, start, rng).unwrap_or_default();
    if !matches!(sale.oddity, Oddity::None | Oddity::FailedMovements) {
        // Cents beside the units would be in doubt beside memos of others.
        sale.off = 0;
    }
}

fn foreign_number(sale: &mut SimulatedSale, column: Column, rng: &Rng) -> Option<Oddity> {
    if column == Column::Absent {
        return None;
    }
    let own = *rng.pick(&[OwnRecords::UnderUuid, OwnRecords::Nowhere]);
    if own == OwnRecords::Nowhere {
        sale.fate = Fate::NeverExported;
    }
    Some(Oddity::ForeignNumber(own))
}

fn billed_again(sale: &SimulatedSale, column: Column, rng: &Rng) -> Option<Oddity> {
    let unit = cancelled(sale, rng)?;
    (column == Column::Present).then_some(Oddity::BilledAgain { unit })
}

fn returned(
    sale: &mut SimulatedSale,
    column: Column,
    start: Timestamp,
    rng: &Rng,
) -> Option<Oddity> {
    let kept = (0..sale.units.len()).filter(|nth| !sale.is_cancelled(*nth));
    let kept: Vec<usize> = kept.filter(|nth| is_worth_much(sale, *nth)).collect();
    let unit = *kept.first()?;
    let memo = hand_made(sale, vec![unit], column, start, rng);
    sale.units[unit].reached = Reach::Returned(start.after(rng.seconds(BOOKED_WITHIN)));
    Some(Oddity::Returned(memo))
}

fn goodwill(
    sale: &mut SimulatedSale,
    column: Column,
    start: Timestamp,
    rng: &Rng,
) -> Option<Oddity> {
    let unit = cancelled(sale, rng)?;
    let goods = &sale.units[unit];
    // Well below the price of a piece: whoever compares with the unit or with the piece agrees.
    let most = sale.net(goods) / goods.quantity - 10;
    // More than rounding explains: an order has few units.
    if most < 10 {
        return None;
    }
    let memo = hand_made(sale, vec![unit], column, start, rng);
    // It is money on a line or on an invoice, never in the air.
    let source = match memo.source {
        MemoSource::NothingOpen => MemoSource::NothingApplied,
        source => source,
    };
    Some(Oddity::Goodwill(HandMade { money: Some(rng.between(10, most)), source, ..memo }))
}

fn voided_by_hand(
    sale: &mut SimulatedSale,
    column: Column,
    start: Timestamp,
    rng: &Rng,
) -> Option<Oddity> {
    let unit = cancelled(sale, rng)?;
    let memo = hand_made(sale, vec![unit], column, start, rng);
    let after = if rng.strikes(700) { Duration::ZERO } else { rng.seconds(900) };
    Some(Oddity::VoidedByHand(memo, after))
}

fn other_entity(
    sale: &mut SimulatedSale,
    column: Column,
    start: Timestamp,
    rng: &Rng,
) -> Option<Oddity> {
    let unit = cancelled(sale, rng)?;
    let memo = hand_made(sale, vec![unit], column, start, rng);
    let source = *rng.pick(&[MemoSource::ReturnAuthorisation, MemoSource::NothingOpen]);
    Some(Oddity::OtherEntity(HandMade { source, named: false, on_line: false, ..memo }))
}

/// An invoice that rounding left below the order, by at most one smallest unit a unit.
fn short_invoice(sale: &SimulatedSale, rng: &Rng) -> Option<Oddity> {
    let worth = (0..sale.units.len()).all(|nth| is_worth_much(sale, nth));
    let most = i64::try_from(sale.units.len()).expect("few units");
    worth.then(|| Oddity::ShortInvoice(rng.between(1, most)))
}

/// A cancelled unit that is worth enough to be told from a few cents.
fn cancelled(sale: &SimulatedSale, rng: &Rng) -> Option<usize> {
    let units = (0..sale.units.len()).filter(|nth| sale.is_cancelled(*nth));
    let units: Vec<usize> = units.filter(|nth| is_worth_much(sale, *nth)).collect();
    (!units.is_empty()).then(|| *rng.pick(&units))
}

fn is_worth_much(sale: &SimulatedSale, unit: usize) -> bool {
    sale.net(&sale.units[unit]) >= 50
}

fn hand_made(
    sale: &SimulatedSale,
    units: Vec<usize>,
    column: Column,
    start: Timestamp,
    rng: &Rng,
) -> HandMade {
    let early = rng.strikes(400);
    let at = if early { start } else { start.after(rng.seconds(BOOKED_WITHIN)) };
    let source = *rng.pick(&MemoSource::ALL);
    let told_apart =
        alike(sale, units[0]).any(|nth| sale.units[nth].invoice != sale.units[units[0]].invoice);
    let named = column == Column::Present && (told_apart || rng.strikes(500));
    let on_line = source == MemoSource::Invoice && rng.strikes(500);
    HandMade { units, at, source, named, on_line, money: None }
}

/// The units of the same product, this one included.
pub(super) fn alike(sale: &SimulatedSale, unit: usize) -> impl Iterator<Item = usize> {
    let product = &sale.units[unit].product;
    (0..sale.units.len()).filter(move |nth| sale.units[*nth].product == *product)
}
