//! Scripted faults of a tenant.

use std::time::Duration;

/// A kind of fault. It lasts until another is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fault {
    /// None.
    #[default]
    None,
    /// The connection is closed without an answer.
    Down,
    /// No answer until another fault is set, which then decides the answer.
    Hang,
    /// This answer to every request.
    Status {
        /// The HTTP status.
        code: u16,
        /// The body.
        body: String,
        /// Its type.
        content_type: String,
        /// Seconds in `Retry-After`, where there is one.
        retry_after: Option<u32>,
    },
    /// HTTP 200 with this message in `errors`, and no data.
    GraphqlErrors(String),
    /// The normal answer after this delay.
    Slow(Duration),
    /// The next query's token is not accepted; those after it are.
    NextTokenRejected,
    /// The answer is cut in the middle of its JSON.
    Truncate,
}

impl Fault {
    /// An answer with a JSON body.
    #[must_use]
    pub fn json(code: u16, body: &str) -> Self {
        Self::Status {
            code,
            body: body.to_owned(),
            content_type: "application/json".to_owned(),
            retry_after: None,
        }
    }

    /// The answer to a blocked address: a 403 that is not JSON.
    #[must_use]
    pub fn blocked() -> Self {
        Self::Status {
            code: 403,
            body: "<html><body><h1>403 Forbidden</h1></body></html>".to_owned(),
            content_type: "text/html".to_owned(),
            retry_after: None,
        }
    }

    /// Too many requests, with the time to wait.
    #[must_use]
    pub fn throttled(seconds: u32) -> Self {
        Self::Status {
            code: 429,
            body: r#"{"title":"too many requests","status":429}"#.to_owned(),
            content_type: "application/problem+json".to_owned(),
            retry_after: Some(seconds),
        }
    }
}
