//! The samples: scenarios of an order, with their expected results.

use sandbox::sale::{Billing, Payment, Sale, Unit};

/// A scenario with its expected result.
pub(super) struct Sample {
    pub(super) title: &'static str,
    pub(super) customer: Which,
    pub(super) sale: Sale,
    pub(super) billing: Billing,
    pub(super) scenario: Scenario,
    /// The events in order: name, units, and the expected answer.
    pub(super) events: Vec<(&'static str, Vec<String>, &'static str)>,
    /// The expected final state.
    pub(super) state: ports::CancellationState,
    /// The expected reason, if any.
    pub(super) reason: Option<&'static str>,
    /// The expected totals of the memos, in the order of their creation.
    pub(super) totals: Vec<&'static str>,
}

/// The customer of the order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Dodici,
    Seconda,
}

/// The simulated problem.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    Nothing,
    /// Payment details appear 3 s after the event.
    LatePayments,
    /// The ERP is down for the first event, and up for the second.
    Outage,
    /// The ERP saves the memo, but its answer is lost.
    LostReply,
}

const ITEMS: &str = "order.items_cancelled";
const WHOLE: &str = "order.cancelled";
const CARD: (&str, &str) = ("credit_card", "adyen");

/// All samples, the longest first.
pub(super) fn all() -> Vec<Sample> {
    vec![
        late_payments(),
        never_exported(),
        one_item(),
        whole_order(),
        discount_and_tax(),
        two_invoices(),
        three_times(),
        overlapping(),
        outage(),
        lost_reply(),
        two_payments(),
        unmapped(),
    ]
}

/// The event that the hints suggest to send again.
pub(super) fn first_event() -> String {
    let sample = one_item();
    let (name, units, _) = &sample.events[0];
    event(&sample.sale, name, units).to_string()
}

/// The event as JSON.
pub(super) fn event(sale: &Sale, name: &str, units: &[String]) -> serde_json::Value {
    let units: Vec<&str> = units.iter().map(String::as_str).collect();
    sale.event(name, &units, "2026-11-21T09:30:00.162Z")
}

/// The nth order of the samples, without units.
fn order(nth: u32) -> Sale {
    let id = format!("{nth:08x}-0000-4000-8000-000000000000");
    Sale::new(&id, &format!("SAMPLE-{:04}", 1000 + nth))
}

fn item(order: u32, nth: u32) -> String {
    format!("{order:08x}-0000-4000-8000-{nth:012x}")
}

fn unit(order: u32, nth: u32, product: &str, price: &str) -> Unit {
    Unit::new(&item(order, nth), product, price)
}

fn paid(amount: &str) -> Payment {
    Payment::captured(CARD.0, CARD.1, amount)
}

fn plain(title: &'static str, sale: Sale) -> Sample {
    Sample {
        title,
        customer: Which::Dodici,
        sale,
        billing: Billing::OneInvoice,
        scenario: Scenario::Nothing,
        events: Vec::new(),
        state: ports::CancellationState::Posted,
        reason: None,
        totals: Vec::new(),
    }
}

fn shirts(nth: u32) -> Sale {
    order(nth)
        .unit(unit(nth, 1, "SHIRT-M", "20.00"))
        .unit(unit(nth, 2, "JEANS-32", "30.00"))
        .paid(paid("50.00"))
        .cancelled(&[&item(nth, 1)])
        .refunded(CARD.0, "20.00")
}

fn one_item() -> Sample {
    Sample {
        events: vec![(ITEMS, vec![item(1, 1)], "posted")],
        totals: vec!["20.00"],
        ..plain("One item of an order", shirts(1))
    }
}

fn whole_order() -> Sample {
    let units = [item(2, 1), item(2, 2)];
    let sale = order(2)
        .unit(unit(2, 1, "SHIRT-M", "20.00"))
        .unit(unit(2, 2, "JEANS-32", "30.00"))
        .shipping("5.00", "0.40")
        .paid(paid("55.40"))
        .cancelled(&[&units[0], &units[1]])
        .refunded(CARD.0, "55.40");
    Sample {
        events: vec![(WHOLE, units.to_vec(), "posted")],
        totals: vec!["55.40"],
        ..plain("A whole order, with its shipping", sale)
    }
}

fn discount_and_tax() -> Sample {
    let sale = order(3)
        .unit(unit(3, 1, "SHIRT-M", "20.00").discounts("4.00", "1.00").tax("1.20"))
        .unit(unit(3, 2, "SOCKS", "10.00").tax("0.80"))
        .paid(paid("27.00"))
        .cancelled(&[&item(3, 1)])
        .refunded(CARD.0, "16.20");
    Sample {
        events: vec![(ITEMS, vec![item(3, 1)], "posted")],
        totals: vec!["16.20"],
        ..plain("Discounts of both kinds, and tax", sale)
    }
}

