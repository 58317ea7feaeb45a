//! Names of users and rooms: what they may be, and when two are the same.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// The longest user name, in Unicode scalar values.
pub const MAX_USER_CHARS: usize = 64;

/// The longest room name, in Unicode scalar values.
pub const MAX_ROOM_CHARS: usize = 128;

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No characters.
    #[error("a name can't be empty")]
    Empty,
    /// More characters than allowed.
    #[error("a name has at most {limit} characters, this one has {given}")]
    TooLong {
        /// The most that are allowed.
        limit: usize,
        /// How many there are.
        given: usize,
    },
    /// Nothing to be seen.
    #[error("a name needs something to be seen, not only white space")]
    Blank,
    /// A character that can't be seen, or that changes how others are seen.
    #[error(
        "a name can't hold {} (control, bidirectional, zero-width or unassigned)",
        code_point(*.0)
    )]
    Forbidden(char),
}

fn code_point(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

/// Code points that draw nothing though their category says letter or mark
/// (Unicode: Default_Ignorable_Code_Point outside of category Cf).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
        | '\u{180b}'..='\u{180f}' | '\u{2065}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
}

/// Emoji and text presentation: seen, since they choose the form of the character before.
fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{fe00}'..='\u{fe0f}')
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
    // Braille blank is a symbol by category and white to the eye.
    if text.chars().all(|c| c.is_whitespace() || c == '\u{2800}' || is_variation_selector(c)) {
        return Err(NameError::Blank);
    }
    Ok(())
}

/// What two names have in common that look the same (Unicode 3.13, D146: compatibility
/// caseless matching, without the presentation of emoji).
fn fold(text: &str) -> Arc<str> {
    if text.is_ascii() {
        return text.to_ascii_lowercase().into();
    }
    let once: String =
        text.chars().filter(|c| !is_variation_selector(*c)).nfd().default_case_fold().collect();
    let twice: String = once.nfkd().default_case_fold().collect();
    twice.nfkc().collect::<String>().into()
}

/// A user's name: 1 to 64 visible characters. Equal if it looks the same (NFKC, case folded).
#[derive(Clone, Debug)]
pub struct UserName {
    text: Arc<str>,
    folded: Arc<str>,
}

impl UserName {
    /// Checks a name.
    ///
    /// # Errors
    /// What is wrong with it (wire contract, "Names").
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

    /// What all names that look like this one have in common; also the order of listings.
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
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoomName(Arc<str>);

impl RoomName {
    /// Checks a name.
    ///
    /// # Errors
    /// What is wrong with it (wire contract, "Names").
    pub fn new(text: &str) -> Result<Self, NameError> {
        check(text, MAX_ROOM_CHARS)?;
        Ok(Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, shared.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }

    /// The key by which rooms are listed for the operator: without case.
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
    use super::*;

    #[test]
    fn counts_scalar_values_not_bytes() {
        assert!(UserName::new(&"李".repeat(64)).is_ok());
        assert_eq!(
            UserName::new(&"李".repeat(65)),
            Err(NameError::TooLong { limit: 64, given: 65 })
        );
        assert!(RoomName::new(&"é".repeat(128)).is_ok());
        assert!(RoomName::new(&"é".repeat(129)).is_err());
    }

    #[test]
    fn refuses_what_cannot_be_seen() {
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
    fn names_that_look_the_same_are_the_same() {
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
}
