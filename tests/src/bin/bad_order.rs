//! What one bad order costs ten good ones behind it: the service as a process, the sandbox
//! for both systems, an ERP at 0.25 s a call, each intake mode with and without the bad order.

use std::time::Duration;

use sandbox::{
    netsuite::{Fault, Operation},
    sale::{Billing, Sale},
};
use tests::{A, ITEMS, Settings, TestWorld, another, deliver, event, pair, program_under_test};
use tokio::time::Instant;

/// What each call of the ERP takes.
const CALL: Duration = Duration::from_millis(250);
/// How long a good order may take.
const TIMEOUT: Duration = Duration::from_mins(5);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "its figures are what it is for")]
async fn main() {
    println!("mode, bad order: the ten good orders in the books after (first, last), each in ms");
    for mode in ["inline", "queued"] {
        for is_bad in [false, true] {
            let mut took = measured(mode, is_bad).await;
            took.sort_unstable();
            let each = took.iter().map(|it| it.as_millis().to_string()).collect::<Vec<_>>();
            let (first, last) = (&each[0], &each[each.len() - 1]);
            println!("{mode}, {is_bad}: {first} to {last}; {}", each.join(" "));
        }
    }
}

/// How long each of ten good orders takes from its first delivery to its memo.
async fn measured(mode: &str, is_bad: bool) -> Vec<Duration> {
    let settings = Settings { intake: mode.to_owned(), ..Settings::default() };
    let world = TestWorld::new(&settings).await;
    let good: Vec<_> = (0..10).map(another).collect();
    for sale in good.iter().chain([&pair()]) {
        world.install(sale, &Billing::OneInvoice);
    }
    if is_bad {
        world.account.fault(Fault::unexpected().on(Operation::Add).about(&pair().reference));
    }
    world.account.fault(Fault::Slow(CALL));
    let service = world.spawn(&program_under_test()).await;
    let deliver =
        async |sale: &Sale| deliver(&world.http, service.address, &event(sale, ITEMS, &[A])).await;
    let began = Instant::now();
    if is_bad {
        deliver(&pair()).await;
    }
    let mut waiting = Vec::new();
    let mut took = Vec::new();
    for sale in &good {
        waiting.push(deliver(sale).await);
        if mode == "inline" {
            took.push(began.elapsed());
        }
    }
    while !waiting.is_empty() {
        assert!(began.elapsed() < TIMEOUT, "{mode}: {waiting:?} are not posted");
        let mut left = Vec::new();
        for id in waiting {
            if !world.book().is_posted(&id).await {
                left.push(id);
            } else if mode != "inline" {
                took.push(began.elapsed());
            }
        }
        waiting = left;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    service.kill().await;
    took
}
