//! One room: its members, its history and its members' poses.
//!
//! A room knows its members by number, and nothing about sessions or other rooms,
//! so that it can live on another thread or machine. What it sends goes to a [`Delivery`].

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::cadence::Cadence;
use super::delivery::Delivery;
use super::event::Message;
use super::history::History;
use super::meter::PerSecond;
use crate::model::{Budget, Limits, Pose, RoomId, RoomName, SessionId, Timestamp};
use crate::protocol::encode::{self, Events, JOIN, LEAVE};

/// Messages kept for the operator, including those that history does not keep.
const RECENT_MESSAGES: usize = 100;

/// A member's number in its room. Numbers are reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemberId(u32);

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) session: SessionId,
    /// The member's name as a JSON string, and folded, which is the order of listings.
    pub(super) json: Arc<str>,
    folded: Arc<str>,
    joined: Timestamp,
    pub(crate) pose: Option<(Timestamp, Pose)>,
}

#[derive(Debug)]
pub(crate) struct Room {
    pub(super) id: RoomId,
    pub(crate) name: RoomName,
    pub(super) json: Box<str>,
    pub(crate) title: String,
    pub(crate) pinned: bool,
    members: Vec<Option<Member>>,
    free: Vec<u32>,
    /// By folded name.
    order: BTreeMap<Arc<str>, MemberId>,
    history: History,
    /// For the operator.
    pub(crate) recent: History,
    pub(crate) cadence: Cadence,
    tick_len: usize,
    budget: Budget,
    pub(crate) transforms: PerSecond,
    pub(crate) ticks: PerSecond,
    pub(crate) messages: PerSecond,
}

impl Room {
    pub(super) fn new(id: RoomId, name: RoomName, budget: Budget) -> Self {
        Self {
            id,
            json: encode::json_string(name.as_str()).into(),
            name,
            title: String::new(),
            pinned: false,
            members: Vec::new(),
            free: Vec::new(),
            order: BTreeMap::new(),
            history: History::default(),
            recent: History::default(),
            cadence: Cadence::default(),
            tick_len: 0,
            budget,
            transforms: PerSecond::default(),
            ticks: PerSecond::default(),
            messages: PerSecond::default(),
        }
    }

