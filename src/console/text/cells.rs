//! Text that keeps its columns: it is as wide on a terminal as it is counted here.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::text::printable;

/// Marks kept on one character; more would run into the lines above and below.
const MARKS: usize = 2;

/// Makes text from outside safe to print: removes whatever controls the terminal and whatever
/// terminals disagree about the width of (joined and recoloured emoji, flags, stacked marks).
pub(crate) fn cells(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    // The joiner only combines emoji, and terminals differ in which combinations they know.
    let text = text.replace('\u{200d}', "");
    for ch in printable(&text).nfc() {
        match ch {
            '\u{fe00}'..='\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => {}
            '\u{1f1e6}'..='\u{1f1ff}' => {
                let letter = b'A' + (u32::from(ch) - 0x1f1e6) as u8;
                out.push(char::from(letter));
                marks = 0;
            }
            _ if ch.width().unwrap_or(0) == 0 => {
                marks += 1;
                if marks <= MARKS && !out.is_empty() {
                    out.push(ch);
                }
            }
            _ => {
                marks = 0;
                out.push(ch);
            }
        }
    }
    Cow::Owned(out)
}

/// How many cells the text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Truncates the text to `limit` cells, with an ellipsis if anything is cut off.
pub(crate) fn cut(text: &str, limit: usize) -> Cow<'_, str> {
    if width(text) <= limit {
        return Cow::Borrowed(text);
    }
    if limit == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        used += width(grapheme);
        if used > limit - 1 {
            break;
        }
        out.push_str(grapheme);
    }
    out.push('…');
    Cow::Owned(out)
}

/// Pads or truncates the text to exactly `limit` cells, aligned left.
pub(crate) fn left(text: &str, limit: usize) -> String {
    let mut out = cut(text, limit).into_owned();
    let used = width(&out);
    out.extend(std::iter::repeat_n(' ', limit.saturating_sub(used)));
    out
}

/// Pads or truncates the text to exactly `limit` cells, aligned right.
pub(crate) fn right(text: &str, limit: usize) -> String {
    let text = cut(text, limit);
    let mut out: String = std::iter::repeat_n(' ', limit.saturating_sub(width(&text))).collect();
    out.push_str(&text);
    out
}

/// Wraps text into lines of at most `limit` cells, at spaces where possible.
pub(crate) fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let wide = width(word);
        if used + width(word.trim_end()) <= limit {
            line.push_str(word);
            used += wide;
            continue;
        }
        if width(word.trim_end()) <= limit {
            lines.push(std::mem::take(&mut line));
            line.push_str(word);
            used = wide;
            continue;
        }
        for grapheme in word.graphemes(true) {
            let wide = width(grapheme);
            if used + wide > limit {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(grapheme);
            used += wide;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fill_their_column_exactly() {
        let names = [
            "ada",
            "李雷",
            "björn",
            "日本語ルーム",
            "שלום",
            "नमस्ते",
            "e\u{301}e\u{301}",
            "👩\u{200d}🚀 ok",
            "🇫🇷",
        ];
        for name in names {
            for limit in 0..14 {
                assert_eq!(width(&left(&cells(name), limit)), limit, "{name} in {limit}");
                assert_eq!(width(&right(&cells(name), limit)), limit, "{name} in {limit}");
            }
        }
    }

    #[test]
    fn nothing_drives_the_terminal() {
        let shown = cells("a\x1b[2Jb\u{202e}c\u{200b}d\r\n");
        assert!(!shown.contains(char::is_control), "{shown}");
        assert!(!shown.contains(['\u{202e}', '\u{200b}']), "{shown}");
    }

    #[test]
    fn marks_do_not_stack() {
        let zalgo = format!("a{}b", "\u{301}\u{302}\u{303}".repeat(20));
        assert_eq!(width(&cells(&zalgo)), 2);
        assert!(cells(&zalgo).chars().count() <= 5);
    }

    #[test]
    fn wraps_at_spaces_and_within_long_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("日本語", 4), ["日本", "語"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
