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
