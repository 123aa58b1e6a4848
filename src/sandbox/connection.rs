//! Connections that can be cut.
//!
//! A fault such as a lost reply happens below HTTP, so accepted sockets are wrapped: a handler
//! holds the switch of the connection its request came on, and the next write finds it cut. A cut
//! closes the socket with a reset instead of an orderly end.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Cuts the connection it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Cut {
    /// Bytes that may still be written; negative means as many as there are.
    allowance: Arc<AtomicI64>,
}

impl Cut {
    fn new() -> Self {
        Self {
            allowance: Arc::new(AtomicI64::new(-1)),
        }
    }

    /// Resets the connection once `bytes` more have been written to it.
    pub(crate) fn after(&self, bytes: u32) {
        self.allowance.store(i64::from(bytes), Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Loopback>> for Cut {
    fn connect_info(stream: IncomingStream<'_, Loopback>) -> Self {
        stream.io().cut.clone()
    }
}

/// A listener whose connections can be cut.
#[derive(Debug)]
pub(crate) struct Loopback(pub(crate) TcpListener);

impl Listener for Loopback {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Small replies must not wait for an acknowledgement; a refusal only costs time.
        let _ = stream.set_nodelay(true);
        let cut = Cut::new();
        (Connection { stream, cut }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A socket and its switch.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    cut: Cut,
}

impl Connection {
    /// How many of `wanted` bytes may be written; none once the connection is cut.
    fn permitted(&self, wanted: usize) -> io::Result<usize> {
        let left = self.cut.allowance.load(Ordering::Relaxed);
        if left < 0 {
            return Ok(wanted);
        }
        if left == 0 {
            // A reset instead of an orderly end, as a dying peer or a load balancer sends it.
            let _ = self.stream.set_zero_linger();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(usize::try_from(left).map_or(wanted, |left| left.min(wanted)))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let permitted = match self.permitted(buffer.len()) {
            Ok(permitted) => permitted,
            Err(error) => return Poll::Ready(Err(error)),
        };
        let head = buffer.get(..permitted).unwrap_or(buffer);
        let written = Pin::new(&mut self.stream).poll_write(context, head);
        if let Poll::Ready(Ok(count)) = written
            && self.cut.allowance.load(Ordering::Relaxed) > 0
        {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.cut.allowance.fetch_sub(count, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
