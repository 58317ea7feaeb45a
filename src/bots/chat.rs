//! What bots say, and a ledger of who has still to hear it.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Value, json, value::RawValue};

use super::histogram::Histogram;

/// A message that has not come after this long is lost.
pub(super) const LOST_AFTER: Duration = Duration::from_secs(10);

/// Messages that one room's ledger waits for at most; what is said beyond is not followed.
const OPEN_LIMIT: usize = 8192;

const SENTENCES: [&str; 41] = [
    "hello everyone",
    "good morning",
    "can you hear me?",
    "loud and clear",
    "look at this one",
    "over here, by the window",
    "who wants to go first?",
    "I'll take the left side",
    "that looks great",
    "let me try again",
    "one moment please",
    "back in a minute",
    "shall we start?",
    "nice to see you all",
    "the light in here is lovely",
    "is this your first time here?",
    "I like your avatar",
    "follow me",
    "wait for me!",
    "what a view",
    "could you move a bit to the right?",
    "perfect, thank you",
    "you're welcome",
    "see you in the atrium",
    "did everyone get that?",
    "I think so",
    "not sure yet",
    "great idea",
    "let's meet in the middle",
    "my headset says 40 percent",
    "this is so smooth",
    "see you tomorrow",
    "bonjour à tous 👋",
    "schön, dass ihr da seid",
    "¿empezamos?",
    "你好！",
    "こんにちは、みなさん",
    "привет всем",
    "안녕하세요",
    "teşekkürler",
    "how do I sit down?",
];

/// One in eight of what bots say is a press of a button.
const BUTTONS: [(&str, &str); 6] = [
    ("left", "trigger"),
    ("right", "trigger"),
    ("left", "grip"),
    ("right", "grip"),
    ("left", "menu"),
    ("right", "thumbstick"),
];

/// A prime, so that every stride visits all of them before one comes again.
const UTTERANCES: u8 = (SENTENCES.len() + BUTTONS.len()) as u8;

struct Table {
    data: Vec<Value>,
    sentences: HashMap<&'static str, u8>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let buttons = BUTTONS.map(|(hand, button)| json!({"hand": hand, "button": button}));
    Table {
        data: SENTENCES.iter().map(|&text| Value::from(text)).chain(buttons).collect(),
        sentences: (0..).zip(SENTENCES).map(|(index, text)| (text, index)).collect(),
    }
});

/// Something a bot can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Utterance(u8);

impl Utterance {
    /// What a bot says as its `turn`th; the same comes again after 47 turns only.
    pub(super) fn of_turn(slot: usize, turn: usize) -> Self {
        let count = usize::from(UTTERANCES);
        let stride = 1 + slot % (count - 1);
        Self(((slot % count + turn % count * stride) % count) as u8)
    }

