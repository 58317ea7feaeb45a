//! Names of bots and their rooms.

use parking_lot::Mutex;

const FIRST_NAMES: [&str; 60] = [
    "ada",
    "björn",
    "chloé",
    "李雷",
    "emre",
    "freya",
    "giulia",
    "hana",
    "игорь",
    "josé",
    "kenji",
    "leïla",
    "μαρία",
    "noor",
    "ольга",
    "paweł",
    "quinn",
    "rosa",
    "søren",
    "taro",
    "ursula",
    "vikram",
    "wanjiru",
    "ximena",
    "yusuf",
    "zoë",
    "amara",
    "benedikt",
    "carmen",
    "đức",
    "eero",
    "fátima",
    "grace",
    "håkon",
    "inês",
    "jürgen",
    "kofi",
    "lucía",
    "mehmet",
    "nina",
    "omar",
    "priya",
    "さくら",
    "renée",
    "štěpán",
    "tamar",
    "한나",
    "victor",
    "willem",
    "王芳",
    "yael",
    "živa",
    "alan",
    "barbara",
    "clément",
    "दिया",
    "edsger",
    "frances",
    "linus",
    "radia",
];

const ROOMS: [&str; 12] = [
    "atrium",
    "lab-2",
    "日本語ルーム",
    "hall-4",
    "garden-5",
    "studio-6",
    "кафе-7",
    "gallery-8",
    "workshop-9",
    "théâtre-10",
    "교실-11",
    "rooftop-12",
];

/// The name with number `index`: a first name, with a suffix from the second round on.
pub(super) fn user_name(index: usize) -> String {
    let first = FIRST_NAMES[index % FIRST_NAMES.len()];
    match index / FIRST_NAMES.len() {
        0 => first.to_owned(),
        round => format!("{first}-{}", round + 1),
    }
}

/// The name of the room with number `index`.
pub(super) fn room_name(index: usize) -> String {
    ROOMS.get(index).map_or_else(|| format!("hall-{}", index + 1), |room| (*room).to_owned())
}

/// Names that one run tries: enough for the largest run beside nine others of its size.
const NAMES_TRIED: usize = 50_000;

/// Hands out each name once, to whichever bot asks.
#[derive(Debug, Default)]
pub(super) struct NamePool(Mutex<usize>);

impl NamePool {
    /// The next unused name; `None` after [`NAMES_TRIED`].
    pub(super) fn next(&self) -> Option<String> {
        let mut handed_out = self.0.lock();
        (*handed_out < NAMES_TRIED).then(|| {
            let name = user_name(*handed_out);
            *handed_out += 1;
            name
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::model::UserName;

    #[test]
    fn no_two_names_look_alike() {
        let users: HashSet<UserName> =
            (0..5000).map(|index| UserName::new(&user_name(index)).unwrap()).collect();
        assert_eq!(users.len(), 5000);
        let rooms: HashSet<String> = (0..1000).map(room_name).collect();
        assert_eq!(rooms.len(), 1000);
    }

    #[test]
    fn the_second_round_is_numbered() {
        let pool = NamePool::default();
        let names: Vec<String> = (0..61).map(|_| pool.next().unwrap()).collect();
        assert_eq!((names[0].as_str(), names[60].as_str()), ("ada", "ada-2"));
        assert_eq!((room_name(0).as_str(), room_name(12).as_str()), ("atrium", "hall-13"));
    }
}
