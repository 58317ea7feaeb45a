//! Encodes what happened as the messages of `schema`. The numbers of the fields are those there.

use super::super::frame::{Frame, Transform};
use super::super::sampling::Sampling;
use super::super::sentence::Level;
use super::super::source::Source;
use super::proto::Encoder;
use crate::archive::{
    ArchiveError, EventRow, LateTick, MarkerRow, PoseRow, ProbeRow, RoundTripRow,
};

/// Encodes messages about one recording.
pub(super) struct Messages<'a> {
    source: &'a Source,
    frame: Frame,
    sampling: Sampling,
}

impl<'a> Messages<'a> {
    pub(super) fn new(source: &'a Source) -> Result<Self, ArchiveError> {
        let frame = Frame::new(&source.about().fields.conventions);
        Ok(Self { source, frame, sampling: Sampling::new(source)? })
    }

    /// A time of the recording, in microseconds since the Unix epoch.
    pub(super) fn unix_micros(&self, time: i64) -> u64 {
        self.source.about().start.as_micros().saturating_add_signed(time)
    }

    fn timestamp(&self, out: &mut Encoder<'_>, field: u32, time: i64) {
        let micros = self.unix_micros(time);
        out.message(field, |out| {
            out.int(1, (micros / 1_000_000) as i64);
            out.int(2, (micros % 1_000_000 * 1000) as i64);
        });
    }

    fn user(&self, out: &mut Encoder<'_>, field: u32, person: Option<i64>) {
        if let Some(person) = person {
            out.string(field, self.source.user(person));
        }
    }

    fn room(&self, out: &mut Encoder<'_>, field: u32, room: Option<i64>) {
        if let Some(room) = room {
            out.string(field, self.source.room(room));
        }
    }

    /// The pose in its room's frame. The user's frame is named after both, since a frame has one
    /// parent and a user may be in several rooms.
    pub(super) fn frame_transforms(&self, out: &mut Encoder<'_>, row: &PoseRow) {
        let (user, room) = self.user_and_room(row);
        let Transform { translation, rotation } = self.frame.convert(&row.pose);
        out.message(1, |out| {
            self.timestamp(out, 1, row.time);
            out.string(2, room);
            out.string(3, &format!("{room}/{user}"));
            out.message(4, |out| doubles(out, 1, &translation));
            out.message(5, |out| doubles(out, 1, &rotation));
        });
    }

    pub(super) fn pose(&self, out: &mut Encoder<'_>, row: &PoseRow) {
        let (user, room) = self.user_and_room(row);
        self.timestamp(out, 1, row.time);
        out.string(2, user);
        out.string(3, room);
        out.int(4, row.member);
        doubles(out, 5, &row.pose.pos);
        doubles(out, 8, &row.pose.rot);
        if let Some(client_time) = row.client_time {
            out.double(11, client_time);
        }
        let stay = self.source.stay(row.member);
        if let Some(sampled) = stay.and_then(|stay| self.sampling.time(stay.person, row)) {
            self.timestamp(out, 12, sampled);
        }
    }

    pub(super) fn event(&self, out: &mut Encoder<'_>, row: &EventRow) {
        self.timestamp(out, 1, row.time);
        out.string(2, row.kind.name());
        self.user(out, 3, row.person);
        self.room(out, 4, row.room);
        for (field, text) in [(5, &row.type_), (6, &row.data)] {
            if let Some(text) = text {
                out.string(field, text);
            }
        }
        for (field, number) in [(7, row.code), (8, row.count)] {
            if let Some(number) = number {
                out.int(field, number);
            }
        }
    }

    pub(super) fn marker(&self, out: &mut Encoder<'_>, row: &MarkerRow) {
        self.timestamp(out, 1, row.time);
        if let Some(end) = row.end {
            self.timestamp(out, 2, end);
        }
        out.int(3, i64::from(row.is_interval));
        out.string(4, &row.label);
        self.user(out, 5, row.person);
        self.room(out, 6, row.room);
    }

    pub(super) fn probe(&self, out: &mut Encoder<'_>, row: &ProbeRow) {
        self.user(out, 1, Some(row.person));
        out.double(2, row.client);
        self.timestamp(out, 3, row.received);
        self.timestamp(out, 4, row.sent);
    }

    pub(super) fn round_trip(&self, out: &mut Encoder<'_>, row: &RoundTripRow) {
        self.timestamp(out, 1, row.time);
        self.user(out, 2, Some(row.person));
        out.double(3, row.micros as f64 / 1e6);
    }

    pub(super) fn late_tick(&self, out: &mut Encoder<'_>, row: &LateTick) {
        self.timestamp(out, 1, row.time);
        self.room(out, 2, Some(row.room));
        out.double(3, row.micros as f64 / 1e6);
    }

    /// A line of the log; `name` says where or by whom.
    pub(super) fn log(
        &self,
        out: &mut Encoder<'_>,
        time: i64,
        level: Level,
        name: &str,
        text: &str,
    ) {
        self.timestamp(out, 1, time);
        out.int(
            2,
            match level {
                Level::Info => 2,
                Level::Warning => 3,
                Level::Error => 4,
            },
        );
        out.string(3, text);
        out.string(4, name);
        out.string(5, "");
        out.fixed32(6, 0);
    }

    fn user_and_room(&self, row: &PoseRow) -> (&'a str, &'a str) {
        let stay = self.source.stay(row.member);
        stay.map_or(("", ""), |stay| (self.source.user(stay.person), self.source.room(stay.room)))
    }
}

/// Writes double fields from number `first` on.
fn doubles(out: &mut Encoder<'_>, first: u32, values: &[f64]) {
    for (field, value) in (first..).zip(values) {
        out.double(field, *value);
    }
}
