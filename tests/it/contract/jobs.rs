//! Every queue against every promise of its port.

use std::{sync::Arc, time::Duration};

use adapters_queue::{Embedded, Memory, Sqs, SqsOptions};
use async_trait::async_trait;
use ports::{
    Backlog, Clock, Jobs,
    contract::jobs::{Durable, JobsSubject},
    contract_tests,
};
use serde_json::json;
use tempfile::TempDir;
use tests::{FakeClock, SqsKind, SqsQueue};

/// A queue whose time is the test's, and the folder it is in.
struct Clocked<Queue, Folder> {
    queue: Queue,
    clock: Arc<FakeClock>,
    folder: Folder,
}

fn memory() -> Clocked<Memory, ()> {
    let clock = Arc::new(FakeClock::default());
    Clocked { queue: Memory::new(Arc::clone(&clock) as _), clock, folder: () }
}

fn embedded() -> Clocked<Embedded, TempDir> {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let clock = Arc::new(FakeClock::default());
    Clocked { queue: open(&folder, &clock), clock, folder }
}

fn open(folder: &TempDir, clock: &Arc<FakeClock>) -> Embedded {
    let path = folder.path().join("queue.db");
    Embedded::open(&path, Arc::clone(clock) as _).expect("a new file opens")
}

#[async_trait]
impl<Queue: Jobs + Backlog, Folder: Send + Sync> JobsSubject for Clocked<Queue, Folder> {
    fn jobs(&self) -> &dyn Jobs {
        &self.queue
    }

    fn backlog(&self) -> &dyn Backlog {
        &self.queue
    }

    fn moment(&self) -> Duration {
        Duration::from_millis(1)
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    fn set_ahead(&self, by: Duration) {
        self.clock.set_ahead(by);
    }

    fn set_back(&self, by: Duration) {
        self.clock.set_back(by);
    }
}

#[async_trait]
impl Durable for Clocked<Embedded, TempDir> {
    async fn reopen(&self) -> Box<dyn Jobs> {
        Box::new(open(&self.folder, &self.clock))
    }
}

/// A queue in SQS, whose server keeps the test's time as well.
struct Shared {
    queue: Sqs,
    clock: Arc<FakeClock>,
    server: SqsQueue,
}

async fn sqs(kind: SqsKind) -> Shared {
    let server = SqsQueue::create(kind, &json!({})).await;
    let clock = Arc::new(FakeClock::default());
    server.set_clock(clock.now()).await;
    Shared { queue: connect(&server, &clock).await, clock, server }
}

async fn connect(server: &SqsQueue, clock: &Arc<FakeClock>) -> Sqs {
    let options = SqsOptions { url: server.url.clone(), dead_letter_url: None };
    let queue = Sqs::open(&tests::aws().await, &options, Arc::clone(clock) as _).await;
    queue.unwrap_or_else(|why| panic!("{}", ports::error_chain(&why)))
}

#[async_trait]
impl JobsSubject for Shared {
    fn jobs(&self) -> &dyn Jobs {
        &self.queue
    }

    fn backlog(&self) -> &dyn Backlog {
        &self.queue
    }

    fn moment(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        // The server's date does not step with this machine's.
        self.server.set_clock(self.clock.instant().unstepped()).await;
    }

    fn set_ahead(&self, by: Duration) {
        self.clock.set_ahead(by);
    }

    fn set_back(&self, by: Duration) {
        self.clock.set_back(by);
    }
}

#[async_trait]
impl Durable for Shared {
    async fn reopen(&self) -> Box<dyn Jobs> {
        Box::new(connect(&self.server, &self.clock).await)
    }
}

/// The promises of every queue, and those that only some can keep.
macro_rules! queue_tests {
    ($(#[$attribute:meta])? $adapter:ident, $fresh:expr $(, $more:ident)* $(,)?) => {
        contract_tests!($(#[$attribute])? $adapter, $fresh, jobs:
            a_pushed_job_is_delivered,
            a_delayed_job_is_not_delivered_early,
            a_job_pushed_twice_is_due_at_the_earlier_time,
            no_more_than_max_are_leased,
            a_job_is_delivered_again_after_its_lease,
            an_extended_lease_lasts,
            an_acked_job_is_deleted,
            an_acked_job_can_be_pushed_again,
            a_deferred_job_is_delivered_later,
            deliveries_are_not_attempts,
            a_lost_lease_changes_nothing,
            a_settled_lease_is_lost,
            a_push_while_leased_outlives_the_ack,
            a_push_while_leased_shortens_a_deferral,
            a_push_makes_a_deferred_job_due_earlier,
            receive_waits_for_a_push,
            receive_waits_for_a_deferral,
            receive_wakes_when_a_job_falls_due,
            receive_returns_empty_after_its_wait,
            the_backlog_counts_waiting_and_leased_jobs_separately,
            a_clock_set_back_does_not_prolong_a_delay,
            a_clock_set_back_does_not_prolong_a_lease,
            a_clock_set_back_takes_no_job_from_its_worker,
            a_clock_that_steps_does_not_prolong_a_wait,
            $($more,)*
        );
    };
}

/// Besides, the promises of a queue that knows its jobs by their ids.
macro_rules! knowing_queue_tests {
    ($adapter:ident, $fresh:expr $(, $more:ident)* $(,)?) => {
        queue_tests!(
            $adapter,
            $fresh,
            a_job_pushed_twice_is_one,
            a_second_push_keeps_the_attempts,
            a_push_while_leased_waits_for_the_ack,
            the_longest_due_comes_first,
            the_backlog_reports_the_longest_due
            $(, $more)*
        );
    };
}

knowing_queue_tests!(in_memory, async { memory() });
knowing_queue_tests!(
    in_a_file,
    async { embedded() },
    a_queue_survives_its_process,
    a_queue_is_shared_by_processes,
    a_lease_survives_its_process,
);
queue_tests!(
    #[ignore = "needs fauxqs"]
    in_sqs_fifo,
    sqs(SqsKind::Fifo),
    a_queue_survives_its_process,
    a_queue_is_shared_by_processes,
);
queue_tests!(
    #[ignore = "needs fauxqs"]
    in_sqs_standard,
    sqs(SqsKind::Standard),
    a_queue_survives_its_process,
    a_queue_is_shared_by_processes,
);
