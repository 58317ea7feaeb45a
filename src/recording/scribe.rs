//! Turns events into rows: sessions into people, and a session in a room into a stay.

mod left_out;
mod operator;
mod presence;
mod requests;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use self::left_out::LeftOut;
use super::failure::Failure;
use super::marks::Intervals;
use super::people::{People, Person};
use crate::archive::{EventKind as Kind, EventRow, LateTick, ProbeRow, RoundTripRow, Writer};
use crate::lobby::event::{EventKind, LobbyEvent};
use crate::model::{Privacy, RoomName, SessionId, Timestamp, UserName};
use crate::operator::RecordedPerson;

/// Ticks that are late by less are not noted.
const LATE: Duration = Duration::from_millis(1);

pub(super) type Written = Result<(), Failure>;

/// A connection.
#[derive(Debug, Default)]
struct Connection {
    address: Option<SocketAddr>,
    user: Option<UserName>,
    stays: Vec<Stay>,
}

/// A stay in a room, and its number in the recording: `None` if the user's data is not kept.
#[derive(Debug)]
struct Stay {
    room: RoomName,
    row: Option<i64>,
}

/// What is in a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) poses: u64,
    /// All other rows but markers.
    pub(super) events: u64,
    pub(super) markers: u64,
    pub(super) lost: u64,
    /// Poses and events of users whose data is not kept.
    pub(super) left_out: u64,
}

/// Whose an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// The person with this number.
    Kept(i64),
    /// Somebody whose data is not kept.
    LeftOut,
    /// Nobody is logged in there.
    Nobody,
    /// Nothing is known of the connection.
    Unknown,
}

/// Writes events.
#[derive(Debug)]
pub(super) struct Scribe {
    start: Timestamp,
    /// Whether messages and events are kept that are no markers.
    has_chat: bool,
    fps: f64,
    people: People,
    /// The open rooms.
    rooms: HashMap<RoomName, i64>,
    connections: HashMap<SessionId, Connection>,
    intervals: Intervals,
    left_out: LeftOut,
    /// Events of a session, room or user that is unknown, because a loss took whatever told of it.
    unplaced: u64,
    counts: Counts,
    /// What the file says is lost.
    noted_lost: u64,
}

impl Scribe {
    pub(super) fn new(start: Timestamp, privacy: &Privacy, people: People) -> Self {
        Self {
            start,
            has_chat: privacy.chat,
            fps: 0.0,
            people,
            rooms: HashMap::new(),
            connections: HashMap::new(),
            intervals: Intervals::default(),
            left_out: LeftOut::default(),
            unplaced: 0,
            counts: Counts::default(),
            noted_lost: 0,
        }
    }

