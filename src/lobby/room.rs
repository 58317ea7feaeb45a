//! One room: who is in it, what was said, where they are, and what is about to be sent to all.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::Post;
use super::meter::PerSecond;
use crate::model::{Pose, RoomId, RoomName, SessionId, Timestamp};
use crate::operator::CHAT_LINES;
use crate::protocol::EventBody;
use crate::protocol::encode::{self, Events, JOIN, LEAVE};

/// What waits for all members is handed over once it is this large, also within a turn.
const OUTGOING_LIMIT: usize = 64 << 10;

/// Something that was said, shared by the history, the console's chat and a user's journal.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) time: Timestamp,
    pub(super) user: Arc<str>,
    /// The user as a JSON string.
    pub(super) user_json: Arc<str>,
    pub(super) body: EventBody,
}

#[derive(Debug)]
pub(super) struct Member {
    pub(super) session: SessionId,
    pub(super) user_json: Arc<str>,
    pub(super) joined: Timestamp,
    pub(super) pose: Option<(Timestamp, Pose)>,
    /// From where on `outgoing` is for this member too: it joined in between.
    outgoing_from: u32,
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: RoomId,
    pub(super) name: RoomName,
    name_json: Box<str>,
    pub(super) title: String,
    pub(super) pinned: bool,
    /// In no order; a session knows its own place.
    pub(super) members: Vec<Member>,
    /// By look, which is the order of listings.
    order: BTreeMap<Arc<str>, SessionId>,
    history: VecDeque<Arc<Event>>,
    history_bytes: usize,
    /// The last events, those not kept in history too, for the operator.
    recent: VecDeque<Arc<Event>>,
    recent_bytes: usize,
    /// Frames for all members, handed over once a turn.
    outgoing: BytesMut,
    pub(super) cadence: Cadence,
    last_tick_len: usize,
    pub(super) transforms: PerSecond,
    pub(super) ticks: PerSecond,
    pub(super) messages: PerSecond,
}

impl Room {
    pub(super) fn new(id: RoomId, name: RoomName) -> Self {
        Self {
            id,
            name_json: encode::json_string(name.as_str()).into(),
            name,
            title: String::new(),
            pinned: false,
            members: Vec::new(),
            order: BTreeMap::new(),
            history: VecDeque::new(),
            history_bytes: 0,
            recent: VecDeque::new(),
            recent_bytes: 0,
            outgoing: BytesMut::new(),
            cadence: Cadence::default(),
            last_tick_len: 0,
            transforms: PerSecond::default(),
            ticks: PerSecond::default(),
            messages: PerSecond::default(),
        }
    }

    pub(super) fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Adds a member and its `join` for the others; returns its place.
    pub(super) fn add(
        &mut self,
        session: SessionId,
        look: Arc<str>,
        user_json: Arc<str>,
        now: Timestamp,
    ) -> usize {
        self.say(now, &user_json, JOIN);
        self.order.insert(look, session);
        let outgoing_from = self.outgoing.len() as u32;
        self.members.push(Member { session, user_json, joined: now, pose: None, outgoing_from });
        self.members.len() - 1
    }

    /// Takes a member out, after it got what was said until now. Returns it; another member may
    /// have moved to its place.
    pub(super) fn remove(&mut self, place: usize, look: &str, post: &mut impl Post) -> Member {
        self.catch_up(place, post);
        self.order.remove(look);
        let member = self.members.swap_remove(place);
        post.retract_tick(member.session, self.id);
        member
    }

    /// Tells the others that a member has left, and sees to it that it is in no later tick.
    pub(super) fn announce_leave(&mut self, left: &Member, now: Timestamp, post: &mut impl Post) {
        self.say(now, &left.user_json, LEAVE);
        if left.pose.is_none() {
            return;
        }
        // A slow reader may have a tick waiting that still shows who left: it gets a new picture,
        // and before it what was said, since the picture may show someone who has just joined.
        let id = self.id;
        let stale: Vec<usize> = (0..self.members.len())
            .filter(|place| post.retract_tick(self.members[*place].session, id))
            .collect();
        if !stale.is_empty()
            && let Some(picture) = self.picture()
        {
            for place in stale {
                self.catch_up(place, post);
                post.tick(self.members[place].session, id, &picture);
            }
        }
    }

    /// Empties the room: everyone gets one `leave` for everyone. Returns who was in it.
    pub(super) fn clear(&mut self, now: Timestamp, post: &mut impl Post) -> Vec<SessionId> {
        let names: HashMap<SessionId, Arc<str>> =
            self.members.iter().map(|member| (member.session, member.user_json.clone())).collect();
        let leaving: Vec<&Arc<str>> =
            self.order.values().filter_map(|session| names.get(session)).collect();
        for user in leaving {
            self.say(now, user, LEAVE);
        }
        // First, so that no writer sends poses after these leaves.
        for member in &self.members {
            post.retract_tick(member.session, self.id);
        }
        self.flush(post);
        self.order.clear();
        let members: Vec<SessionId> = self.members.drain(..).map(|member| member.session).collect();
        self.history.clear();
        self.recent.clear();
        (self.history_bytes, self.recent_bytes) = (0, 0);
        members
    }

    /// Has an event go out to all members.
    pub(super) fn say(&mut self, now: Timestamp, user_json: &str, body: &str) {
        let mut events = Events::after(std::mem::take(&mut self.outgoing), &self.name_json);
        events.push(now, user_json, body);
        self.outgoing = events.append();
    }

