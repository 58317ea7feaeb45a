//! The `:` command line: what can be typed, how it is completed, and what it means.

use std::sync::Arc;

use super::app::App;
use super::line_input::LineInput;
use super::lists::{Column, RoomSort, UserSort};
use crate::model::{LogLevel, SessionId};
use crate::operator::Command;

/// What a word of a command stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arg {
    User,
    Room,
    Level,
    Rate,
    Column,
    Target,
    Text,
}

/// One command.
#[derive(Debug)]
pub(super) struct Verb {
    pub(super) name: &'static str,
    pub(super) usage: &'static str,
    pub(super) help: &'static str,
    args: &'static [Arg],
}

const fn verb(
    name: &'static str,
    usage: &'static str,
    args: &'static [Arg],
    help: &'static str,
) -> Verb {
    Verb { name, usage, help, args }
}

/// All commands.
pub(super) const VERBS: &[Verb] = &[
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
    verb("freeze", "", &[], "freeze the screen, or go on"),
    verb("help", "", &[], "all keys and commands"),
    verb("quit", "", &[], "stop the server"),
];

/// What a command means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Intent {
    Send(Command),
    Kick { session: SessionId, user: Arc<str>, reason: Option<String> },
    Close(Arc<str>),
    Show(LogLevel),
    Target(Option<String>),
    Room(Arc<str>),
    User(SessionId),
    Filter(String),
    SortRooms(RoomSort),
    SortUsers(UserSort),
    Freeze,
    Help,
    Quit,
}

/// The command line while it is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CommandLine {
    pub(super) input: LineInput,
    /// How far back in the history; what was typed before is kept.
    recalled: Option<(usize, String)>,
    /// The completions being gone through, where their word starts, and which is in.
    cycle: Option<(Vec<String>, usize, usize)>,
}

impl CommandLine {
    pub(super) fn with(text: impl Into<String>) -> Self {
        Self { input: LineInput::with(text), ..Self::default() }
    }

    /// Forgets the completions, since the line was edited.
    pub(super) fn edited(&mut self) {
        self.cycle = None;
        self.recalled = None;
    }

    /// Puts in the next completion of the last word.
    pub(super) fn complete(&mut self, app: &App) {
        if let Some((words, start, at)) = &mut self.cycle {
            *at = (*at + 1) % words.len();
            let text = format!("{}{}", &self.input.text()[..*start], words[*at]);
            self.input = LineInput::with(text);
            return;
        }
        let (start, words) = completions(app, self.input.text());
        let Some(first) = words.first() else { return };
        let mut text = format!("{}{first}", &self.input.text()[..start]);
        if words.len() == 1 {
            text.push(' ');
        }
        self.input = LineInput::with(text);
        if words.len() > 1 {
            self.cycle = Some((words, start, 0));
        }
    }

    /// What Tab would go through, and which of it is in.
    pub(super) fn candidates(&self, app: &App) -> (Vec<String>, Option<usize>) {
        match &self.cycle {
            Some((words, _, at)) => (words.clone(), Some(*at)),
            None => (completions(app, self.input.text()).1, None),
        }
    }

    /// Goes back in the history by one, or on.
    pub(super) fn recall(&mut self, history: &[String], older: bool) {
        let (back, draft) = match &self.recalled {
            Some((back, draft)) => (*back, draft.clone()),
            None => (0, self.input.text().to_owned()),
        };
        let back = if older { (back + 1).min(history.len()) } else { back.saturating_sub(1) };
        self.cycle = None;
        let text = match back {
            0 => draft.clone(),
            _ => history[history.len() - back].clone(),
        };
        self.input = LineInput::with(text);
        self.recalled = (back > 0).then_some((back, draft));
    }
}

/// A word as it is typed: in quotes if it has spaces.
pub(super) fn quoted(name: &str) -> String {
    if name.contains([' ', '"']) {
        format!("\"{}\"", name.replace('"', "\\\""))
    } else {
        name.to_owned()
    }
}

/// The first word and what follows it.
fn split(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut word = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, ch)) = chars.next() {
        match ch {
            '\\' => word.extend(chars.next().map(|(_, next)| next)),
            '"' => return Some((word, &inner[at + 1..])),
            _ => word.push(ch),
        }
    }
    Some((word, ""))
}

