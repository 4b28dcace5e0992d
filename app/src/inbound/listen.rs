//! Listens, and limits the cost of each caller: the number of connections, the time and size of a
//! request's head, and the idle time.
//!
//! The limits of bodies are in the module that reads them; those of unread bodies in `unread_body`.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{Request, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tokio_util::{io::InspectReader, sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

use super::{refusals::Refusals, unread_body::Lingering};

/// The time from the first byte of a request, or from connecting, to the end of its head.
const HEAD: Duration = Duration::from_secs(10);
/// The time from an answer to the next request. It is longer than the idle time of load balancers,
/// so that they close first.
const IDLE: Duration = Duration::from_secs(75);
/// The size of the request line and all header fields, and of the data read ahead of a body's
/// reader. At most 100 fields are accepted.
const HEAD_BYTES: usize = 16 * 1024;
/// The pause after a system error, for example too many open files.
const PAUSE: Duration = Duration::from_secs(1);

/// The phase of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Waits for the next request, while the last answer is sent.
    Idle,
    /// Waits for the rest of a request's head.
    Head,
    /// Waits for the service.
    Answer,
}

/// Serves at most `most` connections at once until `stop`; further ones wait.
/// Returns when every request that was begun is answered.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    refusals: Arc<Refusals>,
    most: usize,
    stop: CancellationToken,
) {
    let seats = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let connections = TaskTracker::new();
    while let Some((stream, peer, seat)) = stop.run_until_cancelled(next(&listener, &seats)).await {
        let (routes, refusals, stop) = (routes.clone(), Arc::clone(&refusals), stop.clone());
        connections.spawn(async move {
            connection(stream, peer, routes, &refusals, stop).await;
            drop(seat);
        });
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// The next connection, once there is a permit for it.
async fn next(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    let seat = Arc::clone(seats).acquire_owned().await.expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, seat),
            Err(error) => {
                tracing::error!(%error, "Failed to accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Serves one connection until it ends, is overdue, or has answered its last
/// request after `stop`.
async fn connection(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: SocketAddr,
    routes: Router,
    refusals: &Refusals,
    stop: CancellationToken,
) {
    let (phase, watched) = watch::channel(Phase::Head);
    let phase = Arc::new(phase);
    let heard = Arc::clone(&phase);
    let stream = InspectReader::new(stream, move |bytes: &[u8]| {
        heard.send_if_modified(|it| {
            let begins = *it == Phase::Idle && !bytes.is_empty();
            if begins {
                *it = Phase::Head;
            }
            begins
        });
    });
    let service = service_fn(move |request: Request<Incoming>| {
        let (routes, phase) = (routes.clone(), Arc::clone(&phase));
        async move {
            phase.send_replace(Phase::Answer);
            let (parts, body) = request.into_parts();
            let (body, left_off) = Lingering::of(&parts.headers, body);
            let mut request = Request::from_parts(parts, Body::new(body));
            request.extensions_mut().insert(ConnectInfo(peer));
            let mut answer = routes.oneshot(request).await;
            if let Ok(answer) = answer.as_mut()
                && left_off.load(Ordering::Relaxed)
            {
                let close = header::HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            phase.send_replace(Phase::Idle);
            answer
        }
    });
    let server = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let (mut server, mut overdue) = (pin!(server), pin!(overdue(watched)));
    let ended = tokio::select! {
        ended = server.as_mut() => ended,
        () = overdue.as_mut() => return,
        () = stop.cancelled() => {
            server.as_mut().graceful_shutdown();
            tokio::select! {
                ended = server => ended,
                () = overdue => return,
            }
        }
    };
    // Other errors of a connection concern only its caller; work that was started is not undone.
    if let Err(why) = ended
        && why.is_parse()
    {
        refusals.note_head(&why);
    }
}

/// Returns when a phase has taken too long. The service's own work has other limits.
async fn overdue(mut phase: watch::Receiver<Phase>) {
    loop {
        let limit = match *phase.borrow_and_update() {
            Phase::Idle => IDLE,
            Phase::Head => HEAD,
            Phase::Answer => Duration::MAX,
        };
        match tokio::time::timeout(limit, phase.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => std::future::pending().await,
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests;
