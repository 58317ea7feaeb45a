//! The lines of an events file.

use super::super::source::Source;
use super::super::text::{push_int, push_seconds};
use crate::archive::{EventRow, MarkerRow};

/// The columns.
pub(super) const HEADER: &[u8] =
    b"onset\tduration\ttrial_type\tkind\tuser\troom\ttype\tdata\tcode\tcount\n";

/// What an events file has a line for.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    /// In microseconds since the recording's start.
    pub(super) time: i64,
    /// In microseconds; `None` if it is not known.
    duration: Option<i64>,
    trial_type: &'a str,
    kind: &'a str,
    pub(super) person: Option<i64>,
    pub(super) room: Option<i64>,
    type_: Option<&'a str>,
    data: Option<&'a str>,
    code: Option<i64>,
    count: Option<i64>,
}

impl<'a> Line<'a> {
    pub(super) fn of_event(row: &'a EventRow) -> Self {
        Self {
            time: row.time,
            duration: Some(0),
            trial_type: row.kind.name(),
            kind: row.kind.name(),
            person: row.person,
            room: row.room,
            type_: row.type_.as_deref(),
            data: row.data.as_deref(),
            code: row.code,
            count: row.count,
        }
    }

    pub(super) fn of_marker(row: &'a MarkerRow) -> Self {
        let duration = match (row.is_interval, row.end) {
            (false, _) => Some(0),
            (true, end) => end.map(|end| end - row.time),
        };
        Self {
            time: row.time,
            duration,
            trial_type: &row.label,
            kind: "marker",
            person: row.person,
            room: row.room,
            ..Self::default()
        }
    }

    /// Of a recording that was not stopped; `text` is how it ended.
    pub(super) fn of_ending(time: i64, text: &'a str) -> Self {
        let (trial_type, kind) = ("end", "end");
        Self { time, duration: Some(0), trial_type, kind, data: Some(text), ..Self::default() }
    }

    /// Appends the line; `zero` is the time of the first pose of the motion file.
    pub(super) fn push(&self, out: &mut Vec<u8>, source: &Source, zero: i64) {
        push_seconds(out, self.time - zero);
        out.push(b'\t');
        match self.duration {
            Some(duration) => push_seconds(out, duration),
            None => push_text(out, None),
        }
        let user = self.person.map(|person| source.user(person));
        let room = self.room.map(|room| source.room(room));
        let texts = [Some(self.trial_type), Some(self.kind), user, room, self.type_, self.data];
        for text in texts {
            out.push(b'\t');
            push_text(out, text);
        }
        for number in [self.code, self.count] {
            out.push(b'\t');
            match number {
                Some(number) => push_int(out, number),
                None => push_text(out, None),
            }
        }
        out.push(b'\n');
    }
}

/// Appends a cell. Quotes are doubled inside quotes; a tab or the end of a line becomes a space,
/// since few readers expect one in quotes.
pub(super) fn push_text(out: &mut Vec<u8>, text: Option<&str>) {
    let text = text.filter(|text| !text.is_empty()).unwrap_or("n/a");
    let is_quoted = text.contains('"');
    if is_quoted {
        out.push(b'"');
    }
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend(b"\"\""),
            byte if byte.is_ascii_control() => out.push(b' '),
            byte => out.push(byte),
        }
    }
    if is_quoted {
        out.push(b'"');
    }
}
