//! What the queue in SQS does in a second, on a server of this machine: the client
//! and the server share its cores, so these are figures of both.
//!
//! `npm ci --prefix tests/sqs`, then `cargo bench -p tests --bench sqs`

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use adapters_queue::{Sqs, SqsOptions};
use app::clock::SystemClock;
use ports::{Job, Jobs};
use serde_json::json;
use tests::{SqsKind, SqsQueue};
use tokio::task::JoinSet;

const RUNNERS: usize = 16;
const JOBS: usize = 20_000;
const LEASE: Duration = Duration::from_mins(1);
/// As long as an event usually is.
const BODY: usize = 1500;

#[tokio::main]
async fn main() {
    for kind in [SqsKind::Standard, SqsKind::Fifo] {
        let url = SqsQueue::create(kind, &json!({})).await.url;
        let options = SqsOptions { url, dead_letter_url: None };
        let queue = Sqs::open(&tests::aws().await, &options, Arc::new(SystemClock)).await;
        let queue = Arc::new(queue.expect("the server is there"));
        let pushed = per_second(&queue, push).await;
        let acked = per_second(&queue, receive_and_ack).await;
        let line = format!("{kind:?}: {pushed} pushes/s, {acked} receives with ack/s");
        writeln!(io::stdout(), "{line}").expect("somebody listens");
    }
}

/// Lets all runners work at once until as many jobs are done as there are.
async fn per_second<Work>(
    queue: &Arc<Sqs>,
    work: impl Fn(Arc<Sqs>, Arc<AtomicUsize>) -> Work,
) -> u128
where
    Work: Future<Output = ()> + Send + 'static,
{
    let (began, counter) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let mut runners = JoinSet::new();
    for _ in 0..RUNNERS {
        runners.spawn(work(Arc::clone(queue), Arc::clone(&counter)));
    }
    runners.join_all().await;
    JOBS as u128 * 1000 / began.elapsed().as_millis().max(1)
}

async fn push(queue: Arc<Sqs>, counter: Arc<AtomicUsize>) {
    loop {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        if number >= JOBS {
            return;
        }
        let job = Job {
            id: format!("can-{number:020x}").parse().expect("digits make an id"),
            order: format!("9f4e8ffc-c79c-5839-b1b7-{number:012x}").parse().expect("a UUID"),
            attempts: 0,
            body: "x".repeat(BODY),
        };
        queue.push(&job, Duration::ZERO).await.expect("the queue takes it");
    }
}

/// Receives by tens and acks all of them at once, as the worker's runners do.
async fn receive_and_ack(queue: Arc<Sqs>, counter: Arc<AtomicUsize>) {
    while counter.load(Ordering::Relaxed) < JOBS {
        let deliveries = queue.receive(10, LEASE, Duration::ZERO).await.expect("it delivers");
        counter.fetch_add(deliveries.len(), Ordering::Relaxed);
        let mut acks = JoinSet::new();
        for delivery in deliveries {
            let queue = Arc::clone(&queue);
            acks.spawn(async move { queue.ack(&delivery.lease).await });
        }
        for acked in acks.join_all().await {
            acked.expect("it forgets");
        }
    }
}
