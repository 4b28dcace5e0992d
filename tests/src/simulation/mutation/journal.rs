//! Bugs in front of the journal.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Cancellation, CancellationId, Claim, ClaimState, Flag, OrderId, Tenant, Timestamp, UnitId,
};
use ports::{
    CancellationRecord, CancellationState, Journal, JournalError, Known, LeaseToken, OrderLease,
    Query, Received, Step,
};

use super::Mutation;

pub(super) struct MutatedJournal {
    pub(super) mutation: Mutation,
    pub(super) inner: Arc<dyn Journal>,
}

#[async_trait]
impl Journal for MutatedJournal {
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Received, JournalError> {
        let opened = self.inner.open(cancellation, now).await?;
        let known = match self.mutation {
            Mutation::ForgetsRedelivery => Known::New,
            _ => opened.known,
        };
        Ok(Received { known, ..opened })
    }

    async fn acquire(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &LeaseToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OrderLease, JournalError> {
        let hold = self.inner.acquire(tenant, order, token, now, lease).await?;
        Ok(if self.mutation == Mutation::HoldsForEverybody { OrderLease::Held } else { hold })
    }

    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError> {
        let mut claims = self.inner.claims(tenant, order).await?;
        match self.mutation {
            Mutation::HidesClaims | Mutation::KnowsNothingOfMemos => claims.clear(),
            Mutation::HidesUnsettled => claims.retain(|claim| !claim.is_open()),
            Mutation::ForgetsSendings => {
                for claim in claims.iter_mut().filter(|claim| claim.is_open()) {
                    claim.state = ClaimState::Unsettled { sent_at: Timestamp::from_millis(0) };
                }
            }
            Mutation::ShippingAgain => {
                for claim in claims.iter_mut().filter(|claim| !claim.is_open()) {
                    claim.memo.units.retain(|unit| *unit != UnitId::shipping());
                }
            }
            _ => {}
        }
        Ok(claims)
    }

    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), JournalError> {
        let is_forgotten = |step: &&Step| {
            matches!(
                (self.mutation, step),
                (Mutation::SettlesNothing, Step::Settled { .. })
                    | (
                        Mutation::ForgetsEndings,
                        Step::AttemptEnded { state: CancellationState::Posted, .. }
                    )
                    | (Mutation::FlagsNothing, Step::Flagged(Flag::TotalDiffers { .. }))
            )
        };
        let kept: Vec<_> = steps.iter().filter(|step| !is_forgotten(step)).cloned().collect();
        self.inner.record(id, now, &kept).await
    }

    async fn find(&self, query: &Query) -> Result<Vec<CancellationRecord>, JournalError> {
        self.inner.find(query).await
    }
}
