//! Listeners that come while the server runs: what is there, and then exactly what follows.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;
use vrlobby::ServerHandle;
use vrlobby::events::{EventKind, Interest, LobbyEvent, Present, SubscribeError};
use vrlobby::model::{MarkPhase, SessionId};
use vrlobby::operator::{Command, OperatorError, TEXT_LIMIT};

use super::support::client::Client;
use super::support::said::Said;
use super::support::wire::Received;
use super::support::{PING, join, leave, list, say, within};
use super::{ended, enter, start};

const ROOMS: [&str; 4] = ["lobby", "atrium", "lab", "vault"];
const PEOPLE: [&str; 6] = ["ada", "ben", "cy", "dan", "eve", "fay"];

/// What each of them does.
const STEPS: u64 = 60;

/// Presence alone.
const PRESENCE: Interest =
    Interest { presence: true, messages: false, poses: false, ticks: false, clocks: false };

/// What a listener knows of the server; any event that contradicts it panics.
#[derive(Debug, PartialEq)]
struct Known {
    fps: f64,
    rooms: BTreeMap<String, (Option<f64>, BTreeSet<String>)>,
    users: BTreeMap<String, (SessionId, SocketAddr)>,
    connections: BTreeMap<SessionId, SocketAddr>,
}

impl Known {
    fn of(present: &Present) -> Self {
        let mut known = Self {
            fps: present.fps,
            rooms: present
                .rooms
                .iter()
                .map(|room| (room.name.to_string(), (room.own_fps, BTreeSet::new())))
                .collect(),
            users: BTreeMap::new(),
            connections: present.connections.iter().copied().collect(),
        };
        for user in &present.users {
            let name = user.user.to_string();
            assert!(known.connections.insert(user.session, user.peer).is_none(), "{present:?}");
            known.users.insert(name.clone(), (user.session, user.peer));
            for room in &user.rooms {
                known.room(room.as_str()).1.insert(name.clone());
            }
        }
        known
    }

    fn room(&mut self, name: &str) -> &mut (Option<f64>, BTreeSet<String>) {
        self.rooms.get_mut(name).unwrap_or_else(|| panic!("there is no room {name}"))
    }

    fn follow(&mut self, kind: &EventKind) {
        let is_new = match kind {
            EventKind::Connected { session, peer } => {
                self.connections.insert(*session, *peer).is_none()
            }
            EventKind::Disconnected { session } => {
                !self.users.values().any(|(user, _)| user == session)
                    && self.connections.remove(session).is_some()
            }
            EventKind::LoggedIn { session, user } => {
                let peer = self.connections[session];
                self.users.insert(user.to_string(), (*session, peer)).is_none()
            }
            EventKind::LoggedOut { user, .. } => {
                let name = user.to_string();
                let absent = !self.rooms.values().any(|(_, members)| members.contains(&name));
                absent && self.users.remove(&name).is_some()
            }
            EventKind::RoomOpened { room } => {
                self.rooms.insert(room.to_string(), (None, BTreeSet::new())).is_none()
            }
            EventKind::RoomClosed { room } => {
                self.rooms.remove(room.as_str()).is_some_and(|(_, members)| members.is_empty())
            }
            EventKind::Joined { user, room, session } => {
                assert_eq!(self.users[user.as_str()].0, *session);
                self.room(room.as_str()).1.insert(user.to_string())
            }
            EventKind::Left { user, room, .. } => self.room(room.as_str()).1.remove(user.as_str()),
            EventKind::FpsChanged { room: Some(room), fps } => {
                self.room(room.as_str()).0 = *fps;
                true
            }
            EventKind::FpsChanged { room: None, fps } => {
                self.fps = fps.unwrap_or(self.fps);
                self.rooms.values_mut().for_each(|room| room.0 = None);
                true
            }
            EventKind::TookOver { .. }
            | EventKind::Refused { .. }
            | EventKind::Operated { .. }
            | EventKind::Marked { .. } => true,
            other => panic!("{other:?} is not presence, or not due"),
        };
        assert!(is_new, "{kind:?} contradicts {self:?}");
    }
}

