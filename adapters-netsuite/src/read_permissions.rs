//! Verifies the right to read, without which "nothing found" proves nothing.
//!
//! A search without permission answers with no rows and no word about it; a
//! `get` says so. So before no rows are believed, a record that cannot exist is
//! asked for: "does not exist" is what only someone with the right is told.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ports::Instant;

use crate::{
    client::Client,
    fault::{Class, NetSuiteError},
    reply::{self, Node},
    request::{self, RecordType, Request},
};

/// For how long a proof is good.
const GOOD_FOR: Duration = Duration::from_hours(1);

/// What is searched for: finding none of it is acted on.
const SEARCHED: [RecordType; 2] = [RecordType::Invoice, RecordType::CreditMemo];

/// An external id that no record has.
pub(crate) const NO_RECORD: &str = "nst-no-such-record";

/// The proofs so far: when each type of record was asked for.
#[derive(Debug, Default)]
pub(crate) struct VerifiedPermissions {
    proofs: Mutex<BTreeMap<RecordType, Instant>>,
    /// Held while asking: one call is proof for everybody who waits.
    asking: tokio::sync::Mutex<()>,
}

impl VerifiedPermissions {
    /// Fails unless records of this type would be shown to us if there were any.
    pub(crate) async fn verify(
        &self,
        client: &Client,
        kind: RecordType,
    ) -> Result<(), NetSuiteError> {
        if self.is_verified(kind, client.instant()) {
            return Ok(());
        }
        // Where the call of another one is not answered, ours has had its time as well.
        let asking = tokio::time::timeout(client.timeout(), self.asking.lock()).await;
        let Ok(_asking) = asking else {
            let message = "the right to look could not be proved in time";
            return Err(NetSuiteError::new(Class::Unavailable, message));
        };
        let now = client.instant();
        if self.is_verified(kind, now) {
            return Ok(());
        }
        self.record(kind, now, client.call(&probe(kind)).await)
    }

    /// Verifies everything again, once no other call waits for a slot.
    pub(crate) async fn renew(&self, client: &Client) -> Result<(), NetSuiteError> {
        for kind in SEARCHED {
            let now = client.instant();
            self.record(kind, now, client.call_backfill(&probe(kind)).await)?;
        }
        Ok(())
    }

    /// Throws the proofs away when a call was forbidden: more may be.
    pub(crate) fn note<T>(&self, result: Result<T, NetSuiteError>) -> Result<T, NetSuiteError> {
        if let Err(NetSuiteError { class: Class::Forbidden | Class::Unauthorized, .. }) = result {
            self.invalidate();
        }
        result
    }

    /// Throws the proofs away.
    pub(crate) fn invalidate(&self) {
        self.proofs().clear();
    }

    fn is_verified(&self, kind: RecordType, now: Instant) -> bool {
        self.proofs().get(&kind).is_some_and(|asked| now < asked.after(GOOD_FOR))
    }

    fn record(
        &self,
        kind: RecordType,
        asked: Instant,
        answer: Result<Node, NetSuiteError>,
    ) -> Result<(), NetSuiteError> {
        match answer.and_then(reply::parse_get).map_err(NetSuiteError::of_a_proof) {
            // However it is said that there is no such record: we were let in to look.
            Ok(_) => {}
            Err(error) if error.class.is_refusal() => {}
            Err(error) => return Err(error),
        }
        self.proofs().insert(kind, asked);
        Ok(())
    }

    fn proofs(&self) -> MutexGuard<'_, BTreeMap<RecordType, Instant>> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn probe(kind: RecordType) -> Request {
    request::get_by_external_id(kind, NO_RECORD)
}

#[cfg(test)]
mod tests;