fn two_invoices() -> Sample {
    let units = [item(4, 1), item(4, 2)];
    let sale = order(4)
        .unit(unit(4, 1, "SHIRT-M", "20.00"))
        .unit(unit(4, 2, "JEANS-32", "30.00"))
        .paid(paid("50.00"))
        .cancelled(&[&units[0], &units[1]])
        .refunded(CARD.0, "50.00");
    Sample {
        billing: Billing::Invoices(vec![vec![units[0].clone()], vec![units[1].clone()]]),
        events: vec![(ITEMS, units.to_vec(), "posted")],
        totals: vec!["20.00", "30.00"],
        ..plain("Two invoices, a memo for each", sale)
    }
}

fn three_times() -> Sample {
    let event = |answer| (ITEMS, vec![item(5, 1)], answer);
    Sample {
        events: vec![event("posted"), event("already-posted"), event("already-posted")],
        totals: vec!["20.00"],
        ..plain("The same event three times", shirts(5))
    }
}

fn overlapping() -> Sample {
    let units = [item(6, 1), item(6, 2)];
    let sale = shirts(6).cancelled(&[&units[1]]).refunded(CARD.0, "30.00");
    Sample {
        events: vec![(ITEMS, vec![units[0].clone()], "posted"), (WHOLE, units.to_vec(), "posted")],
        totals: vec!["20.00", "30.00"],
        ..plain("order.cancelled overlaps items_cancelled", sale)
    }
}

fn late_payments() -> Sample {
    Sample {
        scenario: Scenario::LatePayments,
        events: vec![(ITEMS, vec![item(7, 1)], "deferred")],
        totals: vec!["20.00"],
        ..plain("Payment details arrive 3 s late", shirts(7))
    }
}

fn outage() -> Sample {
    let event = |answer| (ITEMS, vec![item(8, 1)], answer);
    Sample {
        scenario: Scenario::Outage,
        events: vec![event("unavailable"), event("posted")],
        totals: vec!["20.00"],
        ..plain("The ERP is down, then up again", shirts(8))
    }
}

fn lost_reply() -> Sample {
    Sample {
        scenario: Scenario::LostReply,
        events: vec![(ITEMS, vec![item(9, 1)], "posted")],
        totals: vec!["20.00"],
        ..plain("The ERP's reply is lost after it saved", shirts(9))
    }
}

fn never_exported() -> Sample {
    let sale = order(10)
        .unit(unit(10, 1, "SHIRT-M", "20.00"))
        .paid(Payment::authorized(CARD.0, CARD.1, "20.00"))
        .voided(CARD.0, "20.00")
        .cancelled(&[&item(10, 1)]);
    Sample {
        billing: Billing::NotExported,
        events: vec![(WHOLE, vec![item(10, 1)], "deferred")],
        state: ports::CancellationState::Skipped,
        reason: Some("never-exported"),
        ..plain("Cancelled before the export", sale)
    }
}

fn second(nth: u32, instruments: [Payment; 2]) -> Sale {
    let [first, last] = instruments;
    order(nth)
        .tenant("seconda")
        .unit(unit(nth, 1, "SHIRT-M", "20.00"))
        .unit(unit(nth, 2, "JEANS-32", "30.00"))
        .paid(first)
        .paid(last)
        .cancelled(&[&item(nth, 1)])
}

fn two_payments() -> Sample {
    let sale = second(11, [Payment::captured("gift_card", "gift_card", "15.00"), paid("35.00")])
        .refunded("gift_card", "15.00")
        .refunded(CARD.0, "5.00");
    Sample {
        customer: Which::Seconda,
        events: vec![(ITEMS, vec![item(11, 1)], "posted")],
        totals: vec!["0.00"],
        ..plain("Two payments on one memo that nets to 0.00", sale)
    }
}

fn unmapped() -> Sample {
    let sale = second(12, [Payment::captured("sezzle", "sezzle", "15.00"), paid("35.00")])
        .refunded("sezzle", "15.00")
        .refunded(CARD.0, "5.00");
    Sample {
        customer: Which::Seconda,
        events: vec![(ITEMS, vec![item(12, 1)], "parked")],
        state: ports::CancellationState::Parked,
        reason: Some("unmapped"),
        ..plain("A payment method with no map entry", sale)
    }
}
