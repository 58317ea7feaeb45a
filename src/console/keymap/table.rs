//! The table of all keys. Dispatch, footer, help and README all read it.

use ratatui::crossterm::event::KeyCode;

use super::binding::{Context, Group, bind, code, key};
use super::dialogs::{ASKED, FORM, TYPING};
use super::replay::REPLAY;
use crate::console::input::Key;
use crate::console::state::{Action, Pane};
use Context as C;

const PANES: &[Context] = &[C::Rooms, C::Users, C::Map, C::Chat, C::Log];
const TABLES: &[Context] = &[C::Rooms, C::Users];
pub(crate) const SCREENS: &[Context] =
    &[C::Rooms, C::Users, C::Map, C::Chat, C::Log, C::Detail, C::Help];
const LOOKING: &[Context] = &[C::Rooms, C::Users, C::Map, C::Chat, C::Log, C::Detail];

/// Every binding there is, in the order of the help.
pub(crate) const GROUPS: &[Group] = &[
    Group {
        name: "Anywhere",
        bindings: &[
            bind(
                &[key('+'), key('=')],
                Action::FpsUp,
                LOOKING,
                Some(""),
                "more ticks a second, for all rooms",
            ),
            bind(
                &[key('-'), key('_')],
                Action::FpsDown,
                LOOKING,
                Some("fps"),
                "fewer ticks a second, for all rooms",
            ),
            bind(&[key('F')], Action::TypeFps, LOOKING, None, "type a rate for all rooms"),
            bind(
                &[key('a')],
                Action::Announce,
                PANES,
                Some("announce"),
                "announce a text to the selected room",
            ),
            bind(&[key('A')], Action::AnnounceAll, LOOKING, None, "announce a text to all rooms"),
            bind(
                &[key(' ')],
                Action::Freeze,
                LOOKING,
                Some("freeze"),
                "freeze the screen; the server goes on",
            ),
            bind(&[code(KeyCode::Tab)], Action::NextPane, PANES, Some("pane"), "next pane"),
            bind(&[code(KeyCode::BackTab)], Action::PreviousPane, PANES, None, "previous pane"),
            bind(&[key('1')], Action::Go(Pane::Rooms), PANES, None, "rooms"),
            bind(&[key('2')], Action::Go(Pane::Users), PANES, None, "users"),
            bind(&[key('3')], Action::Go(Pane::Map), PANES, None, "map"),
            bind(&[key('4')], Action::Go(Pane::Chat), PANES, None, "chat"),
            bind(&[key('5')], Action::Go(Pane::Log), PANES, None, "log"),
            bind(
                &[key('z')],
                Action::Maximise,
                PANES,
                Some("zoom"),
                "give the pane the whole screen, and back",
            ),
            bind(
                &[key(':')],
                Action::Command,
                LOOKING,
                Some("command"),
                "command line, with completion and history",
            ),
            bind(&[Key::ctrl('l')], Action::Redraw, SCREENS, None, "redraw the screen"),
            bind(&[key('?')], Action::Help, LOOKING, Some("help"), "this help"),
            bind(&[code(KeyCode::Esc)], Action::Back, SCREENS, Some("back"), "one level back"),
            bind(
                &[key('q'), Key::ctrl('c')],
                Action::Quit,
                SCREENS,
                Some("quit"),
                "quit; asks while users are connected",
            ),
        ],
    },
    Group {
        name: "Recording",
        bindings: &[
            bind(
                &[key('r')],
                Action::Record,
                LOOKING,
                Some("rec"),
                "start recording, with a form for its fields; or stop it, asks first",
            ),
            bind(
                &[key('m')],
                Action::Mark,
                LOOKING,
                Some("mark"),
                "set a numbered marker at this instant",
            ),
            bind(
                &[key('M')],
                Action::Interval,
                LOOKING,
                Some("interval"),
                "begin an interval, or end it if it is open; takes its label",
            ),
            bind(&[key('N')], Action::Note, LOOKING, None, "mark an instant; takes its label"),
            bind(
                &[key('c')],
                Action::Consent,
                LOOKING,
                Some("consent"),
                "keep the user's data from now on, or stop keeping it",
            ),
            bind(
                &[key('R')],
                Action::Replay,
                LOOKING,
                None,
                "steer the replay; or type which recording to replay",
            ),
        ],
    },
    Group {
        name: "Users",
        bindings: &[
            bind(
                &[code(KeyCode::Enter)],
                Action::Open,
                &[C::Users, C::Map],
                Some("detail"),
                "all about the selected user",
            ),
            bind(
                &[key('x')],
                Action::Kick,
                LOOKING,
                Some("kick"),
                "kick the user; asks first, takes a reason",
            ),
            bind(
                &[key('u')],
                Action::AllUsers,
                &[C::Rooms, C::Users],
                Some("all users"),
                "users of the selected room, or of all",
            ),
        ],
    },
    Group {
        name: "Rooms",
        bindings: &[
            bind(
                &[code(KeyCode::Enter)],
                Action::Open,
                &[C::Rooms],
                Some("users"),
                "go to the room's users",
            ),
            bind(
                &[key('X')],
                Action::CloseRoom,
                PANES,
                Some("close room"),
                "close the selected room; asks first",
            ),
            bind(
                &[key('p')],
                Action::Pin,
                PANES,
                Some("pin"),
                "pin the room so that it outlives its last member, or unpin it",
            ),
            bind(&[key('t')], Action::Title, PANES, Some("title"), "set the room's title"),
            bind(
                &[key('f')],
                Action::RoomFps,
                PANES,
                Some("room fps"),
                "type a rate for the selected room alone",
            ),
        ],
    },
    Group {
        name: "Lists",
        bindings: &[
            bind(
                &[key('/')],
                Action::Filter,
                &[C::Rooms, C::Users, C::Log],
                Some("filter"),
                "filter: rooms, users, or the log by target",
            ),
            bind(&[key('s')], Action::Sort, TABLES, Some("sort"), "sort by the next column"),
            bind(&[key('S')], Action::Reverse, TABLES, None, "turn the order round"),
            bind(&[code(KeyCode::Up), key('k')], Action::Up, SCREENS, None, "up; moves the map"),
            bind(
                &[code(KeyCode::Down), key('j')],
                Action::Down,
                SCREENS,
                None,
                "down; moves the map",
            ),
            bind(
                &[code(KeyCode::PageUp), Key::ctrl('b')],
                Action::PageUp,
                SCREENS,
                None,
                "a page up, or back in chat and log",
            ),
            bind(
                &[code(KeyCode::PageDown), Key::ctrl('f')],
                Action::PageDown,
                SCREENS,
                None,
                "a page down",
            ),
            bind(&[key('g'), code(KeyCode::Home)], Action::First, SCREENS, None, "to the first"),
            bind(
                &[key('G'), code(KeyCode::End)],
                Action::Last,
                SCREENS,
                None,
                "to the last, or the newest",
            ),
        ],
    },
    Group {
        name: "Map",
        bindings: &[
            bind(&[key(']')], Action::ZoomIn, PANES, None, "zoom the map in"),
            bind(&[key('[')], Action::ZoomOut, PANES, None, "zoom the map out"),
            bind(
                &[key('0')],
                Action::Fit,
                &[C::Map],
                Some("fit"),
                "fit the map to the heads, and follow them again",
            ),
            bind(&[code(KeyCode::Left)], Action::Left, &[C::Map], None, "move the map to the left"),
            bind(
                &[code(KeyCode::Right)],
                Action::Right,
                &[C::Map],
                None,
                "move the map to the right",
            ),
            bind(
                &[key('n')],
                Action::Names,
                &[C::Map],
                Some("names"),
                "names on the map, or dots alone",
            ),
        ],
    },
    Group {
        name: "Log",
        bindings: &[
            bind(
                &[key('l')],
                Action::ShowLevel,
                PANES,
                Some("level"),
                "show the next level of the log; what is there is filtered at once",
            ),
            bind(
                &[key('L')],
                Action::CaptureLevel,
                PANES,
                Some("capture"),
                "capture the next level from now on",
            ),
        ],
    },
    ASKED,
    TYPING,
    FORM,
    REPLAY,
];
