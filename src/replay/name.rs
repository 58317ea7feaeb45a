//! The names of ghosts.

use crate::model::{MAX_USER_CHARS, UserName};

/// What every ghost's name begins with.
const PREFIX: &str = "ghost:";

/// What stands for a character that a name can't have.
const SUBSTITUTE: char = '_';

/// The name of a ghost: `ghost:NAME`, or `ghost:NAME 2` and so on where that is in use.
#[derive(Clone, Debug)]
pub(super) struct GhostName(String);

impl GhostName {
    /// The ghost of whoever is called `name` in the recording.
    pub(super) fn of(name: &str) -> Self {
        let is_allowed = |c: char| UserName::new(&format!("a{c}a")).is_ok();
        Self(name.chars().map(|c| if is_allowed(c) { c } else { SUBSTITUTE }).collect())
    }

    /// The name to try at the attempt `number`, from 0 on: different each time, and always valid.
    pub(super) fn attempt(&self, number: usize) -> String {
        let suffix = if number == 0 { String::new() } else { format!(" {}", number + 1) };
        let room = MAX_USER_CHARS - PREFIX.len() - suffix.len();
        let name: String = self.0.chars().take(room).collect();
        format!("{PREFIX}{name}{suffix}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_cut_and_numbered() {
        let name = GhostName::of("S01");
        assert_eq!((name.attempt(0), name.attempt(1)), ("ghost:S01".into(), "ghost:S01 2".into()));
        let long = GhostName::of(&"李".repeat(64));
        assert_eq!(long.attempt(0), format!("ghost:{}", "李".repeat(58)));
        assert_eq!(long.attempt(10), format!("ghost:{} 11", "李".repeat(55)));
        assert_eq!(GhostName::of("a\u{1b}[2J\u{202e}b").attempt(0), "ghost:a_[2J_b");
    }

    proptest! {
        #[test]
        fn every_name_is_valid_and_differs_from_the_others(text in any::<String>()) {
            let name = GhostName::of(&text);
            let mut seen = std::collections::HashSet::new();
            for number in 0..30 {
                let attempt = name.attempt(number);
                let valid = UserName::new(&attempt);
                prop_assert!(valid.is_ok(), "{:?}", attempt);
                prop_assert!(seen.insert(valid.unwrap()), "{:?}", attempt);
            }
        }
    }
}
