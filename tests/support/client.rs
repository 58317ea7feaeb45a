//! Somebody in a headset: what they send and what they must be told.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::hall::Hall;
use super::json::{Json, json};
use super::said::{Answer, Entry, Event, Pose, Said};
use super::wire::{CLOSE, Frame, Received, Wire};
use super::{PING, join, login, within};

pub(crate) struct Client {
    pub(crate) wire: Wire,
    pub(crate) name: String,
    /// The listing of `lobby` at the login.
    pub(crate) listing: Vec<Entry>,
}

impl Client {
    /// Connects, and does not log in.
    pub(crate) async fn connect(hall: &Hall) -> Self {
        Self::connect_to(hall.addr()).await
    }

    /// Connects to a server that is not a [`Hall`], and does not log in.
    pub(crate) async fn connect_to(addr: SocketAddr) -> Self {
        Self::over(Wire::dial(addr).await).await
    }

    /// Connects with small buffers, for one who is going to read slowly.
    pub(crate) async fn connect_narrow(hall: &Hall) -> Self {
        Self::connect_narrow_to(hall.addr()).await
    }

    /// As [`Self::connect_narrow`], to a server that is not a [`Hall`].
    pub(crate) async fn connect_narrow_to(addr: SocketAddr) -> Self {
        Self::over(Wire::dial_narrow(addr).await).await
    }

    async fn over(mut wire: Wire) -> Self {
        wire.shake().await;
        Self { wire, name: "nobody".to_owned(), listing: Vec::new() }
    }

    /// Connects and logs in without a password; reads the answer and the listing of `lobby`.
    pub(crate) async fn login(hall: &Hall, name: &str) -> Self {
        Self::login_with(hall, name, "").await
    }

    pub(crate) async fn login_with(hall: &Hall, name: &str, pass: &str) -> Self {
        let mut client = Self::connect(hall).await;
        client.enter(name, pass).await;
        client
    }

    /// Logs in on this connection; reads the answer and the listing of `lobby`.
    pub(crate) async fn enter(&mut self, name: &str, pass: &str) {
        self.name = name.to_owned();
        let answer = self.asks(&login(name, pass), 202).await;
        assert_eq!(answer.detail, json("{}"), "{answer:?}");
        self.listing = self.listing_of("lobby").await;
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.wire.text(text).await;
    }

    /// The next thing that the server says.
    pub(crate) async fn said(&mut self) -> Said {
        match within(&format!("something to {}", self.name), self.wire.next()).await {
            Received::Text(text) => Said::read(&text),
            other => panic!("{} got {other:?}", self.name),
        }
    }

    /// What comes next must be an answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        match self.said().await {
            Said::Answer(answer) => answer,
            other => panic!("{} was due an answer, not {other:?}", self.name),
        }
    }

    /// What comes next must be an event.
    pub(crate) async fn event(&mut self) -> Event {
        match self.said().await {
            Said::Event(event) => event,
            other => panic!("{} was due an event, not {other:?}", self.name),
        }
    }

    /// Sends a request; what comes next must be an answer with `code`.
    pub(crate) async fn asks(&mut self, request: &str, code: u16) -> Answer {
        self.send(request).await;
        let answer = self.answer().await;
        assert_eq!(answer.code, code, "{} asked {request:.300} and got {answer:?}", self.name);
        answer
    }

    /// Nothing has come and nothing is on its way: the answer to a ping is next.
    pub(crate) async fn quiet(&mut self) {
        self.asks(PING, 220).await;
    }

    /// What comes next must be an event of one entry, with these words in it. `data` is JSON.
    pub(crate) async fn expect(&mut self, room: &str, user: &str, kind: &str, data: &str) -> Entry {
        let mut event = self.event().await;
        let what = format!("{} was due {kind} {data:.100} of {user} in {room}", self.name);
        assert_eq!(event.entries.len(), 1, "{what}, not {event:?}");
        let entry = event.entries.remove(0);
        assert_eq!(
            (event.room.as_str(), entry.user.as_str(), entry.kind.as_str()),
            (room, user, kind),
            "{what}, not {entry:?}"
        );
        assert_eq!(entry.data, json(data), "{what}");
        entry
    }

    /// What comes next must be a message of text.
    pub(crate) async fn hears(&mut self, room: &str, user: &str, text: &str) -> Entry {
        self.expect(room, user, "msg", &super::quoted(text)).await
    }

    /// What comes next must be the listing of a room.
    pub(crate) async fn listing_of(&mut self, room: &str) -> Vec<Entry> {
        let event = self.event().await;
        assert_eq!(event.room, room, "{event:?}");
        for entry in &event.entries {
            assert_eq!((entry.kind.as_str(), &entry.data), ("join", &Json::text("")), "{event:?}");
        }
        event.entries
    }

    /// Joins a room; what comes next must be its listing.
    pub(crate) async fn join(&mut self, room: &str) -> Vec<Entry> {
        self.send(&join(room)).await;
        self.listing_of(room).await
    }

    /// Reads events until the close frame of a server that goes down, answers it (RFC 6455,
    /// section 5.5.1) and sees the connection end.
    pub(crate) async fn is_told_1001(&mut self) {
        loop {
            match within(&format!("close 1001 to {}", self.name), self.wire.next()).await {
                Received::Close(code, _) => {
                    assert_eq!(code, Some(1001));
                    let answer = Frame::new(CLOSE, &1001_u16.to_be_bytes()).bytes();
                    // The server need not wait for it.
                    let _ = self.wire.try_send(&answer).await;
                    return self.wire.ended().await;
                }
                Received::Text(text) => assert!(matches!(Said::read(&text), Said::Event(_))),
                other => panic!("{} got {other:?}", self.name),
            }
        }
    }

    /// What comes next must be a tick.
    pub(crate) async fn tick(&mut self, room: &str) -> BTreeMap<String, Pose> {
        let event = self.event().await;
        assert_eq!(event.room, room, "{event:?}");
        event.poses()
    }

    /// Reads ticks of a room until one fulfils `condition`; nothing else may come.
    pub(crate) async fn tick_with(
        &mut self,
        room: &str,
        condition: impl Fn(&BTreeMap<String, Pose>) -> bool,
    ) -> BTreeMap<String, Pose> {
        within(&format!("a certain tick of {room} to {}", self.name.clone()), async {
            loop {
                let poses = self.tick(room).await;
                if condition(&poses) {
                    return poses;
                }
            }
        })
        .await
    }

    /// The next thing that is not a tick.
    pub(crate) async fn beside_ticks(&mut self) -> Said {
        within(&format!("more than ticks to {}", self.name.clone()), async {
            loop {
                match self.said().await {
                    Said::Event(event) if event.is_tick() => {}
                    other => return other,
                }
            }
        })
        .await
    }
}

/// A user's pose, given by `x` alone.
pub(crate) fn x_of(poses: &BTreeMap<String, Pose>, user: &str) -> Option<f64> {
    poses.get(user).map(|pose| pose.pos[0])
}
