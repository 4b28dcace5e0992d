//! Many callers, one writer: which writes share a transaction, and which of them fail together.

use std::{
    error::Error,
    sync::{Arc, mpsc},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    sync::oneshot,
    task::{JoinHandle, JoinSet, yield_now},
};

use super::*;

type Problem = Box<dyn Error + Send + Sync>;

const SCHEMA: &[&str] = &["CREATE TABLE number (n INTEGER PRIMARY KEY) STRICT;
     CREATE TABLE child (n INTEGER REFERENCES number (n) DEFERRABLE INITIALLY DEFERRED) STRICT"];

fn store() -> (Arc<Store>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (reopened(&folder), folder)
}

fn reopened(folder: &TempDir) -> Arc<Store> {
    Arc::new(Store::open(&folder.path().join("test.db"), SCHEMA).unwrap())
}

fn insert(db: &Connection, n: i64) -> Result<(), Problem> {
    db.execute("INSERT INTO number VALUES (?1)", [n])?;
    Ok(())
}

async fn numbers(store: &Store) -> Vec<i64> {
    store.read(selected).await.unwrap()
}

fn selected(db: &Connection) -> Result<Vec<i64>, Problem> {
    let mut statement = db.prepare_cached("SELECT n FROM number ORDER BY n")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}

/// Spawns a write; it is in the writer's queue when this returns.
async fn spawn_write<T: Send + 'static>(
    store: &Arc<Store>,
    work: impl FnOnce(&Connection) -> Result<T, Problem> + Send + 'static,
) -> JoinHandle<Result<T, Problem>> {
    let store = Arc::clone(store);
    let spawned = tokio::spawn(async move { store.write(work).await });
    // The tests have one thread, so the task now runs until it waits.
    yield_now().await;
    spawned
}

/// Blocks the writer until the returned sender is dropped. The writes that arrive in the meantime
/// form one batch.
async fn gate(store: &Arc<Store>) -> mpsc::Sender<()> {
    let (open, closed) = mpsc::channel::<()>();
    let (enter, entered) = oneshot::channel();
    let blocking = spawn_write(store, move |_| {
        enter.send(()).expect("the test waits for this");
        assert!(closed.recv().is_err(), "the sender is dropped to open the gate");
        Ok(())
    });
    drop(blocking.await);
    entered.await.unwrap();
    open
}

#[tokio::test]
async fn waiting_writes_share_one_transaction() {
    let (store, folder) = store();
    let gate = gate(&store).await;
    let first = spawn_write(&store, |db| insert(db, 1)).await;
    let second = spawn_write(&store, |db| insert(db, 2)).await;
    let path = folder.path().join("test.db");
    let third =
        spawn_write(&store, move |db| Ok((selected(db)?, selected(&Connection::open(path)?)?)));
    let third = third.await;
    drop(gate);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    let (inside, outside) = third.await.unwrap().unwrap();
    assert_eq!((inside, outside), (vec![1, 2], vec![]));
    assert_eq!(numbers(&store).await, [1, 2]);
}

#[tokio::test]
async fn a_write_that_violates_a_constraint_fails_alone() {
    let (store, _folder) = store();
    let gate = gate(&store).await;
    let first = spawn_write(&store, |db| insert(db, 1)).await;
    let failing = spawn_write(&store, |db| {
        insert(db, 9)?;
        insert(db, 1)
    });
    let failing = failing.await;
    let last = spawn_write(&store, |db| insert(db, 2)).await;
    drop(gate);
    first.await.unwrap().unwrap();
    let problem = failing.await.unwrap().unwrap_err().to_string();
    assert!(problem.contains("UNIQUE"), "{problem}");
    last.await.unwrap().unwrap();
    assert_eq!(numbers(&store).await, [1, 2]);
}

#[tokio::test]
async fn a_write_that_panics_fails_alone() {
    let (store, _folder) = store();
    let gate = gate(&store).await;
    let panicking = spawn_write(&store, |db| {
        insert(db, 9)?;
        assert!(selected(db)?.is_empty(), "on purpose");
        Ok(())
    });
    let panicking = panicking.await;
    let other = spawn_write(&store, |db| insert(db, 1)).await;
    drop(gate);
    let problem = panicking.await.unwrap().unwrap_err().to_string();
    assert!(problem.contains("panicked"), "{problem}");
    other.await.unwrap().unwrap();
    assert_eq!(numbers(&store).await, [1]);
}

#[tokio::test]
async fn no_write_is_confirmed_when_the_commit_fails() {
    let (store, _folder) = store();
    let gate = gate(&store).await;
    let valid = spawn_write(&store, |db| insert(db, 1)).await;
    let orphan = spawn_write(&store, |db| {
        db.execute("INSERT INTO child VALUES (77)", [])?;
        Ok(())
    });
    let orphan = orphan.await;
    drop(gate);
    for spawned in [valid, orphan] {
        let problem = spawned.await.unwrap().unwrap_err();
        let problem = problem.downcast::<StoreError>().unwrap();
        assert!(matches!(*problem, StoreError::Write { .. }), "{problem:?}");
    }
    assert_eq!(numbers(&store).await, []);
    store.write(|db| insert(db, 2)).await.unwrap();
    assert_eq!(numbers(&store).await, [2]);
}

