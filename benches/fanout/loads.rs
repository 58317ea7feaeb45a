//! The loads, and what is asked of our server under each.

/// What a load does and what is measured under it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Everyone moves: CPU a tick, share of ticks delivered, age of poses.
    Poses,
    /// Some talk at a steady rate: CPU a delivery, latency, loss.
    Chat,
    /// Some talk without pause: deliveries a second, CPU for a million.
    Capacity,
    /// Nobody does anything: memory and CPU of logged-in connections.
    Idle,
    /// One member stops reading: what the others notice, memory, the end of the slow one.
    Stall,
}

/// What is asked of one figure.
pub(crate) enum Bound {
    /// At most this many times the floor's.
    Ratio(f64),
    /// At most the floor's and this much more.
    Above(f64),
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

/// One load. Member k is in room k % rooms; the first `posers` members send poses, the last
/// `chatters` talk.
pub(crate) struct Load {
    /// What `--load` calls it.
    pub(crate) name: &'static str,
    /// In words.
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
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
    /// Issue 2's asks, by the name of the figure.
    pub(crate) asks: &'static [(&'static str, Bound)],
}

impl Load {
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

const fn poses(
    name: &'static str,
    title: &'static str,
    (users, rooms, fps): (usize, usize, f64),
    asks: &'static [(&'static str, Bound)],
) -> Load {
    Load {
        name,
        title,
        kind: Kind::Poses,
        users,
        rooms,
        fps,
        posers: users,
        chatters: 0,
        chat_rate: 0.0,
        text_bytes: 48,
        leaves_lobby: false,
        seconds: 4.0,
        asks,
    }
}

const SILENT: Load = Load { posers: 0, ..poses("", "", (100, 1, 20.0), &[]) };

/// All loads of issue 2.
pub(crate) const LOADS: [Load; 9] = [
    poses(
        "room50-20",
        "50 users in a room, 20 Hz",
        (50, 1, 20.0),
        &[("CPU µs a tick", Bound::Ratio(1.20))],
    ),
    poses(
        "room50-72",
        "50 users in a room, 72 Hz",
        (50, 1, 72.0),
        &[("CPU µs a tick", Bound::Ratio(1.20))],
    ),
    poses(
        "room200-72",
        "200 users in a room, 72 Hz",
        (200, 1, 72.0),
        &[("CPU µs a tick", Bound::Ratio(1.15))],
    ),
    poses(
        "room500-72",
        "500 users in a room, 72 Hz",
        (500, 1, 72.0),
        &[
            ("CPU µs a tick", Bound::Ratio(1.15)),
            ("ticks delivered %", Bound::AtLeast(99.9)),
            ("pose age p99 ms", Bound::Ratio(1.10)),
        ],
    ),
    poses(
        "rooms40x10-30",
        "40 rooms of 10, 30 Hz",
        (400, 40, 30.0),
        &[("CPU µs a tick", Bound::Ratio(1.15))],
    ),
    Load {
        name: "chat",
        title: "100 members, 20 of them send 50 messages a second each",
        kind: Kind::Chat,
        chatters: 20,
        chat_rate: 50.0,
        asks: &[
            ("CPU µs a delivery", Bound::Ratio(1.10)),
            ("latency p50 ms", Bound::Above(1.0)),
            ("latency p99 ms", Bound::Above(1.0)),
            ("lost deliveries", Bound::AtMost(0.0)),
        ],
        ..SILENT
    },
    Load {
        name: "capacity",
        title: "100 members, 8 of them send without pause",
        kind: Kind::Capacity,
        chatters: 8,
        chat_rate: f64::INFINITY,
        asks: &[
            ("million deliveries/s", Bound::AtLeast(4.0)),
            ("CPU s a million", Bound::AtMost(0.22)),
            ("lost deliveries", Bound::AtMost(0.0)),
        ],
        ..SILENT
    },
    Load {
        name: "idle",
        title: "10,000 logged-in connections in rooms of 10, idle",
        kind: Kind::Idle,
        users: 10_000,
        rooms: 1000,
        fps: 1.0,
        leaves_lobby: true,
        seconds: 30.0,
        asks: &[
            ("RSS KiB a connection", Bound::AtMost(6.0)),
            ("server core %", Bound::AtMost(0.5)),
        ],
        ..SILENT
    },
    Load {
        name: "stall",
        title: "50 members, 72 Hz, 10 of them chat instead of moving; one stops reading",
        kind: Kind::Stall,
        users: 50,
        fps: 72.0,
        posers: 40,
        chatters: 10,
        chat_rate: 20.0,
        text_bytes: 2000,
        asks: &[
            ("others' p99 after/before", Bound::AtMost(1.15)),
            ("RSS growth MiB", Bound::AtMost(8.0)),
        ],
        ..SILENT
    },
];
