//! The users pane: every user and the quality of their data.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use super::table::{Cell, Column, headings, offset, plan, row};
use crate::console::state::{
    About, App, Column as _, Concern, Drawn, Hit, Pane, Severity, UserSort, worst,
};
use crate::console::text::{
    bytes, cells, cut, offset as clock_offset, rate, short_millis, span, width,
};
use crate::operator::{Liveness, UserRow};

const COLUMNS: &[Column] = &[
    Column { title: "room", width: 10, rank: 20, number: false },
    Column { title: "address", width: 15, rank: 7, number: false },
    Column { title: "for", width: 6, rank: 8, number: true },
    Column { title: "rx/s", width: 5, rank: 0, number: true },
    Column { title: "p95", width: 4, rank: 5, number: true },
    Column { title: "gap", width: 4, rank: 2, number: true },
    Column { title: "rtt", width: 4, rank: 1, number: true },
    Column { title: "out", width: 5, rank: 9, number: true },
    Column { title: "skip", width: 5, rank: 4, number: true },
    Column { title: "queue", width: 5, rank: 10, number: true },
    Column { title: "state", width: 6, rank: 3, number: false },
    Column { title: "subject", width: 8, rank: 6, number: false },
    Column { title: "clock", width: 7, rank: 11, number: true },
];

const ROOM: usize = 0;
const SUBJECT: usize = 11;
const CLOCK: usize = 12;

/// Marks a user whose data is not kept.
pub(crate) const NOT_KEPT: char = '⊘';

/// Marks a user who sends no clock.
pub(crate) const NO_CLOCK: char = '◷';

/// Which users are listed.
pub(crate) fn title(app: &App) -> String {
    match app.rooms.selected.as_deref() {
        _ if app.all_users => "users in all rooms".to_owned(),
        Some(room) => format!("users in {}", cells(room)),
        None => "users".to_owned(),
    }
}

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    if area.height < 2 {
        return;
    }
    let (is_recording, has_clocks) = (app.running().is_some(), app.has_clocks());
    let shown = |column: &usize| match *column {
        ROOM => app.all_users,
        SUBJECT => is_recording,
        CLOCK => has_clocks,
        _ => true,
    };
    let numbers: Vec<usize> = (0..COLUMNS.len()).filter(shown).collect();
    let columns: Vec<Column> = numbers.iter().map(|column| COLUMNS[*column]).collect();
    let plan = plan(&columns, area.width as usize, 12..=26);
    let heading = if app.users.sort == UserSort::Concern { "!! user" } else { "   user" };
    let sorted = match app.users.sort {
        UserSort::Name | UserSort::Concern => heading,
        sort => sort.name(),
    };
    headings(area, buffer, app.theme, &plan, &columns, heading, (sorted, app.users.descending));
    let rows = app.shown_users();
    // Where nobody sends one, the note on the border is enough.
    let marks_clocks = has_clocks && app.snapshot.users.iter().any(|user| user.clock.is_some());
    let height = area.height as usize - 1;
    drawn.set_page(Pane::Users, height);
    drawn.users_offset = offset(drawn.users_offset, app.users.index, rows.len(), height);
    for (at, user) in rows.iter().skip(drawn.users_offset).take(height).enumerate() {
        let line = Rect::new(area.x, area.y + 1 + at as u16, area.width, 1);
        let concerns = app.concerns(user);
        let severity = worst(&concerns);
        let style = match user.liveness {
            Liveness::Active => severity_style(app, severity),
            Liveness::Idle | Liveness::Asleep if severity == Severity::Bad => {
                severity_style(app, severity)
            }
            Liveness::Idle | Liveness::Asleep => app.theme.dim(),
        };
        let marks = marks(app, user, marks_clocks);
        let name = cells(&user.name);
        let name = cut(&name, plan.name.saturating_sub(3 + width(&marks)));
        let name = format!("{} {name}{marks}", severity.mark());
        row(line, buffer, &plan, &columns, Cell::new(name, style), |column| {
            cell(app, user, &concerns, numbers[column])
        });
        if app.users.selected == Some(user.session) {
            let focused = app.pane == Pane::Users;
            let style = if focused { app.theme.selected() } else { app.theme.selected_elsewhere() };
            buffer.set_style(line, style);
        }
        drawn.hit(line, Hit::User(user.session));
    }
    if rows.is_empty() {
        let text = match (app.users.filter.is_empty(), app.snapshot.users.is_empty()) {
            (false, _) => "no user matches".to_owned(),
            (true, false) => "nobody is in this room".to_owned(),
            (true, true) => match app.info.urls.first() {
                Some(url) => format!("nobody yet; point a headset at {url}"),
                None => "nobody yet".to_owned(),
            },
        };
        buffer.set_stringn(area.x, area.y + 1, text, area.width as usize, app.theme.dim());
    }
}

