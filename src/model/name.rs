//! Names of users and rooms: which are valid, and when two are the same.
//!
//! The rules are our own by choice. They follow PRECIS's nickname profile (RFC 8266) where it
//! treats spaces, and differ in two points: emoji may carry presentation selectors, which PRECIS
//! disallows, and case is folded in full, so that `straße` is `STRASSE`.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::code_points::{is_blank, is_invisible, is_presentation_selector};

/// The longest user name, in Unicode scalar values.
pub const MAX_USER_CHARS: usize = 64;

/// The longest room name, in Unicode scalar values.
pub const MAX_ROOM_CHARS: usize = 128;

/// The room that always exists, and that everyone joins at login.
pub const LOBBY: &str = "lobby";

/// Why a name is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No characters.
    #[error("a name can't be empty")]
    Empty,
    /// Too many characters.
    #[error("a name has at most {limit} characters, this one has {given}")]
    TooLong {
        /// The most that is allowed.
        limit: usize,
        /// How many the name has.
        given: usize,
    },
    /// Only white space.
    #[error("a name needs a visible character, not only white space")]
    Blank,
    /// A character that is invisible or changes how others look.
    #[error(
        "a name can't contain {} (control, bidirectional, zero-width or unassigned)",
        code_point(*.0)
    )]
    Forbidden(char),
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

fn check(text: &str, limit: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    let given = text.chars().count();
    if given > limit {
        return Err(NameError::TooLong { limit, given });
    }
    if text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    for c in text.chars() {
        use GeneralCategory as G;
        let refused = match c.general_category() {
            G::Control | G::Format | G::Surrogate | G::Unassigned => true,
            G::LineSeparator | G::ParagraphSeparator => true,
            _ => is_invisible(c),
        };
        if refused {
            return Err(NameError::Forbidden(c));
        }
    }
    if text.chars().all(|c| is_blank(c) || is_presentation_selector(c)) {
        return Err(NameError::Blank);
    }
    Ok(())
}

/// The form that all names that look alike share: compatibility caseless matching (Unicode 3.13,
/// D146) without presentation selectors, blanks trimmed at the ends and each run of them inside
/// turned into one space. Folding a folded name changes nothing.
pub(crate) fn fold(text: &str) -> Arc<str> {
    if text.is_ascii() {
        return one_space(&text.to_ascii_lowercase()).into();
    }
    let once: String =
        text.chars().filter(|c| !is_presentation_selector(*c)).nfd().default_case_fold().collect();
    let twice: String = once.nfkd().default_case_fold().collect();
    let normalized: String = twice.nfkc().collect();
    // Last, because normalization makes spaces: U+00A8 becomes a space and a combining mark.
    one_space(&normalized).into()
}

/// `text` with its blanks trimmed at the ends and each run of them inside as one space.
fn one_space(text: &str) -> String {
    let mut spaced = String::with_capacity(text.len());
    for word in text.split(is_blank).filter(|word| !word.is_empty()) {
        if !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push_str(word);
    }
    spaced
}

/// A user's name: 1 to 64 visible characters. Names that look alike are equal: NFKC, case folded,
/// white space at the ends ignored and each run of it inside taken as one space.
#[derive(Clone, Debug)]
pub struct UserName {
    text: Arc<str>,
    folded: Arc<str>,
}

impl UserName {
    /// Checks a name.
    ///
    /// # Errors
    /// If the wire contract's rules for names forbid it.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check(text, MAX_USER_CHARS)?;
        Ok(Self { text: text.into(), folded: fold(text) })
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name as it was given, shared.
    pub fn shared(&self) -> Arc<str> {
        self.text.clone()
    }

    /// The form that all names that look like this one share; also the sort key of listings.
    pub fn folded(&self) -> &Arc<str> {
        &self.folded
    }
}

