//! Verifies the permission to read, without which "nothing found" proves nothing.
//!
//! A search without permission returns no rows and no error; a `get` returns an error. So before an
//! empty result is accepted, a record that cannot exist is read: NetSuite answers "does not exist"
//! only to a role that has the permission.

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

/// How long a verification is valid.
const GOOD_FOR: Duration = Duration::from_hours(1);

/// The types that are searched for; an empty result leads to an action.
const SEARCHED: [RecordType; 2] = [RecordType::Invoice, RecordType::CreditMemo];

/// An external id that no record has.
pub(crate) const NO_RECORD: &str = "nst-no-such-record";

/// The time of the last verification, by record type.
#[derive(Debug, Default)]
pub(crate) struct VerifiedPermissions {
    proofs: Mutex<BTreeMap<RecordType, Instant>>,
    /// Held during a call, so that one call verifies for all waiting callers.
    asking: tokio::sync::Mutex<()>,
}

impl VerifiedPermissions {
    /// Fails unless existing records of this type would be visible.
    pub(crate) async fn verify(
        &self,
        client: &Client,
        kind: RecordType,
    ) -> Result<(), NetSuiteError> {
        if self.is_verified(kind, client.instant()) {
            return Ok(());
        }
        // If another caller's verification is not answered, this caller's time has passed as well.
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

    /// Discards all verifications after a call was forbidden, because other permissions may be
    /// missing, too.
    pub(crate) fn note<T>(&self, result: Result<T, NetSuiteError>) -> Result<T, NetSuiteError> {
        if let Err(NetSuiteError { class: Class::Forbidden | Class::Unauthorized, .. }) = result {
            self.invalidate();
        }
        result
    }

    /// Discards all verifications.
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
            // Any form of "no such record" shows that the role may read.
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
