//! The dialog that asks before something that can't be undone.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Padding, Paragraph, Widget, Wrap};

use crate::console::state::{App, Confirm};
use crate::console::text::{bytes, cells, clock};
use crate::operator::RecordingProgress;

pub(crate) fn draw(body: Rect, buffer: &mut Buffer, app: &App, confirm: &Confirm) {
    let theme = app.theme;
    let (question, facts) = words(app, confirm);
    let mut lines = vec![Line::styled(question, theme.bad()), Line::default()];
    lines.extend(facts.into_iter().map(Line::raw));
    lines.push(Line::default());
    let mut keys = vec![
        Span::styled(" y ", theme.key()),
        Span::raw(" yes   "),
        Span::styled(" n ", theme.key()),
        Span::raw(" no"),
    ];
    if matches!(confirm, Confirm::Kick { .. }) {
        keys.extend([Span::raw("   "), Span::styled(" r ", theme.key()), Span::raw(" reason")]);
    }
    lines.push(Line::from(keys));
    let wide = lines.iter().map(Line::width).max().unwrap_or(0) as u16 + 6;
    let wide = wide.clamp(46, body.width - 8);
    let inside = usize::from(wide) - 6;
    let height: usize = lines.iter().map(|line| line.width().max(1).div_ceil(inside)).sum();
    let area = body.centered(Constraint::Length(wide), Constraint::Length(height as u16 + 4));
    Clear.render(area, buffer);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(theme.bad())
        .padding(Padding::symmetric(2, 1));
    Paragraph::new(lines).wrap(Wrap { trim: false }).block(block).render(area, buffer);
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The question, which names what is affected, and what a yes entails.
pub(crate) fn words(app: &App, confirm: &Confirm) -> (String, Vec<String>) {
    match confirm {
        Confirm::Kick { session, user, reason } => {
            let name = cells(user);
            let Some(row) = app.user(*session) else {
                return (format!("{name} has left"), vec!["There is nobody to kick.".to_owned()]);
            };
            let rooms: Vec<_> = row.rooms.iter().map(|presence| cells(&presence.room)).collect();
            let from = match rooms.len() {
                0 => "Is in no room; the connection is closed.".to_owned(),
                _ => format!("In {}; the connection is closed.", rooms.join(", ")),
            };
            let reason = match reason {
                Some(reason) => format!("Reason: {}", cells(reason)),
                None => "No reason given; r gives one.".to_owned(),
            };
            let question = match rooms.len() {
                0 => format!("Kick {name}?"),
                count => format!("Kick {name} out of {}?", counted(count, "room")),
            };
            (question, vec![from, reason])
        }
        Confirm::Close { room } => {
            let row = app.snapshot.rooms.iter().find(|row| row.name == *room);
            let users = counted(row.map_or(0, |row| row.users), "user");
            let mut facts = vec!["They can join again; the history is gone.".to_owned()];
            if row.is_some_and(|row| row.pinned) {
                facts.push("The room is pinned, so it stays, empty.".to_owned());
            }
            (format!("Close room {} and drop {users}?", cells(room)), facts)
        }
        Confirm::StopRecording => match app.running() {
            Some(progress) => stop_recording(app, progress),
            None => {
                ("The recording has ended".to_owned(), vec!["There is nothing to stop.".to_owned()])
            }
        },
        Confirm::Quit => quit(app),
    }
}

fn stop_recording(app: &App, progress: &RecordingProgress) -> (String, Vec<String>) {
    let time = clock(app.recorded().unwrap_or_default());
    let file = progress.file.display().to_string();
    let mut facts = vec![
        format!("Into {}", cells(&file)),
        format!(
            "So far {}: {} poses, {}, {}",
            bytes(progress.bytes as f64),
            progress.poses,
            counted(progress.events as usize, "event"),
            counted(progress.markers as usize, "marker")
        ),
    ];
    for (count, what) in [
        (progress.left_out, "poses and events left out, for want of consent"),
        (progress.lost, "poses and events lost, because the disk could not keep up"),
    ] {
        if count > 0 {
            facts.push(format!("{count} {what}"));
        }
    }
    let open = &progress.open_intervals;
    if !open.is_empty() {
        facts.push(format!("Still open: {}", cells(&open.join(", "))));
    }
    (format!("Stop recording after {time}?"), facts)
}

fn quit(app: &App) -> (String, Vec<String>) {
    let (users, rooms) = (app.snapshot.users.len(), app.snapshot.rooms.len());
    let drop = format!("drop {} in {}", counted(users, "user"), counted(rooms, "room"));
    let mut facts = Vec::new();
    if users > 0 {
        facts.push("All are told that the server goes down.".to_owned());
    }
    let question = match app.recorded() {
        None => format!("Stop the server and {drop}?"),
        Some(time) => {
            facts.push("The recording is completed first; nothing of it is lost.".to_owned());
            let time = clock(time);
            match users {
                0 => format!("Stop the server and its recording after {time}?"),
                _ => format!("Stop the server and its recording after {time}, and {drop}?"),
            }
        }
    };
    (question, facts)
}
