//! From an event to its memo, end to end, beside a bare loop that makes the same calls.
//! `cargo bench -p tests --bench events`; everything in one run, or `-- shares` for the last part.
//!
//! Both systems are one stub, in a process of its own, which answers at once; the service is
//! the real program on real files. The floor is a third process: so many tasks, each of which
//! makes the four calls of an event one after the other, with the same HTTP client and bytes
//! of the same length, and neither a webhook in front nor a book behind.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a report for people")]
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "rates and shares")]

use std::{
    path::Path,
    process,
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use ports::CancellationState;
use serde_json::Value;
use tests::{
    ChildProcess, CpuProfile, Process, Rate, Settings, TestWorld, Usage,
    load::{Load, Until},
    stub::{self, Call, Counts, Script, Stub, Template, floor},
    syncs_per_second,
};
use tokio::runtime::Runtime;

const PROGRAM: &str = env!("CARGO_BIN_EXE_memobridge-under-test");
const COUNTED: &str = env!("CARGO_BIN_EXE_memobridge-counted");
/// How long each number of connections is measured at a time, and how often.
const SPELL: Duration = Duration::from_secs(3);
const ROUNDS: usize = 3;
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// How long NetSuite takes for a call, in milliseconds, where it does not answer at once.
const LATENCIES: [u64; 3] = [5, 20, 100];
/// Events for each connection in `queued` mode, where all must be posted in the end.
const QUEUED: [usize; 3] = [1000, 4000, 4000];
/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(20);
/// Events whose allocations are counted, after others that are not.
const COUNTED_EVENTS: usize = 2000;
const UNCOUNTED_EVENTS: usize = 200;

fn main() {
    let runtime = Runtime::new().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["stub", folder, micros] => {
            let latency = Duration::from_micros(micros.parse().unwrap());
            runtime.block_on(stub::run(Path::new(folder), latency)).unwrap();
        }
        ["floor", folder, address, tasks] => {
            let (address, tasks) = (address.parse().unwrap(), tasks.parse().unwrap());
            let load = runtime.block_on(floor(Path::new(folder), address, tasks, SPELL)).unwrap();
            println!("{}", Rate::of(&load, Usage::of(process::id()).cpu).line());
        }
        _ => runtime.block_on(measure()),
    }
}

async fn measure() {
    let script = Script::record().await;
    let folder = tempfile::tempdir().unwrap();
    script.save(folder.path()).unwrap();
    println!("bytes asked and answered:");
    for call in Call::ALL {
        let lengths = [script.asked(call), script.answered(call)].map(|it| it.about(1).len());
        println!("  {:<10} {:>6} {:>6}", call.name(), lengths[0], lengths[1]);
    }
    println!("synced writes: {:.0}/s", syncs_per_second(folder.path()).unwrap());
    let bench = Bench {
        stub: Stub::start(folder.path(), Duration::ZERO),
        delivery: script.delivery(),
        next: Arc::new(AtomicUsize::new(1)),
        folder: folder.path(),
    };
    if std::env::args().any(|it| it == "shares") {
        return bench.shares().await;
    }
    bench.inline().await;
    for millis in LATENCIES {
        bench.slower(Duration::from_millis(millis)).await;
    }
    bench.queued().await;
    bench.allocations().await;
    bench.shares().await;
}

struct Bench<'a> {
    stub: Stub,
    delivery: Template,
    /// Numbers the orders, over everything that is measured.
    next: Arc<AtomicUsize>,
    folder: &'a Path,
}

