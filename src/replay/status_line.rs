//! How a replay is doing, in words.

use std::time::Duration;

use unicode_width::UnicodeWidthChar;

use crate::model::text::printable;
use crate::model::{ReplayMarker, ReplayProgress};

/// The longest label that is shown, in columns.
const LABEL: usize = 30;

/// One line of at most `width` columns.
pub(super) fn line(progress: &ReplayProgress, width: usize) -> String {
    let sign = match (progress.paused, progress.seeking) {
        (_, true) => "…",
        (true, false) => "⏸",
        (false, false) => "▶",
    };
    let mut line = format!(
        "{sign} {} / {}  {}x  {} of {} ghosts",
        clock(progress.position, true),
        clock(progress.until, false),
        progress.speed,
        progress.ghosts,
        progress.people,
    );
    let label = |marker: &ReplayMarker| cut(&printable(&marker.label), LABEL);
    if let Some(marker) = &progress.marker {
        line.push_str(&format!("  [{}]", label(marker)));
    }
    if let Some(marker) = &progress.next_marker {
        line.push_str(&format!("  next: {} at {}", label(marker), clock(marker.at, false)));
    }
    if progress.rounds > 0 {
        line.push_str(&format!("  round {}", progress.rounds + 1));
    }
    if progress.refused > 0 {
        line.push_str(&format!("  ! {} refused", progress.refused));
    }
    cut(&line, width)
}

/// What became of it, at the end.
pub(super) fn summary(progress: &ReplayProgress) -> String {
    let mut text = format!("{} poses sent", progress.poses);
    if let Some(late) = progress.lateness_p99 {
        let millis = late.as_secs_f64() * 1e3;
        text.push_str(&format!(", 99 of 100 of them at most {millis:.1} ms late"));
    }
    if progress.skipped > 0 {
        text.push_str(&format!("; {} left out, above 240 a second", progress.skipped));
    }
    if progress.refused > 0 {
        let last = progress.refusal.as_deref().map(printable).unwrap_or_default();
        text.push_str(&format!("; {} requests refused, the last: {last}", progress.refused));
    }
    text
}

/// `1:02:03`, or `1:02:03.4` with tenths.
pub(super) fn clock(time: Duration, tenths: bool) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let tenth = time.subsec_millis() / 100;
    match tenths {
        true => format!("{hours}:{minutes:02}:{seconds:02}.{tenth}"),
        false => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// The beginning of a text, with an ellipsis if it has more than `columns`.
fn cut(text: &str, columns: usize) -> String {
    let width = |c: char| c.width().unwrap_or(0);
    if text.chars().map(width).sum::<usize>() <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| match left.checked_sub(width(*c)) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut shown: String = text.chars().take_while(fits).collect();
    shown.push('…');
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress() -> ReplayProgress {
        let marker = |seconds, label: &str| {
            Some(ReplayMarker { at: Duration::from_secs(seconds), label: label.into() })
        };
        ReplayProgress {
            position: Duration::from_millis(751_430),
            until: Duration::from_secs(3600),
            speed: 2.0,
            people: 20,
            ghosts: 18,
            marker: marker(700, "trial\u{1b}[2J 1"),
            next_marker: marker(800, "pause"),
            ..ReplayProgress::default()
        }
    }

    #[test]
    fn the_line_is_printable_and_fits() {
        let shown = line(&progress(), 200);
        let expected = r"▶ 0:12:31.4 / 1:00:00  2x  18 of 20 ghosts  [trial\u{1b}[2J 1]  next: pause at 0:13:20";
        assert_eq!(shown, expected);
        assert_eq!(line(&progress(), 24), "▶ 0:12:31.4 / 1:00:00  …");
        assert_eq!(cut("李雷李雷", 6), "李雷…");
        assert_eq!(cut("李雷", 4), "李雷");
    }

    #[test]
    fn the_summary_names_what_went_wrong() {
        let mut progress = ReplayProgress { poses: 12, ..progress() };
        assert_eq!(summary(&progress), "12 poses sent");
        progress.lateness_p99 = Some(Duration::from_micros(1240));
        (progress.refused, progress.skipped) = (2, 7);
        progress.refusal = Some("ghost:S01: at most 5 messages".into());
        let text = summary(&progress);
        assert!(text.contains("at most 1.2 ms late; 7 left out"), "{text}");
        assert!(text.contains("2 requests refused, the last: ghost:S01: at most 5"), "{text}");
    }
}
