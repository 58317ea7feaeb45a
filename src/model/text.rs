//! Untrusted text, made safe to show on a terminal and in a log.

use std::borrow::Cow;
use std::fmt::Write;

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

use super::code_points::is_filler;

/// Escapes, as in `\u{1b}`, every character of `text` that is invisible or moves the text around
/// it: control characters, bidirectional controls, zero-width and other format characters, and
/// line and paragraph separators. Borrows when there is nothing to escape.
///
/// ```
/// assert_eq!(vrlobby::model::text::printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    match text.char_indices().find(|(_, c)| !is_printable(*c)) {
        None => Cow::Borrowed(text),
        Some((clean, _)) => {
            let mut shown = String::with_capacity(text.len() + 16);
            shown.push_str(&text[..clean]);
            for c in text[clean..].chars() {
                push_printable(&mut shown, c);
            }
            Cow::Owned(shown)
        }
    }
}

/// Appends `c` to `shown`, escaped if it is not printable.
pub(crate) fn push_printable(shown: &mut String, c: char) {
    if is_printable(c) {
        shown.push(c);
    } else {
        let _ = write!(shown, "{}", c.escape_unicode());
    }
}

/// Whether [`printable`] leaves `c` unescaped.
pub fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let category = c.general_category();
    !matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) && !is_filler(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn visible_text_is_left_alone() {
        for text in
            ["", "ada", "a b\\u{1b}", "Zoë", "日本語", "👩🏽", "❤\u{fe0f}", "e\u{301}", "עברית"]
        {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn invisible_text_is_escaped() {
        for (text, shown) in [
            ("\u{1b}[31m", "\\u{1b}[31m"),
            ("a\r\nb\t\0", "a\\u{d}\\u{a}b\\u{9}\\u{0}"),
            ("\u{7f}\u{80}\u{9b}\u{9f}", "\\u{7f}\\u{80}\\u{9b}\\u{9f}"),
            (
                "\u{202e}abc\u{2066}\u{2069}\u{61c}\u{200e}\u{200f}",
                "\\u{202e}abc\\u{2066}\\u{2069}\\u{61c}\\u{200e}\\u{200f}",
            ),
            (
                "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{180e}",
                "\\u{200b}\\u{200c}\\u{200d}\\u{2060}\\u{feff}\\u{ad}\\u{180e}",
            ),
            ("\u{2028}\u{2029}", "\\u{2028}\\u{2029}"),
            ("\u{3164}\u{e0041}", "\\u{3164}\\u{e0041}"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    proptest! {
        #[test]
        fn output_is_printable_and_not_escaped_twice(text in any::<String>()) {
            let shown = printable(&text);
            prop_assert!(shown.chars().all(|c| is_printable(c) && !c.is_control()));
            prop_assert!(matches!(printable(&shown), Cow::Borrowed(_)));
        }
    }
}
