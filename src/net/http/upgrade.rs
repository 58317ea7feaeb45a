//! The opening handshake (RFC 6455, section 4.2).

use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::answer::Answer;
use crate::model::Limits;

/// Whether a request asks for WebSocket.
pub(super) fn is_asked(request: &httparse::Request<'_, '_>) -> bool {
    has_token(request, "upgrade", "websocket")
}

/// Checks a handshake; returns the `Sec-WebSocket-Accept` of its answer.
///
/// # Errors
/// The answer if it can't be accepted.
pub(super) fn check(
    request: &httparse::Request<'_, '_>,
    limits: &Limits,
) -> Result<String, Answer> {
    if !is_asked(request) {
        return Err(Answer::new(
            "426 Upgrade Required",
            "vrlobby is running here, and speaks WebSocket: connect to this address with ws://",
        )
        .with("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
    }
    if request.version != Some(1) || !has_token(request, "connection", "upgrade") {
        return Err(Answer::new(
            "400 Bad Request",
            "a WebSocket handshake is HTTP/1.1 with Connection: Upgrade",
        ));
    }
    if values(request, "sec-websocket-version").next() != Some("13") {
        return Err(Answer::new("426 Upgrade Required", "only WebSocket version 13 is supported")
            .with("Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"));
    }
    let mut keys = values(request, "sec-websocket-key");
    let key = match (keys.next(), keys.next()) {
        (Some(key), None) if is_key(key) => key,
        _ => {
            return Err(Answer::new(
                "400 Bad Request",
                "there has to be one Sec-WebSocket-Key, 16 bytes in base64",
            ));
        }
    };
    if let Some(allowed) = &limits.origins
        && let Some(origin) = values(request, "origin").next()
        && !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    {
        return Err(Answer::new(
            "403 Forbidden",
            "pages of this origin may not connect; the operator can allow it with --origin",
        ));
    }
    Ok(derive_accept_key(key.as_bytes()))
}

/// The answer to a handshake that is accepted.
pub(super) fn switching_protocols(accept: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

fn values<'a>(
    request: &'a httparse::Request<'_, '_>,
    name: &'static str,
) -> impl Iterator<Item = &'a str> {
    request
        .headers
        .iter()
        .filter(move |header| header.name.eq_ignore_ascii_case(name))
        .filter_map(|header| std::str::from_utf8(header.value).ok())
        .map(str::trim)
}

fn has_token(request: &httparse::Request<'_, '_>, name: &'static str, token: &str) -> bool {
    values(request, name)
        .flat_map(|value| value.split(','))
        .any(|value| value.trim().eq_ignore_ascii_case(token))
}

/// 16 bytes in base64 (RFC 6455, section 4.1): 22 digits and two equals signs.
fn is_key(key: &str) -> bool {
    key.strip_suffix("==").is_some_and(|digits| {
        digits.len() == 22
            && digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
    })
}
