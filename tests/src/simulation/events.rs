//! The events of a seed: overlapping, reordered, late, and some twice.

use std::time::Duration;

use domain::{Timestamp, UnitId};

use super::{oddity::Oddity, rng::Rng, sale::SimulatedSale, stream::Event};

/// When a late event comes.
const LATE: Duration = Duration::from_mins(65);
/// Some units of an order were cancelled.
const ITEMS_CANCELLED: &str = "order.items_cancelled";
/// An order was cancelled as a whole.
const ORDER_CANCELLED: &str = "order.cancelled";

/// The events that tell of an order's cancellations.
pub(super) fn of(sale: &SimulatedSale, rng: &Rng) -> Vec<Event> {
    let mut events = Vec::new();
    let units = |places: &[usize]| -> Vec<UnitId> {
        places.iter().map(|it| sale.units[*it].id.clone()).collect()
    };
    let all: Vec<usize> = sale.groups.iter().flat_map(|group| group.units.clone()).collect();
    for group in &sale.groups {
        // Mostly ahead of the API, sometimes long after it.
        let late = rng.strikes(200);
        let lag = if late { rng.seconds(1800) } else { Duration::ZERO };
        let ahead = if rng.strikes(200) { rng.seconds(1500) } else { rng.seconds(3) };
        let ahead = i64::try_from(ahead.as_millis()).expect("a short time");
        let at = Timestamp::from_millis(group.cancelled_at.as_millis() - ahead);
        let due = at.after(lag);
        let days = if rng.strikes(150) { rng.between(1, 3) } else { 0 };
        let published_at = Timestamp::from_millis(at.as_millis() - days * 24 * 3_600_000);
        let order = sale.order.clone();
        let event = Event {
            name: ITEMS_CANCELLED,
            order: order.clone(),
            units: units(&group.units),
            published_at,
            due,
        };
        if rng.strikes(200) {
            // The same units under another name, perhaps at the same instant.
            let due = due.after(rng.seconds(60));
            events.push(Event { name: ORDER_CANCELLED, due, ..event.clone() });
        }
        events.push(event);
    }
    if sale.groups.len() > 1 && rng.strikes(500) {
        let event = rng.pick(&events).clone();
        let due = event.due.after(rng.seconds(600));
        let name = *rng.pick(&[ITEMS_CANCELLED, ORDER_CANCELLED]);
        events.push(Event { name, units: units(&all), due, ..event });
    }
    events
}

/// An event that comes long after everything else, of orders whose memos are voided meanwhile:
/// it names what they credited.
pub(super) fn late(sale: &SimulatedSale, start: Timestamp) -> Option<Event> {
    if !matches!(sale.oddity, Oddity::OursVoided(_)) {
        return None;
    }
    let cancelled = sale.groups.iter().flat_map(|group| &group.units);
    Some(Event {
        name: ORDER_CANCELLED,
        order: sale.order.clone(),
        units: cancelled.map(|nth| sale.units[*nth].id.clone()).collect(),
        published_at: start,
        due: start.after(LATE),
    })
}
