//! Plays seeds of the simulation, or of the wire-level one, and prints what came of them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for people")]

use std::{
    collections::BTreeMap,
    ops::{ControlFlow, Range},
    process::ExitCode,
    time::{Duration, Instant},
};

use tests::{
    simulation::{self, Report, SimulatedFault, Tracing},
    wire,
};

const USAGE: &str = "usage: simulate [--wire] [--seeds FROM..TO] [--trace] [--mutate NAME]";

struct Arguments {
    seeds: Range<u64>,
    tracing: Tracing,
    level: Level,
}

/// Which simulation, with its deliberate bug.
enum Level {
    Ports(Option<simulation::Mutation>),
    Wire(Option<wire::Mutation>),
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let Arguments { seeds, tracing, level } = arguments;
    let mut sum = Sum::default();
    let mut see = |seed, report: &Report, flag, is_bugged| {
        if tracing == Tracing::On {
            println!("{}", report.trace);
        }
        sum.add(report);
        let Some(violation) = &report.violation else {
            return ControlFlow::Continue(());
        };
        println!("seed {seed}: {violation}");
        let next = seed + 1;
        println!(
            "  cargo run --release -p tests --bin simulate -- {flag}--seeds {seed}..{next} --trace"
        );
        sum.failed.push(seed);
        if is_bugged { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let is_bugged = match level {
        Level::Ports(bug) => {
            let mut played = seeds.clone().map(|seed| (seed, simulation::run(seed, bug, tracing)));
            // Stopped early or not, the sum says what was played.
            let _: ControlFlow<()> =
                played.try_for_each(|(seed, report)| see(seed, &report, "", bug.is_some()));
            bug.is_some()
        }
        Level::Wire(bug) => {
            wire::run_each(seeds.clone(), bug, |seed, report| {
                see(seed, &report, "--wire ", bug.is_some())
            });
            bug.is_some()
        }
    };
    if let (true, Some(seed)) = (is_bugged, sum.failed.first()) {
        println!("caught after {} seeds", seed - seeds.start + 1);
        return ExitCode::SUCCESS;
    }
    sum.print(began.elapsed());
    if sum.failed.is_empty() && !is_bugged { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn arguments() -> Option<Arguments> {
    let (mut seeds, mut tracing) = (0..1000, Tracing::Off);
    let (mut is_wire, mut bug) = (false, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => {
                let range = words.next()?;
                let (from, to) = range.split_once("..")?;
                seeds = from.parse().ok()?..to.parse().ok()?;
            }
            "--trace" => tracing = Tracing::On,
            "--wire" => is_wire = true,
            "--mutate" => bug = Some(words.next()?),
            _ => return None,
        }
    }
    let level = match (is_wire, bug) {
        (false, None) => Level::Ports(None),
        (false, Some(name)) => Level::Ports(Some(simulation::Mutation::named(&name)?)),
        (true, None) => Level::Wire(None),
        (true, Some(name)) => Level::Wire(Some(wire::Mutation::named(&name)?)),
    };
    Some(Arguments { seeds, tracing, level })
}

/// All reports together.
#[derive(Default)]
struct Sum {
    seeds: u64,
    failed: Vec<u64>,
    faults: BTreeMap<SimulatedFault, u64>,
    events: u64,
    deliveries: u64,
    crashes: u64,
    steps: u64,
    memos: u64,
    took: Duration,
}

impl Sum {
    fn add(&mut self, report: &Report) {
        self.seeds += 1;
        self.events += report.events;
        self.deliveries += report.deliveries;
        self.crashes += report.crashes;
        self.steps += report.steps;
        self.memos += report.memos;
        self.took += report.took;
        for (fault, times) in &report.faults {
            *self.faults.entry(*fault).or_default() += times;
        }
    }

    fn print(&self, wall: Duration) {
        let faults: u64 = self.faults.values().sum();
        println!("seeds         {}", self.seeds);
        println!("failed        {} {:?}", self.failed.len(), self.failed);
        println!("events        {}", self.events);
        println!("deliveries    {}", self.deliveries);
        println!("credit memos  {}", self.memos);
        println!("steps         {}", self.steps);
        println!("crashes       {}", self.crashes);
        println!("faults        {faults}");
        for (fault, times) in &self.faults {
            println!("  {:<22}{times}", format!("{fault:?}"));
        }
        println!("virtual time  {} h", self.took.as_secs() / 3600);
        println!("wall time     {:.1} s", wall.as_secs_f64());
    }
}
