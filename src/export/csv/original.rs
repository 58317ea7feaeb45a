//! The log of the original server: one line an event, `timestamp;ip;nick;room;action;message;`.
//!
//! `action` is the type of the client's request, and `message` the JSON of its `data`. What the
//! original had no word for has an action of its own, with JSON as its message: a `session` line
//! at the beginning, `end` at the end, and `lost`, `fps`, `marker` and so on between them.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::json;

use super::super::error::ExportError;
use super::super::meter::Meter;
use super::super::output::Output;
use super::super::source::Source;
use super::super::text::{push_json, push_number};
use super::super::timeline::{self, Item};
use super::record::Records;
use crate::archive::{EventKind, EventRow, PoseRow, Selection};
use crate::protocol::SERVER_USER;

/// Each line ends with a semicolon, as if a field followed.
const COLUMNS: [Option<&str>; 7] = [
    Some("timestamp"),
    Some("ip"),
    Some("nick"),
    Some("room"),
    Some("action"),
    Some("message"),
    None,
];

/// Writes the log; returns the number of poses.
pub(super) fn write(
    source: &Source,
    output: &mut Output,
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    let mut records = Records::new(output.create("")?, b';');
    for column in COLUMNS {
        records.maybe(column, Records::text);
    }
    records.end()?;
    let mut log = Log { source, records, addresses: addresses(source)?, message: Vec::new() };
    let description: BTreeMap<String, String> = source.description()?.into_iter().collect();
    log.say(json!(description));
    log.line(source.span().0, Who::Nobody, None, "session")?;
    let poses = timeline::for_each(source, meter, |item| log.item(item))?;
    let about = source.about();
    log.say(json!({"ending": about.ending.name(), "lost": about.lost, "poses": poses}));
    log.line(about.end, Who::Nobody, None, "end")?;
    log.records.sync()?;
    Ok(poses)
}

/// Whom a line is about.
#[derive(Clone, Copy)]
enum Who {
    Nobody,
    /// The operator, in chat.
    Server,
    Person(i64),
}

impl From<Option<i64>> for Who {
    fn from(person: Option<i64>) -> Self {
        person.map_or(Self::Nobody, Self::Person)
    }
}

struct Log<'a> {
    source: &'a Source,
    records: Records,
    /// The last address of each person, if names are recorded.
    addresses: BTreeMap<i64, String>,
    /// The message of the next line.
    message: Vec<u8>,
}

