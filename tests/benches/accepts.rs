//! How fast events are durably accepted in `queued` mode, beside a bare endpoint that only
//! parses the same JSON and beside the disk's own sync; memory with a backlog; time to the
//! first answer. `cargo bench -p tests --bench accepts`; everything in one run.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a report for people")]
#![expect(clippy::float_arithmetic, reason = "rates and percentiles")]

use std::{
    fs::{self, File},
    io::Write,
    net::SocketAddr,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::post};
use sandbox::newstore::Fault;
use serde_json::{Value, json};
use tests::{ITEMS, KEY, PUBLISHED, Settings, World};
use tokio::task::JoinSet;

const PROGRAM: &str = env!("CARGO_BIN_EXE_memobridge-under-test");
/// How long each number of connections is measured.
const SPELL: Duration = Duration::from_secs(4);
const CONNECTIONS: [usize; 3] = [1, 16, 64];
const BACKLOGS: [usize; 3] = [10_000, 50_000, 100_000];

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if std::env::args().any(|it| it == "bare") {
        runtime.block_on(bare());
    } else {
        runtime.block_on(measure());
    }
}

/// The floor: an endpoint that parses the JSON and answers.
async fn bare() {
    let parse = |Json(event): Json<Value>| async move {
        Json(json!({ "outcome": "accepted", "id": event["payload"]["id"] }))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    axum::serve(listener, Router::new().route("/newstore/events", post(parse))).await.unwrap();
}

async fn measure() {
    let settings = Settings {
        intake: "queued".to_owned(),
        worker: "concurrency = 1".to_owned(),
        ..Settings::default()
    };
    let world = World::new(&settings).await;
    // The worker gets nowhere: what is accepted stays.
    world.tenant.fault(Fault::Hang);
    // Counts what the service accepted; the floor has a counter of its own.
    let (next, bare_next) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));

    println!("fdatasync of 1500 bytes: {:.0}/s", syncs_per_second(&world));
    let (mut bare, address) = spawn_bare();
    println!(
        "\n{:<12} {:>12} {:>24} {:>24}",
        "connections", "", "bare endpoint", "durably accepted"
    );
    let began = Instant::now();
    let service = world.spawn(PROGRAM).await;
    post_one(&world, service.address, &next).await;
    let empty = began.elapsed();
    for connections in CONNECTIONS {
        let floor = load(address, connections, &bare_next, Until::Passed(SPELL)).await;
        let ours = load(service.address, connections, &next, Until::Passed(SPELL)).await;
        let ratio = ours.per_second() / floor.per_second();
        println!("{connections:<12} {ratio:>11.2}x {floor:>24} {ours:>24}");
    }
    bare.kill().unwrap();

    println!("\n{:<12} {:>10}", "backlog", "RSS in MB");
    for backlog in BACKLOGS {
        let missing = backlog.saturating_sub(next.load(Ordering::Relaxed));
        load(service.address, 64, &next, Until::Sent(missing)).await;
        let accepted = next.load(Ordering::Relaxed);
        println!("{accepted:<12} {:>10.1}", resident(service.id()));
    }
    service.kill().await;
    let began = Instant::now();
    let service = world.spawn(PROGRAM).await;
    post_one(&world, service.address, &next).await;
    let full = began.elapsed();
    println!("\nstart to first answer: {empty:?}, with the backlog {full:?}");
    tokio::time::sleep(Duration::from_secs(20)).await;
    println!("RSS 20 s after that start: {:.1} MB", resident(service.id()));
    service.kill().await;
}

fn syncs_per_second(world: &World) -> f64 {
    let path = world.book().journal.with_file_name("sync.probe");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut file = File::create(&path).unwrap();
    let (began, mut count) = (Instant::now(), 0_u32);
    while began.elapsed() < Duration::from_secs(2) {
        file.write_all(&[7; 1500]).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    fs::remove_file(path).unwrap();
    f64::from(count) / began.elapsed().as_secs_f64()
}

fn spawn_bare() -> (std::process::Child, SocketAddr) {
    use std::io::{BufRead, BufReader};
    let this = std::env::current_exe().unwrap();
    let mut child = Command::new(this).arg("bare").stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().parse().unwrap())
}

/// A different order every time.
fn event(number: usize) -> String {
    json!({
        "tenant": "dodici", "name": ITEMS, "published_at": PUBLISHED,
        "payload": {
            "id": format!("9f4e8ffc-0000-4000-8000-{number:012x}"),
            "items": [{
                "id": format!("dc333267-0000-4000-8000-{number:012x}"),
                "product_id": "10000", "cancellation_reason": "insufficient_stock",
            }],
        },
    })
    .to_string()
}

enum Until {
    Passed(Duration),
    Sent(usize),
}

struct Load {
    took: Duration,
    /// How long each answer took, sorted.
    answers: Vec<Duration>,
}

impl Load {
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    fn per_second(&self) -> f64 {
        self.answers.len() as f64 / self.took.as_secs_f64()
    }

    fn percentile(&self, percent: usize) -> f64 {
        self.answers[(self.answers.len() - 1) * percent / 100].as_secs_f64() * 1000.0
    }
}

impl std::fmt::Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (rate, p50, p99) = (self.per_second(), self.percentile(50), self.percentile(99));
        f.pad(&format!("{rate:.0}/s {p50:.2}/{p99:.2} ms"))
    }
}

/// Sends events on so many connections; every one must be answered 200.
async fn load(
    address: SocketAddr,
    connections: usize,
    next: &Arc<AtomicUsize>,
    until: Until,
) -> Load {
    let began = Instant::now();
    let left = Arc::new(AtomicUsize::new(match until {
        Until::Passed(_) => usize::MAX / 2,
        Until::Sent(count) => count,
    }));
    let end = match until {
        Until::Passed(spell) => began + spell,
        Until::Sent(_) => began + Duration::from_mins(10),
    };
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        let (next, left) = (Arc::clone(next), Arc::clone(&left));
        senders.spawn(async move {
            let http = reqwest::Client::new();
            let mut answers = Vec::new();
            let one_more = |it: usize| it.checked_sub(1);
            while Instant::now() < end
                && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
            {
                let asked = Instant::now();
                send(&http, address, next.fetch_add(1, Ordering::Relaxed)).await;
                answers.push(asked.elapsed());
            }
            answers
        });
    }
    let mut answers: Vec<_> = senders.join_all().await.into_iter().flatten().collect();
    let took = began.elapsed();
    answers.sort();
    Load { took, answers }
}

async fn post_one(world: &World, address: SocketAddr, next: &AtomicUsize) {
    send(&world.http, address, next.fetch_add(1, Ordering::Relaxed)).await;
}

async fn send(http: &reqwest::Client, address: SocketAddr, number: usize) {
    let call = http.post(format!("http://{address}/newstore/events")).bearer_auth(KEY);
    let call = call.header("content-type", "application/json").body(event(number));
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap();
}

/// Resident memory of a process, in MB.
fn resident(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes / 1024.0
}
