//! A listener on the loopback that can be closed and opened again on the same port.
//!
//! Closing it also cuts keep-alive connections. A single request can have its connection cut
//! without an answer. So clients see real "connection refused" and "connection reset" errors.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, extract::connect_info::Connected, serve::IncomingStream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    task::JoinHandle,
};

#[cfg(test)]
mod tests;

/// A running server; it stops when this is dropped.
pub struct Server {
    address: SocketAddr,
    wanted: watch::Sender<Gate>,
    actual: watch::Receiver<Gate>,
    task: JoinHandle<()>,
}

/// Whether connections are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    Shut,
}

/// Cuts the connection of a request.
#[derive(Clone)]
pub struct Wire(Arc<Notify>);

impl Server {
    /// Listens on a free port of the loopback.
    pub async fn start(router: Router) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (wanted, follow) = watch::channel(Gate::Open);
        let (tell, actual) = watch::channel(Gate::Open);
        let door = Door { address, listener: Some(listener), wanted: follow, actual: tell };
        let service = router.into_make_service_with_connect_info::<Wire>();
        let task = tokio::spawn(async move {
            // This ends only with the task, because accepting never fails.
            let _: io::Result<()> = axum::serve(door, service).await;
        });
        Ok(Self { address, wanted, actual, task })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and cuts all connections; returns when this is done.
    pub async fn shut(&self) {
        self.turn(Gate::Shut).await;
    }

    /// Listens again on the same port; returns when this is done.
    pub async fn open(&self) {
        self.turn(Gate::Open).await;
    }

    async fn turn(&self, gate: Gate) {
        self.wanted.send_replace(gate);
        let mut actual = self.actual.clone();
        // An error means that the server has ended, so it does not listen anyway.
        let _ = actual.wait_for(|it| *it == gate).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.wanted.send_replace(Gate::Shut);
        self.task.abort();
    }
}

impl Wire {
    /// Closes the connection without an answer. Never returns, because this ends the request.
    pub async fn cut<T>(self) -> T {
        self.0.notify_one();
        std::future::pending().await
    }
}

impl Connected<IncomingStream<'_, Door>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        Self(Arc::clone(&stream.io().cut))
    }
}

struct Door {
    address: SocketAddr,
    listener: Option<TcpListener>,
    wanted: watch::Receiver<Gate>,
    actual: watch::Sender<Gate>,
}

impl Door {
    async fn step(&mut self) -> io::Result<Option<TcpStream>> {
        let wanted = *self.wanted.borrow_and_update();
        match (&self.listener, wanted) {
            (Some(listener), Gate::Open) => tokio::select! {
                accepted = listener.accept() => Ok(Some(accepted?.0)),
                _ = self.wanted.changed() => Ok(None),
            },
            (None, Gate::Open) => {
                self.listener = Some(TcpListener::bind(self.address).await?);
                self.actual.send_replace(Gate::Open);
                Ok(None)
            }
            (_, Gate::Shut) => {
                self.listener = None;
                self.actual.send_replace(Gate::Shut);
                if self.wanted.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
                Ok(None)
            }
        }
    }
}

impl axum::serve::Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        loop {
            match self.step().await {
                Ok(Some(stream)) => {
                    let connection = Connection::new(stream, self.wanted.clone());
                    return (connection, self.address);
                }
                Ok(None) => {}
                // Out of sockets, or the port is still in use: both are temporary.
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

pub(crate) struct Connection {
    stream: TcpStream,
    cut: Arc<Notify>,
    end: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Connection {
    fn new(stream: TcpStream, mut gate: watch::Receiver<Gate>) -> Self {
        // Without it small answers wait for the other side's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        let cut = Arc::new(Notify::new());
        let own = Arc::clone(&cut);
        let end = Box::pin(async move {
            tokio::select! {
                () = own.notified() => {}
                _ = gate.wait_for(|it| *it == Gate::Shut) => {}
            }
        });
        Self { stream, cut, end }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.end.as_mut().poll(cx).is_ready() {
            // A finished future must not be polled again.
            this.end = Box::pin(std::future::ready(()));
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut this.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
