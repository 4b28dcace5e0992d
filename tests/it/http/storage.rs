//! A queue or journal that cannot store: 500, and nothing is answered as done.

use std::path::Path;

use ports::State;
use rusqlite::Connection;
use tests::{A, ITEMS, Settings, World, event, pair};

/// Where storing fails.
#[derive(Debug, Clone, Copy)]
enum Full {
    /// The journal, when a cancellation arrives.
    Arrival,
    /// The journal, when a memo is claimed.
    Claim,
    /// The journal, when a memo is on record.
    Settlement,
    /// The journal, when the ending is written down.
    Ending,
}

impl Full {
    const ALL: [Self; 4] = [Self::Arrival, Self::Claim, Self::Settlement, Self::Ending];

    /// The statement that it hits.
    fn statement(self) -> &'static str {
        match self {
            Self::Arrival => "INSERT ON cancellation",
            Self::Claim => "INSERT ON claim",
            Self::Settlement => "UPDATE OF record ON claim",
            Self::Ending => "UPDATE OF state ON cancellation",
        }
    }
}

/// Makes a statement fail as it does when the disk is full.
fn fill(file: &Path, statement: &str) {
    let trigger = format!(
        "CREATE TRIGGER disk_full BEFORE {statement} BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    );
    Connection::open(file).unwrap().execute_batch(&trigger).unwrap();
}

fn free(file: &Path) {
    Connection::open(file).unwrap().execute_batch("DROP TRIGGER disk_full").unwrap();
}

#[tokio::test]
async fn a_journal_that_cannot_store_is_unavailable_and_doubles_nothing() {
    for full in Full::ALL {
        let world = World::with(&pair(), &Settings::default()).await;
        let service = world.serve().await;
        let journal = world.book().journal;
        fill(&journal, full.statement());
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(500, "unavailable").because("journal-unavailable");
        let before: &[&str] = match full {
            Full::Arrival | Full::Claim => &[],
            Full::Settlement | Full::Ending => &["20.00"],
        };
        world.has_memos(before, &format!("{full:?}"));
        free(&journal);
        let again = service.post(&event(&pair(), ITEMS, &[A])).await;
        assert_eq!(again.status, 200, "{full:?}: {again:?}");
        service.until(&again, State::Posted).await;
        world.has_memos(&["20.00"], &format!("{full:?}, with room again"));
    }
}

#[tokio::test]
async fn a_queue_that_cannot_store_is_unavailable() {
    for mode in ["inline", "queued"] {
        let settings = Settings { intake: mode.to_owned(), ..Settings::default() };
        let world = World::with(&pair(), &settings).await;
        world.tenant.remove(&pair().order);
        let service = world.serve().await;
        let queue = world.book().queue;
        fill(&queue, "INSERT ON job");
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(500, "unavailable").because("journal-unavailable");
        free(&queue);
        pair().install_newstore(&world.tenant);
        let again = service.post(&event(&pair(), ITEMS, &[A])).await;
        assert_eq!(again.status, 200, "{mode}: {again:?}");
        service.until(&again, State::Posted).await;
        world.has_memos(&["20.00"], mode);
    }
}

#[tokio::test]
async fn a_silent_erp_and_a_full_queue_are_unavailable_and_the_work_goes_on() {
    use sandbox::netsuite::{Operation, Point};
    let world = World::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    fill(&world.book().queue, "INSERT ON job");
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let call = service.post_beside(&event(&pair(), ITEMS, &[A]));
    hold.reached().await;
    let answer = service.pass_time(call).await.unwrap();
    answer.is(500, "unavailable").because("journal-unavailable");
    hold.release();
    service.until(&answer, State::Posted).await;
    world.has_memos(&["20.00"], "the work went on");
}

#[tokio::test]
async fn files_that_cannot_be_read_or_written_are_not_ready() {
    for (name, table) in [("journal", "cancellation"), ("queue", "job")] {
        let world = World::with(&pair(), &Settings::default()).await;
        let service = world.serve().await;
        assert_eq!(service.get("/health/ready").await, (200, "ready\n".to_owned()));
        let book = world.book();
        let file = if name == "journal" { book.journal } else { book.queue };
        let rename = |from: &str, to: &str| {
            let statement = format!("ALTER TABLE {from} RENAME TO {to}");
            Connection::open(&file).unwrap().execute_batch(&statement).unwrap();
        };
        rename(table, "gone");
        let (status, text) = service.get("/health/ready").await;
        assert_eq!(status, 503, "{name}: {text}");
        assert!(text.contains(name), "{name}: {text}");
        assert_eq!(service.get("/health/live").await.0, 200);
        rename("gone", table);
        assert_eq!(service.get("/health/ready").await.0, 200, "{name}");
    }
}
