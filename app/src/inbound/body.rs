//! Reads a body within bounds: its size, packed and unpacked, and the time that it may take to
//! come.

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

/// From the end of the head to the end of the body.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What every gzip file begins with, and no JSON does.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// A byte order mark in UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Why a body cannot be read as an event.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It has more than so many bytes.
    #[error("the body is over {0} bytes")]
    TooLarge(usize),
    /// A compressed body breaks off.
    #[error("the end of the body is missing")]
    Truncated,
    /// It is no event.
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

/// Reads the whole body. One that does not come in time or breaks off is answered 500, so that it
/// is sent again; one that declares too large a length is answered 413 at once.
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
            return Err(EventAnswer::overloaded("the body did not come in time"));
        }
    };
    body.map_err(|error| {
        if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) {
            return BodyError::TooLarge(most).into();
        }
        EventAnswer::overloaded("the body broke off")
    })
}

/// Reads an event, compressed or not, of at most `most` bytes, received at this time.
///
/// # Errors
///
/// A body that is too large, breaks off, or is no event.
pub(crate) fn event(
    decoder: &dyn EventDecoder,
    body: &[u8],
    most: usize,
    received: Timestamp,
) -> Result<Event, BodyError> {
    Ok(decoder.decode(&unpacked(body, most)?, received)?)
}

/// What the head says of the body's encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// None, or gzip: found out from the body itself.
    Readable,
    /// One that is not read here.
    Other,
}

impl Encoding {
    /// What these header fields say.
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

    /// Whether this body can be read. A proxy may have decoded it and left the field.
    pub(super) fn is_readable(self, body: &[u8]) -> bool {
        let begins_as_json = body.trim_ascii_start().starts_with(b"{") || body.starts_with(BOM);
        self == Self::Readable || is_packed(body) || begins_as_json
    }
}

/// Whether it is packed. What the head says of it is not asked: a proxy on the way may have packed
/// or unpacked it and kept silent.
pub(super) fn is_packed(body: &[u8]) -> bool {
    body.starts_with(&GZIP)
}

/// The decompressed body, at most `most` bytes of it. It may have several gzip members, and white
/// space or zeros behind the last, as `gzip` itself takes it.
fn unpacked(body: &[u8], most: usize) -> Result<Cow<'_, [u8]>, BodyError> {
    if !is_packed(body) {
        return Ok(Cow::Borrowed(body));
    }
    let mut whole = Vec::new();
    let mut rest = body;
    while is_packed(rest) {
        let room = u64::try_from(most - whole.len()).unwrap_or(u64::MAX);
        let mut member = GzDecoder::new(rest);
        member.by_ref().take(room.saturating_add(1)).read_to_end(&mut whole).map_err(|error| {
            match error.kind() {
                ErrorKind::UnexpectedEof => BodyError::Truncated,
                _ => unusable("cannot be unpacked"),
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
        Err(unusable("has something else behind it"))
    }
}

fn unusable(what: &str) -> BodyError {
    FieldError { field: "body".to_owned(), problem: format!("is gzip that {what}") }.into()
}

#[cfg(test)]
mod tests;
