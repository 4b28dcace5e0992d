//! Selects the cancellations that are retried together. The state is mandatory, so that no request
//! retries everything by mistake.

use std::fmt;

use domain::{OrderId, Tenant, Timestamp};
use ports::{CancellationState, Query};

use crate::operator::json::instant;

/// Cancellations in this state that match the other conditions, where those are given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// In this state.
    pub state: CancellationState,
    /// Only with this reason.
    pub reason: Option<String>,
    /// Only of this tenant.
    pub tenant: Option<Tenant>,
    /// Only of this order.
    pub order: Option<OrderId>,
    /// Only those first received since.
    pub since: Option<Timestamp>,
}

impl Filter {
    /// The query for the journal.
    pub(super) fn query(&self) -> Query {
        Query {
            state: Some(self.state),
            reason: self.reason.clone(),
            tenant: self.tenant.clone(),
            order: self.order.clone(),
            since: self.since,
            ..Query::default()
        }
    }
}

/// For the audit trail.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "state={}", self.state.name())?;
        let given = [
            ("reason", self.reason.clone()),
            ("tenant", self.tenant.as_ref().map(ToString::to_string)),
            ("order", self.order.as_ref().map(ToString::to_string)),
            ("since", self.since.map(instant)),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                write!(f, " {name}={value}")?;
            }
        }
        Ok(())
    }
}
