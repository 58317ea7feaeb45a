//! One run: a server, its clients and its operator, on a clock of their own.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::client;
use super::history::{Connection, History, Operated, Sight};
use super::jitter::{Jitter, jittered};
use super::rng::Rng;
use crate::clock::Clock;
use crate::config::Settings;
use crate::connection::Flusher;
use crate::hub::{Events, Pacing};
use crate::lobby::event::Interest;
use crate::model::{Limits, Timestamp};
use crate::net::admission::Admission;
use crate::net::serve::Service;
use crate::operator::{Command, Operator, ServerInfo, Snapshot};
use crate::server::world::{World, WorldParts};

/// How long clients act: in most runs, and in a few in which somebody may flood for so long that it
/// is closed.
const LIVELY: Duration = Duration::from_secs(8);
const LONG: Duration = Duration::from_secs(14);

/// How long they only read then: whoever is silent has been found out at the end of it.
const QUIET: Duration = Duration::from_secs(8);

const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Names that the clients come with, and passwords: two that are one person, and one that pretends
/// to be another.
const PEOPLE: [(&str, &str); 8] = [
    ("ada", "1"),
    ("Bea", "2"),
    ("ada", "1"),
    ("cy \u{1f47d}", ""),
    ("bea", "3"),
    ("Dan", "4"),
    ("eve\"", "5"),
    ("cy \u{1f47d}", ""),
];

/// What clients need of a run.
pub(super) struct Stage {
    pub(super) clock: Clock,
    pub(super) service: Arc<Service>,
    pub(super) admission: Arc<Admission>,
    pub(super) threads: usize,
    pub(super) quiet: Timestamp,
    pub(super) stop: Timestamp,
    /// Bytes of the largest message.
    pub(super) largest: u64,
    /// Many flood.
    pub(super) floods: bool,
    pub(super) connections: Mutex<Vec<Connection>>,
}

/// Runs a seed; returns its history.
pub(super) fn run(seed: u64) -> History {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O needs nothing");
    runtime.block_on(play(seed))
}

fn limits(rng: &mut Rng, large: bool) -> Limits {
    Limits {
        handshake_timeout: Duration::from_secs(2),
        login_timeout: Duration::from_secs(3),
        idle_timeout: IDLE_TIMEOUT,
        max_rooms_per_user: 3,
        max_rooms: 4,
        max_connections: 24,
        messages_per_s: Some(60.0),
        messages_burst: 90,
        bytes_per_s: Some(200e3),
        bytes_burst: 300 << 10,
        max_message_bytes: if large { 160 << 10 } else { 1 << 10 },
        queue_bytes: if large { 64 << 10 } else { *rng.pick(&[4 << 10, 1 << 20]) },
        memory_bytes: Some(if large && rng.one_in(2) { 400 << 10 } else { 1 << 30 }),
        history_messages: 12,
        ..Limits::lab()
    }
}

