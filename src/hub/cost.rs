//! What a snapshot costs the hub.
//!
//! `cargo test --release --lib hub::cost -- --ignored --nocapture`

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::{Events, Hub, HubParts, Pacing, Refused};
use crate::clock::Clock;
use crate::connection::{Connection, Flusher, Outbox, SendHalf};
use crate::model::{Budget, Limits, Pose, RoomName, SessionId, Timestamp, UserName};
use crate::operator::{Focus, Operator, ServerInfo};
use crate::protocol::{EventBody, Password, Request};

const USERS: u64 = 1000;
const ROOMS: u64 = 20;
const FPS: u64 = 72;
const SNAPSHOTS: u64 = 200;

/// The median that a snapshot may cost, of 1,000 users who stream in 20 rooms.
const ALLOWED: Duration = Duration::from_micros(200);

/// Takes everything.
struct Nowhere;

impl SendHalf for Nowhere {
    fn poll_write(
        &mut self,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn hub() -> (Hub, Operator) {
    let clock = Clock::start();
    let info = ServerInfo {
        listening: SocketAddr::from(([127, 0, 0, 1], 1)),
        urls: Vec::new(),
        started: clock.now(),
        recording_defaults: Default::default(),
        recording_path: None,
    };
    let (operator, port) = Operator::new(info, Arc::new(watch::Sender::new(false)));
    let parts = HubParts {
        inputs: mpsc::channel(1).1,
        subscriptions: mpsc::channel(1).1,
        round_trips_wanted: Arc::default(),
        port,
        clock,
        limits: Limits { max_connections_per_address: None, ..Limits::lab() },
        budget: Budget::default(),
        fps: FPS as f64,
        flushers: vec![Arc::new(Flusher::default())],
        events: Events::default(),
        pacing: Arc::new(Pacing::new(clock)),
        refused: Arc::new(Refused::default()),
        log: None,
    };
    (Hub::new(parts), operator)
}

fn id(user: u64) -> SessionId {
    SessionId((user + 1) << 32 | user)
}

fn room(user: u64) -> RoomName {
    RoomName::new(&format!("room {}", user % ROOMS)).unwrap()
}

impl Hub {
    fn ask(&mut self, user: u64, request: Request, now: Timestamp) {
        self.lobby.handle(id(user), Ok(request), now, &mut self.dispatch);
    }

    fn fill(&mut self, now: Timestamp) {
        for user in 0..USERS {
            let outbox = Outbox::new(Box::new(Nowhere) as Box<dyn SendHalf>, 1 << 20);
            let peer = SocketAddr::from(([127, 0, 0, 1], 1));
            self.dispatch.insert(Arc::new(Connection::new(id(user), peer, 0, outbox, now)));
            self.lobby.connect(id(user), now);
            let name = UserName::new(&format!("user {user}")).unwrap();
            self.ask(user, Request::Login { user: name, password: Password::new("") }, now);
            self.ask(user, Request::Join(room(user)), now);
        }
    }

    /// As much chat as a room keeps, in messages of a size.
    fn talk(&mut self, size: usize, now: Timestamp) {
        for _ in 0..100 {
            let event = EventBody::new("msg", &format!("\"{}\"", "x".repeat(size)));
            self.ask(0, Request::Say { room: room(0), event }, now);
        }
    }

    /// Everyone streams until `end`.
    fn stream(&mut self, from: Timestamp, end: Timestamp) {
        let period = 1_000_000 / FPS;
        for frame in from.as_micros() / period..end.as_micros() / period {
            for user in 0..USERS {
                let now = Timestamp::from_micros(frame * period + user * 7 % 1000);
                let pose = Pose { pos: [1.5, 1.7, user as f64], rot: [0.0, 90.0, 0.0] };
                self.ask(user, Request::Transform { room: room(user), pose, time: None }, now);
                if user == 0 {
                    self.lobby.tick(now, &mut self.dispatch);
                    self.dispatch.flush();
                }
            }
        }
    }
}

#[test]
#[ignore = "measures; run it in release mode"]
fn a_snapshot_of_a_thousand_users_is_cheap() {
    let (mut hub, operator) = hub();
    let mut reader = operator.watch();
    let mut medians = Vec::new();
    let mut now = hub.clock.now();
    hub.fill(now);
    let mut advance = |hub: &mut Hub, time: Duration| {
        hub.stream(now, now.plus(time));
        now = now.plus(time);
        now
    };
    advance(&mut hub, Duration::from_secs(6));
    let focus = Focus { room: Some("room 0".into()), user: Some(id(0)) };
    for (what, focus, text) in [
        ("nothing in focus", Focus::default(), 0),
        ("a room and a user in focus", focus.clone(), 80),
        ("as much chat as is kept in focus", focus, 2500),
    ] {
        let now = advance(&mut hub, Duration::from_millis(100));
        hub.talk(text, now);
        operator.focus(focus);
        let mut took: Vec<Duration> = (0..SNAPSHOTS)
            .map(|_| {
                let now = advance(&mut hub, Duration::from_millis(100));
                let start = Instant::now();
                hub.publish_snapshot(now);
                let took = start.elapsed();
                assert_eq!(reader.latest().users.len() as u64, USERS);
                took
            })
            .collect();
        took.sort_unstable();
        let (median, p95) = (took[took.len() / 2], took[took.len() * 95 / 100]);
        println!("a snapshot of {USERS} users, {what}: median {median:?}, p95 {p95:?}");
        medians.push(median);
    }
    assert!(medians[0] <= ALLOWED, "{medians:?}");
}
