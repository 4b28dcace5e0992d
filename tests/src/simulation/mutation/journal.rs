//! Bugs in front of the journal.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Cancellation, CancellationId, Claim, ClaimState, Flag, OrderId, Tenant, Timestamp, UnitId,
};
use ports::{Hold, HoldToken, Journal, JournalError, Known, Opened, Query, Record, State, Step};

use super::Mutation;

pub(super) struct Bugged {
    pub(super) bug: Mutation,
    pub(super) inner: Arc<dyn Journal>,
}

#[async_trait]
impl Journal for Bugged {
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Opened, JournalError> {
        let opened = self.inner.open(cancellation, now).await?;
        let known = match self.bug {
            Mutation::ForgetsRedelivery => Known::New,
            _ => opened.known,
        };
        Ok(Opened { known, ..opened })
    }

    async fn hold(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &HoldToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Hold, JournalError> {
        let hold = self.inner.hold(tenant, order, token, now, lease).await?;
        Ok(if self.bug == Mutation::HoldsForEverybody { Hold::Held } else { hold })
    }

    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError> {
        let mut claims = self.inner.claims(tenant, order).await?;
        match self.bug {
            Mutation::HidesClaims | Mutation::KnowsNothingOfMemos => claims.clear(),
            Mutation::HidesUnsettled => claims.retain(|it| !it.is_open()),
            Mutation::ForgetsSendings => {
                for claim in claims.iter_mut().filter(|it| it.is_open()) {
                    claim.state = ClaimState::Unsettled { sent_at: Timestamp::from_millis(0) };
                }
            }
            Mutation::ShippingAgain => {
                for claim in claims.iter_mut().filter(|it| !it.is_open()) {
                    claim.memo.units.retain(|it| *it != UnitId::shipping());
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
                (self.bug, step),
                (Mutation::SettlesNothing, Step::Settled { .. })
                    | (Mutation::ForgetsEndings, Step::Ended { state: State::Posted, .. })
                    | (Mutation::FlagsNothing, Step::Flagged(Flag::TotalDiffers { .. }))
            )
        };
        let kept: Vec<_> = steps.iter().filter(|it| !is_forgotten(it)).cloned().collect();
        self.inner.record(id, now, &kept).await
    }

    async fn find(&self, query: &Query) -> Result<Vec<Record>, JournalError> {
        self.inner.find(query).await
    }
}
