//! The keys of dialogs, input lines and the form.

use ratatui::crossterm::event::KeyCode;

use super::binding::{Context, Group, bind, code, key};
use crate::console::input::Key;
use crate::console::state::Action;
use Context as C;

const FIELDS: &[Context] = &[C::Field, C::Choice];

pub(super) const ASKED: Group = Group {
    name: "When asked",
    bindings: &[
        bind(&[key('y')], Action::Yes, &[C::Confirm], Some("yes"), "do it"),
        bind(
            &[key('n'), code(KeyCode::Esc), Key::ctrl('c')],
            Action::No,
            &[C::Confirm],
            Some("no"),
            "don't",
        ),
        bind(
            &[key('r')],
            Action::Reason,
            &[C::Confirm],
            Some("reason"),
            "give a reason that the user is told",
        ),
    ],
};

pub(super) const TYPING: Group = Group {
    name: "When typing",
    bindings: &[
        bind(&[code(KeyCode::Enter)], Action::Enter, &[C::Typing], Some("done"), "take it"),
        bind(
            &[code(KeyCode::Tab)],
            Action::Complete,
            &[C::Typing],
            Some("complete"),
            "complete the word",
        ),
        bind(
            &[code(KeyCode::Up)],
            Action::Older,
            &[C::Typing],
            Some("history"),
            "an older command",
        ),
        bind(&[code(KeyCode::Down)], Action::Newer, &[C::Typing], None, "a newer command"),
        bind(
            &[code(KeyCode::Esc), Key::ctrl('c')],
            Action::No,
            &[C::Typing],
            Some("cancel"),
            "leave it",
        ),
    ],
};

pub(super) const FORM: Group = Group {
    name: "In the form",
    bindings: &[
        bind(
            &[code(KeyCode::Enter)],
            Action::EnterField,
            FIELDS,
            Some("next"),
            "the field below; on START, start recording",
        ),
        bind(&[code(KeyCode::Tab)], Action::NextField, FIELDS, None, "the next field"),
        bind(&[code(KeyCode::BackTab)], Action::PreviousField, FIELDS, None, "the previous field"),
        bind(
            &[code(KeyCode::Up)],
            Action::FieldAbove,
            FIELDS,
            Some(""),
            "the field above; from the first to START",
        ),
        bind(&[code(KeyCode::Down)], Action::FieldBelow, FIELDS, Some("field"), "the field below"),
        bind(
            &[key(' '), code(KeyCode::Right)],
            Action::NextOption,
            &[C::Choice],
            Some("change"),
            "the next choice",
        ),
        bind(
            &[code(KeyCode::Left)],
            Action::PreviousOption,
            &[C::Choice],
            None,
            "the choice before",
        ),
        bind(
            &[code(KeyCode::Esc), Key::ctrl('c')],
            Action::No,
            FIELDS,
            Some("leave"),
            "leave it without starting",
        ),
    ],
};