/// The next event.
async fn next(events: &mut Receiver<LobbyEvent>) -> EventKind {
    within("an event", events.recv()).await.expect("more events").kind
}

/// The first event.
async fn present(events: &mut Receiver<LobbyEvent>) -> Arc<Present> {
    match next(events).await {
        EventKind::Present(present) => present,
        other => panic!("{other:?} came before what is there"),
    }
}

/// What a listener knows when the operator marks the end.
async fn known_at_the_end(mut events: Receiver<LobbyEvent>) -> Known {
    let mut known = Known::of(&*present(&mut events).await);
    loop {
        match next(&mut events).await {
            EventKind::Marked { label, .. } if &*label == "the end" => return known,
            kind => known.follow(&kind),
        }
    }
}

/// Reads until everything that was asked for is answered.
async fn catch_up(client: &mut Client) {
    client.send(PING).await;
    loop {
        match client.said().await {
            Said::Answer(answer) if answer.code == 220 => return,
            _ => {}
        }
    }
}

/// Comes and goes, has the operator do things, and subscribes in the middle of it.
async fn wander(
    handle: Arc<ServerHandle>,
    name: &'static str,
    mut dice: u64,
) -> (Client, Vec<Receiver<LobbyEvent>>) {
    let mut roll = move |sides: u64| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 8) % sides
    };
    let come = async |handle: &ServerHandle| {
        let mut client = Client::connect_to(handle.local_addr()).await;
        client.enter(name, "secret").await;
        client
    };
    let mut client = come(&handle).await;
    let mut listeners = Vec::new();
    for _ in 0..STEPS {
        let room = ROOMS[roll(4) as usize];
        let operator = handle.operator();
        let fps = Some(1.0 + roll(90) as f64);
        match roll(12) {
            0..4 => client.send(&join(room)).await,
            4..8 => client.send(&leave(room)).await,
            8 => {
                // The old connection is closed only after the new one has taken over.
                let new = come(&handle).await;
                drop(std::mem::replace(&mut client, new));
            }
            9 => {
                let _ = operator.try_send(Command::CloseRoom { room: room.to_owned() });
            }
            10 => {
                let room = Some(room.to_owned());
                let _ = operator.try_send(Command::SetFps { room, fps });
            }
            _ => {
                let _ = operator.try_send(Command::SetFps { room: None, fps });
            }
        }
        if roll(6) == 0 {
            listeners.push(handle.subscribe(PRESENCE, 1 << 16).expect("a subscription"));
        }
        catch_up(&mut client).await;
    }
    (client, listeners)
}

#[tokio::test]
async fn who_comes_late_gets_what_is_there_and_then_all_that_follows() {
    let handle = Arc::new(start());
    let tasks: Vec<_> = PEOPLE
        .into_iter()
        .zip(1..)
        .map(|(name, seed)| {
            let seed = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed);
            tokio::spawn(wander(handle.clone(), name, seed))
        })
        .collect();
    let (mut clients, mut listeners) = (Vec::new(), Vec::new());
    for task in tasks {
        let (client, more) = task.await.expect("no panic");
        clients.push(client);
        listeners.extend(more);
    }
    assert!(listeners.len() > 20, "only {} have subscribed", listeners.len());
    let operator = handle.operator();
    let mark = Command::Mark { label: "the end".to_owned(), phase: MarkPhase::Instant };
    operator.execute(mark).await.expect("a mark");
    // One more, who has seen nothing happen.
    listeners.push(handle.subscribe(PRESENCE, 64).expect("a subscription"));
    let again = Command::Mark { label: "the end".to_owned(), phase: MarkPhase::Instant };
    operator.execute(again).await.expect("a mark");
    let snapshot = {
        let mut reader = operator.watch();
        within("a snapshot", reader.next()).await.expect("the server runs")
    };
    let rooms: BTreeMap<String, (Option<f64>, BTreeSet<String>)> = snapshot
        .rooms
        .iter()
        .map(|room| (room.name.to_string(), (room.own_fps.then_some(room.fps), BTreeSet::new())))
        .collect();
    let mut all = Vec::new();
    for listener in listeners {
        let known = known_at_the_end(listener).await;
        assert_eq!(known.fps, snapshot.fps);
        let mut expected = rooms.clone();
        for user in &snapshot.users {
            let peer = user.peer.expect("an address");
            assert_eq!(known.users.get(&*user.name), Some(&(user.session, peer)));
            for presence in &user.rooms {
                let room = expected.get_mut(&*presence.room).expect("a room");
                room.1.insert(user.name.to_string());
            }
        }
        assert_eq!(known.users.len(), snapshot.users.len());
        assert_eq!(known.rooms, expected);
        all.push(known);
    }
    // And what the members are told themselves.
    for client in &mut clients {
        catch_up(client).await;
        for room in ROOMS {
            let members = all[0].rooms.get(room).map(|(_, members)| members.clone());
            client.send(&list(room)).await;
            match client.said().await {
                Said::Event(event) => {
                    let users = event.users().into_iter().map(str::to_owned).collect();
                    assert_eq!(members, Some(users));
                }
                Said::Answer(answer) => {
                    assert_eq!(answer.code, 401);
                    assert!(members.is_none_or(|members| !members.contains(&client.name)));
                }
            }
        }
    }
}

