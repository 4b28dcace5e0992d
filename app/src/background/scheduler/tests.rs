//! Scheduling: which job runs, which waits, which is rejected and for how long.

use super::*;

fn start() -> Instant {
    at(Duration::ZERO)
}

fn at(elapsed: Duration) -> Instant {
    Instant::new(domain::Timestamp::from_millis(0), elapsed)
}

fn scheduler_for(concurrency: usize) -> Arc<FairScheduler> {
    FairScheduler::new(&"dodici".parse().unwrap(), concurrency)
}

#[track_caller]
fn now(asked: Admission) -> Permit {
    match asked {
        Admission::Now(permit) => permit,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn soon(asked: Admission) -> oneshot::Receiver<Permit> {
    match asked {
        Admission::Soon(waiting) => waiting,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn full(asked: &Admission) -> Duration {
    match asked {
        Admission::Full(wait) => *wait,
        other => panic!("{other:?}"),
    }
}

#[test]
fn jobs_beyond_the_running_and_waiting_ones_are_deferred() {
    let scheduler = scheduler_for(2);
    let running = [(); 2].map(|()| now(scheduler.request(JobAge::Retried, start())));
    let mut waiting = [(); 2].map(|()| soon(scheduler.request(JobAge::Retried, start())));
    full(&scheduler.request(JobAge::Retried, start()));
    // New jobs are still received.
    let new = [(); 2].map(|()| soon(scheduler.request(JobAge::New, start())));
    full(&scheduler.request(JobAge::New, start()));
    drop(new);
    drop(running);
    let permit = waiting[0].try_recv().unwrap();
    waiting[1].try_recv().unwrap();
    drop(permit);
    now(scheduler.request(JobAge::Retried, start()));
}

#[test]
fn new_jobs_go_first_and_retried_ones_do_not_starve() {
    let scheduler = scheduler_for(5);
    let mut running: Vec<_> =
        (0..5).map(|_| now(scheduler.request(JobAge::New, start()))).collect();
    let mut waiting = Vec::new();
    for (name, age) in [("r1", JobAge::Retried), ("r2", JobAge::Retried)] {
        waiting.push((name, soon(scheduler.request(age, start()))));
    }
    for name in ["n1", "n2", "n3", "n4", "n5"] {
        waiting.push((name, soon(scheduler.request(JobAge::New, start()))));
    }
    let mut order = Vec::new();
    while !waiting.is_empty() {
        drop(running.pop());
        let next = waiting.iter_mut().position(|(_, it)| match it.try_recv() {
            Ok(permit) => {
                running.insert(0, permit);
                true
            }
            Err(_) => false,
        });
        order.push(waiting.remove(next.expect("some job got a permit")).0);
    }
    assert_eq!(order, ["n1", "n2", "n3", "r1", "n4", "n5", "r2"]);
}

#[test]
fn new_jobs_do_not_use_the_room_of_retried_ones() {
    let scheduler = scheduler_for(2);
    let _running = [(); 2].map(|()| now(scheduler.request(JobAge::New, start())));
    let _new = [(); 2].map(|()| soon(scheduler.request(JobAge::New, start())));
    full(&scheduler.request(JobAge::New, start()));
    let _retried = [(); 2].map(|()| soon(scheduler.request(JobAge::Retried, start())));
    full(&scheduler.request(JobAge::Retried, start()));
}

#[test]
fn an_abandoned_permit_goes_to_the_next_job() {
    let scheduler = scheduler_for(2);
    let running = [(); 2].map(|()| now(scheduler.request(JobAge::New, start())));
    let gone = soon(scheduler.request(JobAge::New, start()));
    let mut next = soon(scheduler.request(JobAge::New, start()));
    drop(gone);
    drop(running);
    drop(next.try_recv().unwrap());
    for _ in 0..3 {
        let both = [(); 2].map(|()| now(scheduler.request(JobAge::New, start())));
        assert!(matches!(scheduler.request(JobAge::New, start()), Admission::Soon(_)));
        drop(both);
    }
}

#[test]
fn a_deferred_job_returns_when_there_is_room() {
    let scheduler = scheduler_for(1);
    let _running = now(scheduler.request(JobAge::Retried, start()));
    let _waiting = soon(scheduler.request(JobAge::Retried, start()));
    for _ in 0..100 {
        scheduler.took(Duration::from_secs(4));
    }
    // Attempts take 4 s: asked for every 2 s, and after five minutes at the latest.
    let waits: Vec<_> =
        (0..180).map(|_| full(&scheduler.request(JobAge::Retried, start()))).collect();
    assert_eq!(waits[0], LEAST);
    for (at, pair) in waits.windows(2).enumerate() {
        let apart = pair[1].saturating_sub(pair[0]).as_millis();
        let expected = if pair[1] == MOST { 0..=2000 } else { 1990..=2000 };
        assert!(expected.contains(&apart), "{at}: {pair:?}");
    }
    assert_eq!(*waits.last().unwrap(), MOST);
    // Later that plan is outdated.
    assert_eq!(full(&scheduler.request(JobAge::Retried, at(2 * MOST))), LEAST);
}

#[test]
fn while_the_erp_is_suspended_jobs_return_one_after_the_other() {
    let scheduler = scheduler_for(4);
    let (pause, most) = (Duration::from_secs(15), Duration::from_mins(15));
    let waits: Vec<_> = (0..20_000).map(|_| scheduler.later(start(), pause, most)).collect();
    assert_eq!(waits[0], pause);
    assert_eq!(waits[8], pause + Duration::from_secs(1));
    assert_eq!(*waits.last().unwrap(), most);
    assert!(waits.is_sorted());
}
