//! What a binding is: keys, what they do, and in which contexts.

use ratatui::crossterm::event::KeyCode;

use crate::console::input::Key;
use crate::console::state::{Action, App, Overlay, Pane, Screen};

/// The place that a key is pressed in; the same key may do different things in different places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    Rooms,
    Users,
    Map,
    Chat,
    Log,
    Detail,
    Help,
    Confirm,
    Typing,
    /// A text of the form.
    Field,
    /// A choice of the form, or its button.
    Choice,
    /// The bar of the replay.
    Replay,
}

/// The context that the next key is pressed in.
pub(crate) fn context(app: &App) -> Context {
    match (&app.overlay, app.screen, app.pane) {
        (Some(Overlay::Confirm(_)), _, _) => Context::Confirm,
        (Some(Overlay::Record(form)), _, _) if form.is_typing() => Context::Field,
        (Some(Overlay::Record(_)), _, _) => Context::Choice,
        (Some(Overlay::Replay), _, _) => Context::Replay,
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

/// One row of the table.
#[derive(Debug)]
pub(crate) struct Binding {
    /// The footer shows the first.
    pub(crate) keys: &'static [Key],
    pub(crate) action: Action,
    pub(crate) contexts: &'static [Context],
    /// The word beside the key in the footer; empty to share the next key's, `None` to stay out of
    /// the footer.
    pub(crate) footer: Option<&'static str>,
    pub(crate) help: &'static str,
}

/// A section of the help.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) bindings: &'static [Binding],
}

pub(super) const fn bind(
    keys: &'static [Key],
    action: Action,
    contexts: &'static [Context],
    footer: Option<&'static str>,
    help: &'static str,
) -> Binding {
    Binding { keys, action, contexts, footer, help }
}

pub(super) const fn key(ch: char) -> Key {
    Key::char(ch)
}

pub(super) const fn code(code: KeyCode) -> Key {
    Key::of(code)
}
