//! What a load is. The loads themselves are in [`table`].

mod table;

use crate::asks::Ask;
use crate::servers::Contender;

pub(crate) use table::LOADS;

/// What a load does and what is measured under it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Everyone moves: CPU a tick, share of ticks delivered, age of poses, jitter of ticks.
    Poses,
    /// Some talk at a steady rate: CPU a delivery, latency, loss.
    Chat,
    /// Some talk without pause: deliveries a second, CPU for a million.
    Capacity,
    /// Nobody does anything: memory and CPU of logged-in connections.
    Idle,
    /// One member stops reading: what the others notice, memory, the end of the slow one.
    Stall,
    /// Some ask for the rooms all the time: how long the answers to others take.
    RoomsFlood {
        /// Requests a second of each.
        rate: f64,
    },
    /// Some send the largest messages that are allowed, as fast as that is allowed: whether a
    /// member on a slow line is closed, how long the answers to others take.
    BigButtons,
    /// One sends more than it may: CPU a refused request, and whether it is closed in the end.
    Refusals,
}

/// One load. Member k is in room k % rooms; the first `posers` members send poses, the last
/// `chatters` talk. The loads of one client against another have members of their own.
pub(crate) struct Load {
    /// What `--load` calls it.
    pub(crate) name: &'static str,
    /// In words.
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    /// The ready set of limits with which ours runs.
    pub(crate) limits: &'static str,
    pub(crate) users: usize,
    pub(crate) rooms: usize,
    /// Ticks a second, and poses a second of each poser.
    pub(crate) fps: f64,
    pub(crate) posers: usize,
    pub(crate) chatters: usize,
    /// Messages a second of each chatter; infinite for without pause.
    pub(crate) chat_rate: f64,
    /// Bytes of a chat text, at least 14.
    pub(crate) text_bytes: usize,
    /// Whether members leave the lobby once they are logged in.
    pub(crate) leaves_lobby: bool,
    /// How long one run is measured unless `--seconds` says otherwise.
    pub(crate) seconds: f64,
    pub(crate) asks: &'static [Ask],
}

impl Load {
    /// Those whose name is `name` or starts with it.
    pub(crate) fn named(name: &str) -> Vec<&'static Self> {
        let exact = LOADS.iter().find(|load| load.name == name);
        exact.map_or_else(
            || LOADS.iter().filter(|load| load.name.starts_with(name)).collect(),
            |load| vec![load],
        )
    }

    /// Whether it can be put on this server: the floor and the sink refuse nothing and list no
    /// rooms, so that one client's cost to another is measured on ours alone.
    pub(crate) fn suits(&self, contender: Contender) -> bool {
        let ours_alone =
            matches!(self.kind, Kind::RoomsFlood { .. } | Kind::BigButtons | Kind::Refusals);
        contender == Contender::Ours || !ours_alone
    }

    /// The room of member `k`.
    pub(crate) fn room_of(&self, k: usize) -> usize {
        k % self.rooms
    }

    /// Members of one room that send poses.
    pub(crate) fn posers_of(&self, room: usize) -> usize {
        (self.posers + self.rooms - 1 - room) / self.rooms
    }

    /// Whether member `k` talks.
    pub(crate) fn chats(&self, k: usize) -> bool {
        k >= self.users - self.chatters
    }
}
