//! All rooms: by number, by name, in the order of listings, and by when they are due to tick.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::room::Room;
use crate::model::{Budget, RoomId, RoomName, Timestamp};
use crate::protocol::encode::room_titles;
use crate::protocol::{LOBBY, Refusal};

/// All rooms. `lobby` is always among them.
#[derive(Debug)]
pub(crate) struct Rooms {
    rooms: Vec<Option<Room>>,
    free: Vec<u32>,
    by_name: HashMap<RoomName, RoomId>,
    /// `lobby` first, then by name without case.
    order: BTreeMap<(bool, String, RoomName), RoomId>,
    /// The rooms with new poses, by when their tick is due.
    due: BTreeSet<(Timestamp, RoomId)>,
    /// The rooms and their titles as JSON, kept ready to be sent.
    titles: Option<Arc<str>>,
    budget: Budget,
}

impl Rooms {
    /// Only `lobby`.
    pub(super) fn new(budget: Budget) -> Self {
        let mut rooms = Self {
            rooms: Vec::new(),
            free: Vec::new(),
            by_name: HashMap::new(),
            order: BTreeMap::new(),
            due: BTreeSet::new(),
            titles: None,
            budget,
        };
        rooms.open(RoomName::lobby());
        rooms
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// The rooms, `lobby` first, then by name without case.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Room> {
        self.order.values().filter_map(|id| self.rooms.get(id.0 as usize)?.as_ref())
    }

    /// The room of that name, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<RoomId> {
        self.by_name.get(name).copied()
    }

    /// One room.
    ///
    /// # Errors
    /// 500 if there is none, which breaks an invariant: ids come from memberships and from
    /// [`Self::find`], and rooms with members are kept.
    pub(crate) fn get(&self, id: RoomId) -> Result<&Room, Refusal> {
        self.rooms.get(id.0 as usize).and_then(Option::as_ref).ok_or_else(|| no_room(id))
    }

    /// One room, mutably.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub(super) fn get_mut(&mut self, id: RoomId) -> Result<&mut Room, Refusal> {
        self.rooms.get_mut(id.0 as usize).and_then(Option::as_mut).ok_or_else(|| no_room(id))
    }

    /// Opens a room, whose name no other may have.
    pub(super) fn open(&mut self, name: RoomName) -> RoomId {
        let id = RoomId(self.free.pop().unwrap_or(self.rooms.len() as u32));
        if self.rooms.len() <= id.0 as usize {
            self.rooms.push(None);
        }
        self.rooms[id.0 as usize] = Some(Room::new(id, name.clone(), self.budget.clone()));
        self.order.insert(order_key(&name), id);
        self.by_name.insert(name, id);
        self.titles = None;
        id
    }

    /// Closes a room unless it has members or is to be kept; returns its name if it was closed.
    pub(super) fn sweep(&mut self, id: RoomId) -> Result<Option<RoomName>, Refusal> {
        let room = self.get(id)?;
        if room.len() > 0 || room.pinned || room.name.as_str() == LOBBY {
            return Ok(None);
        }
        let name = room.name.clone();
        if let Some(due) = room.cadence.next_due {
            self.due.remove(&(due, id));
        }
        self.rooms[id.0 as usize] = None;
        self.by_name.remove(&name);
        self.order.remove(&order_key(&name));
        self.free.push(id.0);
        self.titles = None;
        Ok(Some(name))
    }

    /// Sets a room's title.
    pub(super) fn set_title(&mut self, id: RoomId, title: String) -> Result<(), Refusal> {
        self.get_mut(id)?.title = title;
        self.titles = None;
        Ok(())
    }

    /// The rooms and their titles, as JSON.
    pub(super) fn titles(&mut self) -> Arc<str> {
        if let Some(titles) = &self.titles {
            return titles.clone();
        }
        let titles = room_titles(self.iter().map(|room| (&room.name, &*room.title)));
        self.titles.insert(titles.into()).clone()
    }

    /// When the next tick is due, if any room has new poses.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Schedules a room's next tick, at `fps` unless it has a rate of its own.
    pub(super) fn schedule(&mut self, id: RoomId, now: Timestamp, fps: f64) -> Result<(), Refusal> {
        let cadence = &mut self.get_mut(id)?.cadence;
        let due = cadence.due(now, cadence.own_fps.unwrap_or(fps));
        if let Some(before) = cadence.next_due.replace(due) {
            self.due.remove(&(before, id));
        }
        self.due.insert((due, id));
        Ok(())
    }

    /// Removes the next room that is due by `now` from the schedule; returns it and when it was
    /// due.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, RoomId)> {
        let next = self.due.first().copied().filter(|(due, _)| *due <= now)?;
        self.due.pop_first();
        Some(next)
    }
}

fn order_key(name: &RoomName) -> (bool, String, RoomName) {
    (name.as_str() != LOBBY, name.order(), name.clone())
}

fn no_room(id: RoomId) -> Refusal {
    Refusal::internal(format!("there is no room number {}", id.0))
}