impl Bench<'_> {
    async fn inline(&self) {
        let (_world, service) = self.start("inline", PROGRAM).await;
        println!("\ninline: events/s, p50/p99/p99.9 of the answer, CPU of the process each");
        println!("{:<12} {:>38} {:>38} {:>8} {:>8}", "connections", "floor", "ours", "rate", "CPU");
        for connections in CONNECTIONS {
            let line = self.beside_the_floor(&service, connections).await;
            println!("{connections:<12} {line}");
        }
        let before = self.stub.counts().await;
        let load = self.send(&service, 16, Until::Sent(COUNTED_EVENTS), "posted").await;
        print_calls(&self.stub.counts().await.each(&before, load.count()));
        println!("resident memory: {:.1} MB", Usage::of(service.id()).megabytes());
        service.kill().await;
    }

    /// The same at the most connections, with a stub of its own that takes its time.
    async fn slower(&self, latency: Duration) {
        let (delivery, next) = (self.delivery.clone(), Arc::clone(&self.next));
        let stub = Stub::start(self.folder, latency);
        let bench = Bench { stub, delivery, next, folder: self.folder };
        let (_world, service) = bench.start("inline", PROGRAM).await;
        let line = bench.beside_the_floor(&service, CONNECTIONS[2]).await;
        println!("{:<12} {line}", format!("64, {latency:?}"));
        service.kill().await;
    }

    /// Floor and service in turns: the medians of both, and ours in parts of the floor's.
    async fn beside_the_floor(&self, service: &Process, connections: usize) -> String {
        let (mut floors, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            floors.push(self.floor(connections));
            let used = Usage::of(service.id());
            let load = self.send(service, connections, Until::Passed(SPELL), "posted").await;
            ours.push(Rate::of(&load, used.cpu_since(service.id())));
        }
        let (floor, ours) = (Rate::median(&floors), Rate::median(&ours));
        let (rate, cpu) = (ours.per_second() / floor.per_second(), ours.cpu() / floor.cpu());
        format!("{floor:>38} {ours:>38} {rate:>7.2}x {cpu:>7.2}x")
    }

    async fn queued(&self) {
        let (world, service) = self.start("queued", PROGRAM).await;
        println!("\nqueued: accepts, then from the first delivery until all are posted");
        println!("{:<12} {:>38} {:>12} {:>12}", "connections", "accepted", "posted", "CPU each");
        for (connections, count) in CONNECTIONS.into_iter().zip(QUEUED) {
            let (used, before) = (Usage::of(service.id()), self.stub.counts().await);
            let began = Instant::now();
            let load = self.send(&service, connections, Until::Sent(count), "accepted").await;
            let accepting = used.cpu_since(service.id());
            self.posted(&before, count).await;
            let rate = count as f64 / began.elapsed().as_secs_f64();
            let cpu = used.cpu_since(service.id()).as_secs_f64() * 1e6 / count as f64;
            let accepted = Rate::of(&load, accepting);
            println!("{connections:<12} {accepted:>38} {rate:>10.0}/s {cpu:>9.0} µs");
            print_calls(&self.stub.counts().await.each(&before, count));
        }
        let sent = QUEUED.iter().sum();
        while world.book().count(CancellationState::Posted).await < sent {
            tokio::time::sleep(LOOK).await;
        }
        println!("resident memory: {:.1} MB", Usage::of(service.id()).megabytes());
        service.kill().await;
    }

    /// Where the time goes, by `perf` where there is one; enough load for another profiler, too.
    async fn shares(&self) {
        let (_world, service) = self.start("inline", PROGRAM).await;
        println!("\nshares of the CPU of process {}, inline, 64 connections:", service.id());
        let shares = CpuProfile::of(service.id(), 2 * SPELL, self.folder);
        let load = self.send(&service, 64, Until::Passed(3 * SPELL), "posted");
        match tokio::join!(shares, load).0 {
            Ok(shares) => println!("{shares}"),
            Err(why) => println!("  not known: {why}"),
        }
        service.kill().await;
    }

    /// Two runs that differ in their number of events alone.
    async fn allocations(&self) {
        let mut counted = Vec::new();
        for count in [UNCOUNTED_EVENTS, UNCOUNTED_EVENTS + COUNTED_EVENTS] {
            let (_world, service) = self.start("inline", COUNTED).await;
            self.send(&service, 16, Until::Sent(count), "posted").await;
            service.signal("TERM").await;
            let log = service.log_at_its_end().await;
            let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
            counted.push(["allocations", "bytes"].map(|it| last[it].as_f64().unwrap()));
        }
        let each = [0, 1].map(|it| (counted[1][it] - counted[0][it]) / COUNTED_EVENTS as f64);
        println!("\nallocations per event: {:.0}, {:.0} bytes", each[0], each[1]);
    }

    /// The service between the stub's systems, on files of its own.
    async fn start(&self, mode: &str, program: &str) -> (TestWorld, Process) {
        let settings = Settings {
            intake: mode.to_owned(),
            worker: "concurrency = 66".to_owned(),
            erp: "concurrency = 64".to_owned(),
            ..Settings::default()
        };
        let world = self.stub.world(&settings).await;
        let service = world.spawn(program).await;
        (world, service)
    }

    fn floor(&self, tasks: usize) -> Rate {
        let (folder, address) = (self.folder.display().to_string(), self.stub.address.to_string());
        ChildProcess::start(&["floor", &folder, &address, &tasks.to_string()])
            .line()
            .parse()
            .unwrap()
    }

    async fn send(
        &self,
        service: &Process,
        connections: usize,
        until: Until,
        expected: &'static str,
    ) -> Load {
        let delivery = self.delivery.clone();
        let request = Arc::new(move |number| delivery.about(number));
        Load::send(service.address, connections, &self.next, until, expected, &request).await
    }

    async fn posted(&self, before: &Counts, count: usize) {
        let wanted = before.of(Call::Add) + count as u64;
        while self.stub.counts().await.of(Call::Add) < wanted {
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn print_calls(each: &[f64]) {
    let named = Call::ALL.into_iter().zip(each);
    let calls: Vec<_> = named.map(|(call, it)| format!("{} {it:.3}", call.name())).collect();
    println!("calls per event: {}", calls.join(", "));
}
