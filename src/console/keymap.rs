//! All keys, in one table: what they do, where, and what the footer, the help and the README
//! say about them.

mod table;

use ratatui::crossterm::event::KeyCode;

use super::app::{App, Overlay, Pane, Screen, Tone};
use super::input::Key;
use Context as C;
pub(super) use table::GROUPS;

/// Where keys mean something of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Context {
    Rooms,
    Users,
    Map,
    Chat,
    Log,
    Detail,
    Help,
    Confirm,
    Typing,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Help,
    Quit,
    Command,
    NextPane,
    PreviousPane,
    Go(Pane),
    Maximise,
    Freeze,
    Redraw,
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
    Open,
    Back,
    Filter,
    Sort,
    Reverse,
    AllUsers,
    Kick,
    CloseRoom,
    Pin,
    Title,
    Announce,
    AnnounceAll,
    FpsUp,
    FpsDown,
    TypeFps,
    RoomFps,
    ShowLevel,
    CaptureLevel,
    ZoomIn,
    ZoomOut,
    Fit,
    Left,
    Right,
    Names,
    Yes,
    No,
    Reason,
    Complete,
    Older,
    Newer,
    Enter,
}

/// One row of the table.
#[derive(Debug)]
pub(super) struct Binding {
    /// The first is the one that is shown.
    pub(super) keys: &'static [Key],
    pub(super) action: Action,
    pub(super) contexts: &'static [Context],
    /// Beside the key in the footer; empty to stand with the next, none to stay out of it.
    pub(super) footer: Option<&'static str>,
    pub(super) help: &'static str,
}

/// A part of the help.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: &'static str,
    pub(super) bindings: &'static [Binding],
}

/// All bindings of the table.
pub(super) fn bindings() -> impl Iterator<Item = &'static Binding> {
    GROUPS.iter().flat_map(|group| group.bindings)
}

/// What a key does here.
pub(super) fn find(context: Context, key: Key) -> Option<Action> {
    let mut here = bindings().filter(|binding| binding.contexts.contains(&context));
    here.find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

/// Where the next key will land.
pub(super) fn context(app: &App) -> Context {
    match (&app.overlay, app.screen, app.pane) {
        (Some(Overlay::Confirm(_)), _, _) => Context::Confirm,
        (Some(_), _, _) => Context::Typing,
        (None, Screen::Help, _) => Context::Help,
        (None, Screen::Detail, _) => Context::Detail,
        (None, Screen::Main, Pane::Rooms) => Context::Rooms,
        (None, Screen::Main, Pane::Users) => Context::Users,
        (None, Screen::Main, Pane::Map) => Context::Map,
        (None, Screen::Main, Pane::Chat) => Context::Chat,
        (None, Screen::Main, Pane::Log) => Context::Log,
    }
}

/// Whether an action would do something now.
pub(super) fn is_available(app: &App, action: Action) -> bool {
    let waiting = || app.toasts.iter().any(|toast| toast.tone == Tone::Failed);
    match action {
        Action::Kick => {
            app.subject().is_some() && !(app.screen == Screen::Detail && app.detail.gone)
        }
        Action::Open if app.pane == Pane::Rooms => app.rooms.selected.is_some(),
        Action::Open => app.selected_user().is_some(),
        Action::CloseRoom => app.selected_room().is_some_and(|room| &*room.name != "lobby"),
        Action::Pin | Action::Title | Action::RoomFps | Action::Announce => {
            app.selected_room().is_some()
        }
        Action::CaptureLevel => app.snapshot.log_level.is_some(),
        Action::Fit => app.map.is_manual(),
        Action::Reason => {
            matches!(app.overlay, Some(Overlay::Confirm(super::app::Confirm::Kick { .. })))
        }
        Action::Complete => {
            matches!(app.overlay, Some(Overlay::Command(_) | Overlay::Filter(Pane::Log, ..)))
        }
        Action::Older | Action::Newer => matches!(app.overlay, Some(Overlay::Command(_))),
        Action::Back => {
            app.screen != Screen::Main
                || app.maximised
                || app.log.is_scrolled()
                || app.chat_back > 0
                || filter_of(app).is_some()
                || waiting()
        }
        _ => true,
    }
}

/// The filter of the pane in focus, if it has one set.
pub(super) fn filter_of(app: &App) -> Option<&str> {
    let filter = match app.pane {
        Pane::Rooms => app.rooms.filter.as_str(),
        Pane::Users => app.users.filter.as_str(),
        Pane::Log => app.log.target().unwrap_or_default(),
        Pane::Map | Pane::Chat => "",
    };
    (!filter.is_empty()).then_some(filter)
}

/// The keys for the footer: those that do something now, the most useful first.
pub(super) fn footer(app: &App) -> Vec<&'static Binding> {
    let context = context(app);
    let wanted = |binding: &&Binding| {
        binding.footer.is_some()
            && binding.contexts.contains(&context)
            && is_available(app, binding.action)
    };
    let mut shown: Vec<&Binding> = bindings().filter(wanted).collect();
    shown.sort_by_key(|binding| rank(context, binding.action));
    shown
}

