//! A headset: a client on an off-the-shelf WebSocket library.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::terminal::until;

/// How many ticks a rate is measured over.
const MEASURED: usize = 8;

#[derive(Debug, Default)]
struct Heard {
    texts: Vec<String>,
    ticks: Vec<Instant>,
    closed_with: Option<u16>,
}

#[derive(Debug)]
pub(crate) struct Headset {
    heard: Arc<Mutex<Heard>>,
    send: mpsc::UnboundedSender<String>,
}

impl Headset {
    /// Connects and logs in; returns once the login is answered.
    pub(crate) async fn login(address: &str, name: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a server");
        let url = format!("ws://{address}/");
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("a handshake");
        let (mut sink, mut source) = socket.split();
        let (send, mut to_send) = mpsc::unbounded_channel::<String>();
        let heard = Arc::new(Mutex::new(Heard::default()));
        tokio::spawn(async move {
            while let Some(text) = to_send.recv().await {
                if sink.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        });
        let ears = heard.clone();
        tokio::spawn(async move {
            while let Some(Ok(message)) = source.next().await {
                let mut heard = ears.lock();
                match message {
                    Message::Text(text) if text.contains("\"type\":\"transform\"") => {
                        heard.ticks.push(Instant::now());
                    }
                    Message::Text(text) => heard.texts.push(text.to_string()),
                    Message::Close(Some(frame)) => heard.closed_with = Some(frame.code.into()),
                    _ => {}
                }
            }
        });
        let headset = Self { heard, send };
        headset.sends(&format!(r#"{{"system":"login","options":{{"user":"{name}","pass":""}}}}"#));
        until("a login", || headset.said("\"code\":202")).await;
        headset
    }

    fn sends(&self, text: &str) {
        // After a kick, nobody receives this any more.
        let _ = self.send.send(text.to_owned());
    }

    pub(crate) async fn join(&mut self, room: &str) {
        self.sends(&format!(r#"{{"room":"{room}","type":"join","data":""}}"#));
        until("a listing", || self.said(&format!("\"room\":\"{room}\""))).await;
    }

    /// From now on, sends a pose a hundred times a second.
    pub(crate) fn stream(&self, room: &str) {
        let pose = format!(
            r#"{{"room":"{room}","type":"transform","data":{{"pos":{{"x":1,"y":1.7,"z":0}}}}}}"#
        );
        let send = self.send.clone();
        tokio::spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_millis(10));
            while send.send(pose.clone()).is_ok() {
                beat.tick().await;
            }
        });
    }

    /// Pings for a while, each time as soon as the last ping is answered; returns how long it took.
    pub(crate) async fn pings_for(&mut self, time: Duration) -> Duration {
        let start = Instant::now();
        while start.elapsed() < time {
            let before = self.answers();
            self.sends(r#"{"system":"ping"}"#);
            until("an answer", || self.answers() > before).await;
        }
        start.elapsed()
    }

    fn answers(&self) -> usize {
        self.heard.lock().texts.iter().filter(|text| text.contains("\"code\":220")).count()
    }

    pub(crate) fn said(&self, part: &str) -> bool {
        self.heard.lock().texts.iter().any(|text| text.contains(part))
    }

    pub(crate) fn closed_with(&self) -> Option<u16> {
        self.heard.lock().closed_with
    }

    /// Ticks per second over the last few.
    pub(crate) fn tick_rate(&self) -> f64 {
        let heard = self.heard.lock();
        let Some(first) = heard.ticks.len().checked_sub(MEASURED) else { return 0.0 };
        let last = &heard.ticks[first..];
        let time = last[MEASURED - 1].duration_since(last[0]).as_secs_f64();
        (MEASURED - 1) as f64 / time.max(1e-6)
    }
}
