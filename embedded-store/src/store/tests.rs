//! Many callers, one writer: who shares a transaction and who does not share its fate.

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

/// Asks for work from a task of its own; it is in the writer's queue when this returns.
async fn ask<T: Send + 'static>(
    store: &Arc<Store>,
    work: impl FnOnce(&Connection) -> Result<T, Problem> + Send + 'static,
) -> JoinHandle<Result<T, Problem>> {
    let store = Arc::clone(store);
    let asked = tokio::spawn(async move { store.write(work).await });
    // On the one thread of these tests the task runs now, to where it waits.
    yield_now().await;
    asked
}

/// Keeps the writer busy until the returned end is dropped: what is asked for
/// meanwhile is one batch.
async fn gate(store: &Arc<Store>) -> mpsc::Sender<()> {
    let (open, closed) = mpsc::channel::<()>();
    let (enter, entered) = oneshot::channel();
    let blocking = ask(store, move |_| {
        enter.send(()).expect("the test waits for this");
        assert!(closed.recv().is_err(), "the gate is opened by dropping its end");
        Ok(())
    });
    drop(blocking.await);
    entered.await.unwrap();
    open
}

#[tokio::test]
async fn callers_that_wait_together_share_one_transaction() {
    let (store, folder) = store();
    let gate = gate(&store).await;
    let first = ask(&store, |db| insert(db, 1)).await;
    let second = ask(&store, |db| insert(db, 2)).await;
    let path = folder.path().join("test.db");
    let third = ask(&store, move |db| Ok((selected(db)?, selected(&Connection::open(path)?)?)));
    let third = third.await;
    drop(gate);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    let (inside, outside) = third.await.unwrap().unwrap();
    assert_eq!((inside, outside), (vec![1, 2], vec![]));
    assert_eq!(numbers(&store).await, [1, 2]);
}

#[tokio::test]
async fn one_that_breaks_a_rule_fails_alone() {
    let (store, _folder) = store();
    let gate = gate(&store).await;
    let first = ask(&store, |db| insert(db, 1)).await;
    let failing = ask(&store, |db| {
        insert(db, 9)?;
        insert(db, 1)
    });
    let failing = failing.await;
    let last = ask(&store, |db| insert(db, 2)).await;
    drop(gate);
    first.await.unwrap().unwrap();
    let problem = failing.await.unwrap().unwrap_err().to_string();
    assert!(problem.contains("UNIQUE"), "{problem}");
    last.await.unwrap().unwrap();
    assert_eq!(numbers(&store).await, [1, 2]);
}

#[tokio::test]
async fn one_that_panics_fails_alone() {
    let (store, _folder) = store();
    let gate = gate(&store).await;
    let panicking = ask(&store, |db| {
        insert(db, 9)?;
        assert!(selected(db)?.is_empty(), "on purpose");
        Ok(())
    });
    let panicking = panicking.await;
    let other = ask(&store, |db| insert(db, 1)).await;
    drop(gate);
    let problem = panicking.await.unwrap().unwrap_err().to_string();
    assert!(problem.contains("panicked"), "{problem}");
    other.await.unwrap().unwrap();
    assert_eq!(numbers(&store).await, [1]);
}

#[tokio::test]
async fn nobody_is_told_yes_when_the_commit_fails() {
    let (store, _folder) = store();
    let gate = gate(&store).await;
    let innocent = ask(&store, |db| insert(db, 1)).await;
    let orphan = ask(&store, |db| {
        db.execute("INSERT INTO child VALUES (77)", [])?;
        Ok(())
    });
    let orphan = orphan.await;
    drop(gate);
    for asked in [innocent, orphan] {
        let problem = asked.await.unwrap().unwrap_err();
        let problem = problem.downcast::<StoreError>().unwrap();
        assert!(matches!(*problem, StoreError::Write { .. }), "{problem:?}");
    }
    assert_eq!(numbers(&store).await, []);
    store.write(|db| insert(db, 2)).await.unwrap();
    assert_eq!(numbers(&store).await, [2]);
}

#[tokio::test]
async fn nobody_is_told_yes_when_the_transaction_is_given_up_midway() {
    let (store, _folder) = store();
    let gate = gate(&store).await;
    let before = ask(&store, |db| insert(db, 1)).await;
    // What SQLite does by itself when the disk is full.
    let culprit = ask(&store, |db| {
        db.execute_batch("ROLLBACK")?;
        Err::<(), Problem>("the disk is full".into())
    });
    let culprit = culprit.await;
    let after = ask(&store, |db| insert(db, 2)).await;
    drop(gate);
    assert_eq!(culprit.await.unwrap().unwrap_err().to_string(), "the disk is full");
    for asked in [before, after] {
        let problem = asked.await.unwrap().unwrap_err();
        let problem = problem.downcast::<StoreError>().unwrap();
        assert!(matches!(*problem, StoreError::RolledBack { .. }), "{problem:?}");
    }
    store.write(|db| insert(db, 3)).await.unwrap();
    assert_eq!(numbers(&store).await, [3]);
}

#[tokio::test]
async fn a_store_that_is_dropped_finishes_what_was_asked_for() {
    let (store, folder) = store();
    let (open, closed) = mpsc::channel::<()>();
    let first = ask(&store, move |_| {
        assert!(closed.recv().is_err());
        Ok(())
    })
    .await;
    let second = ask(&store, |db| insert(db, 1)).await;
    // Both callers leave, and with them their shares of the store.
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
async fn a_reader_that_panics_takes_nothing_along() {
    let (store, _folder) = store();
    let failed = store.read(|_| -> Result<(), Problem> { panic!("on purpose") }).await;
    assert!(failed.unwrap_err().to_string().contains("panicked"));
    assert_eq!(numbers(&store).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_stores_on_one_file_take_turns() {
    let (ours, folder) = store();
    let theirs = reopened(&folder);
    let mut writing = JoinSet::new();
    for n in 0..400 {
        let store = Arc::clone(if n % 2 == 0 { &ours } else { &theirs });
        writing.spawn(async move { store.write(move |db| insert(db, n)).await });
    }
    for result in writing.join_all().await {
        result.unwrap();
    }
    assert_eq!(numbers(&ours).await, (0..400).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_wait_for_the_writer() {
    let (store, _folder) = store();
    let (open, closed) = mpsc::channel::<()>();
    let writer = Arc::clone(&store);
    let writing = tokio::spawn(async move {
        let work = move |db: &Connection| {
            insert(db, 1)?;
            // Fails the test instead of hanging it, should a reader wait after all.
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
async fn what_a_backlog_took_is_given_back_to_the_disk() {
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
        // Never stuck: a look that finds no progress fails.
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
