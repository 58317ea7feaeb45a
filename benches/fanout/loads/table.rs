//! All loads, and what is asked of our server under each.

use crate::asks::Bound::{AtLeast, AtMost, Ratio};
use crate::asks::{Ask, Bound, always, installed, pinned};

use super::{Kind, Load};

const CPU_TICK: &str = "CPU µs a tick";
const TICKS: &str = "ticks delivered %";
const AGE_P99: &str = "pose age p99 ms";

/// Every tick arrives as installed, as old and as regular as the kernel allows.
const JITTER: Ask = installed("jitter p99 ms", Bound::Above(1.0));
const ALL_TICKS: Ask = installed(TICKS, AtLeast(99.9));
const AGE: Ask = installed(AGE_P99, Ratio(1.15));

/// Chat costs and takes little more than the kernel's own share.
const CHAT: &[Ask] = &[
    always("CPU µs a delivery", Ratio(1.05)),
    always("latency p50 ms", Ratio(1.15)),
    always("latency p99 ms", Ratio(1.3)),
    always("lost deliveries", AtMost(0.0)),
    always("out of order", AtMost(0.0)),
];

/// Nobody waits more than this for an answer, whatever others do.
const BYSTANDER: Ask = always("ping max ms", AtMost(250.0));
const NONE_CLOSED: Ask = always("closed clients", AtMost(0.0));

const fn poses(
    name: &'static str,
    title: &'static str,
    (users, rooms, fps): (usize, usize, f64),
    asks: &'static [Ask],
) -> Load {
    Load {
        name,
        title,
        kind: Kind::Poses,
        limits: "none",
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

const fn rooms_flood(name: &'static str, title: &'static str, rate: f64) -> Load {
    Load {
        name,
        title,
        kind: Kind::RoomsFlood { rate },
        limits: "lab",
        asks: &[BYSTANDER, NONE_CLOSED],
        ..SILENT
    }
}

/// In the order in which they run.
pub(crate) const LOADS: [Load; 16] = [
    poses(
        "room50-20",
        "50 users in a room, 20 Hz",
        (50, 1, 20.0),
        &[pinned(CPU_TICK, Ratio(0.83)), installed(CPU_TICK, Ratio(1.05)), JITTER, ALL_TICKS, AGE],
    ),
    poses(
        "room50-72",
        "50 users in a room, 72 Hz",
        (50, 1, 72.0),
        &[pinned(CPU_TICK, Ratio(0.93)), installed(CPU_TICK, Ratio(1.05)), JITTER, ALL_TICKS, AGE],
    ),
    poses(
        "room200-20",
        "200 users in a room, 20 Hz",
        (200, 1, 20.0),
        &[installed(CPU_TICK, Ratio(1.05)), JITTER, ALL_TICKS, AGE],
    ),
    poses(
        "room200-72",
        "200 users in a room, 72 Hz",
        (200, 1, 72.0),
        &[
            pinned(CPU_TICK, Ratio(0.90)),
            // What uWebSockets took.
            installed(CPU_TICK, Ratio(0.99)),
            JITTER,
            ALL_TICKS,
            AGE,
        ],
    ),
    poses(
        "room500-20",
        "500 users in a room, 20 Hz",
        (500, 1, 20.0),
        &[always(CPU_TICK, Ratio(1.05)), JITTER, ALL_TICKS, AGE],
    ),
    poses(
        "room500-72",
        "500 users in a room, 72 Hz",
        (500, 1, 72.0),
        &[
            always(CPU_TICK, Ratio(1.05)),
            pinned(TICKS, AtLeast(99.9)),
            pinned(AGE_P99, Ratio(1.10)),
            JITTER,
            ALL_TICKS,
            AGE,
        ],
    ),
    poses(
        "rooms40x10-30",
        "40 rooms of 10, 30 Hz",
        (400, 40, 30.0),
        &[pinned(CPU_TICK, Ratio(0.93)), installed(CPU_TICK, Ratio(1.05)), JITTER, ALL_TICKS, AGE],
    ),
    Load {
        name: "chat-20k",
        title: "100 members, 20 of them send 10 messages a second each",
        kind: Kind::Chat,
        chatters: 20,
        chat_rate: 10.0,
        asks: CHAT,
        ..SILENT
    },
    Load {
        name: "chat-100k",
        title: "100 members, 20 of them send 50 messages a second each",
        kind: Kind::Chat,
        chatters: 20,
        chat_rate: 50.0,
        asks: CHAT,
        ..SILENT
    },
    Load {
        name: "capacity",
        title: "100 members, 8 of them send without pause",
        kind: Kind::Capacity,
        chatters: 8,
        chat_rate: f64::INFINITY,
        asks: &[
            always("million deliveries/s", AtLeast(4.0)),
            always("CPU s a million", AtMost(0.22)),
            always("lost deliveries", AtMost(0.0)),
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
        asks: &[always("RSS KiB a connection", AtMost(3.0)), always("server core %", AtMost(0.7))],
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
            always("others' p99 after/before", AtMost(1.15)),
            always("RSS growth MiB", AtMost(8.0)),
        ],
        ..SILENT
    },
    rooms_flood(
        "rooms-flood-20",
        "1,000 rooms, 4 clients list them 20 times a second each; a bystander pings",
        20.0,
    ),
    rooms_flood(
        "rooms-flood-100",
        "1,000 rooms, 4 clients list them 100 times a second each; a bystander pings",
        100.0,
    ),
    Load {
        name: "big-buttons",
        title: "3 clients send 1 MiB buttons as fast as they may, one member reads 50 Mbit/s",
        kind: Kind::BigButtons,
        limits: "lab",
        seconds: 6.0,
        asks: &[always("reader closed", AtMost(0.0)), BYSTANDER, NONE_CLOSED],
        ..SILENT
    },
    Load {
        name: "refusals",
        title: "one client sends 20,000 pings a second, of which it may 100",
        kind: Kind::Refusals,
        limits: "open",
        asks: &[
            always("refusal / ping", AtMost(1.0)),
            always("flooder left open", AtMost(0.0)),
            NONE_CLOSED,
        ],
        ..SILENT
    },
];
