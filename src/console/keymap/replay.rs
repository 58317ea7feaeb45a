//! The keys of the replay's bar: those of `vrlobby replay`.

use ratatui::crossterm::event::KeyCode;

use super::binding::{Context, Group, bind, code, key};
use crate::console::input::Key;
use crate::console::state::Action;
use crate::model::ReplayControl as R;

const HERE: &[Context] = &[Context::Replay];

/// Seconds that an arrow moves.
const ARROW: i32 = 5;

pub(super) const REPLAY: Group = Group {
    name: "In the replay",
    bindings: &[
        bind(
            &[key(' ')],
            Action::Steer(R::TogglePause),
            HERE,
            Some("pause"),
            "pause; the ghosts stay where they are",
        ),
        bind(&[code(KeyCode::Left)], Action::Steer(R::SeekBy(-ARROW)), HERE, Some(""), "5 s back"),
        bind(&[code(KeyCode::Right)], Action::Steer(R::SeekBy(ARROW)), HERE, Some("5 s"), "5 s on"),
        bind(&[key('[')], Action::Steer(R::PreviousMarker), HERE, Some(""), "to the marker before"),
        bind(&[key(']')], Action::Steer(R::NextMarker), HERE, Some("marker"), "to the next marker"),
        bind(
            &[
                key('0'),
                key('1'),
                key('2'),
                key('3'),
                key('4'),
                key('5'),
                key('6'),
                key('7'),
                key('8'),
                key('9'),
            ],
            // The key says to which: see `lookup::find`.
            Action::Steer(R::SeekToTenth(0)),
            HERE,
            None,
            "to a tenth of it",
        ),
        bind(
            &[key('.')],
            Action::Steer(R::Step),
            HERE,
            Some("step"),
            "pause, and on to the next pose",
        ),
        bind(&[key('-'), key('_')], Action::Steer(R::Slower), HERE, Some(""), "slower"),
        bind(&[key('+'), key('=')], Action::Steer(R::Faster), HERE, Some("speed"), "faster"),
        bind(
            &[code(KeyCode::Esc), Key::ctrl('c')],
            Action::No,
            HERE,
            Some("leave"),
            "leave it to itself; `:replay stop` stops it",
        ),
    ],
};
