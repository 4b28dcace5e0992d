//! Proof of the right to look, without which "nothing found" means nothing.
//!
//! A search without permission answers with no rows and no word about it; a
//! `get` says so. So before no rows are believed, a record that cannot exist is
//! asked for: "does not exist" is what only someone with the right is told.

use std::time::Duration;

use domain::Timestamp;
use tokio::sync::Mutex;

use crate::{
    client::Client,
    fault::{Class, Failure},
    reply,
    request::{self, RecordType},
};

/// For how long a proof is good.
const GOOD_FOR: Duration = Duration::from_hours(1);

/// An external id that nobody gives.
pub(crate) const NO_RECORD: &str = "nst-no-such-record";

/// The proofs so far, one per type of record.
#[derive(Debug, Default)]
pub(crate) struct Rights {
    proofs: Mutex<Vec<(RecordType, Timestamp)>>,
}

impl Rights {
    /// Fails unless records of this type would be shown to us if there were any.
    pub(crate) async fn prove(&self, client: &Client, kind: RecordType) -> Result<(), Failure> {
        // Held while asking: one call is proof for everybody who waits.
        let mut proofs = self.proofs.lock().await;
        let now = client.now();
        proofs.retain(|(_, at)| now < at.after(GOOD_FOR));
        if proofs.iter().any(|(of, _)| *of == kind) {
            return Ok(());
        }
        let request = request::get_by_external_id(kind, NO_RECORD);
        match client.call(&request).await.and_then(reply::found) {
            // However it is said that there is no such record: we were let in to look.
            Ok(_) => {}
            Err(failure) if failure.class.is_refusal() => {}
            Err(failure) => return Err(failure),
        }
        proofs.push((kind, now));
        Ok(())
    }

    /// Throws the proofs away: something was forbidden, and more may be.
    pub(crate) async fn doubt(&self) {
        self.proofs.lock().await.clear();
    }

    /// Doubts when a call was forbidden.
    pub(crate) async fn note<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        if let Err(Failure { class: Class::Forbidden | Class::Unauthorized, .. }) = result {
            self.doubt().await;
        }
        result
    }
}

#[cfg(test)]
mod tests;