    /// How many members it has.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// The members, in no order.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().flatten()
    }

    /// One member; `None` if no member has that number.
    pub(crate) fn member(&self, id: MemberId) -> Option<&Member> {
        self.members.get(id.0 as usize)?.as_ref()
    }

    pub(super) fn member_mut(&mut self, id: MemberId) -> Option<&mut Member> {
        self.members.get_mut(id.0 as usize)?.as_mut()
    }

    /// Adds a member and tells the others; returns its number.
    pub(super) fn join(
        &mut self,
        session: SessionId,
        folded: Arc<str>,
        json: Arc<str>,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> MemberId {
        self.send(&self.event(now, &json, JOIN), out);
        let member = Member { session, json, folded: folded.clone(), joined: now, pose: None };
        let id = match self.free.pop() {
            Some(free) => {
                self.members[free as usize] = Some(member);
                MemberId(free)
            }
            None => {
                self.members.push(Some(member));
                MemberId(self.members.len() as u32 - 1)
            }
        };
        self.order.insert(folded, id);
        id
    }

    /// Sends a member the state of the room: the listing, the history and the poses.
    pub(super) fn show(&self, to: SessionId, out: &mut impl Delivery) {
        out.costly(to, &self.listing());
        for frame in [self.history(), self.full_tick()].into_iter().flatten() {
            out.costly(to, &frame);
        }
    }

    /// Removes a member, tells the others, and makes sure that it is in no later tick. `None` if no
    /// member has that number.
    pub(super) fn leave(
        &mut self,
        id: MemberId,
        now: Timestamp,
        out: &mut impl Delivery,
    ) -> Option<()> {
        let left = self.members.get_mut(id.0 as usize)?.take()?;
        self.free.push(id.0);
        self.order.remove(&left.folded);
        out.retract_tick(left.session, self.id);
        // For slow readers, a tick that still shows the member may be queued. It is dropped before
        // they are told of the leave, and they get a new one afterwards.
        let mut stale = Vec::new();
        if left.pose.is_some() {
            let sessions = self.members().map(|member| member.session);
            stale.extend(sessions.filter(|session| out.retract_tick(*session, self.id)));
        }
        self.send(&self.event(now, &left.json, LEAVE), out);
        if !stale.is_empty()
            && let Some(tick) = self.full_tick()
        {
            for session in stale {
                out.tick(session, self.id, &tick);
            }
        }
        Some(())
    }

    /// Removes all members: each gets one `leave` for each. Returns who was in the room.
    pub(super) fn clear(&mut self, now: Timestamp, out: &mut impl Delivery) -> Vec<SessionId> {
        // Before the leaves, so that no poses are written after them.
        for member in self.members() {
            out.retract_tick(member.session, self.id);
        }
        let leaves: Vec<Bytes> = self
            .order
            .values()
            .filter_map(|id| self.member(*id))
            .map(|member| self.event(now, &member.json, LEAVE))
            .collect();
        for leave in &leaves {
            self.send(leave, out);
        }
        self.order.clear();
        self.free.clear();
        self.history.clear();
        self.recent.clear();
        self.members.drain(..).flatten().map(|member| member.session).collect()
    }

    /// Sends frames to all members: the same bytes, shared.
    pub(super) fn send(&self, frames: &Bytes, out: &mut impl Delivery) {
        for member in self.members() {
            out.reliable(member.session, frames);
        }
    }

    fn event(&self, now: Timestamp, user_json: &str, body: &str) -> Bytes {
        let mut events = Events::new(&self.json, user_json.len() + body.len() + 64);
        events.push(now, user_json, body);
        self.budget.share(events.finish(), Vec::new())
    }

    /// Keeps a message for users who join later, within the limits, and for the operator.
    pub(super) fn keep(&mut self, message: &Arc<Message>, limits: &Limits) {
        self.recent.keep(message, RECENT_MESSAGES, limits.history_bytes);
        if message.body.kept {
            self.history.keep(message, limits.history_messages, limits.history_bytes);
        }
    }

    /// One `join` for each member, sorted by name without case.
    pub(super) fn listing(&self) -> Bytes {
        let mut events = Events::new(&self.json, self.len() * 96);
        for member in self.order.values().filter_map(|id| self.member(*id)) {
            events.push(member.joined, &member.json, JOIN);
        }
        self.budget.share(events.finish(), Vec::new())
    }

    /// The history in one frame, if there is any.
    fn history(&self) -> Option<Bytes> {
        let mut events = Events::new(&self.json, self.history.bytes());
        for message in self.history.iter() {
            events.push(message.time, &message.user_json, &message.body.text);
        }
        (!events.is_empty()).then(|| self.budget.share(events.finish(), Vec::new()))
    }

    /// The latest pose of everyone in one frame, if there are any.
    fn full_tick(&self) -> Option<Bytes> {
        let mut events = Events::new(&self.json, self.tick_len + 256);
        for member in self.members() {
            if let Some((time, pose)) = &member.pose {
                events.push_transform(*time, &member.json, pose);
            }
        }
        (!events.is_empty()).then(|| self.budget.share(events.finish(), Vec::new()))
    }

    /// Sends each member the latest poses; returns to how many.
    pub(super) fn tick(&mut self, now: Timestamp, out: &mut impl Delivery) -> usize {
        let Some(tick) = self.full_tick() else { return 0 };
        self.tick_len = tick.len();
        self.ticks.add(now, 1);
        for member in self.members() {
            out.tick(member.session, self.id, &tick);
        }
        self.len()
    }
}