/// The completions of the last word, and where it starts.
fn completions(app: &App, text: &str) -> (usize, Vec<String>) {
    let mut rest = text;
    let mut words = Vec::new();
    let mut start;
    loop {
        start = text.len() - rest.trim_start().len();
        match split(rest) {
            Some((word, after)) if !after.is_empty() => {
                words.push(word);
                rest = after;
            }
            _ => break,
        }
    }
    let typed = split(rest).map(|(word, _)| word).unwrap_or_default().to_lowercase();
    let candidates: Vec<String> = match words.first() {
        None => VERBS.iter().map(|verb| verb.name.to_owned()).collect(),
        Some(name) => {
            let verb = VERBS.iter().find(|verb| verb.name == name);
            let arg = verb.and_then(|verb| verb.args.get(words.len() - 1));
            arg.map(|arg| values(app, *arg)).unwrap_or_default()
        }
    };
    let matching = candidates.into_iter().filter(|word| word.to_lowercase().starts_with(&typed));
    (start, matching.map(|word| quoted(&word)).collect())
}

fn values(app: &App, arg: Arg) -> Vec<String> {
    let columns =
        |names: &mut dyn Iterator<Item = &'static str>| names.map(str::to_owned).collect();
    match arg {
        Arg::User => app.snapshot.users.iter().map(|user| user.name.to_string()).collect(),
        Arg::Room => app.snapshot.rooms.iter().map(|room| room.name.to_string()).collect(),
        Arg::Level => LogLevel::ALL.iter().map(ToString::to_string).collect(),
        Arg::Rate => ["10", "20", "30", "60", "72", "90", "server"].map(str::to_owned).into(),
        Arg::Column if app.pane == super::app::Pane::Rooms => {
            columns(&mut RoomSort::ALL.iter().map(|sort| sort.name()))
        }
        Arg::Column => columns(&mut UserSort::ALL.iter().map(|sort| sort.name())),
        Arg::Target => app.log.targets(),
        Arg::Text => Vec::new(),
    }
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it, and what to type instead.
pub(super) fn parse(line: &str, app: &App) -> Result<Intent, String> {
    let Some((name, rest)) = split(line) else {
        return Err("type a command; Tab shows them".to_owned());
    };
    // As many letters as make it clear are enough.
    let mut matching = VERBS.iter().filter(|verb| verb.name.starts_with(&name));
    let exact = VERBS.iter().find(|verb| verb.name == name);
    let verb = match (exact, matching.next(), matching.next()) {
        (Some(verb), _, _) | (None, Some(verb), None) => verb,
        (None, Some(one), Some(other)) => {
            return Err(format!("{name:?} may be {} or {}", one.name, other.name));
        }
        _ => return Err(format!("there is no command {name:?}; ? lists them")),
    };
    let usage = || format!(":{} {}", verb.name, verb.usage);
    let text = rest.trim();
    let first = split(rest);
    let word = first.as_ref().map(|(word, _)| word.as_str());
    let needed = || word.ok_or_else(|| format!("use it as {}", usage()));
    let room = || room(word, app);
    Ok(match verb.name {
        "kick" => {
            let name = needed()?;
            let user = user(name, app)?;
            let reason = first.as_ref().map(|(_, rest)| rest.trim()).unwrap_or_default();
            let reason = (!reason.is_empty()).then(|| reason.to_owned());
            Intent::Kick { session: user.session, user: user.name.clone(), reason }
        }
        "close" => Intent::Close(room()?),
        "fps" => {
            let rate = needed()?;
            let room = split(first.as_ref().map(|(_, rest)| *rest).unwrap_or_default())
                .map(|(room, _)| room);
            Intent::Send(set_fps(rate, room)?)
        }
        "say" | "sayall" => {
            needed()?;
            let room =
                if verb.name == "say" { Some(self::room(None, app)?.to_string()) } else { None };
            Intent::Send(Command::Announce { room, text: text.to_owned() })
        }
        "pin" => Intent::Send(Command::PinRoom { room: named(word, app)?, pinned: true }),
        "unpin" => Intent::Send(Command::PinRoom { room: named(word, app)?, pinned: false }),
        "title" => {
            let room = self::room(None, app)?.to_string();
            Intent::Send(Command::SetTitle { room, title: text.to_owned() })
        }
        "show" => Intent::Show(level(needed()?)?),
        "capture" => Intent::Send(Command::SetLogLevel { level: level(needed()?)? }),
        "target" => Intent::Target(word.map(str::to_owned)),
        "room" => {
            needed()?;
            Intent::Room(room()?)
        }
        "user" => Intent::User(user(needed()?, app)?.session),
        "filter" => Intent::Filter(text.to_owned()),
        "sort" => sort(needed()?, app)?,
        "freeze" => Intent::Freeze,
        "help" => Intent::Help,
        _ => Intent::Quit,
    })
}

/// Reads a rate as typed; `server` or nothing lets one room follow the server's again.
pub(super) fn set_fps(rate: &str, room: Option<String>) -> Result<Command, String> {
    if matches!(rate, "" | "server") {
        return match room {
            Some(room) => Ok(Command::SetFps { room: Some(room), fps: None }),
            None => Err("type a rate, such as 30".to_owned()),
        };
    }
    let fps = rate.replace(',', ".").parse::<f64>();
    match fps {
        Ok(fps) if fps.is_finite() => Ok(Command::SetFps { room, fps: Some(fps) }),
        _ => Err(format!("{rate:?} is not a rate: fps is a number from 0.1 to 240")),
    }
}

fn room(word: Option<&str>, app: &App) -> Result<Arc<str>, String> {
    match word {
        None => {
            let selected = app.rooms.selected.clone();
            selected.ok_or_else(|| "no room is selected; name one".to_owned())
        }
        Some(name) => {
            let found = app.snapshot.rooms.iter().find(|room| &*room.name == name);
            found.map(|room| room.name.clone()).ok_or_else(|| format!("there is no room {name:?}"))
        }
    }
}

/// A room that need not be there yet.
fn named(word: Option<&str>, app: &App) -> Result<String, String> {
    match word {
        Some(name) => Ok(name.to_owned()),
        None => Ok(room(None, app)?.to_string()),
    }
}

fn user<'a>(name: &str, app: &'a App) -> Result<&'a crate::operator::UserRow, String> {
    let users = &app.snapshot.users;
    let found = users.iter().find(|user| &*user.name == name);
    let found =
        found.or_else(|| users.iter().find(|user| user.name.to_lowercase() == name.to_lowercase()));
    found.ok_or_else(|| format!("no user is called {name:?}"))
}

