//! The footer: the keys that would do something now, and the line being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::typed;
use crate::console::keymap::{self, Binding};
use crate::console::state::{
    Action, App, CommandLine, Confirm, Drawn, Hit, LineInput, Overlay, Pane, Prompt,
};
use crate::console::text::{cells, cut, width};
use crate::console::verbs::completions;
use crate::model::ReplayControl;

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let typed = match &app.overlay {
        Some(Overlay::Command(line)) => {
            candidates(area, buffer, app, line);
            Some((":".to_owned(), &line.input))
        }
        Some(Overlay::Filter(Pane::Log, input, _)) => Some(("target /".to_owned(), input)),
        Some(Overlay::Filter(pane, input, _)) => Some((format!("{} /", pane.name()), input)),
        Some(Overlay::Prompt(prompt, input)) => {
            if let Prompt::Interval = prompt {
                above(area, buffer, app, &open_intervals(app), None);
            }
            Some((question(app, prompt, input.text()), input))
        }
        Some(Overlay::Confirm(_) | Overlay::Record(_) | Overlay::Replay) | None => None,
    };
    let mut from = area.x + 1;
    if let Some((label, input)) = typed {
        let keys: usize = keymap::footer(app).iter().map(|binding| chip_width(app, binding)).sum();
        let limit = (area.width as usize).saturating_sub(keys + 3);
        from += line(Rect { x: from, width: limit as u16, ..area }, buffer, app, &label, input) + 1;
    }
    chips(Rect { x: from, width: area.right().saturating_sub(from), ..area }, buffer, app, drawn);
}

fn question(app: &App, prompt: &Prompt, typed: &str) -> String {
    let users = |room: &str| {
        let room = app.snapshot.rooms.iter().find(|other| &*other.name == room);
        room.map_or(0, |room| room.users)
    };
    match prompt {
        Prompt::Announce(Some(room)) => {
            format!("announce to {} ({} users): ", cells(room), users(room))
        }
        Prompt::Announce(None) => {
            format!("announce to all rooms ({} users): ", app.snapshot.users.len())
        }
        Prompt::Title(room) => format!("title of {}: ", cells(room)),
        Prompt::Fps(Some(room)) => format!("fps of {} (`server` to follow): ", cells(room)),
        Prompt::Fps(None) => "fps of all rooms: ".to_owned(),
        Prompt::Reason(Confirm::Kick { user, .. }) => format!("reason for {}: ", cells(user)),
        Prompt::Reason(_) => "reason: ".to_owned(),
        Prompt::Interval => {
            let is_open = app.open_intervals().iter().any(|label| label == typed.trim());
            if is_open { "end interval: " } else { "begin interval: " }.to_owned()
        }
        Prompt::Note => "mark: ".to_owned(),
    }
}

/// Draws a label and a line with its cursor; returns its width.
fn line(area: Rect, buffer: &mut Buffer, app: &App, label: &str, input: &LineInput) -> u16 {
    let label = cut(label, area.width as usize / 2);
    let limit = (area.width as usize).saturating_sub(width(&label));
    let mut spans = vec![Span::styled(label.into_owned(), app.theme.accent())];
    spans.extend(typed::spans(input, limit, app.theme));
    let line = Line::from(spans);
    buffer.set_line(area.x, area.y, &line, area.width);
    area.width
}

/// Draws the completions on the line above.
fn candidates(area: Rect, buffer: &mut Buffer, app: &App, line: &CommandLine) {
    let (words, picked) = match line.cycle() {
        Some((words, at)) => (words.to_vec(), Some(at)),
        None => (completions(app, line.input.text()).words, None),
    };
    above(area, buffer, app, &words, picked);
}

fn open_intervals(app: &App) -> Vec<String> {
    let mut words = app.open_intervals();
    if !words.is_empty() {
        words.insert(0, "open:".to_owned());
    }
    words
}

/// Draws words on the line above, one of which may be picked.
fn above(area: Rect, buffer: &mut Buffer, app: &App, words: &[String], picked: Option<usize>) {
    if words.is_empty() || area.y == 0 {
        return;
    }
    let above = Rect { y: area.y - 1, ..area };
    for x in above.left()..above.right() {
        buffer[(x, above.y)].reset();
    }
    let mut x = above.x + 2;
    // Scrolls, so that the picked one stays visible among many.
    let first = picked.unwrap_or(0).saturating_sub(4);
    for (at, word) in words.iter().enumerate().skip(first) {
        let word = cells(word);
        let wide = width(&word) as u16;
        if x + wide + 2 > above.right() {
            buffer.set_string(x, above.y, "…", app.theme.dim());
            break;
        }
        let style = if picked == Some(at) { app.theme.selected() } else { app.theme.dim() };
        buffer.set_string(x, above.y, format!(" {word} "), style);
        x += wide + 2;
    }
}

fn label(binding: &Binding) -> String {
    binding.keys.first().map(|key| keymap::label(*key)).unwrap_or_default()
}

fn name(app: &App, binding: &Binding) -> &'static str {
    match binding.action {
        Action::Freeze if app.frozen => "go on",
        Action::Steer(ReplayControl::TogglePause)
            if app.snapshot.replay.running().is_some_and(|progress| progress.paused) =>
        {
            "go on"
        }
        Action::Pin if app.selected_room().is_some_and(|room| room.pinned) => "unpin",
        Action::AllUsers if app.all_users => "one room",
        Action::Record if app.running().is_some() => "stop",
        _ => binding.footer.unwrap_or_default(),
    }
}

fn chip_width(app: &App, binding: &Binding) -> usize {
    let text = name(app, binding);
    width(&label(binding)) + 2 + if text.is_empty() { 1 } else { width(text) + 3 }
}

fn chips(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let mut bindings = keymap::footer(app);
    // The way out is the last to be left out.
    let quit = bindings.pop_if(|binding| binding.action == Action::Quit);
    // No gap follows the last.
    let mut free = area.width as usize + 2;
    free = free.saturating_sub(quit.map_or(0, |quit| chip_width(app, quit)));
    bindings.retain(|binding| {
        let wide = chip_width(app, binding);
        let fits = wide <= free;
        free = if fits { free - wide } else { 0 };
        fits
    });
    // A key that shares the next one's word says nothing without it.
    while bindings.pop_if(|binding| binding.footer == Some("")).is_some() {}
    bindings.extend(quit);
    let mut x = area.x;
    for binding in bindings {
        let (key, text) = (format!(" {} ", label(binding)), name(app, binding));
        let start = x;
        x = buffer
            .set_stringn(x, area.y, &key, area.right().saturating_sub(x) as usize, app.theme.key())
            .0;
        if !text.is_empty() {
            let text = format!(" {text}");
            x = buffer
                .set_stringn(
                    x,
                    area.y,
                    text,
                    area.right().saturating_sub(x) as usize,
                    app.theme.text(),
                )
                .0;
        }
        drawn.hit(Rect::new(start, area.y, x - start, 1), Hit::Key(binding.action));
        x += if text.is_empty() { 1 } else { 2 };
        if x >= area.right() {
            break;
        }
    }
}
