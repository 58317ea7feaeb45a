//! Who may connect: a bounded number in all and from each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::model::SessionId;

/// Why there is no place for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Server,
    Address,
}

#[derive(Debug, Default)]
struct Taken {
    free: Vec<u32>,
    slots: u32,
    serial: u32,
    open: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The places for connections.
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

    /// How many are taken.
    pub(crate) fn open(&self) -> usize {
        self.taken.lock().open
    }

    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Result<Permit, Full> {
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
        let id = SessionId(u64::from(taken.serial) << 32 | u64::from(slot));
        Ok(Permit { admission: self.clone(), id, address })
    }

    /// Waits until none is taken.
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

/// A place for one connection; it is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    pub(crate) id: SessionId,
    address: IpAddr,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.admission.taken.lock();
        taken.free.push(self.id.slot() as u32);
        taken.open -= 1;
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
    fn admission_are_bounded_and_come_back() {
        let admission = Admission::new(3, Some(2));
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = admission.take(a).unwrap();
        let second = admission.take(a).unwrap();
        assert_eq!(admission.take(a).unwrap_err(), Full::Address);
        let third = admission.take(b).unwrap();
        assert_eq!(admission.take(b).unwrap_err(), Full::Server);
        let id = first.id;
        drop(first);
        let fourth = admission.take(a).unwrap();
        assert_eq!(fourth.id.0 & 0xffff_ffff, id.0 & 0xffff_ffff, "the slot is used again");
        assert_ne!(fourth.id, id, "the id is not");
        drop((second, third, fourth));
        assert_eq!(admission.open(), 0);
    }
}
