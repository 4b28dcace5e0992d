//! The events of a seed: overlapping, reordered, late, and some twice.

use std::time::Duration;

use domain::{Timestamp, UnitId};

use super::{chance::Chance, oddity::Oddity, sale::Sale, stream::Event};

/// When a late event comes.
const LATE: Duration = Duration::from_mins(65);
/// Some units of an order were cancelled.
const ITEMS_CANCELLED: &str = "order.items_cancelled";
/// An order was cancelled as a whole.
const ORDER_CANCELLED: &str = "order.cancelled";

/// The events that tell of an order's cancellations.
pub(super) fn of(sale: &Sale, chance: &Chance) -> Vec<Event> {
    let mut events = Vec::new();
    let units = |places: &[usize]| -> Vec<UnitId> {
        places.iter().map(|it| sale.units[*it].id.clone()).collect()
    };
    let all: Vec<usize> = sale.groups.iter().flat_map(|it| it.units.clone()).collect();
    for group in &sale.groups {
        // Mostly ahead of the API, sometimes long after it.
        let late = chance.strikes(200);
        let lag = if late { chance.seconds(1800) } else { Duration::ZERO };
        let ahead = if chance.strikes(200) { chance.seconds(1500) } else { chance.seconds(3) };
        let ahead = i64::try_from(ahead.as_millis()).expect("a short time");
        let at = Timestamp::from_millis(group.cancelled_at.as_millis() - ahead);
        let due = at.after(lag);
        let days = if chance.strikes(150) { chance.between(1, 3) } else { 0 };
        let published_at = Timestamp::from_millis(at.as_millis() - days * 24 * 3_600_000);
        let order = sale.order.clone();
        let event = Event {
            name: ITEMS_CANCELLED,
            order: order.clone(),
            units: units(&group.units),
            published_at,
            due,
        };
        if chance.strikes(200) {
            // The same units under another name, perhaps at the same instant.
            let due = due.after(chance.seconds(60));
            events.push(Event { name: ORDER_CANCELLED, due, ..event.clone() });
        }
        events.push(event);
    }
    if 1 < sale.groups.len() && chance.strikes(500) {
        let event = chance.pick(&events).clone();
        let due = event.due.after(chance.seconds(600));
        let name = *chance.pick(&[ITEMS_CANCELLED, ORDER_CANCELLED]);
        events.push(Event { name, units: units(&all), due, ..event });
    }
    events
}

/// An event that comes long after everything else, of orders whose memos are voided meanwhile:
/// it names what they credited.
pub(super) fn late(sale: &Sale, start: Timestamp) -> Option<Event> {
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
