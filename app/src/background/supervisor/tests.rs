use std::{future::pending, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn supervisor() -> (Supervisor, CancellationToken) {
    let stop = CancellationToken::new();
    (Supervisor::new(stop.clone()), stop)
}

/// A task that ends some time after it is asked to stop.
async fn ends_after(stop: CancellationToken, wait: Duration) {
    stop.cancelled().await;
    sleep(wait).await;
}

#[tokio::test(start_paused = true)]
async fn tasks_that_run_are_no_failure() {
    let (supervisor, stop) = supervisor();
    supervisor.run("worker", ends_after(stop, SECOND));
    timeout(3600 * SECOND, supervisor.failed()).await.unwrap_err();
    assert_eq!(supervisor.failure(), None);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failure_with_the_name_of_the_task() {
    let (supervisor, stop) = supervisor();
    supervisor.run("worker", ends_after(stop, SECOND));
    supervisor.run("gauges", async {
        sleep(SECOND).await;
        panic!("no such store");
    });
    supervisor.failed().await;
    assert_eq!(supervisor.failure(), Some(TaskError::Panicked("gauges".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn an_early_end_is_a_failure() {
    let (supervisor, _stop) = supervisor();
    supervisor.run("worker", sleep(SECOND));
    supervisor.failed().await;
    assert_eq!(supervisor.failure(), Some(TaskError::EndedEarly("worker".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn tasks_are_awaited_after_they_are_asked_to_stop() {
    let (supervisor, stop) = supervisor();
    supervisor.run("worker", ends_after(stop.clone(), 3 * SECOND));
    supervisor.run("gauges", ends_after(stop.clone(), SECOND));
    let began = Instant::now();
    stop.cancel();
    supervisor.join().await;
    assert_eq!(supervisor.failure(), None);
    assert_eq!(began.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_stopping_is_a_failure() {
    let (supervisor, stop) = supervisor();
    let stop_signal = stop.clone();
    supervisor.run("worker", async move {
        stop_signal.cancelled().await;
        panic!("while stopping");
    });
    stop.cancel();
    supervisor.join().await;
    assert_eq!(supervisor.failure(), Some(TaskError::Panicked("worker".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_task_with_a_stop_of_its_own_may_end_only_after_that() {
    let (supervisor, stop) = supervisor();
    let own = CancellationToken::new();
    let work = tokio::spawn(ends_after(own.clone(), SECOND));
    supervisor.run_until("http", own.clone(), work);
    stop.cancel();
    timeout(60 * SECOND, supervisor.join()).await.unwrap_err();
    own.cancel();
    supervisor.join().await;
    assert_eq!(supervisor.failure(), None);

    supervisor.run_until("http", CancellationToken::new(), tokio::spawn(sleep(SECOND)));
    supervisor.join().await;
    assert_eq!(supervisor.failure(), Some(TaskError::EndedEarly("http".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_is_kept() {
    let (supervisor, _stop) = supervisor();
    supervisor.run("worker", sleep(SECOND));
    supervisor.run("gauges", sleep(2 * SECOND));
    supervisor.join().await;
    assert_eq!(supervisor.failure(), Some(TaskError::EndedEarly("worker".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_was_aborted_has_ended_early() {
    let (supervisor, stop) = supervisor();
    let work = tokio::spawn(pending());
    work.abort();
    supervisor.run_until("http", stop, work);
    supervisor.join().await;
    assert_eq!(supervisor.failure(), Some(TaskError::EndedEarly("http".to_owned())));
}

#[test]
fn the_message_of_a_panic_is_its_text() {
    let (literal, formatted): (Box<dyn Any + Send>, Box<dyn Any + Send>) =
        (Box::new("no such store"), Box::new("no store 7".to_owned()));
    assert_eq!(panic_message(&*literal), "no such store");
    assert_eq!(panic_message(&*formatted), "no store 7");
    assert_eq!(panic_message(&7), "no message");
}
