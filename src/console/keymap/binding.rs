//! What a binding is: keys, what they do, and in which contexts.

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
}

/// The context that the next key is pressed in.
pub(crate) fn context(app: &App) -> Context {
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
