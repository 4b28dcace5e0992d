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
    http::{Request, StatusCode},
};
use flate2::read::MultiGzDecoder;
use http_body_util::LengthLimitError;
use ports::Clock;

use super::answer::EventAnswer;
use crate::wiring::webhook::EventError;

/// From the end of the head to the end of the body.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What every gzip file begins with, and no JSON does.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Why nothing can be made of a body.
#[derive(Debug)]
pub(super) enum Unusable {
    /// It has more than so many bytes.
    TooLarge(usize),
    Malformed(EventError),
}

impl From<EventError> for Unusable {
    fn from(why: EventError) -> Self {
        Self::Malformed(why)
    }
}

impl From<Unusable> for EventAnswer {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::TooLarge(most) => {
                let limit = format!("the body is over {most} bytes");
                Self::refused(StatusCode::PAYLOAD_TOO_LARGE, &limit)
            }
            Unusable::Malformed(why) => why.into(),
        }
    }
}

/// The whole body. What does not come in time or breaks off is no fault of the
/// event: it is to be sent again. Nobody waits for what is said to be too large.
pub(super) async fn read(
    request: Request<Body>,
    most: usize,
    clock: &dyn Clock,
) -> Result<Bytes, EventAnswer> {
    let declared = usize::try_from(request.body().size_hint().lower()).unwrap_or(usize::MAX);
    if most < declared {
        return Err(Unusable::TooLarge(most).into());
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
            return Unusable::TooLarge(most).into();
        }
        EventAnswer::overloaded("the body broke off")
    })
}

/// Whether it is packed. What the head says of it is not asked: a proxy on the way may have packed
/// or unpacked it and kept silent.
pub(super) fn is_packed(body: &[u8]) -> bool {
    body.starts_with(&GZIP)
}

/// The decompressed body, at most `most` bytes of it.
pub(super) fn unpacked(body: &[u8], most: usize) -> Result<Cow<'_, [u8]>, Unusable> {
    if !is_packed(body) {
        return Ok(Cow::Borrowed(body));
    }
    let mut whole = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    match MultiGzDecoder::new(body).take(limit).read_to_end(&mut whole) {
        Ok(length) if length <= most => Ok(Cow::Owned(whole)),
        Ok(_) => Err(Unusable::TooLarge(most)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(unusable("ends too early")),
        Err(_) => Err(unusable("cannot be unpacked")),
    }
}

fn unusable(what: &str) -> Unusable {
    EventError { field: "body".to_owned(), problem: format!("is gzip that {what}") }.into()
}

#[cfg(test)]
mod tests;
