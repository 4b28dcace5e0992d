//! What a queue promises when the clock of its machine steps.

use std::time::Duration;

use super::{JobsSubject, MINUTE, NOW, SECOND, due, job, starts, the_only};

const HOUR: Duration = Duration::from_hours(1);

/// A delay that was set while the clock was an hour ahead does not last an hour longer.
pub async fn a_clock_set_back_does_not_prolong_a_delay(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    subject.set_ahead(HOUR);
    jobs.push(&job("pushed"), MINUTE).await.unwrap();
    jobs.push(&job("deferred"), NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    jobs.defer(&delivery.lease, MINUTE, 1).await.unwrap();
    subject.set_back(HOUR);
    assert_eq!(due(jobs).await, [], "not early either");
    subject.advance(MINUTE.saturating_sub(subject.moment())).await;
    assert_eq!(due(jobs).await, [], "not early either");
    subject.advance(subject.moment()).await;
    assert_eq!(due(jobs).await.len(), 2);
}

/// A worker that died while the clock was an hour ahead does not keep its job for that hour.
pub async fn a_clock_set_back_does_not_prolong_a_lease(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    subject.set_ahead(HOUR);
    jobs.push(&job("a"), NOW).await.unwrap();
    let first = the_only(due(jobs).await);
    subject.set_back(HOUR);
    assert_eq!(due(jobs).await, [], "its worker may still be alive");
    subject.advance(MINUTE).await;
    assert_eq!(the_only(due(jobs).await).job, first.job);
}

/// A live worker keeps its job, and settles it.
pub async fn a_clock_set_back_takes_no_job_from_its_worker(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    subject.set_ahead(HOUR);
    jobs.push(&job("a"), NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    subject.set_back(HOUR);
    for _ in 0..3 {
        subject.advance(MINUTE.saturating_sub(SECOND)).await;
        jobs.extend(&delivery.lease, MINUTE).await.unwrap();
        assert_eq!(due(jobs).await, []);
    }
    jobs.ack(&delivery.lease).await.unwrap();
    subject.advance(2 * HOUR).await;
    assert_eq!(due(jobs).await, []);
}

/// A call that waits for jobs returns after its wait, whatever the date is then.
pub async fn a_clock_that_steps_does_not_prolong_a_wait(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for step in [JobsSubject::set_ahead, JobsSubject::set_back] {
        let mut waiting = jobs.receive(1, MINUTE, 2 * SECOND);
        starts(waiting.as_mut()).await;
        step(subject, HOUR);
        subject.advance(2 * SECOND).await;
        assert_eq!(waiting.await.unwrap(), []);
    }
}
