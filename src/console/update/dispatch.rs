//! Takes every event to the code that handles it.

use std::time::Instant;

use super::answer;
use super::event::{Effect, Event};
use super::mouse;
use super::perform::perform;
use super::{replay, typing};
use crate::console::input::{Input, Key, MouseKind};
use crate::console::keymap::{self, Context};
use crate::console::state::App;

/// Takes an event in and returns what is to be done about it.
pub(crate) fn update(app: &mut App, event: Event, now: Instant) -> Vec<Effect> {
    let mut effects = match event {
        Event::Input(Input::Key(key)) => on_key(app, key, now),
        Event::Input(Input::Mouse(kind, x, y)) => on_mouse(app, kind, x, y, now),
        Event::Input(Input::Paste(text)) => {
            typing::paste(app, &text);
            Vec::new()
        }
        Event::Snapshot(snapshot) => {
            if !app.frozen {
                let before = app.snapshot.clone();
                app.take(snapshot);
                app.seen_at = Some(now);
                replay::watch(app, &before, now);
            }
            Vec::new()
        }
        Event::Answer(ticket, answer) => {
            answer::take(app, ticket, answer, now);
            Vec::new()
        }
        Event::Late(ticket) => {
            answer::late(app, ticket, now);
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
        None if matches!(context, Context::Typing | Context::Field) => {
            typing::key(app, key);
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn on_mouse(app: &mut App, kind: MouseKind, x: u16, y: u16, now: Instant) -> Vec<Effect> {
    let Some(hit) = app.drawn.at(x, y).cloned() else { return Vec::new() };
    match kind {
        MouseKind::Click => return mouse::click(app, hit, now),
        MouseKind::WheelUp => mouse::wheel(app, &hit, true),
        MouseKind::WheelDown => mouse::wheel(app, &hit, false),
    }
    Vec::new()
}
