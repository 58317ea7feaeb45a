//! What bots say.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Value, json, value::RawValue};

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

/// One utterance in eight is a button press.
const BUTTONS: [(&str, &str); 6] = [
    ("left", "trigger"),
    ("right", "trigger"),
    ("left", "grip"),
    ("right", "grip"),
    ("left", "menu"),
    ("right", "thumbstick"),
];

/// A prime, so that every stride visits all utterances before repeating one.
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
    /// What a bot says in its `turn`th turn; it repeats itself only after 47 turns.
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

    /// The utterance with this type and data; `None` if bots don't say it.
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

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
}
