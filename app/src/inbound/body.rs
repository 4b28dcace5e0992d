//! Reads a request body within limits: its size, compressed and decompressed, and the time until it
//! is complete.

use std::{
    borrow::Cow,
    error::Error,
    io::{ErrorKind, Read},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
};
use domain::Timestamp;
use flate2::bufread::GzDecoder;
use http_body_util::LengthLimitError;
use ports::{Clock, Event, EventDecoder, FieldError};

use super::answer::EventAnswer;

/// The time from the end of the head to the end of the body.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The first bytes of gzip data; JSON never begins with them.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The UTF-8 byte order mark.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why a body cannot be read as an event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It has more than this many bytes.
    #[error("the body is over {0} bytes")]
    TooLarge(usize),
    /// The compressed data is incomplete.
    #[error("the compressed body is incomplete")]
    Truncated,
    /// It is not an event.
    #[error(transparent)]
    Malformed(#[from] FieldError),
}

impl From<BodyError> for EventAnswer {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(_) => {
                Self::refused(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string())
            }
            BodyError::Truncated => Self::overloaded(&error.to_string()),
            BodyError::Malformed(error) => error.into(),
        }
    }
}

/// Reads the complete body. A late or incomplete body is answered 500, so that it is sent again. A
/// declared length above the limit is answered 413 at once.
pub(super) async fn read(
    request: Request<Body>,
    most: usize,
    clock: &dyn Clock,
) -> Result<Bytes, EventAnswer> {
    let declared = usize::try_from(request.body().size_hint().lower()).unwrap_or(usize::MAX);
    if most < declared {
        return Err(BodyError::TooLarge(most).into());
    }
    let body = tokio::select! {
        biased;
        body = to_bytes(request.into_body(), most) => body,
        () = clock.sleep(TIMEOUT) => {
            return Err(EventAnswer::overloaded("the body did not arrive in time"));
        }
    };
    body.map_err(|error| {
        if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) {
            return BodyError::TooLarge(most).into();
        }
        EventAnswer::overloaded("the body is incomplete")
    })
}

/// Reads an event, compressed or not, of at most `most` bytes, received at this time.
///
/// # Errors
///
/// The body is too large, incomplete, or not an event.
pub(crate) fn event(
    decoder: &dyn EventDecoder,
    body: &[u8],
    most: usize,
    received: Timestamp,
) -> Result<Event, BodyError> {
    Ok(decoder.decode(&decompressed(body, most)?, received)?)
}

/// The body's encoding, according to the request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// None or gzip; the body itself shows which.
    Readable,
    /// An unsupported encoding.
    Other,
}

impl Encoding {
    /// The encoding in these header fields.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let fields = headers.get_all(header::CONTENT_ENCODING).iter();
        let is_readable = |coding: &str| {
            let coding = coding.trim().to_ascii_lowercase();
            ["", "identity", "gzip", "x-gzip"].contains(&&*coding)
        };
        let all_readable =
            |field: &HeaderValue| field.to_str().is_ok_and(|it| it.split(',').all(is_readable));
        if fields.into_iter().all(all_readable) { Self::Readable } else { Self::Other }
    }

    /// Whether this body can be read. A proxy may have decoded it without removing the field.
    pub(super) fn is_readable(self, body: &[u8]) -> bool {
        let begins_as_json = body.trim_ascii_start().starts_with(b"{") || body.starts_with(BOM);
        self == Self::Readable || is_gzip(body) || begins_as_json
    }
}

/// Whether the body is gzip. Only the body decides, because a proxy may have compressed or
/// decompressed it without changing the head.
pub(super) fn is_gzip(body: &[u8]) -> bool {
    body.starts_with(&GZIP)
}

/// The decompressed body of at most `most` bytes. Like `gzip`, it accepts several members, and
/// white space or zeros after the last one.
fn decompressed(body: &[u8], most: usize) -> Result<Cow<'_, [u8]>, BodyError> {
    if !is_gzip(body) {
        return Ok(Cow::Borrowed(body));
    }
    let mut whole = Vec::new();
    let mut rest = body;
    while is_gzip(rest) {
        let room = u64::try_from(most - whole.len()).unwrap_or(u64::MAX);
        let mut member = GzDecoder::new(rest);
        member.by_ref().take(room.saturating_add(1)).read_to_end(&mut whole).map_err(|error| {
            match error.kind() {
                ErrorKind::UnexpectedEof => BodyError::Truncated,
                _ => unusable("cannot be decompressed"),
            }
        })?;
        if most < whole.len() {
            return Err(BodyError::TooLarge(most));
        }
        rest = member.into_inner();
    }
    if rest.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace()) {
        Ok(Cow::Owned(whole))
    } else {
        Err(unusable("has other data after its end"))
    }
}

fn unusable(what: &str) -> BodyError {
    FieldError { field: "body".to_owned(), problem: format!("is gzip that {what}") }.into()
}

#[cfg(test)]
mod tests;
