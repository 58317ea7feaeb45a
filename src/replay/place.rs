//! Where one ghost has been told to be, and what it is to do next.

use super::rate::PoseRate;
use super::roster::Roster;
use super::timeline::Saying;
use crate::clock::Instant;
use crate::model::Pose;

/// Something for a ghost to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// Connect, to be able to log in at once.
    Connect,
    /// Log in, which leads into the lobby.
    LogIn,
    /// Leave all rooms and disconnect.
    LogOut,
    Join(usize),
    Leave(usize),
    /// Send a pose; `due` is when, unless it makes up for one that was not sent.
    Move {
        room: usize,
        pose: Pose,
        due: Option<Instant>,
    },
    Say(Box<Saying>),
    /// Report that all before this is done.
    Report(u64),
}

/// A room that a ghost has been told to be in.
#[derive(Clone, Copy, Debug)]
struct InRoom {
    room: usize,
    /// The stay that its pose there comes from, once it has one.
    source: Option<usize>,
    /// A pose that was too much for the server, to be sent when it may.
    held: Option<Pose>,
}

/// Where one ghost has been told to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    online: bool,
    /// The stays that last.
    open: Vec<usize>,
    rooms: Vec<InRoom>,
    rate: PoseRate,
}

impl Place {
    pub(super) fn is_online(&self) -> bool {
        self.online
    }

    /// A stay begins.
    pub(super) fn begin(&mut self, stay: usize, roster: &Roster, out: &mut impl FnMut(Action)) {
        self.open.push(stay);
        self.settle(roster, true, out);
    }

    /// A stay ends; `returns` is whether another of the ghost's begins later. Returns how many poses
    /// that were held back are left out for it.
    pub(super) fn end(
        &mut self,
        stay: usize,
        returns: bool,
        roster: &Roster,
        out: &mut impl FnMut(Action),
    ) -> u64 {
        let held = |place: &Self| place.rooms.iter().filter(|room| room.held.is_some()).count();
        let before = held(self);
        self.open.retain(|open| *open != stay);
        self.settle(roster, returns, out);
        (before - held(self)) as u64
    }

    /// Goes where the ghost is at another position of the recording: these stays last, with the last
    /// pose of each.
    pub(super) fn jump(
        &mut self,
        stays: &[(usize, Option<Pose>)],
        returns: bool,
        roster: &Roster,
        out: &mut impl FnMut(Action),
    ) {
        self.open = stays.iter().map(|(stay, _)| *stay).collect();
        // In one room for several, the pose of the newest stay that has one.
        let pose_in = |room: usize| {
            let here = stays.iter().filter(|(stay, _)| roster.stays[*stay].room == room);
            let posed = here.filter_map(|(stay, pose)| Some((*stay, (*pose)?)));
            posed.max_by_key(|(stay, _)| (roster.stays[*stay].joined, *stay))
        };
        // Who has a pose here that it did not have then comes anew.
        self.rooms.retain(|place| {
            let stays = place.source.is_none() || pose_in(place.room).is_some();
            if !stays {
                out(Action::Leave(place.room));
            }
            stays
        });
        self.settle(roster, returns, out);
        for place in &mut self.rooms {
            place.held = None;
            if let Some((stay, pose)) = pose_in(place.room) {
                place.source = Some(stay);
                out(Action::Move { room: place.room, pose, due: None });
            }
        }
    }

    /// Joins and leaves rooms until the ghost is where its stays are.
    fn settle(&mut self, roster: &Roster, returns: bool, out: &mut impl FnMut(Action)) {
        if self.open.is_empty() && self.online && !returns {
            self.online = false;
            self.rooms.clear();
            return out(Action::LogOut);
        }
        if !self.open.is_empty() && !self.online {
            self.online = true;
            self.rooms = vec![InRoom { room: roster.lobby, source: None, held: None }];
            out(Action::LogIn);
        }
        let open = &self.open;
        self.rooms.retain(|place| {
            let stays = open.iter().any(|stay| roster.stays[*stay].room == place.room);
            if !stays {
                out(Action::Leave(place.room));
            }
            stays
        });
        for stay in open {
            let room = roster.stays[*stay].room;
            if !self.rooms.iter().any(|place| place.room == room) {
                self.rooms.push(InRoom { room, source: None, held: None });
                out(Action::Join(room));
            }
        }
    }

    /// The user of a stay has moved. Returns how many poses are left out for it.
    pub(super) fn moved(
        &mut self,
        (stay, pose): (usize, Pose),
        roster: &Roster,
        (now, due): (Instant, Option<Instant>),
        out: &mut impl FnMut(Action),
    ) -> u64 {
        let room = roster.stays[stay].room;
        let Some(place) = self.rooms.iter_mut().find(|place| place.room == room) else { return 1 };
        if let Some(source) = place.source
            && self.open.contains(&source)
            && roster.stays[source].joined > roster.stays[stay].joined
        {
            // Two stays in one room: the newer one counts.
            return 1;
        }
        place.source = Some(stay);
        if self.rate.take(now) {
            let held = place.held.take();
            out(Action::Move { room, pose, due });
            u64::from(held.is_some())
        } else {
            u64::from(place.held.replace(pose).is_some())
        }
    }

    /// Sends what was held back and may be sent now.
    pub(super) fn catch_up(&mut self, now: Instant, out: &mut impl FnMut(Action)) {
        for place in &mut self.rooms {
            if let Some(pose) = place.held
                && self.rate.take(now)
            {
                place.held = None;
                out(Action::Move { room: place.room, pose, due: None });
            }
        }
    }

    /// Whether something is held back.
    pub(super) fn is_holding(&self) -> bool {
        self.rooms.iter().any(|place| place.held.is_some())
    }

    /// When something that is held back may be sent.
    pub(super) fn next_catch_up(&self, now: Instant) -> Option<Instant> {
        self.is_holding().then(|| self.rate.next(now))
    }
}
