//! What Tab offers on the command line.

use super::table::{Arg, VERBS};
use super::words::{quoted, split};
use crate::console::state::{App, Column, Completions, Pane, RoomSort, UserSort};
use crate::model::LogLevel;

/// What the last word of a line can be completed to.
pub(crate) fn completions(app: &App, text: &str) -> Completions {
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
    Completions { start, words: matching.map(|word| quoted(&word)).collect() }
}

/// Every value that an argument could have.
fn values(app: &App, arg: Arg) -> Vec<String> {
    let columns =
        |names: &mut dyn Iterator<Item = &'static str>| names.map(str::to_owned).collect();
    match arg {
        Arg::User => app.snapshot.users.iter().map(|user| user.name.to_string()).collect(),
        Arg::Room => app.snapshot.rooms.iter().map(|room| room.name.to_string()).collect(),
        Arg::Level => LogLevel::ALL.iter().map(ToString::to_string).collect(),
        Arg::Rate => ["10", "20", "30", "60", "72", "90", "server"].map(str::to_owned).into(),
        Arg::Column if app.pane == Pane::Rooms => {
            columns(&mut RoomSort::ALL.iter().map(|sort| sort.name()))
        }
        Arg::Column => columns(&mut UserSort::ALL.iter().map(|sort| sort.name())),
        Arg::Target => app.log.targets(),
        Arg::Label => app.recording.labels().cloned().collect(),
        Arg::OpenLabel => app.open_intervals(),
        Arg::YesNo => ["yes", "no"].map(str::to_owned).into(),
        Arg::Text => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixtures::busy;
    use crate::console::state::CommandLine;

    #[test]
    fn completes_verbs_names_and_levels() {
        let app = busy();
        let mut line = CommandLine::with("cap");
        line.complete(|text| completions(&app, text));
        assert_eq!(line.input.text(), "capture ");
        line.complete(|text| completions(&app, text));
        assert_eq!(line.input.text(), "capture error");
        line.complete(|text| completions(&app, text));
        assert_eq!(line.input.text(), "capture warn");
        let mut line = CommandLine::with("close main");
        line.complete(|text| completions(&app, text));
        assert_eq!(line.input.text(), "close \"main hall\" ");
    }
}
