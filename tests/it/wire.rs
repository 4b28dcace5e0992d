//! Seeds of the wire-level simulation: some once, found ones for ever, and its own bugs.

use std::{collections::BTreeSet, ops::ControlFlow};

use tests::{
    simulation::Report,
    wire::{Mutation, Plan, run_each},
};

/// Seeds that once found something, with what it was.
const FOUND: [(u64, &str); 2] = [
    (386, "a memo over a unit credited by hand was decided while the account hid its memos"),
    (31, "shipping was given up while the account hid the invoice that bears it"),
];

/// So many seeds at most show a deliberate bug.
const SEEDS_FOR_A_BUG: u64 = 60;

#[track_caller]
fn holds(seed: u64, report: Report) -> ControlFlow<()> {
    let Report { violation, trace, .. } = report;
    assert_eq!(
        violation,
        None,
        "{trace}\nseed {seed}\n\
         cargo run --release -p tests --bin simulate -- --wire --seeds {seed}..{} --trace",
        seed + 1
    );
    ControlFlow::Continue(())
}

#[test]
fn over_the_wire_each_unit_is_credited_once() {
    run_each(0..40, None, holds);
}

#[test]
fn failures_found_on_the_wire_by_earlier_seeds_stay_fixed() {
    for (seed, _) in FOUND {
        run_each(seed..seed + 1, None, holds);
    }
}

#[test]
fn the_same_seed_is_the_same_plan_and_another_seed_another() {
    let plans: Vec<String> = (0..200).map(|seed| Plan::drawn(seed).to_string()).collect();
    for (seed, plan) in (0..).zip(&plans) {
        assert_eq!(Plan::drawn(seed).to_string(), *plan, "seed {seed}");
    }
    let bodies = plans.iter().map(|it| it.split_once('\n').unwrap().1);
    assert_eq!(bodies.collect::<BTreeSet<_>>().len(), plans.len());
}

#[test]
fn deliberate_bugs_are_detected_on_the_wire() {
    for (bug, name, what) in Mutation::ALL {
        let mut caught = false;
        run_each(0..SEEDS_FOR_A_BUG, Some(bug), |_, report| {
            caught = report.violation.is_some();
            if caught { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(caught, "{name} ({what}) is not seen in {SEEDS_FOR_A_BUG} seeds");
    }
}
