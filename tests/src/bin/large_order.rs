//! What one event with thousands of units costs: the service as a process, the sandbox for both
//! systems, CPU as the kernel counts it, and the slowest answer of `/health/live` meanwhile.

use std::time::Duration;

use sandbox::sale::{Billing, Sale, Unit};
use tests::{ITEMS, ORDER, Settings, TestWorld, Usage, deliver, event, paid, program_under_test};
use tokio::time::Instant;

/// How long an order may take.
const TIMEOUT: Duration = Duration::from_mins(5);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its figures are what it is for")]
async fn main() {
    println!("units, CPU in ms, elapsed in ms, slowest /health/live in ms");
    for units in [2, 500, 2_000, 5_000] {
        let (cpu, elapsed, live) = measured(units).await;
        let [cpu, elapsed, live] = [cpu, elapsed, live].map(|it| it.as_millis());
        println!("{units}, {cpu}, {elapsed}, {live}");
    }
}

/// CPU and time from the delivery of an event until its memo is on record, and the slowest
/// answer of `/health/live` in between.
async fn measured(units: u16) -> (Duration, Duration, Duration) {
    let ids: Vec<String> =
        (0..units).map(|nth| format!("b61bf4d2-0000-4000-8000-{nth:012x}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut sale = Sale::new(ORDER, "TEST-1821");
    for id in &ids {
        sale = sale.unit(Unit::new(id, "10000", "20.00"));
    }
    let total = format!("{}.00", 20 * u32::from(units));
    let sale = sale.paid(paid(&total)).cancelled(&ids).refunded("credit_card", &total);
    let world = TestWorld::new(&Settings::default()).await;
    world.install(&sale, &Billing::OneInvoice);
    let service = world.spawn(&program_under_test()).await;
    let event = event(&sale, ITEMS, &ids);
    let address = service.address;
    let live_url = format!("http://{address}/health/live");
    let before = Usage::of(service.id());
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    let posted = async {
        let id = deliver(&world.http, address, &event).await;
        while !world.book().is_posted(&id).await {
            assert!(began.elapsed() < TIMEOUT, "{id} is not posted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::pin!(posted);
    loop {
        let asked = Instant::now();
        let live = async {
            let answer = world.http.get(&live_url).send().await.expect("it lives");
            assert!(answer.status().is_success(), "{answer:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
            asked.elapsed().saturating_sub(Duration::from_millis(5))
        };
        tokio::select! {
            () = &mut posted => break,
            took = live => slowest = slowest.max(took),
        }
    }
    let (cpu, elapsed) = (before.cpu_since(service.id()), began.elapsed());
    service.kill().await;
    (cpu, elapsed, slowest)
}
