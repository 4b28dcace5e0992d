//! Our own journal and queue, as one process reaches them.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{Cancellation, CancellationId, Claim, OrderId, Tenant, Timestamp};
use ports::{
    CancellationRecord, Delivery, Job, Jobs, JobsError, Journal, JournalError, Lease, LeaseToken,
    OrderLease, Query, Received, Step,
};

use super::{fault_schedule::SimulatedFault, lease_checks::LeaseChecks, wire::Wire};

/// The most milliseconds that half a call usually takes.
const USUAL: i64 = 10;

/// The shared journal.
pub struct RemoteJournal {
    /// The process's way to it.
    pub wire: Wire,
    /// What it holds.
    pub inner: Arc<dyn Journal>,
}

impl RemoteJournal {
    async fn ask<T>(
        &self,
        effect: impl Future<Output = Result<T, JournalError>>,
    ) -> Result<T, JournalError> {
        let stores = &self.wire.simulation.stores;
        let call = async {
            if stores.strikes(SimulatedFault::JournalStalls) {
                self.wire.simulation.time.sleep(stores.a_while(5, 30)).await;
            }
            if stores.strikes(SimulatedFault::JournalFails) {
                return Err(JournalError::Unavailable("disk full".into()));
            }
            let result = effect.await;
            if result.is_ok() && stores.strikes(SimulatedFault::JournalLosesReply) {
                return Err(JournalError::Unavailable("connection reset".into()));
            }
            result
        };
        self.wire.call(USUAL, call).await
    }
}

#[async_trait]
impl Journal for RemoteJournal {
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Received, JournalError> {
        let opened = self.ask(self.inner.open(cancellation, now)).await;
        let id = cancellation.id();
        self.wire.tell(format_args!("open {id}: {:?}", opened.as_ref().map(|it| &it.known)));
        opened
    }

    async fn acquire(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &LeaseToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OrderLease, JournalError> {
        let hold = self.ask(self.inner.acquire(tenant, order, token, now, lease)).await;
        self.wire.tell(format_args!("hold {order}: {hold:?}"));
        hold
    }

    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError> {
        self.ask(self.inner.claims(tenant, order)).await
    }

    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), JournalError> {
        for step in steps {
            if let Step::AttemptEnded { reason: Some(reason), .. } = step {
                self.wire.simulation.ended(id, reason);
            }
        }
        let recorded = self.ask(self.inner.record(id, now, steps)).await;
        let steps: Vec<_> = steps.iter().map(brief).collect();
        self.wire.tell(format_args!("{id}: {}: {recorded:?}", steps.join("; ")));
        recorded
    }

    async fn find(&self, query: &Query) -> Result<Vec<CancellationRecord>, JournalError> {
        self.ask(self.inner.find(query)).await
    }
}

/// A step in a few words.
fn brief(step: &Step) -> String {
    match step {
        Step::Claimed(memo) => format!("claimed {} for {}", memo.key, memo.credit),
        Step::Settled { key, record } => format!("settled {key} as {record}"),
        Step::Freed { key, rejection: why } => format!("freed {key}: {why}"),
        Step::Confirmed { key, total, .. } => format!("confirmed {key}: {total}"),
        Step::AttemptEnded { state, reason, detail, .. } => {
            format!("ended {} {reason:?} {detail:?}", state.name())
        }
        step => format!("{step:?}"),
    }
}

/// The shared queue.
pub struct RemoteJobs {
    /// The process's way to it.
    pub wire: Wire,
    /// What it holds.
    pub inner: Arc<dyn Jobs>,
    /// Who has which job in hand.
    pub lease_checks: Arc<LeaseChecks>,
}

impl RemoteJobs {
    async fn ask<T>(
        &self,
        effect: impl Future<Output = Result<T, JobsError>>,
    ) -> Result<T, JobsError> {
        let stores = &self.wire.simulation.stores;
        let call = async {
            if stores.strikes(SimulatedFault::QueueStalls) {
                self.wire.simulation.time.sleep(stores.a_while(5, 30)).await;
            }
            if stores.strikes(SimulatedFault::QueueFails) {
                return Err(JobsError::Unavailable("disk full".into()));
            }
            let result = effect.await;
            if result.is_ok() && stores.strikes(SimulatedFault::QueueLosesReply) {
                return Err(JobsError::Unavailable("connection reset".into()));
            }
            result
        };
        self.wire.call(USUAL, call).await
    }
}

#[async_trait]
impl Jobs for RemoteJobs {
    async fn push(&self, job: &Job, delay: Duration) -> Result<(), JobsError> {
        let pushed = self.ask(self.inner.push(job, delay)).await;
        self.wire.tell(format_args!("push {} in {delay:?}: {pushed:?}", job.id));
        pushed
    }

    async fn receive(
        &self,
        max: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, JobsError> {
        let received = self.ask(self.inner.receive(max, lease, wait)).await;
        for delivery in received.iter().flatten() {
            self.wire.tell(format_args!("received {}", delivery.job.id));
            self.lease_checks.take(&self.wire, delivery);
        }
        received
    }

    async fn extend(&self, held: &Lease, lease: Duration) -> Result<(), JobsError> {
        self.ask(self.inner.extend(held, lease)).await
    }

    async fn ack(&self, held: &Lease) -> Result<(), JobsError> {
        self.lease_checks.lay_down(held);
        let acked = self.ask(self.inner.ack(held)).await;
        self.wire.tell(format_args!("ack {}: {acked:?}", held.0));
        acked
    }

    async fn defer(&self, held: &Lease, delay: Duration, attempts: u32) -> Result<(), JobsError> {
        self.lease_checks.lay_down(held);
        let deferred = self.ask(self.inner.defer(held, delay, attempts)).await;
        self.wire.tell(format_args!("defer {} for {delay:?} ({attempts}): {deferred:?}", held.0));
        deferred
    }

    async fn check(&self) -> Result<(), JobsError> {
        self.ask(self.inner.check()).await
    }
}
