//! Text that keeps its columns: what a terminal shows for it is as wide as is counted here.

use std::borrow::Cow;
use std::time::Duration;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::text::printable;

/// Marks stacked on one character beyond this many would run into the lines above and below.
const MARKS: usize = 2;

/// Makes text from outside fit for cells: nothing that drives the terminal, and nothing about
/// whose width terminals disagree (joined and recoloured emoji, flags, stacks of marks).
pub(super) fn cells(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut marks = 0;
    // The joiner only makes emoji of which terminals know different ones.
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

/// Cells that the text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// As much of the text as fits, with an ellipsis if some does not.
pub(super) fn cut(text: &str, room: usize) -> Cow<'_, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    if room == 0 {
        return Cow::Borrowed("");
    }
    let mut used = 0;
    let mut out = String::new();
    for grapheme in text.graphemes(true) {
        used += width(grapheme);
        if used > room - 1 {
            break;
        }
        out.push_str(grapheme);
    }
    out.push('…');
    Cow::Owned(out)
}

/// The text in exactly `room` cells, to the left.
pub(super) fn left(text: &str, room: usize) -> String {
    let mut out = cut(text, room).into_owned();
    let used = width(&out);
    out.extend(std::iter::repeat_n(' ', room.saturating_sub(used)));
    out
}

/// The text in exactly `room` cells, to the right.
pub(super) fn right(text: &str, room: usize) -> String {
    let text = cut(text, room);
    let mut out: String = std::iter::repeat_n(' ', room.saturating_sub(width(&text))).collect();
    out.push_str(&text);
    out
}

/// Breaks text into lines of at most `room` cells, at spaces where there are some.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(2);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let wide = width(word);
        if used + width(word.trim_end()) <= room {
            line.push_str(word);
            used += wide;
            continue;
        }
        if width(word.trim_end()) <= room {
            lines.push(std::mem::take(&mut line));
            line.push_str(word);
            used = wide;
            continue;
        }
        for grapheme in word.graphemes(true) {
            let wide = width(grapheme);
            if used + wide > room {
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

/// A rate with as many decimals as are worth reading: `29.8`, `120`, `0`.
pub(super) fn rate(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value < 99.95 {
        format!("{value:.1}")
    } else if value < 99_999.5 {
        format!("{value:.0}")
    } else {
        format!("{:.0}k", value / 1e3)
    }
}

/// A rate that was set: `30`, `12.5`.
pub(super) fn fps(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Bytes in at most five characters: `812B`, `4.2k`, `38.1M`.
pub(super) fn bytes(value: f64) -> String {
    let mut value = value;
    if value < 999.5 {
        return format!("{value:.0}B");
    }
    for unit in ["k", "M", "G", "T"] {
        value /= 1e3;
        if value < 99.95 {
            return format!("{value:.1}{unit}");
        }
        if value < 999.5 {
            return format!("{value:.0}{unit}");
        }
    }
    format!("{value:.0}T")
}

/// Bytes a second, spelt out: `42.3 kB/s`.
pub(super) fn byte_rate(value: f64) -> String {
    let short = bytes(value);
    let digits = short.trim_end_matches(|ch: char| ch.is_ascii_alphabetic());
    let unit = short[digits.len()..].trim_end_matches('B');
    format!("{digits} {unit}B/s")
}

/// Milliseconds without a unit: `0.41`, `12`, `184`.
pub(super) fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 9.995 { format!("{millis:.2}") } else { format!("{millis:.0}") }
}

/// Milliseconds without a unit in at most four characters: `0.4`, `12`, `184`.
pub(super) fn short_millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 9.95 { format!("{millis:.1}") } else { format!("{millis:.0}") }
}

/// A time span at a glance: `42s`, `14m`, `2h07m`, `3d04h`.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A running clock: `02:14:07`.
pub(super) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The last values as `room` bars, each the mean of its share, the newest at the right.
pub(super) fn sparkline(values: &[u32], seconds: usize, room: usize) -> String {
    // Without the full block, so that the bars of one row never grow into the row above.
    const BARS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];
    let ceiling = f64::from(values.iter().copied().max().unwrap_or(0).max(1));
    let known = values.len().min(seconds);
    let values = &values[values.len() - known..];
    let missing = seconds - known;
    let bar = |column: usize| {
        let from = (column * seconds / room.max(1)).saturating_sub(missing);
        let to = ((column + 1) * seconds / room.max(1)).saturating_sub(missing);
        let share = values.get(from..to).unwrap_or_default();
        if share.is_empty() {
            return ' ';
        }
        let mean = share.iter().map(|value| f64::from(*value)).sum::<f64>() / share.len() as f64;
        BARS[((mean / ceiling * 6.0).round() as usize).min(6)]
    };
    (0..room).map(bar).collect()
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
            for room in 0..14 {
                assert_eq!(width(&left(&cells(name), room)), room, "{name} in {room}");
                assert_eq!(width(&right(&cells(name), room)), room, "{name} in {room}");
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

    #[test]
    fn numbers_are_short() {
        assert_eq!([rate(0.0), rate(29.97), rate(2381.4)], ["0", "30.0", "2381"]);
        assert_eq!([fps(30.0), fps(12.5), fps(0.1)], ["30", "12.5", "0.1"]);
        assert_eq!(
            [bytes(812.0), bytes(4200.0), bytes(38.1e6), bytes(238e6)],
            ["812B", "4.2k", "38.1M", "238M"]
        );
        assert_eq!([byte_rate(0.0), byte_rate(42_300.0)], ["0 B/s", "42.3 kB/s"]);
        assert_eq!(span(Duration::from_secs(7627)), "2h07m");
        assert_eq!(clock(Duration::from_secs(8047)), "02:14:07");
    }

    #[test]
    fn a_sparkline_ends_with_the_newest() {
        assert_eq!(sparkline(&[0, 0, 4, 8], 4, 4), "▁▁▄▇");
        assert_eq!(sparkline(&[8], 4, 4), "   ▇");
        assert_eq!(sparkline(&[], 60, 5), "     ");
        assert_eq!(sparkline(&[8; 60], 60, 7), "▇▇▇▇▇▇▇");
    }
}
