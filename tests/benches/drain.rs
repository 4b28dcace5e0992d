//! How fast a backlog drains, beside what the account's slots allow.
//! `cargo bench -p tests --bench drain`, or with numbers of slots: `-- 5 65`.
//!
//! 5,000 cancellations are in the queue when the clock starts; each call to NetSuite takes
//! 400 ms, in real time. What takes longer than the window is measured over the window, with the
//! rest of the backlog still queued.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a report for people")]
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "rates and shares")]

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use tests::{
    Settings, Usage,
    load::{Load, Until},
    stub::{self, Call, Counts, Script, Stub},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_memobridge-under-test");
const BACKLOG: usize = 5000;
const LATENCY: Duration = Duration::from_millis(400);
const WINDOW: Duration = Duration::from_mins(3);
const SLOTS: [u32; 4] = [1, 5, 15, 65];
/// How often the slots in use are looked at.
const LOOK: Duration = Duration::from_secs(10);

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["stub", folder, micros] = words[..] {
        let latency = Duration::from_micros(micros.parse().unwrap());
        runtime.block_on(stub::run(Path::new(folder), latency)).unwrap();
        return;
    }
    let wanted: Vec<u32> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let slots = if wanted.is_empty() { SLOTS.to_vec() } else { wanted };
    runtime.block_on(measure(&slots));
}

async fn measure(slots: &[u32]) {
    let script = Script::record().await;
    let folder = tempfile::tempdir().unwrap();
    script.save(folder.path()).unwrap();
    for slots in slots {
        drain(&script, folder.path(), *slots).await;
    }
}

async fn drain(script: &Script, folder: &Path, slots: u32) {
    let stub = Stub::start(folder, LATENCY);
    // As the runbook says: a little more than the account's slots keeps these busy.
    let hands = slots + 1 + slots / 10;
    let settings = Settings {
        intake: "queued".to_owned(),
        worker: format!("concurrency = {hands}"),
        erp: format!("concurrency = {slots}"),
        ..Settings::default()
    };
    let world = stub.world(&settings).await;
    let service = world.spawn(PROGRAM).await;
    let (delivery, next) = (script.delivery(), Arc::new(AtomicUsize::new(1)));
    let request = Arc::new(move |number| delivery.about(number));
    let until = Until::Sent(BACKLOG);
    Load::send(service.address, 16, &next, until, "accepted", &request).await;

    let (before, used, began) = (stub.counts().await, Usage::of(service.id()), Instant::now());
    let (mut last, mut looked, mut busy) = (before.clone(), began, Vec::new());
    let (after, took) = loop {
        tokio::time::sleep(LOOK / 100).await;
        let (now, at) = (stub.counts().await, Instant::now());
        if at - looked >= LOOK {
            busy.push(format!("{:.1}", (now.busy() - last.busy()) / (at - looked).as_secs_f64()));
            (last, looked) = (now.clone(), at);
        }
        if now.of(Call::Add) == BACKLOG as u64 || at - began >= WINDOW {
            break (now, at - began);
        }
    };
    let used = used.cpu_since(service.id());
    let memos = (after.of(Call::Add) - before.of(Call::Add)) as f64;
    let calls = asked(&after) - asked(&before);
    let rate = memos / took.as_secs_f64();
    let ideal = f64::from(slots) / (calls / memos * LATENCY.as_secs_f64());
    println!(
        "slots {slots}, jobs at once {hands}: {memos} memos in {:.1} s, {:.3} calls each, \
         {rate:.2}/s of {ideal:.2}/s: {:.1} %",
        took.as_secs_f64(),
        calls / memos,
        rate / ideal * 100.0
    );
    let mean = (after.busy() - before.busy()) / took.as_secs_f64();
    let share = used.as_secs_f64() / took.as_secs_f64() * 100.0;
    println!(
        "  slots in use: mean {mean:.2}, peak {}, every 10 s: {}",
        after.peak(),
        busy.join(" ")
    );
    println!("  CPU of the service: {share:.1} % of one core");
    service.kill().await;
}

/// Everything that was asked of `NetSuite`.
fn asked(counts: &Counts) -> f64 {
    let calls = Call::ALL.into_iter().filter(|it| it.action().is_some());
    calls.map(|it| counts.of(it) as f64).sum()
}