    /// Keeps an event in history, within `messages` and `bytes`.
    pub(super) fn keep(&mut self, event: &Arc<Event>, messages: usize, bytes: usize) {
        let len = |event: &Event| encode::entry_len(&event.user_json, &event.body);
        self.recent.push_back(event.clone());
        self.recent_bytes += len(event);
        while self.recent.len() > CHAT_LINES || self.recent_bytes > bytes {
            let Some(oldest) = self.recent.pop_front() else { break };
            self.recent_bytes -= len(&oldest);
        }
        if !event.body.kept {
            return;
        }
        self.history.push_back(event.clone());
        self.history_bytes += len(event);
        while self.history.len() > messages || self.history_bytes > bytes {
            let Some(oldest) = self.history.pop_front() else { break };
            self.history_bytes -= len(&oldest);
        }
    }

    /// The last events, oldest first.
    pub(super) fn recent(&self) -> impl Iterator<Item = &Arc<Event>> {
        self.recent.iter()
    }

    /// One `join` for each member, sorted by name without case.
    pub(super) fn listing(&self, joined_of: impl Fn(SessionId) -> Option<usize>) -> Bytes {
        let mut events = Events::new(&self.name_json, self.members.len() * 96);
        for session in self.order.values() {
            if let Some(member) = joined_of(*session).and_then(|place| self.members.get(place)) {
                events.push(member.joined, &member.user_json, JOIN);
            }
        }
        events.finish()
    }

    /// The history in one frame, if there is any.
    pub(super) fn history(&self) -> Option<Bytes> {
        let mut events = Events::new(&self.name_json, self.history_bytes);
        for event in &self.history {
            events.push(event.time, &event.user_json, &event.body.text);
        }
        (!events.is_empty()).then(|| events.finish())
    }

    /// The latest poses in one frame, if there are any.
    pub(super) fn picture(&self) -> Option<Bytes> {
        let mut events = Events::new(&self.name_json, self.last_tick_len + 256);
        for member in &self.members {
            if let Some((time, pose)) = &member.pose {
                events.push_transform(*time, &member.user_json, pose);
            }
        }
        (!events.is_empty()).then(|| events.finish())
    }

    /// Sends each member the latest poses.
    pub(super) fn tick(&mut self, now: Timestamp, post: &mut impl Post) {
        let Some(picture) = self.picture() else { return };
        self.last_tick_len = picture.len();
        self.ticks.add(now, 1);
        for member in &self.members {
            post.tick(member.session, self.id, &picture);
        }
    }

    /// Hands one member what was said until now.
    pub(super) fn catch_up(&mut self, place: usize, post: &mut impl Post) {
        let Some(member) = self.members.get_mut(place) else { return };
        let waiting = &self.outgoing[member.outgoing_from as usize..];
        if !waiting.is_empty() {
            post.reliable(member.session, &Bytes::copy_from_slice(waiting));
            member.outgoing_from = self.outgoing.len() as u32;
        }
    }

    /// Whether so much waits that it has to go out before the turn is over.
    pub(super) fn is_full(&self) -> bool {
        self.outgoing.len() > OUTGOING_LIMIT
    }

    /// Hands all members what was said until now: the same bytes, shared.
    pub(super) fn flush(&mut self, post: &mut impl Post) {
        if self.outgoing.is_empty() {
            return;
        }
        let frames = self.outgoing.split().freeze();
        // Not kept for the next turn: it would be reserved while the slowest reader reads.
        self.outgoing = BytesMut::new();
        for member in &mut self.members {
            let from = std::mem::take(&mut member.outgoing_from) as usize;
            if from == 0 {
                post.reliable(member.session, &frames);
            } else if from < frames.len() {
                post.reliable(member.session, &frames.slice(from..));
            }
        }
    }
}

/// When a room ticks.
///
/// Rooms of one rate tick together, on multiples of their period, so that one wake-up serves
/// them all; a new rate goes on from the last tick.
#[derive(Debug, Default)]
pub(super) struct Cadence {
    /// The room's own rate, in ticks a second.
    pub(super) own_fps: Option<f64>,
    /// When the last tick was due.
    last_due: Timestamp,
    /// When the next is due; none while there is no news.
    pub(super) next_due: Option<Timestamp>,
}

impl Cadence {
    /// When a tick is due, given that there is news since `now`.
    pub(super) fn due(&self, now: Timestamp, fps: f64) -> Timestamp {
        let period = 1e6 / fps;
        let follow = self.last_due.as_micros() as f64 + period;
        let now = now.as_micros() as f64;
        let due = if follow >= now {
            let on_grid = (follow / period).round() * period;
            // Whole microseconds drift from the grid by less than this.
            if (on_grid - follow).abs() < 3.0 { on_grid } else { follow }
        } else if follow + period > now {
            // Late by less than a tick: at once, and from here on.
            now
        } else {
            (now / period).ceil() * period
        };
        Timestamp::from_micros(due.round() as u64)
    }

    pub(super) fn ticked(&mut self, due: Timestamp) {
        self.last_due = due;
        self.next_due = None;
    }
}

/// The time between two ticks at `fps`.
pub(super) fn period(fps: f64) -> Duration {
    Duration::from_secs_f64(1.0 / fps)
}
