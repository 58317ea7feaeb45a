//! From an address to an open WebSocket.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Error as WsError;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::error::ConnectError;
use crate::model::DEFAULT_PORT;

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// How long connecting and the handshake may each take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Read buffers are sized for about one tick: tungstenite zero-fills the whole buffer before every
/// read, so its default of 128 KiB would cost more than a small tick itself.
const SMALL_READ: usize = 4 << 10;
const LARGEST_READ: usize = 64 << 10;
/// About the size of one head in a tick.
const HEAD_BYTES: usize = 160;

/// A server's address.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The complete address, with its port.
    pub(crate) url: String,
    host: String,
    port: u16,
    read_buffer: usize,
}

impl Target {
    /// Parses `ws://host[:port][/path]`; `ws://` and the default port may be omitted. `members` is
    /// the size of a room.
    pub(crate) fn parse(url: &str, members: usize) -> Result<Self, ConnectError> {
        let bad =
            |reason: &str| ConnectError::BadUrl { url: url.to_owned(), reason: reason.into() };
        let full = if url.contains("://") { url.to_owned() } else { format!("ws://{url}") };
        let uri: Uri = full.parse().map_err(|error| bad(&format!("{error}")))?;
        match uri.scheme_str() {
            Some("ws") => {}
            Some("wss") => return Err(bad("TLS is not supported; use ws://")),
            _ => return Err(bad("it does not start with ws://")),
        }
        let host =
            uri.host().filter(|host| !host.is_empty()).ok_or_else(|| bad("it has no host"))?;
        let port = match uri.port() {
            Some(port) => port.as_u16(),
            None if uri.authority().is_some_and(|all| all.as_str().ends_with(host)) => DEFAULT_PORT,
            None => return Err(bad("its port is not a number from 1 to 65535")),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            url: format!("ws://{host}:{port}{path}"),
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            read_buffer: (members * HEAD_BYTES).clamp(SMALL_READ, LARGEST_READ),
        })
    }

    pub(crate) async fn connect(&self) -> Result<Socket, ConnectError> {
        let stream = match timeout(PATIENCE, TcpStream::connect((&*self.host, self.port))).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                return Err(ConnectError::NothingListens { url: self.url.clone() });
            }
            Ok(Err(error)) => return Err(self.unreachable(error.to_string())),
            Err(_) => return Err(self.unreachable(format!("no answer within {PATIENCE:?}"))),
        };
        stream.set_nodelay(true).map_err(|error| self.unreachable(error.to_string()))?;
        let config = WebSocketConfig::default().read_buffer_size(self.read_buffer);
        let handshake = client_async_with_config(self.url.as_str(), stream, Some(config));
        match timeout(PATIENCE, handshake).await {
            Ok(Ok((socket, _))) => Ok(socket),
            Ok(Err(WsError::Http(answer))) => {
                let text = answer.body().as_deref().map(String::from_utf8_lossy);
                Err(ConnectError::TurnedAway {
                    url: self.url.clone(),
                    status: answer.status().as_u16(),
                    reason: super::answers::printable(text.as_deref().unwrap_or_default().trim()),
                })
            }
            Ok(Err(error)) => Err(self.not_a_web_socket(error.to_string())),
            Err(_) => Err(self.not_a_web_socket(format!("no answer within {PATIENCE:?}"))),
        }
    }

    fn unreachable(&self, reason: String) -> ConnectError {
        ConnectError::Unreachable { url: self.url.clone(), reason }
    }

    fn not_a_web_socket(&self, reason: String) -> ConnectError {
        ConnectError::NoWebSocket { url: self.url.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_completed() {
        for (given, url, host) in [
            ("ws://127.0.0.1:42069", "ws://127.0.0.1:42069/", "127.0.0.1"),
            ("localhost", "ws://localhost:42069/", "localhost"),
            ("lab.example:80/vr?x=1", "ws://lab.example:80/vr?x=1", "lab.example"),
            ("ws://[::1]:9", "ws://[::1]:9/", "::1"),
        ] {
            let target = Target::parse(given, 10).unwrap();
            assert_eq!((target.url.as_str(), target.host.as_str()), (url, host));
            assert_eq!(target.read_buffer, 4096);
        }
        assert_eq!(Target::parse("localhost", 5000).unwrap().read_buffer, LARGEST_READ);
    }

    #[test]
    fn invalid_addresses_are_named_with_the_reason() {
        for (given, reason) in [
            ("wss://lab.example", "TLS"),
            ("http://lab.example", "ws://"),
            ("ws://lab.example:99999", "port"),
            ("ws://", "ws://"),
            ("a b", "a b"),
        ] {
            let error = Target::parse(given, 1).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(given), "{error}");
        }
    }
}