/// The marks after a user's name.
fn marks(app: &App, user: &UserRow, marks_clocks: bool) -> String {
    let mut marks = String::new();
    if !app.is_kept(user) {
        marks.extend([' ', NOT_KEPT]);
    }
    if marks_clocks && user.clock.is_none() {
        marks.extend([' ', NO_CLOCK]);
    }
    marks
}

/// The style of a severity.
pub(crate) fn severity_style(app: &App, severity: Severity) -> Style {
    match severity {
        Severity::Fine => app.theme.text(),
        Severity::Warn => app.theme.warn(),
        Severity::Bad => app.theme.bad(),
    }
}

fn cell(app: &App, user: &UserRow, concerns: &[Concern], column: usize) -> Cell {
    let dim = user.liveness != Liveness::Active;
    let usual = if dim { app.theme.dim() } else { app.theme.text() };
    let about = |about: About, text: String| {
        let found = concerns.iter().find(|concern| concern.about == about);
        let style = found.map_or(usual, |concern| severity_style(app, concern.severity));
        Cell { text, style, mark: if found.is_some() { '!' } else { ' ' } }
    };
    let none = || "–".to_owned();
    match column {
        ROOM => {
            let names: Vec<_> = user.rooms.iter().map(|presence| cells(&presence.room)).collect();
            Cell::new(names.join(" "), usual)
        }
        1 => Cell::new(user.peer.map_or_else(none, |peer| peer.ip().to_string()), usual),
        2 => Cell::new(span(user.connected), usual),
        3 => Cell::new(rate(user.transforms_per_s), usual),
        4 => Cell::new(user.gap_p95.map_or_else(none, short_millis), usual),
        5 => about(About::Gap, user.gap_longest.map_or_else(none, short_millis)),
        6 => about(About::RoundTrip, user.round_trip.map_or_else(none, short_millis)),
        7 => Cell::new(bytes(user.bytes_out as f64), usual),
        8 => about(About::Skipped, user.skipped_ticks.to_string()),
        9 => about(About::Queue, bytes(user.queued_bytes as f64)),
        SUBJECT => match app.person(user) {
            Some(person) if person.consent => Cell::new(cells(&person.subject), usual),
            Some(_) => Cell::new("not kept", app.theme.warn()),
            None => Cell::new(none(), usual),
        },
        CLOCK => Cell::new(user.clock.map_or_else(none, |clock| clock_offset(clock.offset)), usual),
        _ => about(About::State, state(user.liveness).to_owned()),
    }
}

/// Liveness in one word.
pub(crate) fn state(liveness: Liveness) -> &'static str {
    match liveness {
        Liveness::Active => "active",
        Liveness::Idle => "idle",
        Liveness::Asleep => "asleep",
    }
}

/// The filter, or how many users are of concern, are not kept, or send no clock.
pub(crate) fn note(app: &App) -> Vec<Span<'static>> {
    if !app.users.filter.is_empty() {
        let text = format!("/{}", cells(&app.users.filter));
        return vec![Span::styled(text, app.theme.warn())];
    }
    let users = app.shown_users();
    let count = |is: &dyn Fn(&UserRow) -> bool| users.iter().filter(|user| is(user)).count();
    let concern = count(&|user| worst(&app.concerns(user)) >= Severity::Warn);
    let not_kept = if app.running().is_some() { count(&|user| !app.is_kept(user)) } else { 0 };
    let no_clock = if app.has_clocks() { count(&|user| user.clock.is_none()) } else { 0 };
    let parts = [
        (concern, '!', "of concern", app.theme.warn()),
        (not_kept, NOT_KEPT, "not kept", app.theme.warn()),
        (no_clock, NO_CLOCK, "no clock", app.theme.dim()),
    ];
    let mut spans: Vec<Span<'static>> = Vec::new();
    for (count, mark, what, style) in parts.into_iter().filter(|(count, ..)| *count > 0) {
        let gap = if spans.is_empty() { "" } else { "  " };
        spans.push(Span::styled(format!("{gap}{mark} {count} {what}"), style));
    }
    spans
}
