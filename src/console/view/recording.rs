//! How the recording is doing, for the top line.

use std::time::Duration;

use ratatui::text::Span;

use super::pieces::Piece;
use crate::console::state::App;
use crate::console::text::{bytes, clock, rate, span};
use crate::operator::{RecordingProgress, RecordingStatus};

/// Free space that lasts less than this is worth a warning.
const SPACE_LOW: Duration = Duration::from_secs(3600);

/// Free space that lasts less than this needs something done now.
const SPACE_SHORT: Duration = Duration::from_secs(600);

/// What happened so long ago is on disk by now, unless the disk is slow or the file is held by
/// another program.
const BEHIND: Duration = Duration::from_secs(2);

/// The recording's part of the top line.
pub(crate) fn pieces(app: &App) -> Vec<Piece> {
    let theme = app.theme;
    let waiting = |text: &'static str| vec![Piece::new(0, Span::styled(text, theme.recording()))];
    if app.recording.stopping.is_some() {
        return waiting(" REC stopping… ");
    }
    match &app.snapshot.recording {
        RecordingStatus::Running(progress) => running(app, progress),
        _ if app.recording.starting.is_some() => waiting(" REC starting… "),
        // Worth a place only where there is one, until something was recorded.
        RecordingStatus::Off => vec![Piece::new(9, Span::styled("not recording", theme.dim()))],
        RecordingStatus::Ended { early: None, .. } => {
            vec![Piece::new(1, Span::styled("not recording", theme.text()))]
        }
        RecordingStatus::Ended { .. } => {
            vec![Piece::new(0, Span::styled("! not recording", theme.warn()))]
        }
    }
}

fn running(app: &App, progress: &RecordingProgress) -> Vec<Piece> {
    let theme = app.theme;
    let time = app.recorded().unwrap_or_default();
    let plain = |rank, text: String| Piece::new(rank, Span::raw(text));
    let mut pieces = vec![
        Piece::new(0, Span::styled(format!(" REC {} ", clock(time)), theme.recording())),
        plain(1, format!(" {}", bytes(progress.bytes as f64))),
        plain(1, format!(" {} poses/s", rate(progress.poses_per_s.round()))),
    ];
    if progress.lost > 0 {
        pieces.push(Piece::loud(format!(" !! {} lost ", progress.lost), theme.recording()));
    }
    let behind = app.snapshot.taken_at.since(progress.until);
    if behind >= BEHIND {
        let text = format!(" !! disk {} behind ", span(behind));
        pieces.push(Piece::loud(text, theme.recording()));
    }
    match progress.space_lasts {
        Some(lasts) if lasts < SPACE_SHORT => {
            pieces
                .push(Piece::loud(format!(" !! disk full in {} ", span(lasts)), theme.recording()));
        }
        Some(lasts) if lasts < SPACE_LOW => {
            pieces.push(Piece::loud(format!("! disk full in {}", span(lasts)), theme.warn()));
        }
        _ => {}
    }
    pieces
}
