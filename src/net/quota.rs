//! How much one connection may ask for: messages and bytes a second, with a burst.
//!
//! Checked before a message is decoded, so that a refused request costs less than one that is
//! carried out. A client that keeps exceeding its quota for [`FLOOD`] is closed.

use std::time::Duration;

use crate::model::{Limits, Timestamp};
use crate::protocol::{Code, Refusal};

/// Transforms a second that are always allowed (the highest fps).
const TRANSFORMS_PER_S: f64 = 240.0;

/// Transforms that may come in a burst, after the network has held them back.
const TRANSFORMS_BURST: f64 = 480.0;

/// A client that exceeds its quota for this long, without a pause of [`FLOOD_PAUSE`], is flooding.
const FLOOD: Duration = Duration::from_secs(10);
const FLOOD_PAUSE: Duration = Duration::from_secs(1);

/// A token bucket. Its rate and size are the limits', and not kept for each connection.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    filled: Timestamp,
}

impl Bucket {
    fn full(burst: f64, now: Timestamp) -> Self {
        Self { tokens: burst, filled: now }
    }

    fn has(&mut self, tokens: f64, (per_second, burst): (f64, f64), now: Timestamp) -> bool {
        let passed: Duration = now.since(self.filled);
        self.filled = now;
        self.tokens = (self.tokens + passed.as_secs_f64() * per_second).min(burst);
        self.tokens >= tokens
    }
}

fn messages(limits: &Limits) -> Option<(f64, f64)> {
    Some((limits.messages_per_s?, f64::from(limits.messages_burst).max(1.0)))
}

fn bytes(limits: &Limits) -> Option<(f64, f64)> {
    Some((limits.bytes_per_s?, f64::from(limits.bytes_burst).max(1.0)))
}

/// What may become of a message, decided before it is decoded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict {
    /// It is decoded and passes, for the price of [`Quota::charge`].
    Passes,
    /// It passes only if it turns out to be a transform, which is paid for already.
    PassesAsTransform(Excess),
    /// It is refused as it is.
    Refused(Excess),
}

/// What there was too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Excess {
    Messages,
    Bytes,
}

/// What is left of a connection's allowance.
#[derive(Debug)]
pub(super) struct Quota {
    messages: Bucket,
    bytes: Bucket,
    /// Frames that are no messages: pings, pongs, empty fragments. As many as messages.
    frames: Bucket,
    transforms: Bucket,
    /// Since when it has been exceeded, and when it was exceeded last.
    exceeded: Option<(Timestamp, Timestamp)>,
}

impl Quota {
    pub(super) fn new(limits: &Limits, now: Timestamp) -> Self {
        let burst = |rate: Option<(f64, f64)>| Bucket::full(rate.map_or(0.0, |rate| rate.1), now);
        Self {
            messages: burst(messages(limits)),
            bytes: burst(bytes(limits)),
            frames: burst(messages(limits)),
            transforms: Bucket::full(TRANSFORMS_BURST, now),
            exceeded: None,
        }
    }

    /// Charges the bytes of large answers.
    pub(super) fn owe(&mut self, bytes: u64) {
        self.bytes.tokens -= bytes as f64;
    }

    /// Whether a message of `len` bytes may pass.
    pub(super) fn check(&mut self, limits: &Limits, len: usize, now: Timestamp) -> Verdict {
        let is_over = |bucket: &mut Bucket, tokens: f64, rate: Option<(f64, f64)>| {
            rate.is_some_and(|rate| !bucket.has(tokens, rate, now))
        };
        let excess = if is_over(&mut self.messages, 1.0, messages(limits)) {
            Excess::Messages
        } else if is_over(&mut self.bytes, len as f64, bytes(limits)) {
            Excess::Bytes
        } else {
            return Verdict::Passes;
        };
        if self.take_transform(now) {
            Verdict::PassesAsTransform(excess)
        } else {
            Verdict::Refused(excess)
        }
    }

    fn take_transform(&mut self, now: Timestamp) -> bool {
        let has = self.transforms.has(1.0, (TRANSFORMS_PER_S, TRANSFORMS_BURST), now);
        if has {
            self.transforms.tokens -= 1.0;
        }
        has
    }

    /// The answer to a message that was too much.
    pub(super) fn refusal(limits: &Limits, excess: Excess) -> Refusal {
        let (rate, of_what) = match excess {
            Excess::Messages => (limits.messages_per_s, "messages"),
            Excess::Bytes => (limits.bytes_per_s, "bytes, large answers included,"),
        };
        let rate = rate.unwrap_or_default();
        let reason = format!("not carried out: at most {rate} {of_what} a second");
        Refusal::new(Code::TooManyRequests, reason).also_before_login()
    }