#[tokio::test]
async fn no_write_is_confirmed_when_sqlite_rolls_the_transaction_back() {
    let (store, _folder) = store();
    let gate = gate(&store).await;
    let before = spawn_write(&store, |db| insert(db, 1)).await;
    // SQLite does the same when the disk is full.
    let failing = spawn_write(&store, |db| {
        db.execute_batch("ROLLBACK")?;
        Err::<(), Problem>("the disk is full".into())
    });
    let failing = failing.await;
    let after = spawn_write(&store, |db| insert(db, 2)).await;
    drop(gate);
    assert_eq!(failing.await.unwrap().unwrap_err().to_string(), "the disk is full");
    for spawned in [before, after] {
        let problem = spawned.await.unwrap().unwrap_err();
        let problem = problem.downcast::<StoreError>().unwrap();
        assert!(matches!(*problem, StoreError::RolledBack { .. }), "{problem:?}");
    }
    store.write(|db| insert(db, 3)).await.unwrap();
    assert_eq!(numbers(&store).await, [3]);
}

#[tokio::test]
async fn a_dropped_store_finishes_pending_writes() {
    let (store, folder) = store();
    let (open, closed) = mpsc::channel::<()>();
    let first = spawn_write(&store, move |_| {
        assert!(closed.recv().is_err());
        Ok(())
    })
    .await;
    let second = spawn_write(&store, |db| insert(db, 1)).await;
    // Both callers end and drop their handles of the store.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    drop(open);
    drop(store);
    assert_eq!(numbers(&reopened(&folder)).await, [1]);
}

#[tokio::test]
async fn a_reader_cannot_write() {
    let (store, _folder) = store();
    let problem = store.read(|db| insert(db, 1)).await.unwrap_err().to_string();
    assert!(problem.contains("readonly"), "{problem}");
}

#[tokio::test]
async fn a_panic_of_a_reader_does_not_affect_the_store() {
    let (store, _folder) = store();
    let failed = store.read(|_| -> Result<(), Problem> { panic!("on purpose") }).await;
    assert!(failed.unwrap_err().to_string().contains("panicked"));
    assert_eq!(numbers(&store).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_file_take_turns() {
    let (one, folder) = store();
    let other = reopened(&folder);
    let mut writing = JoinSet::new();
    for n in 0..400 {
        let store = Arc::clone(if n % 2 == 0 { &one } else { &other });
        writing.spawn(async move { store.write(move |db| insert(db, n)).await });
    }
    for result in writing.join_all().await {
        result.unwrap();
    }
    assert_eq!(numbers(&one).await, (0..400).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_wait_for_the_writer() {
    let (store, _folder) = store();
    let (open, closed) = mpsc::channel::<()>();
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        let work = move |db: &Connection| {
            insert(db, 1)?;
            // If a reader waits after all, the test fails instead of hanging.
            Ok::<_, Problem>(closed.recv_timeout(Duration::from_secs(5))?)
        };
        writer.write(work).await
    });
    for _ in 0..20 {
        assert_eq!(numbers(&store).await, []);
    }
    open.send(()).unwrap();
    writing.await.unwrap().unwrap();
    assert_eq!(numbers(&store).await, [1]);
}

#[tokio::test]
async fn free_pages_are_returned_to_the_disk() {
    let (store, folder) = store();
    let fill = |db: &Connection| {
        db.execute_batch("CREATE TABLE backlog (body BLOB) STRICT")?;
        let mut insert = db.prepare("INSERT INTO backlog VALUES (zeroblob(1000000))")?;
        for _ in 0..64 {
            insert.execute([])?;
        }
        Ok::<_, Problem>(())
    };
    store.write(fill).await.unwrap();
    let empty = |db: &Connection| Ok::<_, Problem>(db.execute_batch("DELETE FROM backlog")?);
    store.write(empty).await.unwrap();
    let pages = |db: &Connection| {
        Ok::<_, Problem>(db.pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))?)
    };
    let mut left = store.read(pages).await.unwrap();
    while left > 1100 {
        // Fails instead of hanging if there is no progress.
        let before = left;
        for _ in 0..10_000 {
            left = store.read(pages).await.unwrap();
            if left < before {
                break;
            }
        }
        assert!(left < before, "{left} pages and no fewer");
    }
    drop(store);
    let size = std::fs::metadata(folder.path().join("test.db")).unwrap().len();
    assert!(size < 5_000_000, "{size} bytes");
}
