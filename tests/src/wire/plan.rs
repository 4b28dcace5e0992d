//! A plan: the world of a seed, and who does what when. Times count from its beginning.

use std::{fmt, time::Duration};

use app::config::Intake;
use domain::ClosedPeriod;
use sandbox::{
    netsuite::{Operation, Point},
    sale::TaxBooking,
};
use serde_json::Value;

use super::{erp, fault::WireFault, order::Order, storefront};
use crate::event;

/// A seed's plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    pub(super) terms: Terms,
    pub(super) orders: Vec<Order>,
    pub(super) events: Vec<Event>,
    /// In the order of their instants.
    pub(super) steps: Vec<(Duration, Step)>,
}

/// How the customer and the service are set up.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    /// Processes on the same files.
    pub(super) replicas: usize,
    pub(super) intake: Intake,
    /// Where the account keeps tax.
    pub(super) booking: TaxBooking,
    pub(super) closed_period: ClosedPeriod,
    /// How long the service waits for the account, in the machine's time.
    pub(super) give_up: GiveUp,
    /// Calls to the account at once.
    pub(super) ceiling: usize,
    /// Whether the account prints amounts as its doubles are: 49.99999999999999 for 50.00.
    pub(super) noise: bool,
    /// Within so many seconds orders are cancelled; 0 where all come at once.
    pub(super) span: i64,
}

/// How long the service waits for the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GiveUp {
    /// Longer than anything takes.
    Long,
    /// Not as long as some calls take.
    Short,
}

/// An event of the storefront.
#[derive(Debug, Clone)]
pub(super) struct Event {
    /// The order's place in the plan.
    pub(super) order: usize,
    pub(super) name: &'static str,
    pub(super) units: Vec<String>,
}

impl Event {
    /// Whether it names the unit.
    pub(super) fn names(&self, unit: &str) -> bool {
        self.units.iter().any(|named| named == unit)
    }
}

/// What happens at an instant.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// The API shows more of this order, or it for the first time.
    Show(usize),
    /// The account gets the invoices of this order.
    Bill(usize),
    /// This event is delivered until it is taken, at first to this replica.
    Deliver { event: usize, replica: usize, first_call: Call },
    /// The account begins to fail.
    ErpFails(WireFault<erp::Shape>),
    /// It works again.
    ErpWorks,
    /// The storefront begins to fail.
    StorefrontFails(WireFault<storefront::Shape>),
    /// It works again.
    StorefrontWorks,
    /// Accountants close the books over the days of all events.
    CloseBooks,
    /// They open them again.
    OpenBooks,
    /// This replica ends as by a crash.
    Crash(usize, Moment),
    /// It is started again.
    Start(usize),
}

/// How long the storefront waits for the first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// As long as it takes.
    Patient,
    /// So long, and then the connection breaks.
    CutAfter(Duration),
}

/// When exactly a replica ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// At the instant of the step.
    Now,
    /// Once the account is at this point of such a call.
    In(Operation, Point),
    /// Once an event was answered 200.
    AfterAnswer,
}

impl Plan {
    /// The event as it is on the wire.
    pub(super) fn body(&self, event: usize) -> Value {
        let Event { order, name, units } = &self.events[event];
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        self::event(&self.orders[*order].sale, name, &units)
    }

    /// Whether some step is so.
    pub(super) fn has(&self, is_so: impl Fn(&Step) -> bool) -> bool {
        self.steps.iter().any(|(_, step)| is_so(step))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {:?}", self.seed, self.terms)?;
        for order in &self.orders {
            write!(f, "{order}")?;
        }
        for (nth, Event { order, name, units }) in self.events.iter().enumerate() {
            let (order, units) = (&self.orders[*order].sale.reference, units.join(", "));
            writeln!(f, "event {nth}: {name} of {order}: {units}")?;
        }
        for (at, step) in &self.steps {
            writeln!(f, "{:>9.3} s planned  {step:?}", at.as_secs_f64())?;
        }
        Ok(())
    }
}
