//! What a ghost is to do while it waits to be let in, or leaves the server alone for a while.

use std::collections::VecDeque;

use super::place::Action;
use super::shared::ACTIONS;

/// Poses that may wait; beyond that, only the latest for each room.
const POSES: usize = 480;

/// Actions in the order in which they are to be done.
#[derive(Debug, Default)]
pub(super) struct Queue(VecDeque<Action>);

impl Queue {
    /// Whether no more may be added.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= ACTIONS
    }

    pub(super) fn push(&mut self, action: Action) {
        self.0.push_back(action);
    }

    /// Puts back what is to be done again before anything else.
    pub(super) fn push_first(&mut self, action: Action) {
        self.0.push_front(action);
    }

    pub(super) fn pop(&mut self) -> Option<Action> {
        self.0.pop_front()
    }

    /// Drops poses if too many wait. Returns how many.
    pub(super) fn trim(&mut self) -> u64 {
        let poses = self.0.iter().filter(|action| matches!(action, Action::Move { .. })).count();
        if poses <= POSES {
            return 0;
        }
        let before = self.0.len();
        let (mut kept, mut seen) = (VecDeque::new(), Vec::new());
        while let Some(action) = self.0.pop_back() {
            match &action {
                Action::Move { room, .. } if seen.contains(room) => continue,
                Action::Move { room, .. } => seen.push(*room),
                _ => {}
            }
            kept.push_front(action);
        }
        self.0 = kept;
        (before - self.0.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Pose;

    #[test]
    fn of_too_many_poses_the_latest_stay() {
        let pose = |room: usize, x: usize| {
            let pose = Pose { pos: [x as f64, 0.0, 0.0], ..Pose::default() };
            Action::Move { room, pose, due: None }
        };
        let mut queue = Queue::default();
        queue.push(Action::LogIn);
        (0..POSES).for_each(|x| queue.push(pose(x % 2, x)));
        assert_eq!(queue.trim(), 0);
        queue.push(Action::Join(2));
        queue.push(pose(2, 1));
        assert_eq!(queue.trim(), POSES as u64 - 2);
        let left: Vec<Action> = std::iter::from_fn(|| queue.pop()).collect();
        let (before, last) = (pose(0, POSES - 2), pose(1, POSES - 1));
        assert_eq!(left, [Action::LogIn, before, last, Action::Join(2), pose(2, 1)]);
    }

    #[test]
    fn it_is_full_at_some_point() {
        let mut queue = Queue::default();
        while !queue.is_full() {
            queue.push(Action::Connect);
        }
        assert_eq!(queue.0.len(), ACTIONS);
    }
}
