//! What the console does when something happens: a function of state and event alone.

use std::sync::Arc;
use std::time::Instant;

use super::app::{App, Confirm, Overlay, Pane, Prompt, Screen, Ticket, Tone};
use super::command_line::{self, CommandLine, Intent};
use super::input::{Input, Key, MouseKind};
use super::keymap::{self, Action, Context};
use super::line_input::LineInput;
use super::perform::{self, perform};
use crate::operator::{Command, Done, Focus, OperatorError, Snapshot};

/// Commands remembered for the command line.
const HISTORY: usize = 100;

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Input(Input),
    Snapshot(Arc<Snapshot>),
    /// The answer to a command.
    Answer(Ticket, Result<Done, OperatorError>),
    /// A command has not been answered yet, though it should have been.
    Late(Ticket),
    /// Time went on.
    Clock,
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Effect {
    Send(Ticket, Command),
    Focus(Focus),
    Redraw,
    Exit,
}

/// Takes an event in, and says what is to be done for it.
pub(super) fn update(app: &mut App, event: Event, now: Instant) -> Vec<Effect> {
    let mut effects = match event {
        Event::Input(Input::Key(key)) => on_key(app, key, now),
        Event::Input(Input::Mouse(kind, x, y)) => on_mouse(app, kind, x, y, now),
        Event::Input(Input::Paste(text)) => {
            on_paste(app, &text);
            Vec::new()
        }
        Event::Snapshot(snapshot) => {
            if !app.frozen {
                app.take(snapshot);
            }
            Vec::new()
        }
        Event::Answer(ticket, answer) => {
            match answer {
                Ok(done) => app.toast(Tone::Done, done.message, Some(ticket), now),
                Err(error) => app.toast(Tone::Failed, error.to_string(), Some(ticket), now),
            }
            Vec::new()
        }
        Event::Late(ticket) => {
            app.toast(Tone::Waiting, "waiting for the server…", Some(ticket), now);
            Vec::new()
        }
        Event::Clock => {
            app.toasts.retain(|toast| toast.until > now);
            Vec::new()
        }
    };
    let focus = app.focus();
    if focus != app.sent_focus {
        app.sent_focus = focus.clone();
        effects.push(Effect::Focus(focus));
    }
    effects
}

