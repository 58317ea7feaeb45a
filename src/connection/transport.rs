//! Where frames go: the sending half of any byte stream.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

/// The sending half of a byte stream.
pub(crate) trait SendHalf: Send {
    /// Writes as much as the stream accepts now.
    ///
    /// # Errors
    /// Any error but [`io::ErrorKind::Interrupted`] ends the connection.
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>;

    /// Shuts down this half of the stream, after everything that was written.
    ///
    /// # Errors
    /// Those of the stream. Nothing can be done about them.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

/// TCP. Tries to write first, and polls for readiness only if that would block: tokio's `poll_write`
/// counts against the cooperative budget of the calling task, which may write for hundreds of
/// connections here.
impl SendHalf for OwnedWriteHalf {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [one] = slices
            && let Some(done) = send_now(self.as_ref(), one)
        {
            return Poll::Ready(done);
        }
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

/// Sends one buffer with one system call, without asking tokio or libc; `None` if the socket takes
/// nothing, so that tokio has to find out when it does. Nearly every delivery is one such call.
#[cfg(unix)]
fn send_now(socket: &TcpStream, buffer: &[u8]) -> Option<io::Result<usize>> {
    use rustix::net::{SendFlags, send};
    #[cfg(target_os = "linux")]
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    #[cfg(not(target_os = "linux"))]
    let flags = SendFlags::DONTWAIT;
    match send(socket, buffer, flags) {
        Ok(written) => Some(Ok(written)),
        Err(error) if error == rustix::io::Errno::AGAIN => None,
        Err(error) => Some(Err(error.into())),
    }
}

#[cfg(not(unix))]
fn send_now(_socket: &TcpStream, _buffer: &[u8]) -> Option<io::Result<usize>> {
    None
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
