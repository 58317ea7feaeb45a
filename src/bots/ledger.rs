//! A ledger of a room's chat: who is still to hear which message, and what was lost.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::durations::Durations;
use super::utterance::Utterance;

/// A message that has not arrived after this long counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// Messages that one room's ledger follows at the same time; further ones are only counted.
const OPEN_LIMIT: usize = 8192;

/// A set of a room's bots.
#[derive(Clone, Debug)]
struct Slots(Vec<u64>);

impl Slots {
    fn none(members: usize) -> Self {
        Self(vec![0; members.div_ceil(64)])
    }

    fn insert(&mut self, slot: usize) {
        self.0[slot / 64] |= 1 << (slot % 64);
    }

    /// Returns whether the slot was in the set.
    fn remove(&mut self, slot: usize) -> bool {
        let bit = 1 << (slot % 64);
        let was_member = self.0[slot / 64] & bit != 0;
        self.0[slot / 64] &= !bit;
        was_member
    }

    fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.0.len() * 64).filter(|slot| self.0[slot / 64] & (1 << (slot % 64)) != 0)
    }
}

#[derive(Debug)]
struct Open {
    said: Instant,
    waiting: Slots,
    left: usize,
}

/// One room's chat. Every bot that was in the room when a message was said and stays there, its
/// sender included, is expected to hear it. The message is lost to a bot that hasn't heard it after
/// [`LOST_AFTER`] or by the end of the run.
#[derive(Debug)]
pub(super) struct Ledger {
    present: Slots,
    open: HashMap<(usize, Utterance), Open>,
    order: VecDeque<(Instant, usize, Utterance)>,
    counts: ChatCounts,
    delays: Durations,
    lost_by: Vec<u32>,
}

/// What became of a room's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ChatCounts {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) lost: u64,
    /// Sent but refused by the server.
    pub(super) refused: u64,
}

impl Ledger {
    pub(super) fn new(members: usize) -> Self {
        Self {
            present: Slots::none(members),
            open: HashMap::new(),
            order: VecDeque::new(),
            counts: ChatCounts::default(),
            delays: Durations::default(),
            lost_by: vec![0; members],
        }
    }

    /// The server has confirmed that the bot is in the room.
    pub(super) fn entered(&mut self, slot: usize) {
        self.present.insert(slot);
    }

    /// The bot is no longer in the room, so it expects no more messages.
    pub(super) fn left(&mut self, slot: usize) {
        self.present.remove(slot);
        self.open.retain(|_, open| {
            open.left -= usize::from(open.waiting.remove(slot));
            open.left > 0
        });
    }

    pub(super) fn said(&mut self, slot: usize, utterance: Utterance, now: Instant) {
        self.expire(now);
        self.counts.sent += 1;
        let waiting = self.present.clone();
        let left = waiting.len();
        if self.order.len() < OPEN_LIMIT && left > 0 {
            let open = Open { said: now, waiting, left };
            self.open.insert((slot, utterance), open);
            self.order.push_back((now, slot, utterance));
        }
    }

    pub(super) fn heard(&mut self, hearer: usize, slot: usize, said: Utterance, now: Instant) {
        let Some(open) = self.open.get_mut(&(slot, said)) else { return };
        if open.waiting.remove(hearer) {
            open.left -= 1;
            self.counts.received += 1;
            self.delays.record(now.saturating_duration_since(open.said));
            if open.left == 0 {
                self.open.remove(&(slot, said));
            }
        }
    }

    /// The server has refused a request of the bot: drops the bot's messages that it hasn't heard
    /// back.
    pub(super) fn refused(&mut self, slot: usize) {
        let counts = &mut self.counts;
        self.open.retain(|&(sender, _), open| {
            let gone = sender == slot && open.waiting.clone().remove(slot);
            counts.refused += u64::from(gone);
            !gone
        });
    }