/// How far to the right in the footer a key stands; what does not fit is left out.
fn rank(context: Context, action: Action) -> u8 {
    match (action, context) {
        (Action::Help, _) => 0,
        (Action::Back, _) => 1,
        (Action::Open, _) => 2,
        (Action::Fit | Action::Names, C::Map)
        | (Action::ShowLevel | Action::CaptureLevel, C::Log) => 3,
        (Action::Announce, C::Chat) => 3,
        (Action::Filter, _) => 4,
        (Action::NextPane, _) => 5,
        (Action::Kick, _) => 6,
        (Action::CloseRoom, _) => 7,
        (Action::FpsUp | Action::FpsDown, _) => 8,
        (Action::Command, _) => 9,
        (Action::Announce, _) => 10,
        (Action::Freeze, _) => 11,
        (Action::ShowLevel, _) => 12,
        (Action::Sort, _) => 13,
        (Action::AllUsers, C::Users) => 13,
        (Action::Pin | Action::Title | Action::RoomFps, C::Rooms) => 14,
        (Action::Maximise, _) => 15,
        (Action::Quit, _) => 17,
        _ => 16,
    }
}

/// A key as it is written.
pub(super) fn label(key: Key) -> String {
    let name = match key.code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(ch) => ch.to_string(),
        KeyCode::BackTab => "Shift-Tab".to_owned(),
        KeyCode::Up => "↑".to_owned(),
        KeyCode::Down => "↓".to_owned(),
        KeyCode::Left => "←".to_owned(),
        KeyCode::Right => "→".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        other => format!("{other:?}"),
    };
    if key.ctrl { format!("Ctrl-{}", name.to_uppercase()) } else { name }
}

/// All keys of a binding as they are written.
pub(super) fn labels(binding: &Binding) -> String {
    binding.keys.iter().map(|key| label(*key)).collect::<Vec<_>>().join(" ")
}

/// Where a binding works, for the help: nothing if that goes without saying.
pub(super) fn place(binding: &Binding) -> &'static str {
    match binding.contexts {
        [C::Rooms] => "rooms",
        [C::Map] => "map",
        [C::Users, C::Map] => "users, map",
        [C::Rooms, C::Users] => "rooms, users",
        [C::Rooms, C::Users, C::Log] => "rooms, users, log",
        _ => "",
    }
}

/// The table as Markdown, for the README.
pub fn markdown() -> String {
    let mut out = String::from("| key | where | what it does |\n|---|---|---|\n");
    for group in GROUPS {
        for binding in group.bindings {
            let keys: Vec<String> = binding
                .keys
                .iter()
                .map(|key| format!("`{}`", label(*key).replace('|', "\\|")))
                .collect();
            let place = match (group.name, place(binding)) {
                ("When asked" | "When typing", _) => group.name.to_lowercase(),
                (_, place) => place.to_owned(),
            };
            out.push_str(&format!("| {} | {place} | {} |\n", keys.join(" "), binding.help));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_bindings_collide() {
        let all: Vec<&Binding> = bindings().collect();
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                let shared = one.contexts.iter().find(|context| other.contexts.contains(context));
                let key = one.keys.iter().find(|key| other.keys.contains(key));
                assert!(
                    shared.is_none() || key.is_none(),
                    "{key:?} means {:?} and {:?} in {shared:?}",
                    one.action,
                    other.action
                );
            }
        }
    }

    #[test]
    fn every_context_has_a_way_out() {
        for context in table::SCREENS {
            assert_eq!(find(*context, Key::of(KeyCode::Esc)), Some(Action::Back));
            assert_eq!(find(*context, Key::char('q')), Some(Action::Quit));
        }
        assert_eq!(find(Context::Confirm, Key::of(KeyCode::Esc)), Some(Action::No));
        assert_eq!(find(Context::Confirm, Key::of(KeyCode::Enter)), None);
        assert_eq!(find(Context::Typing, Key::of(KeyCode::Esc)), Some(Action::No));
    }

    #[test]
    fn the_table_for_the_readme_has_every_binding() {
        let table = markdown();
        assert_eq!(table.lines().count(), bindings().count() + 2);
        assert!(table.contains("| `Space` |  | freeze the screen; the server goes on |"));
        assert!(table.contains("| `y` | when asked | do it |"));
        let readme = include_str!("../../README.md");
        assert!(readme.contains(&table), "put this into README.md, section Keys:\n\n{table}");
    }
}