    /// Takes the cost of a message that passed. Transforms are apart while they last.
    pub(super) fn charge(&mut self, is_transform: bool, len: usize, now: Timestamp) {
        if is_transform && self.take_transform(now) {
            return;
        }
        self.messages.tokens -= 1.0;
        self.bytes.tokens -= len as f64;
    }

    /// Whether a frame that is no message may pass.
    pub(super) fn check_frame(&mut self, limits: &Limits, now: Timestamp) -> bool {
        let passes = messages(limits).is_none_or(|rate| self.frames.has(1.0, rate, now));
        if passes {
            self.frames.tokens -= 1.0;
        }
        passes
    }

    /// Notes that the quota was exceeded; returns whether the client is flooding.
    pub(super) fn exceeded(&mut self, now: Timestamp) -> bool {
        let since = match self.exceeded {
            Some((since, last)) if now.since(last) < FLOOD_PAUSE => since,
            _ => now,
        };
        self.exceeded = Some((since, now));
        now.since(since) >= FLOOD
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Request;
    use crate::protocol::decode::{RoomCache, decode};

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1_000_000 + millis * 1000)
    }

    fn passes(quota: &mut Quota, limits: &Limits, text: &str, now: Timestamp) -> bool {
        let request = decode(text, &mut RoomCache::default());
        let is_transform = matches!(request, Ok(Request::Transform { .. }));
        match quota.check(limits, text.len(), now) {
            Verdict::Passes => {
                quota.charge(is_transform, text.len(), now);
                true
            }
            Verdict::PassesAsTransform(_) => is_transform,
            Verdict::Refused(_) => false,
        }
    }

    const PING: &str = r#"{"system":"ping"}"#;
    const POSE: &str = r#"{"room":"r","type":"transform","data":{}}"#;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let limits = Limits { messages_per_s: Some(10.0), messages_burst: 5, ..Limits::lab() };
        let mut quota = Quota::new(&limits, at(0));
        let passed = (0..8).filter(|_| passes(&mut quota, &limits, PING, at(0))).count();
        assert_eq!(passed, 5);
        assert!(!passes(&mut quota, &limits, PING, at(50)));
        assert!(passes(&mut quota, &limits, PING, at(150)));
    }

    #[test]
    fn bytes_count_too() {
        let limits = Limits { bytes_per_s: Some(100.0), bytes_burst: 40, ..Limits::lab() };
        let mut quota = Quota::new(&limits, at(0));
        assert!(
            passes(&mut quota, &limits, PING, at(0)) && passes(&mut quota, &limits, PING, at(0))
        );
        assert!(!passes(&mut quota, &limits, PING, at(0)));
    }

    #[test]
    fn large_answers_count() {
        let limits = Limits { bytes_per_s: Some(1000.0), bytes_burst: 1000, ..Limits::lab() };
        let mut quota = Quota::new(&limits, at(0));
        quota.owe(3000);
        assert!(!passes(&mut quota, &limits, PING, at(0)));
        assert!(!passes(&mut quota, &limits, PING, at(2000)));
        assert!(passes(&mut quota, &limits, PING, at(2100)));
    }

    #[test]
    fn transforms_at_240_a_second_are_always_fine() {
        let limits = Limits { messages_per_s: Some(0.1), messages_burst: 1, ..Limits::open() };
        let mut quota = Quota::new(&limits, at(0));
        for i in 0..24_000u64 {
            assert!(
                passes(&mut quota, &limits, POSE, Timestamp::from_micros(i * 1_000_000 / 240)),
                "{i}"
            );
        }
    }

    #[test]
    fn without_limits_all_pass() {
        let limits = Limits::none();
        let mut quota = Quota::new(&limits, at(0));
        assert!(
            (0..100_000)
                .all(|_| passes(&mut quota, &limits, PING, at(0))
                    && quota.check_frame(&limits, at(0)))
        );
    }

    #[test]
    fn frames_that_are_no_messages_have_the_same_rate() {
        let limits = Limits { messages_per_s: Some(10.0), messages_burst: 5, ..Limits::lab() };
        let mut quota = Quota::new(&limits, at(0));
        assert_eq!((0..8).filter(|_| quota.check_frame(&limits, at(0))).count(), 5);
        assert!(passes(&mut quota, &limits, PING, at(0)), "messages are apart");
    }

    #[test]
    fn only_a_client_that_keeps_on_floods() {
        let mut quota = Quota::new(&Limits::lab(), at(0));
        assert!((0..100).all(|i| !quota.exceeded(at(i * 100))));
        assert!(quota.exceeded(at(10_000)));
        // After a pause it begins again.
        assert!((0..100).all(|i| !quota.exceeded(at(11_500 + i * 100))));
    }
}
