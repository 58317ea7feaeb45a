//! A client of its own making, so that the server is not tested with its own parts.
#![allow(dead_code)] // Each test crate uses its own part of this.

pub(crate) mod client;
pub(crate) mod hall;
pub(crate) mod json;
pub(crate) mod said;
pub(crate) mod wire;

use std::future::Future;
use std::time::Duration;

/// How long a test waits for what must come. Generous: tests share two cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for what must come; panics with `what` when it does not.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {PATIENCE:?} in vain: {what}"),
    }
}

/// `text` as a JSON string, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("text is always JSON")
}

pub(crate) const PING: &str = r#"{"system":"ping"}"#;

pub(crate) fn login(user: &str, pass: &str) -> String {
    let (user, pass) = (quoted(user), quoted(pass));
    format!(r#"{{"system":"login","options":{{"user":{user},"pass":{pass}}}}}"#)
}

/// A room request of `kind`; `data` is JSON.
pub(crate) fn request(room: &str, kind: &str, data: &str) -> String {
    format!(r#"{{"room":{},"type":{},"data":{data}}}"#, quoted(room), quoted(kind))
}

pub(crate) fn join(room: &str) -> String {
    request(room, "join", r#""""#)
}

pub(crate) fn leave(room: &str) -> String {
    request(room, "leave", r#""""#)
}

pub(crate) fn list(room: &str) -> String {
    request(room, "list", r#""""#)
}

/// A message of text.
pub(crate) fn say(room: &str, text: &str) -> String {
    request(room, "msg", &quoted(text))
}

/// A transform that puts the user at `x`.
pub(crate) fn stand(room: &str, x: f64) -> String {
    request(room, "transform", &format!(r#"{{"pos":{{"x":{x:?}}}}}"#))
}