impl PartialEq for UserName {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for UserName {}

impl Hash for UserName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A room's name: 1 to 128 visible characters, compared exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// Checks a name.
    ///
    /// # Errors
    /// If the wire contract's rules for names forbid it.
    pub fn new(text: &str) -> Result<Self, NameError> {
        check(text, MAX_ROOM_CHARS)?;
        Ok(Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The room that always exists.
    pub fn lobby() -> Self {
        Self(LOBBY.into())
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The sort key of the operator's list of rooms: ignores case.
    pub(crate) fn order(&self) -> String {
        self.0.to_lowercase()
    }
}

impl Borrow<str> for RoomName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn length_is_counted_in_scalar_values() {
        assert!(UserName::new(&"李".repeat(64)).is_ok());
        assert_eq!(
            UserName::new(&"李".repeat(65)),
            Err(NameError::TooLong { limit: 64, given: 65 })
        );
        assert!(RoomName::new(&"é".repeat(128)).is_ok());
        assert!(RoomName::new(&"é".repeat(129)).is_err());
    }

    #[test]
    fn invisible_characters_are_refused() {
        let refused = [
            "",
            " ",
            "\u{3000}",
            "a\nb",
            "\u{1b}[31m",
            "a\u{7f}",
            "a\u{85}",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{200b}b",
            "a\u{200d}b",
            "a\u{feff}",
            "a\u{61c}b",
            "a\u{2060}b",
            "a\u{ad}b",
            "a\u{378}",
            "a\u{2028}b",
            "\u{3164}",
            "\u{115f}",
            "a\u{e0041}",
            "\u{2800}",
            "\u{ffff}",
        ];
        for name in refused {
            assert!(UserName::new(name).is_err(), "{name:?} as a user");
            assert!(RoomName::new(name).is_err(), "{name:?} as a room");
        }
        for name in ["ada", "Ada Lovelace", "李雷", "björn", "🙂", "❤\u{fe0f}", "e\u{301}", "*x*"]
        {
            assert!(UserName::new(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn names_that_look_alike_are_equal() {
        let same = [
            ("Ada", "ADA"),
            ("straße", "STRASSE"),
            ("é", "e\u{301}"),
            ("ａｄａ", "Ada"),
            ("ﬁn", "FIN"),
            ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
            ("❤\u{fe0f}", "❤"),
            ("①", "1"),
        ];
        for (a, b) in same {
            let (a, b) = (UserName::new(a).unwrap(), UserName::new(b).unwrap());
            assert_eq!(a, b, "{a} {b}");
        }
        assert_ne!(UserName::new("ada").unwrap(), UserName::new("adb").unwrap());
        assert_ne!(RoomName::new("Hall").unwrap(), RoomName::new("hall").unwrap());
    }

    #[test]
    fn white_space_does_not_make_another_user() {
        for alike in [
            "admin",
            "admin ",
            " admin",
            "  Admin   ",
            "admin\u{a0}",
            "\u{3000}admin\u{3000}",
            "\u{1680}admin",
            "admin\u{2003}\u{202f}",
            "admin\u{2800}",
            "admin \u{fe0f} ",
        ] {
            let name = UserName::new(alike).unwrap();
            assert_eq!(&**name.folded(), "admin", "{alike:?}");
            assert_eq!(name.as_str(), alike, "the text as given is kept");
        }
        for alike in ["a b", "a  b", "A\u{a0}B", "a\u{3000} \u{2009}b", "a\u{2800}b "] {
            assert_eq!(&**UserName::new(alike).unwrap().folded(), "a b", "{alike:?}");
        }
        assert_ne!(UserName::new("a b").unwrap(), UserName::new("ab").unwrap());
        assert_ne!(RoomName::new("hall ").unwrap(), RoomName::new("hall").unwrap());
        for refused in ["admin\t", "a\tb", "admin\n", "admin\u{85}", "admin\u{2028}"] {
            assert!(UserName::new(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn white_space_from_normalization_is_trimmed_too() {
        // NFKC: U+00B4 is a space and U+0301, U+2017 a space and U+0333, U+037A a space and U+0345.
        for (given, folded) in [
            ("\u{b4}a", "\u{301}a"),
            ("a \u{2017}", "a \u{333}"),
            ("\u{37a}", "\u{3b9}"),
            // An ornate ligature of four words.
            (
                "\u{fdfa}",
                "\u{635}\u{644}\u{649} \u{627}\u{644}\u{644}\u{647} \u{639}\u{644}\u{64a}\u{647} \u{648}\u{633}\u{644}\u{645}",
            ),
        ] {
            assert_eq!(&*fold(given), folded, "{given:?}");
        }
    }

    #[test]
    fn folding_any_character_twice_changes_nothing() {
        use GeneralCategory as G;
        for c in ('\0'..=char::MAX)
            .filter(|c| !matches!(c.general_category(), G::Unassigned | G::PrivateUse))
        {
            if let Ok(name) = UserName::new(&format!("{c}a{c} {c}")) {
                assert_eq!(&fold(name.folded()), name.folded(), "{c:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn folding_a_folded_name_changes_nothing(text in "([ A-Za\u{a0}\u{3000}\u{1680}\u{2800}¨´ßİŉǰΐὒᾳﬁſ]|\\PC|\\p{M}){1,24}") {
            if let Ok(name) = UserName::new(&text) {
                prop_assert_eq!(&fold(name.folded()), name.folded());
                prop_assert!(!name.folded().starts_with(is_blank));
                prop_assert!(!name.folded().ends_with(is_blank));
                prop_assert!(!name.folded().contains("  "));
            }
        }

        #[test]
        fn white_space_around_and_doubled_inside_changes_no_name(
            words in prop::collection::vec("[a-zA-Zéß李]{1,5}", 1..4),
            blanks in prop::collection::vec("[ \u{a0}\u{3000}\u{2003}\u{2800}]{1,3}", 5),
        ) {
            let plain = UserName::new(&words.join(" ")).unwrap();
            let mut spaced = blanks[0].clone();
            for (word, blank) in words.iter().zip(&blanks[1..]) {
                spaced += word;
                spaced += blank;
            }
            prop_assert_eq!(UserName::new(&spaced).unwrap(), plain);
        }
    }
}
