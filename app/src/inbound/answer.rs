//! The answers of the service: the webhook's table of outcomes, and rejections.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::CancellationId;
use ports::{CancellationState, FieldError};
use serde::Serialize;
use tracing::Span;

use crate::process::outcome::Outcome;

/// An answer: `{"outcome", "id", "reason"}` and, where they help, more.
#[derive(Debug, Serialize)]
pub(super) struct EventAnswer {
    #[serde(skip)]
    pub(super) status: StatusCode,
    #[serde(skip)]
    connection: Connection,
    pub(super) outcome: &'static str,
    id: Option<String>,
    pub(super) reason: Option<String>,
    /// The reason in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// The field of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// External ids of memos that this call put on record.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    memos: Vec<String>,
}

/// What happens to the connection after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Kept,
    /// It is closed, so that the caller opens a new one when there is room.
    Closed,
}

impl EventAnswer {
    /// The outcome of an attempt.
    pub(super) fn of(id: &CancellationId, outcome: &Outcome) -> Self {
        let status = match outcome {
            Outcome::Unavailable { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::OK,
        };
        Self {
            reason: outcome.reason().map(|it| it.name().to_owned()),
            detail: outcome.reason().map(domain::Reason::redacted),
            memos: outcome.memos().iter().map(ToString::to_string).collect(),
            ..Self::about(id, status, outcome.name())
        }
    }

    /// The outcome of an event that was delivered before; `None` while it is still being processed.
    pub(super) fn settled(
        id: &CancellationId,
        state: CancellationState,
        reason: Option<&str>,
    ) -> Option<Self> {
        let outcome = match state {
            CancellationState::Posted => "already-posted",
            CancellationState::Skipped => "skipped",
            CancellationState::Parked => "parked",
            CancellationState::Working | CancellationState::Deferred => return None,
        };
        let reason = reason.map(str::to_owned);
        Some(Self { reason, ..Self::about(id, StatusCode::OK, outcome) })
    }

    /// Stored durably, and processed later.
    pub(super) fn accepted(id: &CancellationId) -> Self {
        Self::about(id, StatusCode::OK, "accepted")
    }

    /// An event that the service does not handle.
    pub(super) fn ignored(name: &str) -> Self {
        let reason = Some(format!("events named {name} are not handled"));
        Self { reason, ..Self::new(StatusCode::OK, "ignored") }
    }

    /// Requeued on a person's request.
    pub(super) fn retried(id: &CancellationId) -> Self {
        Self::about(id, StatusCode::OK, "retried")
    }

    /// A rejected call, with the reason.
    pub(super) fn refused(status: StatusCode, reason: &str) -> Self {
        let outcome = if status.is_server_error() { "unavailable" } else { "rejected" };
        Self { reason: Some(reason.to_owned()), ..Self::new(status, outcome) }
    }

    /// The service accepts no more work.
    pub(super) fn shutting_down() -> Self {
        Self::refused(StatusCode::SERVICE_UNAVAILABLE, "shutting down")
    }

    /// The call is valid but there is no room: the caller should send it again.
    pub(super) fn overloaded(reason: &str) -> Self {
        let refused = Self::refused(StatusCode::INTERNAL_SERVER_ERROR, reason);
        Self { connection: Connection::Closed, ..refused }
    }

    /// Records the answer on the delivery's span.
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
            connection: Connection::Kept,
            outcome,
            id: None,
            reason: None,
            detail: None,
            field: None,
            memos: Vec::new(),
        }
    }
}

/// A call of the wrong shape, with the field named.
impl From<FieldError> for EventAnswer {
    fn from(why: FieldError) -> Self {
        let refused = Self::refused(StatusCode::BAD_REQUEST, &why.to_string());
        Self { field: Some(why.field), ..refused }
    }
}

/// Why a call was rejected, for the log.
#[derive(Clone)]
pub(super) struct Why(pub(super) String);

impl IntoResponse for EventAnswer {
    fn into_response(self) -> Response {
        let (status, connection) = (self.status, self.connection);
        let why = self.reason.clone().map(Why);
        let mut response = (status, Json(self)).into_response();
        if let Some(why) = why {
            response.extensions_mut().insert(why);
        }
        let mut add =
            |name, value| response.headers_mut().insert(name, HeaderValue::from_static(value));
        match status {
            StatusCode::UNAUTHORIZED => add(header::WWW_AUTHENTICATE, "Bearer"),
            StatusCode::TOO_MANY_REQUESTS => add(header::RETRY_AFTER, "60"),
            _ => None,
        };
        if connection == Connection::Closed {
            add(header::CONNECTION, "close");
        }
        response
    }
}