    /// Gives up on messages that should have arrived by now.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(&(said, slot, utterance)) = self.order.front() {
            if now.saturating_duration_since(said) < LOST_AFTER {
                break;
            }
            self.order.pop_front();
            if self.open.get(&(slot, utterance)).is_some_and(|open| open.said == said) {
                self.give_up(slot, utterance);
            }
        }
    }

    /// Gives up on all messages that haven't arrived.
    pub(super) fn finish(&mut self) {
        while let Some((_, slot, utterance)) = self.order.pop_front() {
            self.give_up(slot, utterance);
        }
    }

    fn give_up(&mut self, slot: usize, utterance: Utterance) {
        if let Some(open) = self.open.remove(&(slot, utterance)) {
            self.counts.lost += open.left as u64;
            for hearer in open.waiting.iter() {
                self.lost_by[hearer] += 1;
            }
        }
    }

    /// Whether everyone has heard everything.
    pub(super) fn is_settled(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn counts(&self) -> ChatCounts {
        self.counts
    }

    pub(super) fn delays(&self) -> &Durations {
        &self.delays
    }

    /// Messages that the bot should have heard but didn't.
    pub(super) fn lost_by(&self, slot: usize) -> u32 {
        self.lost_by[slot]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utterance(turn: usize) -> Utterance {
        Utterance::of_turn(0, turn)
    }

    fn room_of(members: usize) -> Ledger {
        let mut ledger = Ledger::new(members);
        (0..members).for_each(|slot| ledger.entered(slot));
        ledger
    }

    #[test]
    fn a_message_that_everyone_hears_is_not_lost() {
        let (mut ledger, now) = (room_of(70), Instant::now());
        let hello = utterance(0);
        ledger.said(3, hello, now);
        for hearer in 0..70 {
            assert!(!ledger.is_settled());
            ledger.heard(hearer, 3, hello, now + Duration::from_millis(5));
            ledger.heard(hearer, 3, hello, now + Duration::from_millis(6));
        }
        assert!(ledger.is_settled());
        ledger.finish();
        assert_eq!(ledger.counts(), ChatCounts { sent: 1, received: 70, lost: 0, refused: 0 });
        assert_eq!(ledger.delays().count(), 70);
    }

    #[test]
    fn a_late_message_is_lost_to_those_who_missed_it() {
        let (mut ledger, now) = (room_of(3), Instant::now());
        ledger.said(0, utterance(1), now);
        ledger.heard(0, 0, utterance(1), now);
        ledger.heard(2, 0, utterance(1), now);
        ledger.expire(now + LOST_AFTER - Duration::from_millis(1));
        assert_eq!(ledger.counts().lost, 0);
        ledger.expire(now + LOST_AFTER);
        ledger.heard(1, 0, utterance(1), now + LOST_AFTER);
        assert_eq!(ledger.counts(), ChatCounts { sent: 1, received: 2, lost: 1, refused: 0 });
        assert_eq!((ledger.lost_by(0), ledger.lost_by(1)), (0, 1));
    }

    #[test]
    fn bots_that_left_or_came_later_miss_nothing() {
        let (mut ledger, now) = (Ledger::new(3), Instant::now());
        ledger.entered(0);
        ledger.entered(1);
        ledger.said(0, utterance(2), now);
        ledger.entered(2);
        ledger.heard(0, 0, utterance(2), now);
        ledger.left(1);
        assert!(ledger.is_settled());
        ledger.finish();
        assert_eq!(ledger.counts(), ChatCounts { sent: 1, received: 1, lost: 0, refused: 0 });
    }

    #[test]
    fn a_refused_message_is_not_lost() {
        let (mut ledger, now) = (room_of(2), Instant::now());
        ledger.said(0, utterance(4), now);
        ledger.said(1, utterance(4), now);
        ledger.refused(0);
        ledger.heard(0, 1, utterance(4), now);
        ledger.finish();
        assert_eq!(ledger.counts(), ChatCounts { sent: 2, received: 1, lost: 1, refused: 1 });
    }
}
