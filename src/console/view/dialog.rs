//! The dialog that asks before something that can't be undone.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Padding, Paragraph, Widget, Wrap};

use crate::console::state::{App, Confirm};
use crate::console::text::cells;

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
        Confirm::Quit => {
            let users = counted(app.snapshot.users.len(), "user");
            let rooms = counted(app.snapshot.rooms.len(), "room");
            let facts = vec!["All are told that the server goes down.".to_owned()];
            (format!("Stop the server and drop {users} in {rooms}?"), facts)
        }
    }
}
