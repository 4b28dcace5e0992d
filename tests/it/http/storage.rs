//! A queue or journal that cannot store: 500, and nothing is answered as done.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use ports::CancellationState;
use rusqlite::Connection;
use sandbox::sale::{Sale, Unit};
use tests::{A, ITEMS, Settings, TestWorld, event, pair};

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
async fn a_failing_journal_is_unavailable_and_doubles_nothing() {
    for full in Full::ALL {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
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
        service.until(&again, CancellationState::Posted).await;
        world.has_memos(&["20.00"], &format!("{full:?}, with room again"));
    }
}

/// A small disk at a folder, gone when it is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let options = ["-t", "tmpfs", "-o", "size=2m", "tmpfs"];
        let mounted = Command::new("mount").args(options).arg(&folder).status().unwrap();
        assert!(mounted.success(), "{mounted}");
        Self(folder)
    }

    /// Leaves no room at all; the returned file is what takes it.
    fn fill(&self) -> PathBuf {
        let path = self.0.join("something-else");
        let mut file = fs::File::create(&path).unwrap();
        while file.write_all(&[7; 512]).is_ok() {}
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let ended = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(ended.is_ok_and(|it| it.success()), "{} stays mounted", self.0.display());
    }
}

#[tokio::test]
#[ignore = "needs root: mounts a small disk"]
async fn a_full_disk_is_unavailable_and_recovers() {
    for mode in ["inline", "queued"] {
        let settings = Settings { intake: mode.to_owned(), ..Settings::default() };
        let world = TestWorld::with(&pair(), &settings).await;
        let disk = SmallDisk::mount(world.book().journal.parent().unwrap().to_owned());
        let service = world.serve().await;
        let other = disk.fill();
        let refused = async {
            // What is left inside the files themselves is used up first.
            for order in 1.. {
                let sale = Sale::new(&format!("9f4e8ffc-0000-4000-8000-{order:012x}"), "FULL");
                let answer =
                    service.post(&event(&sale.unit(Unit::new(A, "1", "1.00")), ITEMS, &[A])).await;
                if answer.status != 200 {
                    return answer;
                }
            }
            unreachable!("orders never end")
        };
        refused.await.is(500, "unavailable").because("journal-unavailable");
        service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
        assert_eq!(service.get("/health/live").await.0, 200);
        fs::remove_file(other).unwrap();
        let again = service.post(&event(&pair(), ITEMS, &[A])).await;
        assert_eq!(again.status, 200, "{mode}: {again:?}");
        service.until(&again, CancellationState::Posted).await;
        world.has_memos(&["20.00"], mode);
        service.stop().await;
    }
}

#[tokio::test]
async fn a_failing_queue_is_unavailable() {
    for mode in ["inline", "queued"] {
        let settings = Settings { intake: mode.to_owned(), ..Settings::default() };
        let world = TestWorld::with(&pair(), &settings).await;
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
        service.until(&again, CancellationState::Posted).await;
        world.has_memos(&["20.00"], mode);
    }
}

#[tokio::test]
async fn with_a_silent_erp_and_a_failing_queue_the_work_continues() {
    use sandbox::netsuite::{Operation, Point};
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    fill(&world.book().queue, "INSERT ON job");
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let call = service.post_beside(&event(&pair(), ITEMS, &[A]));
    hold.reached().await;
    let answer = service.pass_time(call).await.unwrap();
    answer.is(500, "unavailable").because("journal-unavailable");
    hold.release();
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "the work went on");
}

#[tokio::test]
async fn files_that_cannot_be_read_or_written_are_not_ready() {
    for (name, table) in [("journal", "cancellation"), ("queue", "job")] {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
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