fn level(name: &str) -> Result<LogLevel, String> {
    let by_number = name.parse::<usize>().ok().and_then(|at| LogLevel::ALL.get(at));
    let found = LogLevel::ALL.iter().find(|level| level.name() == name).or(by_number);
    found.copied().ok_or_else(|| {
        format!("{name:?} is not a level: error, warn, info, debug, trace, or 0 to 4")
    })
}

fn sort(name: &str, app: &App) -> Result<Intent, String> {
    fn find<Sort: Column>(name: &str) -> Result<Sort, String> {
        let found = Sort::ALL.iter().find(|sort| sort.name() == name);
        let names: Vec<&str> = Sort::ALL.iter().map(|sort| sort.name()).collect();
        found.copied().ok_or_else(|| format!("{name:?} is not a column: {}", names.join(", ")))
    }
    match app.pane {
        super::app::Pane::Rooms => find(name).map(Intent::SortRooms),
        _ => find(name).map(Intent::SortUsers),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::busy;
    use super::*;

    #[test]
    fn reads_names_with_spaces() {
        let app = busy();
        let line = r#"fps 12,5 "main hall""#;
        let room = Some("main hall".to_owned());
        assert_eq!(parse(line, &app), Ok(Intent::Send(Command::SetFps { room, fps: Some(12.5) })));
        assert_eq!(split(r#" "a \"b\" c" d"#), Some(("a \"b\" c".to_owned(), " d")));
    }

    #[test]
    fn finds_users_without_regard_to_case() {
        let app = busy();
        let Ok(Intent::Kick { user, reason, .. }) = parse("kick ADA not nice ", &app) else {
            panic!("ada is there");
        };
        assert_eq!((&*user, reason.as_deref()), ("ada", Some("not nice")));
    }

    #[test]
    fn says_what_is_wrong() {
        let app = busy();
        let wrong = |line| parse(line, &app).expect_err(line);
        assert_eq!(wrong("kick nobody"), "no user is called \"nobody\"");
        assert_eq!(wrong("kick"), "use it as :kick USER [REASON]");
        assert_eq!(wrong("fps fast"), "\"fast\" is not a rate: fps is a number from 0.1 to 240");
        assert_eq!(wrong("s"), "\"s\" may be say or sayall");
        assert_eq!(wrong("dance"), "there is no command \"dance\"; ? lists them");
        assert!(wrong("show loud").contains("0 to 4"));
    }

    #[test]
    fn completes_verbs_names_and_levels() {
        let app = busy();
        let mut line = CommandLine::with("cap");
        line.complete(&app);
        assert_eq!(line.input.text(), "capture ");
        line.complete(&app);
        assert_eq!(line.input.text(), "capture error");
        line.complete(&app);
        assert_eq!(line.input.text(), "capture warn");
        let mut line = CommandLine::with("close main");
        line.complete(&app);
        assert_eq!(line.input.text(), "close \"main hall\" ");
    }

    #[test]
    fn recalls_what_was_typed() {
        let history = ["fps 30".to_owned(), "freeze".to_owned()];
        let mut line = CommandLine::with("dra");
        line.recall(&history, true);
        line.recall(&history, true);
        line.recall(&history, true);
        assert_eq!(line.input.text(), "fps 30");
        line.recall(&history, false);
        line.recall(&history, false);
        assert_eq!(line.input.text(), "dra");
    }
}
