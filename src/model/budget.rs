//! One memory budget for the whole server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// Counts the bytes that clients make the server hold: incomplete input, frames that wait to be
/// written, histories. What is shared is counted once. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    used: AtomicUsize,
    limit: usize,
}

/// How full a [`Budget`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    /// Less than three quarters of it is in use.
    None,
    /// Connections that hold a lot are not read from.
    High,
    /// All of it is in use: the connections that hold the most are closed.
    Full,
}

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Inner { used: AtomicUsize::new(0), limit }))
    }

    /// Bytes in use.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed)
    }

    /// How full it is.
    pub fn pressure(&self) -> Pressure {
        let used = self.used();
        if used >= self.0.limit {
            Pressure::Full
        } else if used >= self.0.limit / 4 * 3 {
            Pressure::High
        } else {
            Pressure::None
        }
    }

    /// Bytes above three quarters of the limit.
    pub fn excess(&self) -> usize {
        self.used().saturating_sub(self.0.limit / 4 * 3)
    }

    /// Counts `bytes` until the charge is dropped.
    pub fn charge(&self, bytes: usize) -> Charge {
        let mut charge = Charge { budget: self.clone(), bytes: 0 };
        charge.set(bytes);
        charge
    }

    /// Counts `frames` until the last of their readers has dropped them; `until` is dropped then
    /// too.
    pub fn share(&self, frames: Bytes, until: Vec<Hold>) -> Bytes {
        let charge = self.charge(frames.len());
        Bytes::from_owner(Shared { frames, _charge: charge, _until: until })
    }
}

impl Default for Budget {
    /// Without a limit.
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

/// Counts bytes until it is dropped.
#[derive(Debug)]
pub struct Charge {
    budget: Budget,
    bytes: usize,
}

impl Charge {
    /// Counts `bytes` from now on.
    pub fn set(&mut self, bytes: usize) {
        let used = &self.budget.0.used;
        if bytes > self.bytes {
            used.fetch_add(bytes - self.bytes, Ordering::Relaxed);
        } else if bytes < self.bytes {
            used.fetch_sub(self.bytes - bytes, Ordering::Relaxed);
        }
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// Something to keep until a frame has been written to all its readers, and then to drop.
pub type Hold = Box<dyn Send + Sync>;

struct Shared {
    frames: Bytes,
    _charge: Charge,
    _until: Vec<Hold>,
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_frames_count_once_and_until_the_last_reader() {
        let budget = Budget::new(100);
        let frame = budget.share(Bytes::from(vec![0; 80]), Vec::new());
        let (one, two) = (frame.clone(), frame.slice(10..));
        drop(frame);
        assert_eq!((budget.used(), budget.pressure()), (80, Pressure::High));
        drop(one);
        assert_eq!(budget.used(), 80);
        drop(two);
        assert_eq!((budget.used(), budget.pressure()), (0, Pressure::None));
    }

    #[test]
    fn a_charge_grows_and_shrinks() {
        let budget = Budget::new(100);
        let mut charge = budget.charge(10);
        charge.set(120);
        assert_eq!((budget.used(), budget.pressure()), (120, Pressure::Full));
        charge.set(5);
        assert_eq!(budget.used(), 5);
        drop(charge);
        assert_eq!(budget.used(), 0);
    }
}
