//! Times, counts and lines of text, as a report shows them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The width of a report, in columns.
pub(super) const WIDTH: usize = 80;

/// A moment as `00:12:31`.
pub(super) fn moment(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    format!("{:02}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
}

/// A duration as `140 ms`, `1.4 s` or `2 min 5 s`.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 0.9995 {
        format!("{:.0} ms", seconds * 1e3)
    } else if seconds < 59.95 {
        format!("{seconds:.1} s")
    } else {
        let whole = seconds.round() as u64;
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

/// A duration that may be short, as `0.35 ms`; otherwise as [`duration`].
pub(super) fn fine(seconds: f64) -> String {
    if seconds < 0.00995 { format!("{:.2} ms", seconds * 1e3) } else { duration(seconds) }
}

/// A count with its noun, as `1 gap` and `32 gaps`.
pub(super) fn count(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `text` in so many columns: padded, or cut with an ellipsis.
pub(super) fn fit(text: &str, width: usize) -> String {
    let has = text.width();
    if has <= width {
        return format!("{text}{}", " ".repeat(width - has));
    }
    let mut shown = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide + 1 > width {
            break;
        }
        used += wide;
        shown.push(c);
    }
    format!("{shown}…{}", " ".repeat(width - used - 1))
}

/// `text` in lines of at most [`WIDTH`] columns behind `head`, which stands before the first line
/// only; each ends with a line break. A word that is too long for a line is broken.
pub(super) fn wrap(head: &str, text: &str) -> String {
    let indent = head.width();
    let room = WIDTH.saturating_sub(indent).max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.last().map_or(0, |line| line.width());
        if last > 0 && last + 1 + word.width() <= room {
            lines.last_mut().into_iter().for_each(|line| {
                line.push(' ');
                line.push_str(word);
            });
            continue;
        }
        if last > 0 {
            lines.push(String::new());
        }
        for c in word.chars() {
            let wide = c.width().unwrap_or(0);
            if lines.last().is_some_and(|line| line.width() + wide > room) {
                lines.push(String::new());
            }
            lines.last_mut().into_iter().for_each(|line| line.push(c));
        }
    }
    let mut shown = String::new();
    for (n, line) in lines.iter().enumerate() {
        let before = if n == 0 { head.to_owned() } else { " ".repeat(indent) };
        shown.push_str(format!("{before}{line}").trim_end());
        shown.push('\n');
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_read_well() {
        assert_eq!(moment(751.9), "00:12:31");
        assert_eq!(moment(360_000.0), "100:00:00");
        for (seconds, shown) in [
            (0.1004, "100 ms"),
            (0.9994, "999 ms"),
            (0.9996, "1.0 s"),
            (1.4, "1.4 s"),
            (59.96, "1 min 0 s"),
            (125.2, "2 min 5 s"),
        ] {
            assert_eq!(duration(seconds), shown);
        }
        assert_eq!([fine(0.000354), fine(0.0101)], ["0.35 ms", "10 ms"]);
        assert_eq!([count(1, "gap"), count(0, "gap")], ["1 gap", "0 gaps"]);
    }

    #[test]
    fn lines_are_broken_between_words() {
        let words = vec!["four"; 30].join(" ");
        let shown = wrap("S01  ", &words);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("S01  four") && lines[1].starts_with("     four"));
        assert_eq!(wrap("a  ", ""), "a\n");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_it_may_be(text in "[a-z 日é]{0,300}", width in 1..20_usize) {
            for line in wrap("  ", &text).lines() {
                prop_assert!(line.width() <= WIDTH, "{line:?}");
            }
            let kept: String = wrap("  ", &text).split_whitespace().collect();
            prop_assert_eq!(kept, text.split_whitespace().collect::<String>());
            prop_assert_eq!(fit(&text, width).width(), width);
        }
    }
}
