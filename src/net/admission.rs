//! How many may connect, in all and from each address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::model::SessionId;

/// Connections that a thread takes before the next thread gets any. Fewer on each would cost more
/// than they gain: each thread that takes part has to be woken for every tick. This many in one
/// room at 72 Hz keep a thread about half busy (`cargo bench --bench fanout -- --load room500-72`).
const FILL: usize = 512;

/// Why a connection is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// The server has as many connections as it may.
    Server,
    /// The address has as many connections as it may.
    Address,
}

#[derive(Debug, Default)]
struct Taken {
    free: Vec<u32>,
    slots: u32,
    serial: u32,
    open: usize,
    by_address: HashMap<IpAddr, usize>,
    by_thread: Vec<usize>,
}

/// Counts connections.
#[derive(Debug)]
pub(crate) struct Admission {
    taken: Mutex<Taken>,
    max: usize,
    max_per_address: Option<usize>,
    emptied: Notify,
}

impl Admission {
    pub(crate) fn new(max: usize, max_per_address: Option<usize>) -> Arc<Self> {
        Arc::new(Self { taken: Mutex::default(), max, max_per_address, emptied: Notify::new() })
    }

    /// How many connections there are.
    pub(crate) fn open(&self) -> usize {
        self.taken.lock().open
    }

    /// Admits a connection from `address`, to the one of `threads` with the fewest.
    ///
    /// # Errors
    /// If a limit is reached.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr, threads: usize) -> Result<Permit, Full> {
        let address = network(address);
        let mut taken = self.taken.lock();
        if taken.open >= self.max {
            return Err(Full::Server);
        }
        let here = taken.by_address.get(&address).copied().unwrap_or(0);
        if self.max_per_address.is_some_and(|max| here >= max) {
            return Err(Full::Address);
        }
        taken.by_address.insert(address, here + 1);
        taken.open += 1;
        taken.serial = taken.serial.wrapping_add(1);
        let slot = taken.free.pop().unwrap_or_else(|| {
            taken.slots += 1;
            taken.slots - 1
        });
        taken.by_thread.resize(threads.max(1), 0);
        let thread = thread_for_next(&taken.by_thread);
        taken.by_thread[thread] += 1;
        let id = SessionId(u64::from(taken.serial) << 32 | u64::from(slot));
        Ok(Permit { admission: self.clone(), id, thread, address })
    }

    /// Waits until there are no connections.
    pub(crate) async fn emptied(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.open() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

/// Which thread gets the next connection, given how many each has: the first that has not got its
/// fill yet, else the one with the fewest.
fn thread_for_next(open: &[usize]) -> usize {
    let free = open.iter().position(|open| *open < FILL);
    let fewest = || (0..open.len()).min_by_key(|thread| open[*thread]);
    free.or_else(fewest).unwrap_or(0)
}

/// What counts as one address: an IPv6 /64, which is what a single host is assigned (RFC 7934).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

/// Admits one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    pub(crate) id: SessionId,
    /// The thread that serves the connection.
    pub(crate) thread: usize,
    address: IpAddr,
}

#[cfg(test)]
impl Permit {
    /// Has another thread serve the connection: a test can't open as many as would fill the first.
    pub(crate) fn move_to(&mut self, thread: usize) {
        let mut taken = self.admission.taken.lock();
        taken.by_thread[self.thread] -= 1;
        taken.by_thread[thread] += 1;
        self.thread = thread;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.admission.taken.lock();
        taken.free.push(self.id.slot() as u32);
        taken.open -= 1;
        if let Some(thread) = taken.by_thread.get_mut(self.thread) {
            *thread -= 1;
        }
        if let Some(here) = taken.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                taken.by_address.remove(&self.address);
            }
        }
        if taken.open == 0 {
            self.admission.emptied.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_come_back() {
        let admission = Admission::new(3, Some(2));
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = admission.take(a, 1).unwrap();
        let second = admission.take(a, 1).unwrap();
        assert_eq!(admission.take(a, 1).unwrap_err(), Full::Address);
        let third = admission.take(b, 1).unwrap();
        assert_eq!(admission.take(b, 1).unwrap_err(), Full::Server);
        let id = first.id;
        drop(first);
        let fourth = admission.take(a, 1).unwrap();
        assert_eq!(fourth.id.slot(), id.slot(), "the slot is used again");
        assert_ne!(fourth.id, id, "the id is not");
        drop((second, third, fourth));
        assert_eq!(admission.open(), 0);
    }

    #[test]
    fn an_ipv6_host_counts_by_its_64_bits_of_network() {
        let admission = Admission::new(9, Some(1));
        let _first = admission.take("2001:db8::1".parse().unwrap(), 1).unwrap();
        let same = admission.take("2001:db8::dead:beef".parse().unwrap(), 1);
        assert_eq!(same.unwrap_err(), Full::Address);
        let _other = admission.take("2001:db8:0:1::1".parse().unwrap(), 1).unwrap();
        let _v4 = admission.take("10.0.0.1".parse().unwrap(), 1).unwrap();
        let mapped = admission.take("::ffff:10.0.0.1".parse().unwrap(), 1);
        assert_eq!(mapped.unwrap_err(), Full::Address, "IPv4 as a dual socket shows it");
    }

    #[test]
    fn threads_are_filled_one_after_the_other_and_then_alike() {
        assert_eq!(thread_for_next(&[0, 0]), 0);
        assert_eq!(thread_for_next(&[FILL - 1, 0]), 0);
        assert_eq!(thread_for_next(&[FILL, 0]), 1);
        assert_eq!(thread_for_next(&[FILL, FILL - 1]), 1);
        assert_eq!(thread_for_next(&[FILL + 1, FILL]), 1);
        assert_eq!(thread_for_next(&[FILL - 9, FILL + 5]), 0);
        assert_eq!(thread_for_next(&[FILL * 9]), 0, "one thread takes all");
    }
}
