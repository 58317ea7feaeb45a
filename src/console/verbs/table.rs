//! The table of typed commands. Parsing, completion and help all read it.

/// What an argument of a command stands for, which decides its completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arg {
    User,
    Room,
    Level,
    Rate,
    Column,
    Target,
    /// The label of a mark, and of an interval that is open.
    Label,
    OpenLabel,
    YesNo,
    Text,
}

/// A command that can be typed.
#[derive(Debug)]
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    pub(crate) usage: &'static str,
    pub(crate) help: &'static str,
    pub(crate) args: &'static [Arg],
}

const fn verb(
    name: &'static str,
    usage: &'static str,
    args: &'static [Arg],
    help: &'static str,
) -> Verb {
    Verb { name, usage, help, args }
}

/// All commands, in the order of the help.
pub(crate) const VERBS: &[Verb] = &[
    verb("kick", "USER [REASON]", &[Arg::User, Arg::Text], "send a user away"),
    verb("close", "[ROOM]", &[Arg::Room], "close a room"),
    verb(
        "fps",
        "RATE [ROOM]",
        &[Arg::Rate, Arg::Room],
        "set the rate of all rooms or one; `server` follows again",
    ),
    verb("say", "TEXT", &[Arg::Text], "announce to the selected room"),
    verb("sayall", "TEXT", &[Arg::Text], "announce to all rooms"),
    verb("pin", "[ROOM]", &[Arg::Room], "keep a room, also a new one, when its last member leaves"),
    verb("unpin", "[ROOM]", &[Arg::Room], "let a room go with its last member"),
    verb("title", "[TEXT]", &[Arg::Text], "set the title of the selected room"),
    verb("show", "LEVEL", &[Arg::Level], "show the log down to a level"),
    verb("capture", "LEVEL", &[Arg::Level], "capture the log down to a level from now on"),
    verb("target", "[TARGET]", &[Arg::Target], "show one target of the log, or all"),
    verb("room", "ROOM", &[Arg::Room], "select a room"),
    verb("user", "USER", &[Arg::User], "all about a user"),
    verb("filter", "[TEXT]", &[Arg::Text], "filter the table in focus"),
    verb("sort", "COLUMN", &[Arg::Column], "sort the table in focus"),
    verb("record", "[FILE]", &[Arg::Text], "start recording; `:record stop` stops it"),
    verb("mark", "LABEL", &[Arg::Label], "mark an instant in the recording"),
    verb("begin", "LABEL", &[Arg::Label], "begin an interval in the recording"),
    verb("end", "LABEL", &[Arg::OpenLabel], "end an interval in the recording"),
    verb(
        "subject",
        "USER SUBJECT",
        &[Arg::User, Arg::Text],
        "name the subject that a user is recorded as",
    ),
    verb(
        "consent",
        "USER yes|no",
        &[Arg::User, Arg::YesNo],
        "keep a user's data from now on, or stop keeping it",
    ),
    verb(
        "replay",
        "FILE [ROOM]",
        &[Arg::Text, Arg::Room],
        "let the users of a recording come as ghosts; `stop` sends them away",
    ),
    verb("freeze", "", &[], "freeze the screen, or go on"),
    verb("help", "", &[], "all keys and commands"),
    verb("quit", "", &[], "stop the server"),
];
