//! What clients may use.

use std::time::Duration;

/// What `fps` may be, in ticks a second.
pub const FPS_RANGE: std::ops::RangeInclusive<f64> = 0.1..=240.0;

/// What clients may use. [`Limits::lab`] is the default.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// The largest message, in bytes, 1 KiB to 64 MiB; a larger one is closed with 1009.
    pub max_message_bytes: usize,
    /// Connections in all, 1 to 1,000,000; one more gets HTTP 503.
    pub max_connections: usize,
    /// Connections from one address, of IPv6 from one /64, 1 to 1,000,000; one more gets HTTP 429. `None` for no limit.
    pub max_connections_per_address: Option<usize>,
    /// A handshake must be complete within this time, 0.1 s to a day.
    pub handshake_timeout: Duration,
    /// The largest handshake, in bytes, 1 KiB to 1 MiB.
    pub handshake_bytes: usize,
    /// A connection must log in within this time, 0.1 s to a day, or is closed with 1008.
    pub login_timeout: Duration,
    /// A peer that has sent nothing for this long, not even a pong, is gone; 0.1 s to a day.
    pub idle_timeout: Duration,
    /// Rooms that one user may be in at once, 1 to 1,000,000; one more is 413. `usize::MAX` for no
    /// limit.
    pub max_rooms_per_user: usize,
    /// Rooms in all, 1 to 1,000,000; one more is 413.
    pub max_rooms: usize,
    /// Messages a second and connection, on average, 0.1 to 1,000,000; `None` for no limit.
    /// Transforms are counted apart: 240 a second are always allowed.
    pub messages_per_s: Option<f64>,
    /// Messages that may come in a burst, 1 to 1,000,000.
    pub messages_burst: u32,
    /// Bytes a second and connection, on average, 1 KiB to 1 GiB; `None` for no limit.
    pub bytes_per_s: Option<f64>,
    /// Bytes that may come in a burst, 1 KiB to 1 GiB; at least
    /// `max_message_bytes` if `bytes_per_s` is set.
    pub bytes_burst: u32,
    /// Bytes that may be queued for one client in its reliable lane, 64 KiB to 1 GiB, beside one
    /// message of the largest size; beyond that it is closed with 1008.
    pub queue_bytes: usize,
    /// Bytes that all connections and rooms together may hold, 16 MiB to 1 TiB: incomplete input,
    /// queued frames, histories. `None` for a quarter of the machine's memory.
    pub memory_bytes: Option<usize>,
    /// Messages kept in a room's history, 0 to 10,000.
    pub history_messages: usize,
    /// Bytes kept in a room's history, 1 KiB to 64 MiB and at most `queue_bytes`, since a user who
    /// joins is sent all of it at once; a single message that is larger is 413.
    pub history_bytes: usize,
    /// The `Origin`s that browser pages may have, at least one, as browsers send them:
    /// `scheme://host[:port]` in lower case without the scheme's default port, or `null`. `None`
    /// for any. Native clients send no `Origin` and always pass.
    pub origins: Option<Vec<String>>,
}

impl Limits {
    /// Generous, for a trusted network.
    pub fn lab() -> Self {
        Self {
            max_message_bytes: 1 << 20,
            max_connections: 20_000,
            max_connections_per_address: None,
            handshake_timeout: Duration::from_secs(10),
            handshake_bytes: 16 << 10,
            login_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(20),
            max_rooms_per_user: 64,
            max_rooms: 1024,
            messages_per_s: Some(1000.0),
            messages_burst: 5000,
            bytes_per_s: Some(8e6),
            bytes_burst: 16 << 20,
            queue_bytes: 1 << 20,
            memory_bytes: None,
            history_messages: 50,
            history_bytes: 256 << 10,
            origins: None,
        }
    }

    /// For a server on a public network.
    pub fn open() -> Self {
        Self {
            max_connections: 5_000,
            max_connections_per_address: Some(32),
            max_rooms_per_user: 16,
            messages_per_s: Some(100.0),
            messages_burst: 200,
            bytes_per_s: Some(256e3),
            bytes_burst: 2 << 20,
            ..Self::lab()
        }
    }

    /// No limits on counts and rates; those that bound memory stay.
    pub fn none() -> Self {
        Self {
            max_connections: 1_000_000,
            max_connections_per_address: None,
            max_rooms_per_user: usize::MAX,
            max_rooms: 16_384,
            messages_per_s: None,
            bytes_per_s: None,
            ..Self::lab()
        }
    }
}
