//! How far clients' clocks are from the server's: pure and synchronous, from recorded or live
//! [`ClockProbe`](crate::model::ClockProbe)s and round trips.
//!
//! An offset here is what the client's clock shows minus what the server's clock shows, in seconds.
//! The server cannot compute it as the client can (RFC 5905, section 8), because it never gets the
//! fourth stamp. What it knows of a probe with the stamps T1 (client), T2 and T3 (server):
//!
//! - The message took no negative time, so the offset is at least T1 - T2. This is certain.
//! - A client that answered a ping of the server's *before* it sent the probe sent it after that ping,
//!   at S, had left. So the offset is at most T1 - S. This is certain too, since a connection keeps its
//!   order, and useful if the probe follows close upon the pong, as it does in a burst.
//! - The message took no longer than the round trip of its moment. Nobody measured that, but round
//!   trips before and after are known, and the fastest of several probes is slower than all of the
//!   faster round trips only by rare bad luck. See `window`.
//!
//! None of this asks how a client probes: whether it waits for the answer before it sends the next, as
//! the Lab Streaming Layer does, or not.
//!
//! [`Track`] follows one client as the probes come. [`fit`] looks at all probes of a recording at
//! once, for exports: a line for each stretch without a step.

mod fit;
mod rate;
#[cfg(test)]
mod tests;
mod track;
mod window;

pub use self::fit::{Segment, fit, segment_at};
pub use self::track::{Step, Track};
