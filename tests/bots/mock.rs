//! As much of a server as bots need, with faults on request.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

#[derive(Default)]
pub(crate) struct World {
    users: BTreeMap<String, UnboundedSender<Message>>,
    rooms: BTreeMap<String, BTreeMap<String, Value>>,
    /// Ticks that each user was sent.
    pub(crate) ticks: BTreeMap<String, u64>,
    /// Everything said, with the user and the room.
    pub(crate) said: Vec<(String, String, Value)>,
    /// Every login, in order.
    pub(crate) logins: Vec<String>,
    /// Every join, except to the lobby, in order.
    pub(crate) joins: Vec<(String, String)>,
    /// Every pose, as it was sent.
    pub(crate) poses: Vec<(String, String, Value)>,
    /// This user gets only every other tick.
    pub(crate) short_of_ticks: Option<String>,
    /// This user hears no chat.
    pub(crate) deaf: Option<String>,
    /// These names are in use.
    pub(crate) taken: BTreeSet<String>,
    /// Every login is refused with this code.
    pub(crate) refuse: Option<u16>,
    tick: u64,
}

pub(crate) struct Mock {
    pub(crate) url: String,
    pub(crate) world: Arc<Mutex<World>>,
}

fn event(room: &str, payload: Vec<Value>) -> Message {
    Message::text(json!({"info": "user", "room": room, "payload": payload}).to_string())
}

fn entry(user: &str, kind: &str, data: &Value) -> Value {
    json!({"time": 1.0, "user": user, "type": kind, "data": data})
}

fn reply(code: u16) -> Message {
    let info = if code < 400 { "system" } else { "error" };
    let detail = if code < 400 { json!({}) } else { json!({"reason": "because\u{1b}[2J"}) };
    let response = json!({"time": 1.0, "code": code, "msg": "Text.", "detail": detail});
    Message::text(json!({"info": info, "response": response}).to_string())
}

impl World {
    fn to_room(&self, room: &str, message: &Message, except: Option<&str>) {
        for user in self.rooms.get(room).into_iter().flat_map(BTreeMap::keys) {
            if except != Some(user) {
                let _ = self.users[user].send(message.clone());
            }
        }
    }

    fn tick(&mut self) {
        self.tick += 1;
        for (room, members) in &self.rooms {
            let poses: Vec<Value> = members
                .iter()
                .filter(|(_, pose)| !pose.is_null())
                .map(|(user, pose)| entry(user, "transform", pose))
                .collect();
            if poses.is_empty() {
                continue;
            }
            let message = event(room, poses);
            for user in members.keys() {
                if self.tick.is_multiple_of(2) || self.short_of_ticks.as_ref() != Some(user) {
                    *self.ticks.entry(user.clone()).or_default() += 1;
                    let _ = self.users[user].send(message.clone());
                }
            }
        }
    }

    fn join(&mut self, user: &str, room: &str) {
        self.rooms.entry(room.into()).or_default().insert(user.into(), Value::Null);
        let members = self.rooms[room].keys().map(|member| entry(member, "join", &json!("")));
        let _ = self.users[user].send(event(room, members.collect()));
        self.to_room(room, &event(room, vec![entry(user, "join", &json!(""))]), Some(user));
        if room != "lobby" {
            self.joins.push((user.into(), room.into()));
        }
    }

    fn leave(&mut self, user: &str) {
        self.users.remove(user);
        let rooms: Vec<String> = self.rooms.keys().cloned().collect();
        for room in rooms {
            if self.rooms.get_mut(&room).and_then(|members| members.remove(user)).is_some() {
                self.to_room(&room, &event(&room, vec![entry(user, "leave", &json!(""))]), None);
            }
        }
    }

    fn request(
        &mut self,
        who: &mut Option<String>,
        out: &UnboundedSender<Message>,
        request: &Value,
    ) {
        let text = |key: &str| request[key].as_str().unwrap_or_default().to_owned();
        let Some(user) = who.clone() else {
            let user = request["options"]["user"].as_str().unwrap_or_default().to_owned();
            let in_use = self.taken.contains(&user) || self.users.contains_key(&user);
            let code = self.refuse.unwrap_or(if in_use { 409 } else { 202 });
            let _ = out.send(reply(code));
            if code == 202 {
                self.users.insert(user.clone(), out.clone());
                self.logins.push(user.clone());
                self.join(&user, "lobby");
                *who = Some(user);
            }
            return;
        };
        let (room, kind, data) = (text("room"), text("type"), request["data"].clone());
        let is_member = self.rooms.get(&room).is_some_and(|members| members.contains_key(&user));
        match kind.as_str() {
            "join" if !is_member => self.join(&user, &room),
            "transform" if is_member => {
                self.poses.push((user.clone(), room.clone(), data.clone()));
                self.rooms.get_mut(&room).unwrap().insert(user, data);
            }
            _ if !is_member => {
                let _ = out.send(reply(401));
            }
            kind => {
                let message = event(&room, vec![entry(&user, kind, &data)]);
                self.to_room(&room, &message, self.deaf.as_deref());
                self.said.push((user, room, data));
            }
        }
    }

    pub(crate) fn nobody_is_there(&self) -> bool {
        self.users.is_empty() && !self.logins.is_empty()
    }

    /// Ends a user's connection without a close frame.
    pub(crate) fn cut(&mut self, user: &str) {
        self.leave(user);
    }

    /// Kicks a user, as the operator does.
    pub(crate) fn kick(&mut self, user: &str) {
        let out = self.users[user].clone();
        let _ = out.send(reply(403));
        let frame = CloseFrame { code: CloseCode::Policy, reason: "kicked".into() };
        let _ = out.send(Message::Close(Some(frame)));
        self.leave(user);
    }

    /// Closes a room, as the operator does.
    pub(crate) fn close_room(&mut self, room: &str) {
        let members = self.rooms.remove(room).unwrap_or_default();
        for user in members.keys() {
            for gone in members.keys() {
                let _ = self.users[user].send(event(room, vec![entry(gone, "leave", &json!(""))]));
            }
        }
    }
}

impl Mock {
    pub(crate) async fn start(fps: f64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World::default()));
        let shared = world.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        let shared = world.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / fps));
            loop {
                ticks.tick().await;
                shared.lock().unwrap().tick();
            }
        });
        Self { url, world }
    }

    /// Waits until `wanted` holds; fails after 30 s.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&World) -> bool) {
        let reached = async {
            while !wanted(&self.world.lock().unwrap()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), reached).await.expect(what);
    }
}

async fn serve(stream: TcpStream, world: Arc<Mutex<World>>) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let (out, mut queue) = unbounded_channel();
    let mut out = Some(out);
    let mut who = None;
    loop {
        tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let request = serde_json::from_str(&text).unwrap();
                    let mut world = world.lock().unwrap();
                    let known = who.as_ref().and_then(|user| world.users.get(user).cloned());
                    // A kicked user still has to get what is queued.
                    let Some(sender) = known.or(out.take()) else { continue };
                    world.request(&mut who, &sender, &request);
                    // Once the user is logged in, only the world keeps the connection.
                    if who.is_none() {
                        out = Some(sender);
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break,
            },
            message = queue.recv() => match message {
                Some(message) => {
                    let last = message.is_close();
                    if socket.send(message).await.is_err() {
                        break;
                    }
                    if last {
                        // Closing with input unread sends a reset, which may overtake the close
                        // frame.
                        while let Some(Ok(_)) = socket.next().await {}
                        break;
                    }
                }
                None => break,
            },
        }
    }
    if let Some(user) = who {
        world.lock().unwrap().leave(&user);
    }
}