fn on_key(app: &mut App, key: Key, now: Instant) -> Vec<Effect> {
    let context = keymap::context(app);
    match keymap::find(context, key) {
        Some(action) => perform(app, action, now),
        None if context == Context::Typing => {
            edit(app, |input| input.edit(key));
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn on_paste(app: &mut App, text: &str) {
    edit(app, |input| {
        input.insert(text);
        true
    });
}

/// Edits the line being typed, if there is one.
fn edit(app: &mut App, change: impl FnOnce(&mut LineInput) -> bool) {
    match &mut app.overlay {
        Some(Overlay::Command(line)) => {
            if change(&mut line.input) {
                line.edited();
            }
        }
        Some(Overlay::Prompt(_, input)) => {
            change(input);
        }
        Some(Overlay::Filter(pane, input, _)) => {
            change(input);
            let (pane, text) = (*pane, input.text().to_owned());
            perform::set_filter(app, pane, text);
        }
        Some(Overlay::Confirm(_)) | None => {}
    }
}

fn on_mouse(app: &mut App, kind: MouseKind, x: u16, y: u16, now: Instant) -> Vec<Effect> {
    let hit = app.drawn.at(x, y).cloned();
    match (kind, hit) {
        (MouseKind::Click, Some(hit)) => perform::click(app, hit, now),
        (MouseKind::WheelUp, Some(hit)) => perform::wheel(app, &hit, true),
        (MouseKind::WheelDown, Some(hit)) => perform::wheel(app, &hit, false),
        (_, None) => Vec::new(),
    }
}

/// Takes what was typed.
pub(super) fn enter(app: &mut App, now: Instant) -> Vec<Effect> {
    match app.overlay.take() {
        Some(Overlay::Command(line)) => run(app, line.input.text(), now),
        Some(Overlay::Prompt(prompt, input)) => take_prompt(app, prompt, input.text().trim(), now),
        Some(Overlay::Filter(..)) => Vec::new(),
        other @ (Some(Overlay::Confirm(_)) | None) => {
            app.overlay = other;
            Vec::new()
        }
    }
}

fn take_prompt(app: &mut App, prompt: Prompt, text: &str, now: Instant) -> Vec<Effect> {
    let name = |room: &Arc<str>| room.to_string();
    let command = match prompt {
        Prompt::Announce(_) if text.is_empty() => {
            app.toast(Tone::Failed, "nothing was announced: the text is empty", None, now);
            return Vec::new();
        }
        Prompt::Announce(room) => {
            Command::Announce { room: room.as_ref().map(name), text: text.to_owned() }
        }
        Prompt::Title(room) => Command::SetTitle { room: name(&room), title: text.to_owned() },
        Prompt::Fps(room) => match command_line::set_fps(text, room.as_ref().map(name)) {
            Ok(command) => command,
            Err(reason) => {
                app.toast(Tone::Failed, reason, None, now);
                return Vec::new();
            }
        },
        Prompt::Reason(mut confirm) => {
            if let Confirm::Kick { reason, .. } = &mut confirm {
                *reason = (!text.is_empty()).then(|| text.to_owned());
            }
            app.overlay = Some(Overlay::Confirm(confirm));
            return Vec::new();
        }
    };
    vec![send(app, command)]
}

/// Runs one line of the command line.
fn run(app: &mut App, line: &str, now: Instant) -> Vec<Effect> {
    let line = line.trim();
    if line.is_empty() {
        return Vec::new();
    }
    app.history.retain(|other| other != line);
    if app.history.len() >= HISTORY {
        app.history.remove(0);
    }
    app.history.push(line.to_owned());
    let intent = match command_line::parse(line, app) {
        Ok(intent) => intent,
        Err(reason) => {
            app.toast(Tone::Failed, reason, None, now);
            // What was typed stays, to be put right.
            app.overlay = Some(Overlay::Command(CommandLine::with(line)));
            return Vec::new();
        }
    };
    match intent {
        Intent::Send(command) => return vec![send(app, command)],
        Intent::Kick { session, user, reason } => {
            app.overlay = Some(Overlay::Confirm(Confirm::Kick { session, user, reason }));
        }
        Intent::Close(room) => app.overlay = Some(Overlay::Confirm(Confirm::Close { room })),
        Intent::Show(level) => perform::show_level(app, level, now),
        Intent::Target(target) => app.log.aim(target),
        Intent::Room(room) => {
            app.rooms.filter.clear();
            app.rooms.selected = Some(room);
            perform::room_changed(app);
        }
        Intent::User(session) => perform::open_detail(app, session),
        Intent::Filter(text) => perform::set_filter(app, app.pane, text),
        Intent::SortRooms(sort) => {
            app.rooms.sort_by(sort);
            app.settle();
        }
        Intent::SortUsers(sort) => {
            app.users.sort_by(sort);
            app.settle();
        }
        Intent::Freeze => return perform(app, Action::Freeze, now),
        Intent::Help => app.screen = Screen::Help,
        Intent::Quit => return perform(app, Action::Quit, now),
    }
    Vec::new()
}

/// Carries out what was confirmed.
pub(super) fn confirmed(app: &mut App, now: Instant) -> Vec<Effect> {
    let Some(Overlay::Confirm(confirm)) = app.overlay.take() else { return Vec::new() };
    match confirm {
        Confirm::Kick { session, user, reason } => {
            if !app.frozen && app.user(session).is_none() {
                let text = format!("{} has left in the meantime", super::text::cells(&user));
                app.toast(Tone::Failed, text, None, now);
                return Vec::new();
            }
            vec![send(app, Command::Kick { user: user.to_string(), reason })]
        }
        Confirm::Close { room } => vec![send(app, Command::CloseRoom { room: room.to_string() })],
        Confirm::Quit => vec![Effect::Exit],
    }
}

/// Sends a command under a ticket of its own.
pub(super) fn send(app: &mut App, command: Command) -> Effect {
    app.tickets += 1;
    Effect::Send(app.tickets, command)
}

/// Leaves what is being asked or typed.
pub(super) fn cancel(app: &mut App) {
    match app.overlay.take() {
        Some(Overlay::Filter(pane, _, before)) => perform::set_filter(app, pane, before),
        Some(Overlay::Prompt(Prompt::Reason(confirm), _)) => {
            app.overlay = Some(Overlay::Confirm(confirm));
        }
        _ => {}
    }
}

/// Opens the line in which the pane's filter is typed.
pub(super) fn open_filter(app: &mut App) {
    let pane = if app.pane == Pane::Chat || app.pane == Pane::Map { Pane::Users } else { app.pane };
    let before = keymap::filter_of(app).unwrap_or_default().to_owned();
    app.overlay = Some(Overlay::Filter(pane, LineInput::with(before.clone()), before));
}
