//! The unread rest of a request that was answered before its end.
//!
//! A client that is rejected in the middle of a body continues to send it. Closing the connection
//! before the rest is read would reset it and lose the answer: the client would see no 413 and send
//! the same event for ever. So the rest is read and discarded, within limits, while the answer is
//! sent.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http_body_util::BodyExt;
use hyper::{
    HeaderMap,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header,
};
use tokio::runtime::Handle;

/// The most that is read of a rest: sixteen of the largest events, by default.
pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;
/// The most time that it may take.
pub(super) const LINGER: Duration = Duration::from_secs(10);

/// A request's body, whose unread rest is discarded.
pub(super) struct Lingering {
    /// `None` once it was read to its end.
    body: Option<Incoming>,
    /// The client sent `Expect: 100-continue` and waits; the first read of the body makes it send.
    waits: bool,
    left_off: Arc<AtomicBool>,
}

impl Lingering {
    /// The body of a request with this head, and a flag that is set if it was not read to its end.
    pub(super) fn of(headers: &HeaderMap, body: Incoming) -> (Self, Arc<AtomicBool>) {
        let left_off = Arc::new(AtomicBool::new(false));
        let waits = headers.contains_key(header::EXPECT);
        (Self { body: Some(body), waits, left_off: Arc::clone(&left_off) }, left_off)
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        self.waits = false;
        let Some(body) = self.body.as_mut() else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(body).poll_frame(context);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else {
            return;
        };
        self.left_off.store(true, Ordering::Relaxed);
        // A client that waits for 100 Continue has sent nothing, so it reads the answer. Without a
        // runtime the process is ending.
        if !self.waits
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move { tokio::time::timeout(LINGER, discard(body)).await.ok() });
        }
    }
}

/// Reads to the end, or to the limit.
async fn discard(mut body: Incoming) {
    let mut left = MAX_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(less) => left = less,
            None => return,
        }
    }
}
