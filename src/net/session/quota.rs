//! How much one connection may ask: messages a second and bytes a second, with a burst.

use std::time::Duration;

use crate::model::{Limits, Timestamp};
use crate::protocol::{Code, Refusal, Request};

/// Transforms a second that are always fine (the highest fps).
const TRANSFORMS_PER_S: f64 = 240.0;

/// Transforms that may come at once, after a network that held them back lets go.
const TRANSFORMS_BURST: f64 = 480.0;

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

    fn take(&mut self, tokens: f64, now: Timestamp) -> bool {
        let passed: Duration = now.since(self.filled);
        self.filled = now;
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.burst);
        if self.tokens < tokens {
            return false;
        }
        self.tokens -= tokens;
        true
    }
}

/// What is left of a connection's allowance.
#[derive(Debug)]
pub(super) struct Quota {
    messages: Option<Bucket>,
    bytes: Option<Bucket>,
    transforms: Bucket,
}

impl Quota {
    pub(super) fn new(limits: &Limits, now: Timestamp) -> Self {
        let bucket = |rate: Option<f64>, burst: u32| {
            rate.map(|rate| Bucket::new(rate, f64::from(burst).max(1.0), now))
        };
        Self {
            messages: bucket(limits.messages_per_s, limits.messages_burst),
            bytes: bucket(limits.bytes_per_s, limits.bytes_burst),
            transforms: Bucket::new(TRANSFORMS_PER_S, TRANSFORMS_BURST, now),
        }
    }

    /// Lets a request of `bytes` pass, or puts a 429 in its place.
    pub(super) fn check(
        &mut self,
        request: Result<Request, Refusal>,
        bytes: usize,
        now: Timestamp,
    ) -> Result<Request, Refusal> {
        if matches!(request, Ok(Request::Transform { .. })) && self.transforms.take(1.0, now) {
            return request;
        }
        if let Some(messages) = &mut self.messages
            && !messages.take(1.0, now)
        {
            return Err(too_many(format!("at most {} messages a second", messages.per_second)));
        }
        if let Some(bucket) = &mut self.bytes
            && !bucket.take(bytes as f64, now)
        {
            return Err(too_many(format!("at most {} bytes a second", bucket.per_second)));
        }
        request
    }
}

fn too_many(limit: String) -> Refusal {
    Refusal::new(Code::TooManyRequests, format!("{limit} are taken; this one was not carried out"))
        .also_before_login()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::decode::{RoomCache, decode};

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_micros(1_000_000 + millis * 1000)
    }

    fn passes(quota: &mut Quota, text: &str, now: Timestamp) -> bool {
        quota.check(decode(text, &mut RoomCache::default()), text.len(), now).is_ok()
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
        assert!((0..100_000).all(|_| passes(&mut quota, PING, at(0))));
    }
}
