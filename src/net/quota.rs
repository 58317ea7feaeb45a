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

/// A token bucket.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    per_second: f64,
    burst: f64,
    tokens: f64,
    filled: Timestamp,
}

impl Bucket {
    fn new(per_second: f64, burst: f64, now: Timestamp) -> Self {
        Self { per_second, burst, tokens: burst, filled: now }
    }

    fn has(&mut self, tokens: f64, now: Timestamp) -> bool {
        let passed: Duration = now.since(self.filled);
        self.filled = now;
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.burst);
        self.tokens >= tokens
    }

    fn take(&mut self, tokens: f64, now: Timestamp) -> bool {
        let has = self.has(tokens, now);
        if has {
            self.tokens -= tokens;
        }
        has
    }
}

/// What to do with a message, decided before it is decoded.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Decode it and let it pass; [`Quota::charge`] takes its cost.
    Passes,
    /// Decode it and let it pass if it is a transform, which is already paid for.
    PassesAsTransform(Refusal),
    /// Refuse it without decoding it.
    Refused(Refusal),
}

/// What is left of a connection's allowance.
#[derive(Debug)]
pub(super) struct Quota {
    messages: Option<Bucket>,
    bytes: Option<Bucket>,
    /// Frames that are no messages: pings, pongs, fragments.
    frames: Option<Bucket>,
    transforms: Bucket,
    /// Since when it has been exceeded, and when it was exceeded last.
    exceeded: Option<(Timestamp, Timestamp)>,
}

impl Quota {
    pub(super) fn new(limits: &Limits, now: Timestamp) -> Self {
        let bucket = |rate: Option<f64>, burst: u32| {
            rate.map(|rate| Bucket::new(rate, f64::from(burst).max(1.0), now))
        };
        Self {
            messages: bucket(limits.messages_per_s, limits.messages_burst),
            bytes: bucket(limits.bytes_per_s, limits.bytes_burst),
            frames: bucket(limits.messages_per_s, limits.messages_burst),
            transforms: Bucket::new(TRANSFORMS_PER_S, TRANSFORMS_BURST, now),
            exceeded: None,
        }
    }

    /// Charges the bytes of large answers.
    pub(super) fn owe(&mut self, bytes: u64) {
        if let Some(bucket) = &mut self.bytes {
            bucket.tokens -= bytes as f64;
        }
    }

    /// Whether a message of `bytes` may pass.
    pub(super) fn check(&mut self, bytes: usize, now: Timestamp) -> Verdict {
        let over = |bucket: &mut Option<Bucket>, tokens: f64| match bucket {
            Some(bucket) => (!bucket.has(tokens, now)).then_some(bucket.per_second),
            None => None,
        };
        let refusal = if let Some(rate) = over(&mut self.messages, 1.0) {
            too_many(format!("at most {rate} messages a second"))
        } else if let Some(rate) = over(&mut self.bytes, bytes as f64) {
            too_many(format!("at most {rate} bytes a second, large answers included,"))
        } else {
            return Verdict::Passes;
        };
        if self.transforms.take(1.0, now) {
            Verdict::PassesAsTransform(refusal)
        } else {
            Verdict::Refused(refusal)
        }
    }

    /// Takes the cost of a message that passed. Transforms have an allowance of their own.
    pub(super) fn charge(&mut self, is_transform: bool, bytes: usize, now: Timestamp) {
        if is_transform && self.transforms.take(1.0, now) {
            return;
        }
        for (bucket, tokens) in [(&mut self.messages, 1.0), (&mut self.bytes, bytes as f64)] {
            if let Some(bucket) = bucket {
                bucket.tokens -= tokens;
            }
        }
    }

    /// Whether a frame that is no message may pass.
    pub(super) fn check_frame(&mut self, now: Timestamp) -> bool {
        self.frames.as_mut().is_none_or(|frames| frames.take(1.0, now))
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

fn too_many(limit: String) -> Refusal {
    Refusal::new(
        Code::TooManyRequests,
        format!("{limit} are allowed; this one was not carried out"),
    )
    .also_before_login()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Request;
    use crate::protocol::decode::{RoomCache, decode};

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1_000_000 + millis * 1000)
    }

    fn passes(quota: &mut Quota, text: &str, now: Timestamp) -> bool {
        let request = decode(text, &mut RoomCache::default());
        let is_transform = matches!(request, Ok(Request::Transform { .. }));
        match quota.check(text.len(), now) {
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
        let passed = (0..8).filter(|_| passes(&mut quota, PING, at(0))).count();
        assert_eq!(passed, 5);
        assert!(!passes(&mut quota, PING, at(50)));
        assert!(passes(&mut quota, PING, at(150)));
    }

    #[test]
    fn bytes_count_too() {
        let limits = Limits { bytes_per_s: Some(100.0), bytes_burst: 40, ..Limits::lab() };
        let mut quota = Quota::new(&limits, at(0));
        assert!(passes(&mut quota, PING, at(0)) && passes(&mut quota, PING, at(0)));
        assert!(!passes(&mut quota, PING, at(0)));
    }

    #[test]
    fn large_answers_count() {
        let limits = Limits { bytes_per_s: Some(1000.0), bytes_burst: 1000, ..Limits::lab() };
        let mut quota = Quota::new(&limits, at(0));
        quota.owe(3000);
        assert!(!passes(&mut quota, PING, at(0)));
        assert!(!passes(&mut quota, PING, at(2000)));
        assert!(passes(&mut quota, PING, at(2100)));
    }

    #[test]
    fn transforms_at_240_a_second_are_always_fine() {
        let limits = Limits { messages_per_s: Some(0.1), messages_burst: 1, ..Limits::open() };
        let mut quota = Quota::new(&limits, at(0));
        for i in 0..24_000u64 {
            assert!(passes(&mut quota, POSE, Timestamp::from_micros(i * 1_000_000 / 240)), "{i}");
        }
    }

    #[test]
    fn without_limits_all_pass() {
        let mut quota = Quota::new(&Limits::none(), at(0));
        assert!((0..100_000).all(|_| passes(&mut quota, PING, at(0)) && quota.check_frame(at(0))));
    }

    #[test]
    fn frames_that_are_no_messages_have_the_same_rate() {
        let limits = Limits { messages_per_s: Some(10.0), messages_burst: 5, ..Limits::lab() };
        let mut quota = Quota::new(&limits, at(0));
        assert_eq!((0..8).filter(|_| quota.check_frame(at(0))).count(), 5);
        assert!(passes(&mut quota, PING, at(0)), "messages are counted apart");
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