    /// Microseconds since the start.
    pub(super) fn micros(&self, time: Timestamp) -> i64 {
        let micros = |time: Timestamp| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        micros(time).saturating_sub(micros(self.start))
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn people(&self) -> Vec<RecordedPerson> {
        self.people.listed()
    }

    pub(super) fn open_intervals(&self) -> Vec<String> {
        self.intervals.of_operator()
    }

    /// Writes an event.
    ///
    /// # Errors
    /// If it can't be written.
    pub(super) fn write(&mut self, event: &LobbyEvent, to: &Writer) -> Written {
        let time = event.time;
        match &event.kind {
            EventKind::Moved { session, room, pose, client_time } => {
                self.moved(time, *session, (room, *pose, *client_time), to)
            }
            EventKind::Ticked { late, .. } if *late < LATE => Ok(()),
            EventKind::Ticked { room, late, .. } => {
                let room = self.room(room, to)?;
                self.counts.events += 1;
                Ok(to.late_tick(&LateTick {
                    time: self.micros(time),
                    room,
                    micros: micros(*late),
                })?)
            }
            EventKind::Present(present) => self.sync(present, time, to),
            EventKind::Connected { session, peer } => {
                self.connections.entry(*session).or_default().address = Some(*peer);
                Ok(())
            }
            EventKind::Disconnected { session } => {
                self.log_out(*session, time, to)?;
                self.connections.remove(session);
                Ok(())
            }
            EventKind::LoggedIn { session, user } => self.log_in(*session, user, time, to),
            EventKind::LoggedOut { session, .. } => self.log_out(*session, time, to),
            EventKind::TookOver { user, .. } => match self.people.row_of(user, time, to)? {
                None => Ok(()),
                person => self.event(EventRow { person, ..self.row(time, Kind::TookOver) }, to),
            },
            EventKind::RoomOpened { room } => self.open_room(room, time, to),
            EventKind::RoomClosed { room } => self.close_room(room, time, to),
            EventKind::Joined { session, user, room } => {
                self.log_in(*session, user, time, to)?;
                self.join(*session, room, time, to)
            }
            EventKind::Left { session, room, .. } => self.leave(*session, room, time, to),
            EventKind::Said { session, room, message } => {
                self.said(time, *session, room, message, to)
            }
            EventKind::Probed { session, probe } => {
                let Some(person) = self.kept(*session, |left_out| &mut left_out.probes) else {
                    return Ok(());
                };
                let [received, sent] = [probe.received, probe.sent].map(|time| self.micros(time));
                self.counts.events += 1;
                Ok(to.probe(&ProbeRow { person, client: probe.client, received, sent })?)
            }
            EventKind::RoundTrip { session, round_trip } => {
                let Some(person) = self.kept(*session, |left_out| &mut left_out.round_trips) else {
                    return Ok(());
                };
                let micros = micros(*round_trip);
                self.counts.events += 1;
                Ok(to.round_trip(&RoundTripRow { time: self.micros(time), person, micros })?)
            }
            EventKind::FpsChanged { room, fps } => self.set_fps(room.as_ref(), *fps, time, to),
            EventKind::Operated { action } => self.operated(action, time, to),
            EventKind::Marked { label, phase } => self.marked(label, *phase, time, to),
            EventKind::Refused { session, code, reason, count } => {
                self.refused(time, *session, (*code, reason), *count, to)
            }
            EventKind::Lost { count } => self.lost(*count, time, to),
        }
    }

    /// Writes what has added up. Call it before a commit.
    ///
    /// # Errors
    /// If it can't be written.
    pub(super) fn note_totals(&mut self, now: Timestamp, to: &Writer) -> Written {
        let unplaced = std::mem::take(&mut self.unplaced);
        if unplaced > 0 {
            self.lost(unplaced, now, to)?;
        }
        if self.counts.lost != self.noted_lost {
            to.set_lost(self.counts.lost)?;
            self.noted_lost = self.counts.lost;
        }
        self.left_out.people = self.people.left_out();
        self.left_out.note(to)?;
        self.counts.left_out = self.left_out.without_consent();
        self.people.sync_key()
    }

    fn lost(&mut self, count: u64, time: Timestamp, to: &Writer) -> Written {
        self.counts.lost += count;
        let count = Some(i64::try_from(count).unwrap_or(i64::MAX));
        self.event(EventRow { count, ..self.row(time, Kind::Lost) }, to)
    }

    /// Whose a connection's events are.
    fn whose(&self, session: SessionId) -> Whose {
        let Some(connection) = self.connections.get(&session) else { return Whose::Unknown };
        let Some(user) = &connection.user else { return Whose::Nobody };
        match self.people.get(user) {
            Some(Person { consent: true, row: Some(row), .. }) => Whose::Kept(*row),
            _ => Whose::LeftOut,
        }
    }

    /// The number of the person on a connection whose event is to be kept; counts it otherwise, as
    /// what `kind` selects.
    fn kept(
        &mut self,
        session: SessionId,
        kind: impl FnOnce(&mut LeftOut) -> &mut u64,
    ) -> Option<i64> {
        match self.whose(session) {
            Whose::Kept(person) => return Some(person),
            Whose::LeftOut => *kind(&mut self.left_out) += 1,
            Whose::Unknown => self.unplaced += 1,
            Whose::Nobody => {}
        }
        None
    }

    fn row(&self, time: Timestamp, kind: Kind) -> EventRow {
        EventRow::new(self.micros(time), kind)
    }

    fn event(&mut self, row: EventRow, to: &Writer) -> Written {
        self.counts.events += 1;
        Ok(to.event(&row)?)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
