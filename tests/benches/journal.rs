//! How fast the calls of one cancellation's way are, in each journal: opened,
//! held, its claims read, claimed, settled, ended, released.
//!
//! `cargo bench -p tests --bench journal`; it needs PostgreSQL's programs.

use std::{
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use adapters_journal::{Embedded, Memory, Postgres};
use ports::{
    CancellationState, Journal, JournalError, OrderLease, Step,
    contract::journal::sample::{at, cancellation, memo, record, token},
};
use tokio::task::JoinSet;

const CALLS: u128 = 7;
const CANCELLATIONS: u32 = 2000;

#[tokio::main]
async fn main() {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let server = tests::Postgres::start().await;
    let url = server.database().await.parse().expect("a URL of the tests is a URL");
    let file = Embedded::open(&folder.path().join("journal.db")).expect("a new file opens");
    let database = Postgres::open(&url).await.expect("a new database opens");
    let journals: [(&str, Arc<dyn Journal>); 3] = [
        ("memory", Arc::new(Memory::default())),
        ("embedded", Arc::new(file)),
        ("postgres", Arc::new(database)),
    ];
    for (round, runners) in (0..).zip([1, 16]) {
        for (name, journal) in &journals {
            let took = measure(journal, round, runners).await;
            let rate = u128::from(CANCELLATIONS) * CALLS * 1_000_000 / took.as_micros();
            let each = took * runners / CANCELLATIONS;
            let line =
                format!("{name:<8} {runners:>2} at once: {rate:>6} calls/s, {each:.0?} each");
            writeln!(io::stdout(), "{line} cancellation").expect("somebody listens");
        }
    }
}

/// How long the runners take over all cancellations together.
async fn measure(journal: &Arc<dyn Journal>, round: u32, runners: u32) -> Duration {
    let began = Instant::now();
    let mut running = JoinSet::new();
    for runner in 0..runners {
        let journal = Arc::clone(journal);
        running.spawn(async move {
            for number in (runner..CANCELLATIONS).step_by(runners as usize) {
                let order = format!("{round:08x}-0000-4000-8000-{number:012x}");
                inline(&*journal, &order).await.expect("the journal is there");
            }
        });
    }
    running.join_all().await;
    began.elapsed()
}

async fn inline(journal: &dyn Journal, order: &str) -> Result<(), JournalError> {
    let (ours, memo, run) =
        (cancellation(order, &["a"], 0), memo(order, &["a"], 2000), token(order));
    let (id, key) = (ours.id(), memo.key.clone());
    journal.open(&ours, at(0)).await?;
    let hold =
        journal.acquire(&ours.tenant, &ours.order, &run, at(0), Duration::from_secs(10)).await?;
    assert_eq!(hold, OrderLease::Held);
    assert_eq!(journal.claims(&ours.tenant, &ours.order).await?, []);
    let ended = Step::AttemptEnded {
        state: CancellationState::Posted,
        reason: None,
        detail: None,
        took: Duration::ZERO,
    };
    let claimed = Step::Claimed(Box::new(memo));
    for step in [claimed, Step::Settled { key, record: record("77") }, ended, Step::Released(run)] {
        journal.record(&id, at(1), &[step]).await?;
    }
    Ok(())
}
