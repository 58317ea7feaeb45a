//! Where everyone in a room stands.

use std::sync::atomic::{AtomicU64, Ordering};

/// Where everyone in a room stands, for heads that look around.
#[derive(Debug)]
pub(super) struct Crowd(Vec<AtomicU64>);

/// Nobody there: with all bits set, both coordinates are NaN.
const NOWHERE: u64 = u64::MAX;

impl Crowd {
    pub(super) fn new(members: usize) -> Self {
        Self((0..members).map(|_| AtomicU64::new(NOWHERE)).collect())
    }

    pub(super) fn place(&self, slot: usize, x: f32, z: f32) {
        if let Some(place) = self.0.get(slot) {
            let packed = u64::from(x.to_bits()) << 32 | u64::from(z.to_bits());
            place.store(packed, Ordering::Relaxed);
        }
    }

    pub(super) fn remove(&self, slot: usize) {
        if let Some(place) = self.0.get(slot) {
            place.store(NOWHERE, Ordering::Relaxed);
        }
    }

    pub(super) fn position(&self, slot: usize) -> Option<(f32, f32)> {
        let packed = self.0.get(slot)?.load(Ordering::Relaxed);
        (packed != NOWHERE)
            .then(|| (f32::from_bits((packed >> 32) as u32), f32::from_bits(packed as u32)))
    }

    /// The slot of whoever stands nearest to a place, `own` excepted.
    pub(super) fn nearest_to(&self, own: usize, x: f32, z: f32) -> Option<usize> {
        (0..self.0.len())
            .filter(|&slot| slot != own)
            .filter_map(|slot| {
                let (other_x, other_z) = self.position(slot)?;
                Some((slot, (other_x - x).hypot(other_z - z)))
            })
            .min_by(|(_, left), (_, right)| left.total_cmp(right))
            .map(|(slot, _)| slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_other_is_neither_oneself_nor_gone() {
        let crowd = Crowd::new(4);
        assert_eq!(crowd.nearest_to(0, 0.0, 0.0), None);
        crowd.place(0, 0.0, 0.0);
        crowd.place(1, 3.0, 0.0);
        crowd.place(2, 0.0, -1.0);
        assert_eq!(crowd.nearest_to(0, 0.0, 0.0), Some(2));
        crowd.remove(2);
        assert_eq!(crowd.nearest_to(0, 0.0, 0.0), Some(1));
    }
}
