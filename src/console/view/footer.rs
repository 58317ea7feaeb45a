//! The footer: the keys that would do something now, and the line being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::console::keymap::{self, Binding};
use crate::console::state::{
    Action, App, CommandLine, Confirm, Drawn, Hit, LineInput, Overlay, Pane, Prompt,
};
use crate::console::text::{cells, cut, width};
use crate::console::verbs::completions;

pub(crate) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let typed = match &app.overlay {
        Some(Overlay::Command(line)) => {
            candidates(area, buffer, app, line);
            Some((":".to_owned(), &line.input))
        }
        Some(Overlay::Filter(Pane::Log, input, _)) => Some(("target /".to_owned(), input)),
        Some(Overlay::Filter(pane, input, _)) => Some((format!("{} /", pane.name()), input)),
        Some(Overlay::Prompt(prompt, input)) => Some((question(app, prompt), input)),
        Some(Overlay::Confirm(_)) | None => None,
    };
    let mut from = area.x + 1;
    if let Some((label, input)) = typed {
        let keys: usize = keymap::footer(app).iter().map(|binding| chip_width(binding)).sum();
        let limit = (area.width as usize).saturating_sub(keys + 3);
        from += line(Rect { x: from, width: limit as u16, ..area }, buffer, app, &label, input) + 1;
    }
    chips(Rect { x: from, width: area.right().saturating_sub(from), ..area }, buffer, app, drawn);
}

fn question(app: &App, prompt: &Prompt) -> String {
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
    }
}

/// Draws a label and a line with its cursor; returns its width.
fn line(area: Rect, buffer: &mut Buffer, app: &App, label: &str, input: &LineInput) -> u16 {
    let label = cut(label, area.width as usize / 2);
    let limit = (area.width as usize).saturating_sub(width(&label) + 1);
    let (before, after) = input.halves();
    let (before, after) = (cells(before), cells(after));
    // Keep the text right before the cursor visible.
    let mut shown = &*before;
    while width(shown) > limit {
        let mut chars = shown.chars();
        chars.next();
        shown = chars.as_str();
    }
    let under: String = after.chars().take(1).collect();
    let rest: String = after.chars().skip(1).collect();
    let cursor = if under.is_empty() { " ".to_owned() } else { under };
    let left = limit.saturating_sub(width(shown) + width(&cursor).saturating_sub(1));
    let spans = vec![
        Span::styled(label, app.theme.accent()),
        Span::raw(shown),
        Span::styled(cursor, app.theme.text().add_modifier(Modifier::REVERSED)),
        Span::raw(cut(&rest, left).into_owned()),
    ];
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
        Action::Pin if app.selected_room().is_some_and(|room| room.pinned) => "unpin",
        Action::AllUsers if app.all_users => "one room",
        _ => binding.footer.unwrap_or_default(),
    }
}

fn chip_width(binding: &Binding) -> usize {
    let text = binding.footer.unwrap_or_default();
    width(&label(binding)) + 2 + if text.is_empty() { 1 } else { width(text) + 3 }
}

fn chips(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    let mut bindings = keymap::footer(app);
    // The way out is the last to be left out.
    let quit = bindings.pop_if(|binding| binding.action == Action::Quit);
    let mut free = area.width as usize;
    free = free.saturating_sub(quit.map_or(0, chip_width));
    bindings.retain(|binding| {
        let wide = chip_width(binding);
        let fits = wide <= free;
        free = if fits { free - wide } else { 0 };
        fits
    });
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