    pub(super) fn kind(self) -> &'static str {
        if usize::from(self.0) < SENTENCES.len() { "msg" } else { "button" }
    }

    pub(super) fn data(self) -> &'static Value {
        &TABLE.data[usize::from(self.0)]
    }

    /// The one with this type and data; none if no bot would say that.
    pub(super) fn recognize(kind: &str, data: &RawValue) -> Option<Self> {
        match kind {
            "msg" => {
                let text: String = serde_json::from_str(data.get()).ok()?;
                TABLE.sentences.get(text.as_str()).copied().map(Self)
            }
            "button" => {
                let data: Value = serde_json::from_str(data.get()).ok()?;
                let found = TABLE.data.iter().position(|known| *known == data)?;
                u8::try_from(found).ok().map(Self)
            }
            _ => None,
        }
    }
}

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

    /// Whether it was in there.
    fn remove(&mut self, slot: usize) -> bool {
        let bit = 1 << (slot % 64);
        let was_in = self.0[slot / 64] & bit != 0;
        self.0[slot / 64] &= !bit;
        was_in
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

/// One room's chat. A message is expected by every bot that was in the room when it was said and
/// stays there, the one that said it included. It is lost to a bot that has not heard it
/// [`LOST_AFTER`] later, or when the run ends.
#[derive(Debug)]
pub(super) struct Ledger {
    present: Slots,
    open: HashMap<(usize, Utterance), Open>,
    order: VecDeque<(Instant, usize, Utterance)>,
    counts: ChatCounts,
    delays: Histogram,
    lost_by: Vec<u32>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ChatCounts {
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) lost: u64,
    /// Sent, and then refused by the server.
    pub(super) refused: u64,
}

impl Ledger {
    pub(super) fn new(members: usize) -> Self {
        Self {
            present: Slots::none(members),
            open: HashMap::new(),
            order: VecDeque::new(),
            counts: ChatCounts::default(),
            delays: Histogram::default(),
            lost_by: vec![0; members],
        }
    }

    /// The server has told the bot that it is in the room.
    pub(super) fn entered(&mut self, slot: usize) {
        self.present.insert(slot);
    }

    /// The bot is no longer in the room, so that nothing more will reach it.
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

    /// The server has refused something that the bot sent: what it said and has not heard itself
    /// did not happen.
    pub(super) fn refused(&mut self, slot: usize) {
        let counts = &mut self.counts;
        self.open.retain(|&(sender, _), open| {
            let gone = sender == slot && open.waiting.clone().remove(slot);
            counts.refused += u64::from(gone);
            !gone
        });
    }

    /// Gives up on what should have come by now.
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

    /// Gives up on all that has not come.
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

    pub(super) fn delays(&self) -> &Histogram {
        &self.delays
    }

    /// Messages that a bot should have heard and did not.
    pub(super) fn lost_by(&self, slot: usize) -> u32 {
        self.lost_by[slot]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn room_of(members: usize) -> Ledger {
        let mut ledger = Ledger::new(members);
        (0..members).for_each(|slot| ledger.entered(slot));
        ledger
    }

    #[test]
    fn every_utterance_is_recognized_and_comes_once_in_47_turns() {
        for slot in [0, 1, 45, 46, 47, 4999] {
            let said: HashSet<u8> = (0..47).map(|turn| Utterance::of_turn(slot, turn).0).collect();
            assert_eq!(said.len(), 47);
        }
        for utterance in (0..UTTERANCES).map(Utterance) {
            let data = serde_json::to_string_pretty(utterance.data()).unwrap();
            let data = RawValue::from_string(data).unwrap();
            assert_eq!(Utterance::recognize(utterance.kind(), &data), Some(utterance));
            assert_eq!(Utterance::recognize("join", &data), None);
        }
    }

    #[test]
    fn what_everyone_hears_is_not_lost() {
        let (mut ledger, now) = (room_of(70), Instant::now());
        let hello = Utterance(0);
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
    fn what_does_not_come_in_time_is_lost_to_those_who_missed_it() {
        let (mut ledger, now) = (room_of(3), Instant::now());
        ledger.said(0, Utterance(1), now);
        ledger.heard(0, 0, Utterance(1), now);
        ledger.heard(2, 0, Utterance(1), now);
        ledger.expire(now + LOST_AFTER - Duration::from_millis(1));
        assert_eq!(ledger.counts().lost, 0);
        ledger.expire(now + LOST_AFTER);
        ledger.heard(1, 0, Utterance(1), now + LOST_AFTER);
        assert_eq!(ledger.counts(), ChatCounts { sent: 1, received: 2, lost: 1, refused: 0 });
        assert_eq!((ledger.lost_by(0), ledger.lost_by(1)), (0, 1));
    }

    #[test]
    fn who_left_or_came_later_misses_nothing() {
        let (mut ledger, now) = (Ledger::new(3), Instant::now());
        ledger.entered(0);
        ledger.entered(1);
        ledger.said(0, Utterance(2), now);
        ledger.entered(2);
        ledger.heard(0, 0, Utterance(2), now);
        ledger.left(1);
        assert!(ledger.is_settled());
        ledger.finish();
        assert_eq!(ledger.counts(), ChatCounts { sent: 1, received: 1, lost: 0, refused: 0 });
    }

    #[test]
    fn what_was_refused_is_not_lost() {
        let (mut ledger, now) = (room_of(2), Instant::now());
        ledger.said(0, Utterance(4), now);
        ledger.said(1, Utterance(4), now);
        ledger.refused(0);
        ledger.heard(0, 1, Utterance(4), now);
        ledger.finish();
        assert_eq!(ledger.counts(), ChatCounts { sent: 2, received: 1, lost: 1, refused: 1 });
    }
}
