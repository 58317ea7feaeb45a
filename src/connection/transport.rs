//! Where frames go: the sending half of any byte stream.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::net::tcp::OwnedWriteHalf;

/// The sending half of a byte stream.
pub(crate) trait SendHalf: Send {
    /// Writes as much as the stream takes now.
    ///
    /// # Errors
    /// Any error ends the connection, [`io::ErrorKind::Interrupted`] apart.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Ends the stream in this direction, after all that was written.
    ///
    /// # Errors
    /// Whatever the stream says; there is nothing more to be done about it.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// TCP. Tries first and asks whether the socket is ready only if it was not: `poll_write` of tokio
/// counts against the budget of the calling task, which here writes for hundreds of connections.
impl SendHalf for OwnedWriteHalf {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            let written = match slices {
                [one] => self.try_write(one),
                many => self.try_write_vectored(many),
            };
            match written {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready!(self.as_ref().poll_write_ready(cx))?;
                }
                done => return Poll::Ready(done),
            }
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_shutdown(cx)
    }
}

/// Any other stream.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Stream<W>(pub(crate) W);

#[cfg(test)]
impl<W: AsyncWrite + Send + Unpin> SendHalf for Stream<W> {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl SendHalf for Box<dyn SendHalf> {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        (**self).poll_write(cx, slices)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        (**self).poll_shutdown(cx)
    }
}
