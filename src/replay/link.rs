//! A ghost's connection.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::client::{self, ConnectError, FrameKind, Socket, Target};

/// A connection that takes nothing for this long is lost.
const SEND_PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait for the answer to a close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Something that concerns the ghost itself.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    Answer {
        code: u16,
        /// One printable line.
        reason: String,
    },
    /// It is in this room.
    Joined(String),
    /// It is no longer in this room.
    Left(String),
    /// The connection is over.
    Closed(String),
}

/// A ghost's connection.
#[derive(Debug)]
pub(super) struct Link(Socket);

impl Link {
    pub(super) async fn open(target: &Target) -> Result<Self, ConnectError> {
        target.connect().await.map(Self)
    }

    /// Sends requests in one go.
    ///
    /// # Errors
    /// Why the connection is lost.
    pub(super) async fn send(&mut self, requests: &mut Vec<String>) -> Result<(), String> {
        let send = async {
            for request in requests.drain(..) {
                self.0.feed(Message::text(request)).await?;
            }
            self.0.flush().await
        };
        match timeout(SEND_PATIENCE, send).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("it takes nothing for {SEND_PATIENCE:?}")),
        }
    }

    /// Waits for something that concerns the ghost called `own`. Nothing is lost if it is dropped.
    pub(super) async fn hear(&mut self, own: &str) -> Heard {
        loop {
            let text = match self.0.next().await {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Close(frame))) => return Heard::Closed(reason(frame)),
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Heard::Closed(error.to_string()),
                None => return Heard::Closed("it ended without a close".to_owned()),
            };
            if let Some(heard) = understand(&text, own) {
                return heard;
            }
        }
    }

    /// Closes with 1000: the ghost leaves for good.
    pub(super) async fn close(mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        let closing = async {
            if self.0.close(Some(frame)).await.is_ok() {
                while let Some(Ok(_)) = self.0.next().await {}
            }
        };
        let _ = timeout(CLOSE_PATIENCE, closing).await;
    }
}

fn reason(frame: Option<CloseFrame>) -> String {
    match frame {
        Some(frame) => {
            format!("closed with {}: {}", u16::from(frame.code), client::printable(&frame.reason))
        }
        None => "closed without a code".to_owned(),
    }
}

/// What a frame says about the ghost called `own`.
fn understand(text: &str, own: &str) -> Option<Heard> {
    match client::peek(text, None) {
        FrameKind::Reply => {
            let reply = client::reply(text).ok()?;
            Some(Heard::Answer { code: reply.code, reason: reply.reason() })
        }
        FrameKind::Event => {
            let event = client::event(text).ok()?;
            let kind = event.entries.iter().find_map(|entry| match &*entry.kind {
                kind @ ("join" | "leave") if entry.user == own => Some(kind),
                _ => None,
            })?;
            let room = event.room.clone().into_owned();
            Some(if kind == "join" { Heard::Joined(room) } else { Heard::Left(room) })
        }
        FrameKind::Tick | FrameKind::Elsewhere | FrameKind::Unknown => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_concerns_the_ghost_is_heard() {
        let event = |kind: &str, users: &[&str]| {
            let entries: Vec<_> = users
                .iter()
                .map(|user| serde_json::json!({"time": 1, "user": user, "type": kind, "data": ""}))
                .collect();
            serde_json::json!({"info": "user", "room": "hall", "payload": entries}).to_string()
        };
        let heard = |kind: &str, users: &[&str]| understand(&event(kind, users), "ghost:a");
        assert_eq!(heard("join", &["ada", "ghost:a"]), Some(Heard::Joined("hall".into())));
        assert_eq!(heard("leave", &["ghost:a"]), Some(Heard::Left("hall".into())));
        for (kind, user) in [("join", "ada"), ("msg", "ghost:a"), ("transform", "ghost:a")] {
            assert_eq!(heard(kind, &[user]), None, "{kind} {user}");
        }
        let refused = r#"{"info":"error","response":{"time":1,"code":429,"msg":"Too many requests.","detail":{"reason":"at most\u001b 5"}}}"#;
        let answer = Heard::Answer { code: 429, reason: "at most 5".into() };
        assert_eq!(understand(refused, "ghost:a"), Some(answer));
        assert_eq!(understand("nonsense", "ghost:a"), None);
    }
}