#[tokio::test]
async fn the_last_events_are_those_of_the_drain() {
    let handle = start();
    let mut ada = enter(handle.local_addr(), "ada").await;
    let mut events = handle.subscribe(Interest::ALL, 1 << 16).expect("a subscription");
    assert_eq!(present(&mut events).await.users[0].user.as_str(), "ada");
    for n in 0..200 {
        ada.send(&say("lobby", &n.to_string())).await;
    }
    handle.stop();
    let mut heard = 0;
    while let Received::Text(_) = within("what was said, or the end", ada.wire.next()).await {
        heard += 1;
    }
    let mut said = 0;
    while let Some(event) = within("an event or the end", events.recv()).await {
        said += u32::from(matches!(event.kind, EventKind::Said { .. }));
    }
    assert_eq!(said, heard, "what was told to ada is in the events, and nothing else");
    let late = handle.subscribe(Interest::ALL, 1);
    assert_eq!(late.expect_err("the server has stopped"), SubscribeError::Stopped);
    ended(handle).await;
}

#[tokio::test]
async fn marks_are_events_of_presence() {
    let handle = start();
    let mut events = handle.subscribe(PRESENCE, 64).expect("a subscription");
    let before = present(&mut events).await;
    assert_eq!((before.users.len(), before.rooms.len(), before.connections.len()), (0, 1, 0));
    let poses = Interest { poses: true, ..Interest::default() };
    let mut others = handle.subscribe(poses, 64).expect("a subscription");
    present(&mut others).await;
    for (phase, told) in [
        (MarkPhase::Begin, r#"marked "trial 7" begins"#),
        (MarkPhase::End, r#"marked "trial 7" ends"#),
        (MarkPhase::Instant, r#"marked "trial 7""#),
    ] {
        let mark = Command::Mark { label: "trial 7".to_owned(), phase };
        let done = handle.operator().execute(mark).await.expect("a mark");
        assert_eq!((&*done.message, done.users), (told, 0));
        let marked = next(&mut events).await;
        let EventKind::Marked { label, phase: got } = marked else { panic!("{marked:?}") };
        assert_eq!((&*label, got), ("trial 7", phase));
        let operated = next(&mut events).await;
        assert!(
            matches!(&operated, EventKind::Operated { action } if &**action == told),
            "{operated:?}"
        );
    }
    for length in [0, TEXT_LIMIT + 1] {
        let mark = Command::Mark { label: "x".repeat(length), phase: MarkPhase::Instant };
        let refused = handle.operator().execute(mark).await;
        assert_eq!(refused, Err(OperatorError::TextLength(length)));
    }
    handle.stop();
    assert!(within("the end of the events", others.recv()).await.is_none());
}
