//! Clock probes.

use super::Timestamp;

/// A clock probe: the stamps of one timed `ping` and of its answer (wire contract, "Clocks"; T1, T2
/// and T3 of RFC 5905, section 8).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockProbe {
    /// T1: when the client sent the ping, in seconds of the client's own clock; finite.
    pub client: f64,
    /// T2: when the ping was read from the connection.
    pub received: Timestamp,
    /// T3: when it was answered.
    pub sent: Timestamp,
}

impl ClockProbe {
    /// Times of a client lie within plus and minus this, in seconds. Larger ones are not taken for
    /// times: a 64-bit float would hold them to no better than an eighth of a second.
    pub const MAX_CLIENT_TIME: f64 = 1e15;
}
