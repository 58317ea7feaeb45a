//! Who is in a recording, where and when: what a replay knows of it before it begins.

use std::collections::HashMap;
use std::sync::Arc;

use super::name::GhostName;
use crate::archive::Archive;
use crate::model::LOBBY;

/// One stay of one ghost in one room. Times are in microseconds since the recording's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    /// Its number in the recording.
    pub(super) member: i64,
    pub(super) ghost: usize,
    /// The room that the ghost joins.
    pub(super) room: usize,
    pub(super) joined: i64,
    /// `i64::MAX` if it lasted to the end.
    pub(super) left: i64,
}

impl Stay {
    /// Whether it lasts at a position: who joins then is there already, who leaves then is not.
    pub(super) fn covers(&self, position: i64) -> bool {
        self.joined <= position && position < self.left
    }
}

/// All ghosts with their stays.
#[derive(Debug)]
pub(super) struct Roster {
    pub(super) names: Vec<GhostName>,
    /// The rooms that ghosts join, `lobby` among them, as a login leads there.
    pub(super) rooms: Vec<Arc<str>>,
    pub(super) lobby: usize,
    pub(super) stays: Vec<Stay>,
    ghosts: HashMap<i64, usize>,
    targets: HashMap<i64, usize>,
    members: HashMap<i64, usize>,
}

impl Roster {
    /// Reads who is in a recording. All join the room `into`, if there is one.
    pub(super) fn of(archive: &Archive, into: Option<&str>) -> Self {
        let mut roster = Self {
            names: Vec::new(),
            rooms: Vec::new(),
            lobby: 0,
            stays: Vec::new(),
            ghosts: HashMap::new(),
            targets: HashMap::new(),
            members: HashMap::new(),
        };
        roster.lobby = roster.room(LOBBY);
        for room in archive.rooms() {
            let target = roster.room(into.unwrap_or(&room.name));
            roster.targets.insert(room.id, target);
        }
        for person in archive.people() {
            // Who was in no room was seen by nobody.
            if archive.stays().iter().any(|stay| stay.person == person.id) {
                roster.ghosts.insert(person.id, roster.names.len());
                let name = person.name.as_ref().unwrap_or(&person.subject);
                roster.names.push(GhostName::of(name));
            }
        }
        for stay in archive.stays() {
            let known = (roster.ghosts.get(&stay.person), roster.targets.get(&stay.room));
            let (Some(ghost), Some(room)) = known else { continue };
            let left = stay.left.unwrap_or(i64::MAX);
            if left > stay.joined {
                roster.members.insert(stay.id, roster.stays.len());
                let (ghost, room) = (*ghost, *room);
                roster.stays.push(Stay { member: stay.id, ghost, room, joined: stay.joined, left });
            }
        }
        roster
    }

    fn room(&mut self, name: &str) -> usize {
        match self.rooms.iter().position(|room| **room == *name) {
            Some(room) => room,
            None => {
                self.rooms.push(name.into());
                self.rooms.len() - 1
            }
        }
    }

    /// The ghost of a person of the recording.
    pub(super) fn ghost_of(&self, person: i64) -> Option<usize> {
        self.ghosts.get(&person).copied()
    }

    /// Where a ghost goes whose user was in a room of the recording.
    pub(super) fn target_of(&self, room: i64) -> Option<usize> {
        self.targets.get(&room).copied()
    }

    /// The stay with a number of the recording.
    pub(super) fn stay_of(&self, member: i64) -> Option<usize> {
        self.members.get(&member).copied()
    }

    /// Whether a ghost joins a room between two positions, the first excluded.
    pub(super) fn joins_between(&self, ghost: usize, after: i64, before: i64) -> bool {
        let joins =
            |stay: &Stay| stay.ghost == ghost && after < stay.joined && stay.joined < before;
        self.stays.iter().any(joins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::sample;

    #[test]
    fn everyone_has_their_rooms_or_one_for_all() {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(&sample::whole(folder.path())).unwrap();
        let roster = Roster::of(&archive, None);
        assert_eq!(roster.names.len(), 2);
        assert_eq!(roster.names[1].attempt(0), "ghost:S02");
        assert_eq!(roster.rooms, ["lobby".into(), "atrium".into()] as [Arc<str>; 2]);
        let atrium = roster.stays.iter().filter(|stay| stay.room == 1).count();
        assert_eq!((roster.stays.len(), atrium), (4, 2));
        assert!(roster.joins_between(0, 0, 2_000) && !roster.joins_between(0, 1_000, i64::MAX));

        let roster = Roster::of(&archive, Some("hall"));
        assert_eq!(roster.rooms, ["lobby".into(), "hall".into()] as [Arc<str>; 2]);
        assert!(roster.stays.iter().all(|stay| stay.room == 1));
        let roster = Roster::of(&archive, Some("lobby"));
        assert!(roster.rooms.len() == 1 && roster.stays.iter().all(|stay| stay.room == 0));
    }
}
