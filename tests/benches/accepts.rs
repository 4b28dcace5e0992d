//! How fast events are durably accepted in `queued` mode, beside a bare endpoint that only
//! parses the same JSON and beside the disk's own sync; memory with a backlog; time to the
//! first answer. `cargo bench -p tests --bench accepts`; everything in one run.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a report for people")]
#![expect(clippy::float_arithmetic, reason = "ratios")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::post};
use sandbox::newstore::Fault;
use serde_json::{Value, json};
use tests::{
    ChildProcess, ITEMS, KEY, PUBLISHED, Settings, TestWorld, Usage,
    load::{Load, Until, request},
    syncs_per_second,
};

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
    let world = TestWorld::new(&settings).await;
    // The worker gets nowhere: what is accepted stays.
    world.tenant.fault(Fault::Hang);
    // Counts what the service accepted; the floor has a counter of its own.
    let (next, bare_next) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));

    let synced = syncs_per_second(world.config().parent().unwrap()).unwrap();
    println!("fdatasync of 1500 bytes: {synced:.0}/s");
    let mut bare = ChildProcess::start(&["bare"]);
    let address = bare.line().parse().unwrap();
    println!(
        "\n{:<12} {:>12} {:>30} {:>30}",
        "connections", "", "bare endpoint", "durably accepted"
    );
    let began = Instant::now();
    let service = world.spawn(PROGRAM).await;
    load(service.address, 1, &next, Until::Sent(1)).await;
    let empty = began.elapsed();
    for connections in CONNECTIONS {
        let floor = load(address, connections, &bare_next, Until::Passed(SPELL)).await;
        let ours = load(service.address, connections, &next, Until::Passed(SPELL)).await;
        let ratio = ours.per_second() / floor.per_second();
        println!("{connections:<12} {ratio:>11.2}x {floor:>30} {ours:>30}");
    }
    drop(bare);

    println!("\n{:<12} {:>10}", "backlog", "RSS in MB");
    for backlog in BACKLOGS {
        let missing = backlog.saturating_sub(next.load(Ordering::Relaxed));
        load(service.address, 64, &next, Until::Sent(missing)).await;
        let accepted = next.load(Ordering::Relaxed);
        println!("{accepted:<12} {:>10.1}", Usage::of(service.id()).megabytes());
    }
    service.kill().await;
    let began = Instant::now();
    let service = world.spawn(PROGRAM).await;
    load(service.address, 1, &next, Until::Sent(1)).await;
    let full = began.elapsed();
    println!("\nstart to first answer: {empty:?}, with the backlog {full:?}");
    tokio::time::sleep(Duration::from_secs(20)).await;
    println!("RSS 20 s after that start: {:.1} MB", Usage::of(service.id()).megabytes());
    service.kill().await;
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

async fn load(
    address: SocketAddr,
    connections: usize,
    next: &Arc<AtomicUsize>,
    until: Until,
) -> Load {
    let request = Arc::new(|number| request(KEY, &event(number)));
    Load::send(address, connections, next, until, "accepted", &request).await
}
