//! Plays seeds of the simulation and prints what came of them.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for people")]

use std::{
    collections::BTreeMap,
    ops::Range,
    process::ExitCode,
    time::{Duration, Instant},
};

use tests::simulation::{Fault, Mutation, Report, Tracing, play};

const USAGE: &str = "usage: simulate [--seeds FROM..TO] [--trace] [--mutate NAME] [--list]";

struct Arguments {
    seeds: Range<u64>,
    tracing: Tracing,
    mutation: Option<Mutation>,
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let began = Instant::now();
    let mut sum = Sum::default();
    for seed in arguments.seeds.clone() {
        let report = play(seed, arguments.mutation, arguments.tracing);
        if arguments.tracing == Tracing::On {
            println!("{}", report.trace);
        }
        if let Some(violation) = &report.violation {
            println!("seed {seed}: {violation}");
            println!(
                "  cargo run --release -p tests --bin simulate -- --seeds {seed}..{} --trace",
                seed + 1
            );
            sum.failed.push(seed);
            if arguments.mutation.is_some() {
                println!("caught after {} seeds", seed - arguments.seeds.start + 1);
                return ExitCode::SUCCESS;
            }
        }
        sum.add(&report);
    }
    sum.print(began.elapsed());
    if sum.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn arguments() -> Option<Arguments> {
    let mut parsed = Arguments { seeds: 0..1000, tracing: Tracing::Off, mutation: None };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seeds" => {
                let range = words.next()?;
                let (from, to) = range.split_once("..")?;
                parsed.seeds = from.parse().ok()?..to.parse().ok()?;
            }
            "--trace" => parsed.tracing = Tracing::On,
            "--mutate" => parsed.mutation = Some(Mutation::named(&words.next()?)?),
            _ => return None,
        }
    }
    Some(parsed)
}

/// All reports together.
#[derive(Default)]
struct Sum {
    seeds: u64,
    failed: Vec<u64>,
    faults: BTreeMap<Fault, u64>,
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
