//! A plan, drawn from its seed.

use std::time::Duration;

use app::config::Intake;
use domain::ClosedPeriod;
use sandbox::{
    netsuite::{Operation, Point},
    sale::TaxBooking,
};

use super::{
    erp,
    fault::WireFault,
    order::Order,
    plan::{Call, Event, GiveUp, Moment, Plan, Step, Terms},
    storefront,
};
use crate::{
    ITEMS, WHOLE,
    simulation::{Rng, SimulatedFault},
};

/// How many seconds things go wrong.
const STORM: i64 = 45;

type Steps = Vec<(Duration, Step)>;

impl Plan {
    /// The plan of a seed: the same on any machine.
    #[must_use]
    pub fn drawn(seed: u64) -> Self {
        let chance = Rng::of(seed);
        let terms = terms(&chance);
        let mut plan =
            Self { seed, terms, orders: Vec::new(), events: Vec::new(), steps: Vec::new() };
        // What goes wrong comes first where it comes at the same instant.
        let parts = [erp(&plan.terms, &chance), storefront(&chance), crashes(&plan.terms, &chance)];
        plan.steps.extend(parts.into_iter().flatten());
        for number in 0..chance.below(4) + 2 {
            let order = Order::drawn(number, &plan.terms, &chance);
            plan.tell_of(number, &order, &chance);
            plan.orders.push(order);
        }
        if chance.strikes(350) {
            let (closes, opens) = (Step::CloseBooks, Step::OpenBooks);
            plan.steps.extend(spell(Duration::ZERO, closes, opens, 20, &chance));
        }
        // Steps of one instant stay in the order they were drawn.
        plan.steps.sort_by_key(|(at, _)| *at);
        plan
    }

    /// The order's story, and the events that tell it: overlapping, early, late, and some twice.
    fn tell_of(&mut self, number: usize, order: &Order, chance: &Rng) {
        self.steps.push((order.billed_at, Step::Bill(number)));
        self.steps.extend(order.moments().into_iter().map(|at| (at, Step::Show(number))));
        let mut told = Vec::new();
        for group in &order.groups {
            let lag = if chance.strikes(200) { chance.seconds(20) } else { Duration::ZERO };
            let ahead = if chance.strikes(300) { chance.seconds(10) } else { chance.seconds(1) };
            let due = (group.cancelled_at + lag).saturating_sub(ahead);
            told.push((ITEMS, group.units.clone(), due));
            if chance.strikes(250) {
                told.push((WHOLE, group.units.clone(), due + chance.seconds(5)));
            }
        }
        if order.groups.len() > 1 && chance.strikes(600) {
            let mut all: Vec<_> =
                order.groups.iter().flat_map(|group| group.units.clone()).collect();
            all.sort();
            let (_, _, due) = told[chance.below(told.len())];
            told.push((*chance.pick(&[ITEMS, WHOLE]), all, due + chance.seconds(10)));
        }
        for (name, units, due) in told {
            let event = self.events.len();
            self.events.push(Event { order: number, name, units });
            self.steps.push((due, self.delivery(event, chance)));
            if chance.strikes(300) {
                let again = due + chance.seconds(STORM / 2);
                self.steps.push((again, self.delivery(event, chance)));
            }
        }
    }

    fn delivery(&self, event: usize, chance: &Rng) -> Step {
        let cut = chance.strikes(100);
        let first_call = if cut { Call::CutAfter(chance.seconds(4)) } else { Call::Patient };
        Step::Deliver { event, replica: chance.below(self.terms.replicas), first_call }
    }
}

fn terms(chance: &Rng) -> Terms {
    let bookings = [TaxBooking::LineCodes, TaxBooking::BodyItem, TaxBooking::Details];
    Terms {
        replicas: if chance.strikes(400) { 2 } else { 1 },
        intake: if chance.strikes(300) { Intake::Queued } else { Intake::Inline },
        booking: *chance.pick(&bookings),
        closed_period: *chance.pick(&[ClosedPeriod::Park, ClosedPeriod::Today]),
        give_up: if chance.strikes(300) { GiveUp::Short } else { GiveUp::Long },
        ceiling: *chance.pick(&[1, 1, 2, 3]),
        span: *chance.pick(&[0, 5, 20]),
        noise: chance.strikes(300),
    }
}

/// Trouble after trouble, of a few kinds: what many would hide, few bring out.
fn erp(terms: &Terms, chance: &Rng) -> Steps {
    let all = [
        SimulatedFault::ErpDown,
        SimulatedFault::ErpRevoked,
        SimulatedFault::ErpForbidden,
        SimulatedFault::ErpThrottles,
        SimulatedFault::ErpSlow,
        SimulatedFault::ErpLosesReply,
        SimulatedFault::ErpNeverGetsIt,
        SimulatedFault::ErpStale,
    ];
    let mut kinds = vec![*chance.pick(&all), *chance.pick(&all), *chance.pick(&all)];
    if terms.give_up == GiveUp::Short {
        kinds.push(SimulatedFault::ErpSlow);
    }
    spells(chance, &Step::ErpWorks, |chance| {
        let trouble = WireFault::<erp::Shape>::drawn(&kinds, chance);
        (trouble.kind, Step::ErpFails(trouble))
    })
}

fn storefront(chance: &Rng) -> Steps {
    if chance.strikes(500) {
        return Steps::new();
    }
    spells(chance, &Step::StorefrontWorks, |chance| {
        let trouble = WireFault::<storefront::Shape>::drawn(chance);
        (trouble.kind, Step::StorefrontFails(trouble))
    })
}

fn spells(chance: &Rng, ends: &Step, begins: impl Fn(&Rng) -> (SimulatedFault, Step)) -> Steps {
    let mut steps = Steps::new();
    for _ in 0..=chance.below(4) {
        let free = steps.last().map_or(Duration::ZERO, |(at, _)| *at);
        let (kind, begins) = begins(chance);
        steps.extend(spell(free, begins, ends.clone(), longest(kind), chance));
    }
    steps
}

/// What waits for a call lasts longer, and what is to outlast the service's patience.
fn longest(kind: SimulatedFault) -> i64 {
    match kind {
        SimulatedFault::ErpSlow
        | SimulatedFault::ErpLosesReply
        | SimulatedFault::ErpNeverGetsIt
        | SimulatedFault::ErpStale
        | SimulatedFault::StorefrontSlow => 30,
        _ => 10,
    }
}

fn spell(free: Duration, begins: Step, ends: Step, longest: i64, chance: &Rng) -> Steps {
    let from = free + if chance.strikes(500) { Duration::ZERO } else { chance.seconds(5) };
    let until = from + Duration::from_secs(1) + chance.seconds(longest);
    vec![(from, begins), (until, ends)]
}

fn crashes(terms: &Terms, chance: &Rng) -> Steps {
    let mut steps = Steps::new();
    if chance.strikes(500) {
        return steps;
    }
    for replica in 0..terms.replicas {
        let mut from = Duration::ZERO;
        for _ in 0..chance.below(3) {
            from += chance.seconds(STORM / 2);
            steps.push((from, Step::Crash(replica, moment(chance))));
            from += chance.seconds(5);
            steps.push((from, Step::Start(replica)));
        }
    }
    steps
}

fn moment(chance: &Rng) -> Moment {
    let point = *chance.pick(&[Point::BeforeCommit, Point::AfterCommit]);
    match chance.below(5) {
        0 => Moment::Now,
        1 => Moment::AfterAnswer,
        2 => Moment::In(Operation::Search, point),
        _ => Moment::In(Operation::Add, point),
    }
}
