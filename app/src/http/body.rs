//! Reads a body within bounds: its size, and the time that it may take to come.

use std::{error::Error, time::Duration};

use axum::{
    body::{Body, Bytes, to_bytes},
    http::{Request, StatusCode},
};
use http_body_util::LengthLimitError;
use ports::Clock;

use super::answer::Answer;

/// From the end of the head to the end of the body.
const PATIENCE: Duration = Duration::from_secs(10);

/// The whole body. What does not come in time or breaks off is no fault of the
/// event: it is to be sent again.
pub(super) async fn read(
    request: Request<Body>,
    most: usize,
    clock: &dyn Clock,
) -> Result<Bytes, Answer> {
    let body = tokio::select! {
        biased;
        body = to_bytes(request.into_body(), most) => body,
        () = clock.sleep(PATIENCE) => {
            return Err(Answer::turned_away("the body did not come in time"));
        }
    };
    body.map_err(|error| {
        if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) {
            let limit = format!("the body is over {most} bytes");
            return Answer::refused(StatusCode::PAYLOAD_TOO_LARGE, &limit);
        }
        Answer::turned_away("the body broke off")
    })
}