async fn play(seed: u64) -> History {
    let mut rng = Rng::new(seed);
    let start = Timestamp::from_micros(1_763_000_000_000_000 + rng.within(0..10_000_000));
    let clock = Clock::starting_at(start);
    let threads = 1 + rng.within(0..2) as usize;
    let fps = *rng.pick(&[2.0, 10.0, 30.0, 72.0, 90.5]);
    let large = rng.one_in(4);
    let limits = limits(&mut rng, large);
    let (history_messages, tight) = (limits.history_messages, limits.queue_bytes < 64 << 10);
    let jitter = Jitter {
        yields: *rng.pick(&[0, 2, 5]),
        sleeps: *rng.pick(&[0, 0, 20]),
        longest: Duration::from_millis(4),
    };
    let flushers: Vec<Arc<Flusher>> = (0..threads).map(|_| Arc::default()).collect();
    let (stop, stopping) = watch::channel(false);
    let stop = Arc::new(stop);
    let listening = ([127, 0, 0, 1], 1).into();
    let info = ServerInfo {
        listening,
        urls: Vec::new(),
        started: clock.now(),
        recording_defaults: Default::default(),
        recording_path: None,
    };
    let (operator, port) = Operator::new(info, stop.clone());
    let mut events = Events::default();
    let mut listener = events.listen(1 << 24, || Interest::ALL);
    let World { hub, service, .. } = World::new(WorldParts {
        settings: Settings { fps, limits, ..Settings::default() },
        clock,
        pacing: Arc::new(Pacing::new(clock)),
        flushers: flushers.clone(),
        port,
        log: None,
        events,
        stopping: stopping.clone(),
    });
    let abrupt = rng.one_in(4);
    let lively = if rng.one_in(10) { LONG } else { LIVELY };
    let max = &service.shared.limits;
    let stage = Arc::new(Stage {
        clock,
        admission: Admission::new(max.max_connections, None),
        threads,
        service,
        quiet: clock.now().plus(lively),
        stop: clock.now().plus(if abrupt { lively / 2 } else { lively + QUIET }),
        largest: if large { 120 << 10 } else { 400 },
        floods: lively == LONG,
        connections: Mutex::default(),
    });
    let hub = tokio::spawn(jittered(jitter, rng.split(), hub.run(stopping)));
    for flusher in flushers.into_iter().skip(1) {
        let rng = rng.split();
        tokio::spawn(async move { jittered(jitter, rng, flusher.run()).await });
    }
    let people: Vec<_> = PEOPLE
        .iter()
        .take(rng.within(3..9) as usize)
        .map(|(user, pass)| tokio::spawn(person(stage.clone(), rng.split(), user, pass)))
        .collect();
    let watching = rng.one_in(3).then(|| operator.watch());
    let operated = tokio::spawn(operate(stage.clone(), rng.split(), operator.clone()));
    tokio::time::sleep_until(clock.instant_of(stage.stop)).await;
    let mut sight = Sight::default();
    if !abrupt {
        let mut snapshots = operator.watch();
        snapshots.next().await;
        sight = snapshots.next().await.map(|snapshot| see(&snapshot)).unwrap_or_default();
    }
    drop(watching);
    let stopped = clock.now();
    stop.send_replace(true);
    let emptied = async {
        hub.await.expect("the hub does not panic");
        stage.admission.emptied().await;
    };
    let drained = tokio::time::timeout(Duration::from_secs(60), emptied).await.is_ok();
    let drained = drained.then(|| clock.now());
    for person in people {
        // If the server has not let everyone go, their clients wait for ever.
        if let Ok(ended) = tokio::time::timeout(Duration::from_secs(60), person).await {
            ended.expect("a client does not panic");
        }
    }
    let operated = operated.await.expect("the operator does not panic");
    let events = std::iter::from_fn(|| listener.try_recv().ok()).collect();
    let connections = std::mem::take(&mut *stage.connections.lock());
    History {
        fps,
        history_messages,
        connections,
        events,
        operated,
        sight,
        large,
        tight,
        abrupt,
        stopped,
        drained,
    }
}

/// Somebody who connects again and again, and sometimes while the old connection is still there.
async fn person(stage: Arc<Stage>, mut rng: Rng, user: &'static str, pass: &'static str) {
    let mut visits = Vec::new();
    loop {
        tokio::time::sleep(rng.millis(0..1500)).await;
        if stage.clock.now() >= stage.quiet.min(stage.stop) {
            break;
        }
        let visit = client::visit(stage.clone(), rng.split(), user.into(), pass.into());
        let mut visit = tokio::spawn(visit);
        let patience = if rng.one_in(2) { rng.millis(500..5000) } else { LIVELY };
        if tokio::time::timeout(patience, &mut visit).await.is_err() {
            visits.push(visit);
        }
    }
    for visit in visits {
        visit.await.expect("a client does not panic");
    }
}

async fn operate(stage: Arc<Stage>, mut rng: Rng, operator: Operator) -> Vec<Operated> {
    let mut operated = Vec::new();
    loop {
        tokio::time::sleep(rng.millis(50..1500)).await;
        if stage.clock.now() >= stage.quiet.min(stage.stop) {
            return operated;
        }
        let room = (*rng.pick(&["lobby", "atrium", "Lab", "vault"])).to_owned();
        let maybe = rng.one_in(2).then(|| room.clone());
        let user = (*rng.pick(&["ADA", "Bea", "Dan"])).to_owned();
        let command = match rng.within(0..8) {
            0 => Command::Kick { user, reason: rng.one_in(2).then(|| "go".to_owned()) },
            1..3 => Command::CloseRoom { room },
            3..5 => Command::SetFps { room: maybe, fps: Some(*rng.pick(&[0.5, 5.0, 60.0, 240.0])) },
            5 => Command::Announce { room: maybe, text: "hear".into() },
            6 => Command::PinRoom { room, pinned: rng.one_in(2) },
            _ => Command::SetTitle { room, title: "a title".into() },
        };
        let outcome = operator.execute(command.clone()).await;
        operated.push(Operated { command, outcome });
    }
}

fn see(snapshot: &Snapshot) -> Sight {
    let rooms = snapshot.rooms.iter().map(|room| (room.name.to_string(), room.users));
    let users = snapshot.users.iter().map(|user| {
        let mut rooms: Vec<String> =
            user.rooms.iter().map(|presence| presence.room.to_string()).collect();
        rooms.sort();
        (user.name.to_string(), (user.session, rooms))
    });
    let clocks = snapshot
        .users
        .iter()
        .filter_map(|user| Some((user.session, (snapshot.taken_at, user.clock?))));
    Sight { rooms: rooms.collect(), users: users.collect(), clocks: clocks.collect() }
}
