//! The plain way to write this server with tokio-tungstenite: its default settings, a task that
//! reads and a task that writes for each connection, a bounded channel between them, the rooms
//! behind one lock. Ticks and events are encoded once and shared as `Utf8Bytes`. It knows as much
//! of the wire contract as the loads need.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::loads::Load;

/// Messages that may wait for one client; ticks are skipped above it, events end the connection.
const QUEUE: usize = 4096;

#[derive(Deserialize)]
struct Request<'a> {
    system: Option<&'a str>,
    room: Option<&'a str>,
    #[serde(rename = "type")]
    kind: Option<&'a str>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    options: Option<Login<'a>>,
}

#[derive(Deserialize)]
struct Login<'a> {
    user: &'a str,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Axes {
    x: f64,
    y: f64,
    z: f64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Pose {
    pos: Axes,
    rot: Axes,
}

#[derive(Serialize)]
struct Event<'a, T> {
    info: &'static str,
    room: &'a str,
    payload: &'a [Entry<'a, T>],
}

#[derive(Serialize)]
struct Entry<'a, T> {
    time: f64,
    user: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    data: T,
}

struct Member {
    user: Arc<str>,
    out: mpsc::Sender<Utf8Bytes>,
    pose: Option<(f64, Pose)>,
}

#[derive(Default)]
struct Room {
    members: HashMap<u64, Member>,
    news: bool,
}

type Rooms = Mutex<HashMap<String, Room>>;

struct Session {
    id: u64,
    user: Arc<str>,
    joined: Vec<String>,
    out: mpsc::Sender<Utf8Bytes>,
}

/// Serves `load` until it is killed.
pub(crate) fn serve(load: &Load, port: u16) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let rooms: Arc<Rooms> = Arc::default();
        tokio::spawn(tick(Arc::clone(&rooms), load.fps));
        static NEXT: AtomicU64 = AtomicU64::new(0);
        loop {
            let (socket, _) = listener.accept().await?;
            socket.set_nodelay(true)?;
            let (rooms, id) = (Arc::clone(&rooms), NEXT.fetch_add(1, Ordering::Relaxed));
            tokio::spawn(async move { connection(socket, &rooms, id).await });
        }
    })
}

async fn tick(rooms: Arc<Rooms>, fps: f64) {
    let mut interval = tokio::time::interval(Duration::from_secs_f64(1.0 / fps));
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        for (name, room) in rooms.lock().iter_mut().filter(|(_, room)| room.news) {
            room.news = false;
            let entries: Vec<_> = room.members.values().filter_map(Member::entry).collect();
            let frame = encode(name, &entries);
            for member in room.members.values() {
                // Whose channel is full misses this tick.
                let _ = member.out.try_send(frame.clone());
            }
        }
    }
}

async fn connection(socket: TcpStream, rooms: &Rooms, id: u64) {
    let Ok(websocket) = tokio_tungstenite::accept_async(socket).await else { return };
    let (mut sink, mut stream) = websocket.split();
    let (out, mut queue) = mpsc::channel::<Utf8Bytes>(QUEUE);
    let writer = tokio::spawn(async move {
        while let Some(first) = queue.recv().await {
            let mut next = Some(first);
            while let Some(frame) = next {
                sink.feed(Message::Text(frame)).await?;
                next = queue.try_recv().ok();
            }
            sink.flush().await?;
        }
        sink.close().await
    });
    let mut session = Session { id, user: Arc::from(""), joined: Vec::new(), out };
    while let Some(Ok(message)) = stream.next().await {
        if let Message::Text(text) = message
            && session.request(&text, rooms).is_none()
        {
            break;
        }
    }
    for room in std::mem::take(&mut session.joined) {
        session.leave(&room, &mut rooms.lock());
    }
    drop(session);
    let _ = writer.await;
}

impl Session {
    /// None ends the connection.
    fn request(&mut self, text: &str, rooms: &Rooms) -> Option<()> {
        let request: Request<'_> = serde_json::from_str(text).ok()?;
        match (request.system, request.room, request.kind.unwrap_or("msg")) {
            (Some("login"), ..) => {
                self.user = Arc::from(request.options?.user);
                self.out.try_send(answer(202, "Access granted.")).ok()?;
                self.join("lobby", &mut rooms.lock())
            }
            (Some("ping"), ..) => self.out.try_send(answer(220, "Pong.")).ok(),
            (None, Some(room), "join") => self.join(room, &mut rooms.lock()),
            (None, Some(room), "leave") => {
                self.joined.retain(|joined| joined != room);
                self.leave(room, &mut rooms.lock())
            }
            (None, Some(room), "transform") => {
                let pose = serde_json::from_str(request.data?.get()).ok()?;
                let mut rooms = rooms.lock();
                let room = rooms.get_mut(room)?;
                room.members.get_mut(&self.id)?.pose = Some((now(), pose));
                room.news = true;
                Some(())
            }
            (None, Some(room), kind) => {
                let entry = Entry { time: now(), user: &self.user, kind, data: request.data? };
                let frame = encode(room, &[entry]);
                rooms.lock().get_mut(room)?.broadcast(&frame);
                Some(())
            }
            _ => None,
        }
    }

    fn join(&mut self, name: &str, rooms: &mut HashMap<String, Room>) -> Option<()> {
        let room = rooms.entry(name.to_owned()).or_default();
        room.broadcast(&encode(name, &[presence(&self.user, "join")]));
        let member = Member { user: Arc::clone(&self.user), out: self.out.clone(), pose: None };
        room.members.insert(self.id, member);
        let listing: Vec<_> = room.members.values().map(|m| presence(&m.user, "join")).collect();
        self.joined.push(name.to_owned());
        self.out.try_send(encode(name, &listing)).ok()
    }

    fn leave(&self, name: &str, rooms: &mut HashMap<String, Room>) -> Option<()> {
        let room = rooms.get_mut(name)?;
        room.members.remove(&self.id);
        room.broadcast(&encode(name, &[presence(&self.user, "leave")]));
        if room.members.is_empty() {
            rooms.remove(name);
        }
        Some(())
    }
}

impl Member {
    fn entry(&self) -> Option<Entry<'_, Pose>> {
        let (time, data) = self.pose?;
        Some(Entry { time, user: &self.user, kind: "transform", data })
    }
}

impl Room {
    /// A member whose queue is full is removed, which closes its connection.
    fn broadcast(&mut self, frame: &Utf8Bytes) {
        self.members.retain(|_, member| member.out.try_send(frame.clone()).is_ok());
    }
}

fn presence<'a>(user: &'a str, kind: &'a str) -> Entry<'a, &'static str> {
    Entry { time: now(), user, kind, data: "" }
}

fn encode<T: Serialize>(room: &str, payload: &[Entry<'_, T>]) -> Utf8Bytes {
    let event = Event { info: "user", room, payload };
    serde_json::to_string(&event).unwrap_or_default().into()
}

fn answer(code: u16, msg: &str) -> Utf8Bytes {
    let time = now();
    format!(
        r#"{{"info":"system","response":{{"time":{time:.6},"code":{code},"msg":"{msg}","detail":{{}}}}}}"#
    )
    .into()
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
