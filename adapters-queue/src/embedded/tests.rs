//! Tests of the queue in a file; the promises of every queue are in the port's contract.

use std::error::Error;

use tempfile::TempDir;
use tokio::task::JoinSet;

use ports::contract::FakeClock;

use super::*;
use crate::{
    MAX_BODY,
    testing::{MINUTE, NOW, job},
};

fn queue(folder: &TempDir) -> Embedded {
    Embedded::open(&folder.path().join("queue.db"), Arc::new(FakeClock::default())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_two_processes_never_share_a_job() {
    let folder = tempfile::tempdir().unwrap();
    let queues = [Arc::new(queue(&folder)), Arc::new(queue(&folder))];
    let mut pushing = JoinSet::new();
    for n in 0..200 {
        let queue = Arc::clone(&queues[n % 2]);
        pushing.spawn(async move { queue.push(&job(&format!("job-{n:03}")), NOW).await });
    }
    for pushed in pushing.join_all().await {
        pushed.unwrap();
    }

    let mut running = JoinSet::new();
    for n in 0..8 {
        let queue = Arc::clone(&queues[n % 2]);
        running.spawn(async move {
            let mut done = Vec::new();
            loop {
                let deliveries = queue.receive(7, MINUTE, NOW).await.unwrap();
                if deliveries.is_empty() {
                    return done;
                }
                for delivery in deliveries {
                    queue.ack(&delivery.lease).await.unwrap();
                    done.push(delivery.job.id.to_string());
                }
            }
        });
    }
    let mut done = running.join_all().await.concat();
    done.sort();
    assert_eq!(done, (0..200).map(|n| format!("job-{n:03}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_damaged_row_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let queue = queue(&folder);
    for name in ["a", "b", "c"] {
        queue.push(&job(name), NOW).await.unwrap();
    }
    let damage = "UPDATE job SET order_id = 'no order' WHERE id = 'a'";
    queue.write(|db| Ok(db.execute_batch(damage)?)).await.unwrap();
    let deliveries = queue.receive(10, MINUTE, NOW).await.unwrap();
    let names: Vec<_> = deliveries.iter().map(|delivery| delivery.job.id.as_str()).collect();
    assert_eq!(names, ["b", "c"]);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let queue = queue(&folder);
    for (length, accepted) in [(MAX_BODY, true), (MAX_BODY + 1, false)] {
        let job = Job { body: "x".repeat(length), ..job("a") };
        assert_eq!(queue.push(&job, NOW).await.is_ok(), accepted, "{length} bytes");
    }
}

#[test]
fn a_path_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    std::fs::create_dir(&path).unwrap();
    let error =
        Embedded::open(&path, Arc::new(FakeClock::default())).err().expect("a folder is no queue");
    let cause = error.source().expect("the port's error has a source").to_string();
    assert!(cause.contains("queue.db"), "{cause}");
}
