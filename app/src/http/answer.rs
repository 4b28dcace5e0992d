//! What the webhook answers: the table of outcomes, once.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::CancellationId;
use ports::State;
use serde::Serialize;
use tracing::Span;

use crate::{credit::Outcome, wiring::webhook::Malformed};

/// An answer: `{"outcome", "id", "reason"}` and, where they help, more.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    #[serde(skip)]
    pub(super) status: StatusCode,
    pub(super) outcome: &'static str,
    id: Option<String>,
    pub(super) reason: Option<String>,
    /// The reason in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The field of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// External ids of memos that are on record because of this call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    memos: Vec<String>,
}

impl Answer {
    /// What became of an event just now.
    pub(super) fn of(id: &CancellationId, outcome: &Outcome) -> Self {
        let status = match outcome {
            Outcome::Unavailable { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::OK,
        };
        Self {
            reason: outcome.reason().map(|it| it.name().to_owned()),
            detail: outcome.reason().map(domain::Reason::in_our_words),
            memos: outcome.memos().iter().map(ToString::to_string).collect(),
            ..Self::about(id, status, outcome.name())
        }
    }

    /// What became of an event that was delivered before; `None` while it is
    /// still being worked on.
    pub(super) fn settled(id: &CancellationId, state: State, reason: Option<&str>) -> Option<Self> {
        let outcome = match state {
            State::Posted => "already-posted",
            State::Skipped => "skipped",
            State::Parked => "parked",
            State::Working | State::Deferred => return None,
        };
        let reason = reason.map(str::to_owned);
        Some(Self { reason, ..Self::about(id, StatusCode::OK, outcome) })
    }

    /// Durable, and worked on later.
    pub(super) fn accepted(id: &CancellationId) -> Self {
        Self::about(id, StatusCode::OK, "accepted")
    }

    /// An event that is not for us.
    pub(super) fn ignored(name: &str) -> Self {
        let reason = Some(format!("events named {name} are not handled"));
        Self { reason, ..Self::new(StatusCode::OK, "ignored") }
    }

    /// A call that is not taken, and why.
    pub(super) fn refused(status: StatusCode, reason: &str) -> Self {
        let outcome = match status {
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            _ => "rejected",
        };
        Self { reason: Some(reason.to_owned()), ..Self::new(status, outcome) }
    }

    /// A body of the wrong shape, with the field named.
    pub(super) fn malformed(why: Malformed) -> Self {
        let refused = Self::refused(StatusCode::BAD_REQUEST, &why.to_string());
        Self { field: Some(why.field), ..refused }
    }

    /// Says on the delivery's span what is answered.
    pub(super) fn write_on(&self, span: &Span) {
        span.record("http.response.status_code", self.status.as_u16());
        span.record("outcome", self.outcome);
        span.record("reason", self.reason.as_deref());
        if self.status.is_server_error() {
            span.record("otel.status_code", "ERROR");
        }
    }

    fn about(id: &CancellationId, status: StatusCode, outcome: &'static str) -> Self {
        Self { id: Some(id.to_string()), ..Self::new(status, outcome) }
    }

    fn new(status: StatusCode, outcome: &'static str) -> Self {
        Self {
            status,
            outcome,
            id: None,
            reason: None,
            detail: None,
            field: None,
            memos: Vec::new(),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}
