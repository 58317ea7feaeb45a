//! A report as text for a terminal, in 80 columns.

use std::fmt::{self, Display, Formatter};

use super::format::{count, duration, fit, moment, wrap};
use super::report::{Inspection, Marker, Spread, User};
use crate::model::text::printable;

/// Rows of a list that are shown; the rest is counted.
const ROWS: usize = 20;

/// The widths of a table's columns behind the user's name.
const COLUMNS: [(&str, usize); 9] = [
    ("present", 10),
    ("poses", 9),
    ("rate", 7),
    ("nominal", 8),
    ("gaps", 7),
    ("longest", 8),
    ("rtt ms", 7),
    ("p95", 6),
    ("max", 6),
];

/// What is left of the line for the user's name.
const USER: usize = 12;

impl Display for Inspection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.fmt_head(f)?;
        self.fmt_users(f)?;
        self.fmt_markers(f)?;
        self.fmt_events(f)?;
        self.fmt_missing(f)
    }
}

/// A line of a list: what it is about, and what there is to say.
fn line(f: &mut Formatter<'_>, head: &str, text: &str) -> fmt::Result {
    f.write_str(&wrap(&format!("  {}  ", fit(head, 10)), &printable(text)))
}

impl Inspection {
    fn fmt_head(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&wrap("", &printable(&self.file)))?;
        line(f, "verdict", &self.verdict)?;
        line(f, "started", &self.start_local)?;
        line(f, "duration", &moment(self.duration))?;
        for (name, value) in
            [("study", &self.study), ("session", &self.session), ("condition", &self.condition)]
        {
            if !value.is_empty() {
                line(f, name, value)?;
            }
        }
        if !self.fields.is_empty() {
            let fields = self.fields.iter().map(|(name, value)| format!("{name}: {value}"));
            line(f, "fields", &fields.collect::<Vec<_>>().join("; "))?;
        }
        let users = count(self.users.len() as u64, "user");
        let names = if self.names { "names are kept" } else { "pseudonyms" };
        let chat = if self.chat { "chat is kept" } else { "no chat" };
        line(
            f,
            "people",
            &format!("{users} in {}; {names}, {chat}", count(self.rooms.len() as u64, "room")),
        )?;
        let meaning = &self.conventions;
        let is = format!(
            "{} in {} and {}, axes {}, rotations {}",
            count(self.poses, "pose"),
            meaning.length_unit,
            meaning.angle_unit,
            meaning.axes,
            meaning.euler_order
        );
        line(f, "poses", &is)?;
        line(f, "made by", &self.program)
    }

    fn fmt_users(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.users.is_empty() {
            return Ok(());
        }
        write!(f, "\n{}", fit("user", USER))?;
        for (name, width) in COLUMNS {
            write!(f, "{name:>width$}")?;
        }
        writeln!(f)?;
        for user in &self.users {
            f.write_str(&fit(&printable(&user.user), USER))?;
            for ((_, width), cell) in COLUMNS.iter().zip(cells(user)) {
                write!(f, "{cell:>width$}")?;
            }
            writeln!(f)?;
        }
        writeln!(f)?;
        for user in &self.users {
            let said = match &user.name {
                Some(name) => format!("{name}: {}", user.verdict),
                None => user.verdict.clone(),
            };
            f.write_str(&wrap(&fit(&printable(&user.user), USER), &printable(&said)))?;
        }
        Ok(())
    }

    fn fmt_markers(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.markers.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n{}", count(self.markers.len() as u64, "marker"))?;
        for marker in self.markers.iter().take(ROWS) {
            line(f, &moment(marker.time), &marked(marker))?;
        }
        more(f, self.markers.len())
    }

    fn fmt_events(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nevents")?;
        let others = self.events.iter().map(|(type_, count)| format!("{count} {type_}"));
        let said: Vec<String> =
            [count(self.messages, "chat message")].into_iter().chain(others.take(ROWS)).collect();
        line(f, "said", &said.join(", "))?;
        if !self.refusals.is_empty() {
            let refused = self.refusals.iter().map(|(code, count)| format!("{count} times {code}"));
            line(f, "refused", &refused.collect::<Vec<_>>().join(", "))?;
        }
        let late = &self.late_ticks;
        if let Spread { p99: Some(p99), max: Some(max), .. } = late {
            let (p99, max) = (duration(*p99), duration(*max));
            let ticks = count(late.count, "tick");
            line(f, "late", &format!("{ticks} by 1 ms or more: p99 {p99}, max {max}"))?;
        }
        for change in self.fps.iter().take(ROWS) {
            let rate = change.fps.map_or("as the server".to_owned(), |fps| fps.to_string());
            let place = change.room.as_deref().map_or(String::new(), |room| format!(" in {room}"));
            line(f, "fps", &format!("{rate}{place} from {} on", moment(change.time)))?;
        }
        more(f, self.fps.len())
    }

    fn fmt_missing(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.losses.is_empty() && self.left_out.is_empty() && self.redactions.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nmissing")?;
        for loss in self.losses.iter().take(ROWS) {
            let events = count(loss.count, "event");
            line(f, "lost", &format!("{events} at {}", moment(loss.time)))?;
        }
        more(f, self.losses.len())?;
        if !self.left_out.is_empty() {
            let left_out = self.left_out.iter().map(|(what, count)| format!("{count} {what}"));
            line(f, "left out", &left_out.collect::<Vec<_>>().join(", "))?;
        }
        if !self.redactions.is_empty() {
            let people = match self.redactions.len() {
                1 => "1 person".to_owned(),
                people => format!("{people} people"),
            };
            let last = self.redactions.last().and_then(|it| it.details["date"].as_str());
            let on = last.map_or(String::new(), |date| format!(", last on {date}"));
            line(f, "taken out", &format!("{people}{on}"))?;
        }
        Ok(())
    }
}

/// The cells of a user's row.
fn cells(user: &User) -> [String; COLUMNS.len()] {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let millis = |seconds: Option<f64>| or_dash(seconds.map(|s| format!("{:.1}", s * 1e3)));
    let trips = &user.round_trips;
    [
        moment(user.present),
        user.poses.to_string(),
        or_dash(user.rate.map(|rate| format!("{rate:.1}"))),
        or_dash(user.nominal_rate.map(|rate| rate.to_string())),
        user.gaps.count.to_string(),
        or_dash(user.gaps.longest.map(duration)),
        millis(trips.median),
        millis(trips.p95),
        millis(trips.max),
    ]
}

fn marked(marker: &Marker) -> String {
    let length = match marker.end {
        Some(end) => format!(", for {}", duration(end - marker.time)),
        None if marker.is_interval => ", not ended".to_owned(),
        None => String::new(),
    };
    let by = marker.user.as_deref().map_or(String::new(), |user| format!(", by {user}"));
    format!("{}{length}{by}", marker.label)
}

/// Says how many of so many rows are not shown.
fn more(f: &mut Formatter<'_>, rows: usize) -> fmt::Result {
    match rows.checked_sub(ROWS) {
        None | Some(0) => Ok(()),
        Some(hidden) => line(f, "", &format!("and {hidden} more, all with --json")),
    }
}