impl Log<'_> {
    fn item(&mut self, item: Item<'_>) -> Result<(), ExportError> {
        let time = item.time();
        match item {
            Item::Pose(row) => {
                push_transform(&mut self.message, row);
                let stay = self.source.stay(row.member);
                let (person, room) = (stay.map(|stay| stay.person), stay.map(|stay| stay.room));
                self.line(time, person.into(), room, "transform")
            }
            Item::Event(row) => self.event(row),
            Item::Marker(row) => {
                self.say(json!(row.label));
                let action = if row.is_interval { "marker_begin" } else { "marker" };
                self.line(time, row.person.into(), row.room, action)
            }
            Item::MarkerEnd(row) => {
                self.say(json!(row.label));
                self.line(time, row.person.into(), row.room, "marker_end")
            }
            Item::Probe(row) => {
                let [received, sent] =
                    [row.received, row.sent].map(|at| self.unix(at) as f64 / 1e6);
                // As the client has it from the answer.
                self.say(json!({"time": row.client, "received": received, "sent": sent}));
                self.line(time, Who::Person(row.person), None, "probe")
            }
            Item::RoundTrip(row) => {
                self.say(json!(row.micros as f64 / 1e6));
                self.line(time, Who::Person(row.person), None, "round_trip")
            }
            Item::LateTick(row) => {
                self.say(json!(row.micros as f64 / 1e6));
                self.line(time, Who::Nobody, Some(row.room), "late_tick")
            }
        }
    }

    fn event(&mut self, row: &EventRow) -> Result<(), ExportError> {
        let EventRow { kind, person, room, code, count, .. } = row;
        note_address(&mut self.addresses, row);
        match (kind, &row.data) {
            (EventKind::LoggedIn | EventKind::TookOver, _) => {}
            (EventKind::Refused, reason) => {
                self.say(json!({"code": code, "count": count, "reason": reason}));
            }
            (EventKind::Lost, _) => self.say(json!({"count": count})),
            (EventKind::Said, Some(data)) => push_json(&mut self.message, data),
            (EventKind::Fps, Some(fps)) => push_json(&mut self.message, fps),
            (_, Some(data)) => self.say(json!(data)),
            (_, None) => {}
        }
        let action = match kind {
            EventKind::LoggedIn => "login",
            EventKind::LoggedOut => "logout",
            EventKind::Joined => "join",
            EventKind::Left => "leave",
            EventKind::Said => row.type_.as_deref().unwrap_or("msg"),
            other => other.name(),
        };
        let who = match (kind, person) {
            (EventKind::Said, None) => Who::Server,
            (_, person) => (*person).into(),
        };
        self.line(row.time, who, *room, action)
    }

    fn say(&mut self, message: serde_json::Value) {
        // Writing to a Vec can't fail.
        let _ = write!(self.message, "{message}");
    }

    /// Writes a line with the message, and clears that.
    fn line(
        &mut self,
        time: i64,
        who: Who,
        room: Option<i64>,
        action: &str,
    ) -> Result<(), ExportError> {
        self.records.seconds(self.unix(time));
        let (address, nick) = match who {
            Who::Nobody => (None, None),
            Who::Server => (None, Some(SERVER_USER)),
            Who::Person(id) => (self.addresses.get(&id), Some(self.source.nick(id))),
        };
        self.records.maybe(address.map(String::as_str), Records::text);
        self.records.maybe(nick, Records::text);
        self.records.maybe(room.map(|room| self.source.room(room)), Records::text);
        self.records.text(action);
        let message = str::from_utf8(&self.message).unwrap_or_default();
        self.records.maybe(Some(message).filter(|message| !message.is_empty()), Records::text);
        self.records.maybe(None, Records::text);
        self.message.clear();
        Ok(self.records.end()?)
    }

    /// Microseconds since the Unix epoch.
    fn unix(&self, time: i64) -> i64 {
        (self.source.about().start.as_micros() as i64).saturating_add(time)
    }
}

/// The data of the request that a pose came with.
fn push_transform(out: &mut Vec<u8>, row: &PoseRow) {
    let mut axes = |before: &[u8], [x, y, z]: [f64; 3]| {
        out.extend_from_slice(before);
        for (key, value) in [(&b"{\"x\":"[..], x), (b",\"y\":", y), (b",\"z\":", z)] {
            out.extend_from_slice(key);
            push_number(out, value);
        }
    };
    axes(b"{\"pos\":", row.pose.pos);
    axes(b"},\"rot\":", row.pose.rot);
    out.push(b'}');
    if let Some(client_time) = row.client_time {
        out.extend_from_slice(b",\"time\":");
        push_number(out, client_time);
    }
    out.push(b'}');
}

/// The addresses of those who logged in before the selection begins.
fn addresses(source: &Source) -> Result<BTreeMap<i64, String>, ExportError> {
    let mut addresses = BTreeMap::new();
    if source.about().fields.privacy.names && source.selection().from.is_some() {
        let before = Selection { until: source.selection().from, ..Selection::default() };
        source.archive().for_each_event(&before, |event| {
            note_address(&mut addresses, &event);
            Ok::<_, ExportError>(())
        })?;
    }
    Ok(addresses)
}

fn note_address(addresses: &mut BTreeMap<i64, String>, event: &EventRow) {
    if let (EventKind::LoggedIn | EventKind::TookOver, Some(person), Some(address)) =
        (event.kind, event.person, &event.data)
    {
        addresses.insert(person, address.clone());
    }
}
