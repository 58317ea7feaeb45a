//! A client of its own making, so that the server is not tested with its own parts.
#![allow(dead_code)] // Each test crate uses its own part of this.

pub(crate) mod bystander;
pub(crate) mod client;
pub(crate) mod frame;
pub(crate) mod hall;
pub(crate) mod json;
pub(crate) mod pace;
pub(crate) mod process;
pub(crate) mod said;
pub(crate) mod wire;

use std::future::Future;
use std::thread::JoinHandle;
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

/// Runs `future` on a thread of its own, so that it does not wait for the test.
pub(crate) fn on_thread<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    std::thread::spawn(|| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().expect("a runtime").block_on(future)
    })
}

/// What a thread has come to.
pub(crate) async fn ended<T: Send + 'static>(what: &str, thread: JoinHandle<T>) -> T {
    let end = tokio::task::spawn_blocking(|| thread.join());
    match within(what, end).await.expect("no panic") {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
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
