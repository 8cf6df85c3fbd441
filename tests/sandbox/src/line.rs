//! One accepted TCP connection, observed: when it was flushed, and whether it shall end in a reset.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What an answer may know of, and ask of, the connection it goes out on.
#[derive(Default)]
pub(crate) struct Line {
    flushes: AtomicU64,
    waiting: Mutex<Option<Waker>>,
    reset: AtomicBool,
}

impl Line {
    /// Waits until everything handed to the connection so far has left for the kernel.
    ///
    /// Without it, bytes still in the server's buffer would be lost when the connection is broken off.
    pub(crate) async fn flushed(&self) {
        let before = self.flushes.load(Ordering::SeqCst);
        poll_fn(|cx| {
            *self.waiting.lock().expect("no panic while storing a waker") = Some(cx.waker().clone());
            if self.flushes.load(Ordering::SeqCst) > before { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Ends the connection with RST instead of FIN when it is closed.
    pub(crate) fn reset_on_close(&self) {
        self.reset.store(true, Ordering::SeqCst);
    }
}

/// The stream hyper reads from and writes to.
pub(crate) struct LineStream {
    stream: TcpStream,
    line: Arc<Line>,
}

impl LineStream {
    pub(crate) fn new(stream: TcpStream, line: Arc<Line>) -> Self {
        Self { stream, line }
    }
}

impl Drop for LineStream {
    fn drop(&mut self) {
        if self.line.reset.load(Ordering::SeqCst) {
            // A socket that cannot be set up for a reset is closed in the ordinary way; a test would notice.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for LineStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_ready() {
            self.line.flushes.fetch_add(1, Ordering::SeqCst);
            let waiting = self.line.waiting.lock().expect("no panic while storing a waker").take();
            if let Some(waker) = waiting {
                waker.wake();
            }
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.line.reset.load(Ordering::SeqCst) {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
