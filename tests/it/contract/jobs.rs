//! Every queue against every promise of its port.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use ports::{
    Jobs,
    contract::jobs::{Durable, Subject},
    contract_tests,
};
use tempfile::TempDir;
use tests::FakeClock;

struct Memory {
    queue: adapters_queue::Memory,
    clock: Arc<FakeClock>,
}

struct Embedded {
    queue: adapters_queue::Embedded,
    clock: Arc<FakeClock>,
    folder: TempDir,
}

fn memory() -> Memory {
    let clock = Arc::new(FakeClock::default());
    Memory { queue: adapters_queue::Memory::new(Arc::clone(&clock) as _), clock }
}

fn embedded() -> Embedded {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let clock = Arc::new(FakeClock::default());
    Embedded { queue: open(&folder, &clock), clock, folder }
}

fn open(folder: &TempDir, clock: &Arc<FakeClock>) -> adapters_queue::Embedded {
    let path = folder.path().join("queue.db");
    adapters_queue::Embedded::open(&path, Arc::clone(clock) as _).expect("a new file opens")
}

#[async_trait]
impl Subject for Memory {
    fn jobs(&self) -> &dyn Jobs {
        &self.queue
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

#[async_trait]
impl Subject for Embedded {
    fn jobs(&self) -> &dyn Jobs {
        &self.queue
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

impl Durable for Embedded {
    fn reopen(&self) -> Box<dyn Jobs> {
        Box::new(open(&self.folder, &self.clock))
    }
}

/// The promises of every queue, and those that only some can keep.
macro_rules! queue_tests {
    ($adapter:ident, $fresh:expr $(, $more:ident)*) => {
        contract_tests!($adapter, $fresh, jobs:
            a_pushed_job_is_delivered,
            a_delayed_job_is_not_delivered_early,
            a_job_pushed_twice_is_one,
            a_job_pushed_twice_is_due_at_the_earlier_time,
            a_second_push_leaves_the_attempts,
            the_longest_due_comes_first,
            no_more_than_max_are_leased,
            a_lease_that_ends_is_delivered_again,
            an_extended_lease_lasts,
            an_acked_job_is_forgotten,
            an_acked_job_can_be_pushed_again,
            a_deferred_job_comes_back_later,
            deliveries_are_not_attempts,
            a_lost_lease_changes_nothing,
            a_settled_lease_is_lost,
            a_push_while_leased_outlives_the_ack,
            a_push_while_leased_hastens_a_deferral,
            receive_waits_for_a_push,
            receive_waits_for_a_deferral,
            receive_wakes_when_a_job_falls_due,
            receive_gives_up_after_its_wait,
            $($more,)*
        );
    };
}

queue_tests!(in_memory, async { memory() });
queue_tests!(
    in_a_file,
    async { embedded() },
    a_queue_survives_its_process,
    a_queue_is_shared_by_processes
);
