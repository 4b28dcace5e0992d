//! What a queue that deduplicates jobs by id promises in addition.

use super::{DAY, Durable, JobsSubject, MINUTE, NOW, SECOND, due, job, names, the_only};

/// One id is one job, even when it is pushed with different delays.
pub async fn a_job_pushed_twice_is_one(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for (first, second) in [(NOW, NOW), (DAY, MINUTE), (MINUTE, DAY)] {
        jobs.push(&job("a"), first).await.unwrap();
        jobs.push(&job("a"), second).await.unwrap();
        subject.advance(first.min(second)).await;
        let delivery = the_only(due(jobs).await);
        jobs.ack(&delivery.lease).await.unwrap();
        subject.advance(DAY).await;
        assert_eq!(due(jobs).await, [], "{first:?}, then {second:?}");
    }
}

/// A push does not reset the attempts of a job.
pub async fn a_second_push_keeps_the_attempts(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    jobs.defer(&delivery.lease, MINUTE, 3).await.unwrap();
    jobs.push(&job("a"), NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    assert_eq!(delivery.job.attempts, 3);

    jobs.push(&job("a"), NOW).await.unwrap();
    jobs.defer(&delivery.lease, DAY, 4).await.unwrap();
    assert_eq!(the_only(due(jobs).await).job.attempts, 4, "pushed while it was leased");
}

/// Two workers never have the same job, however often it is pushed.
pub async fn a_push_while_leased_waits_for_the_ack(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for delay in [NOW, SECOND, DAY] {
        jobs.push(&job("a"), NOW).await.unwrap();
        let delivery = the_only(due(jobs).await);
        jobs.push(&job("a"), delay).await.unwrap();
        assert_eq!(due(jobs).await, [], "leased while it was pushed with {delay:?}");
        jobs.ack(&delivery.lease).await.unwrap();

        subject.advance(delay).await;
        let delivery = the_only(due(jobs).await);
        jobs.ack(&delivery.lease).await.unwrap();
        assert_eq!(due(jobs).await, [], "pushed with {delay:?}");
    }
}

/// No job starves: jobs are delivered in the order of their due times, not of their pushes.
pub async fn the_longest_due_comes_first(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for (name, delay) in [("a", 3 * SECOND), ("b", SECOND), ("c", 2 * SECOND), ("d", DAY)] {
        jobs.push(&job(name), delay).await.unwrap();
    }
    subject.advance(MINUTE).await;
    assert_eq!(names(&jobs.receive(2, MINUTE, NOW).await.unwrap()), ["b", "c"]);
    assert_eq!(names(&jobs.receive(2, MINUTE, NOW).await.unwrap()), ["a"]);
}

/// The age of the longest due job is exact to the second.
pub async fn the_backlog_reports_the_longest_due(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), MINUTE).await.unwrap();
    jobs.push(&job("b"), NOW).await.unwrap();
    subject.advance(5 * SECOND).await;
    assert_eq!(subject.backlog().depth().await.unwrap().oldest_due, Some(5 * SECOND));
    due(jobs).await;
    assert_eq!(subject.backlog().depth().await.unwrap().oldest_due, None);
}

/// The next process knows the lease as well.
pub async fn a_lease_survives_its_process(subject: &dyn Durable) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let held = the_only(due(jobs).await);
    subject.reopen().await.ack(&held.lease).await.unwrap();
    subject.advance(DAY).await;
    assert_eq!(due(jobs).await, []);
}
