//! Reads a recording and counts what is in it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::figures::{seconds, spread};
use super::report::{
    Inspection, Loss, Marker, Meaning, RateChange, Redaction, Spread, State, User,
};
use super::rhythm::Rhythm;
use super::user;
use crate::archive::{About, Archive, ArchiveError, Ending, EventKind, EventRow, Selection};

/// Everything in a recording but its sentences.
pub(super) fn gather(archive: &Archive) -> Result<Inspection, ArchiveError> {
    let (rhythms, out_of_order) = rhythms(archive)?;
    let mut inspection = described(archive);
    inspection.out_of_order = out_of_order;
    inspection.poses = rhythms.iter().map(Rhythm::poses).sum();
    inspection.users = user::users(archive, &rhythms)?;
    let names = Names::of(archive);
    archive.for_each_event(&Selection::default(), |event| {
        count(&mut inspection, &names, event);
        Ok::<_, ArchiveError>(())
    })?;
    inspection.markers = markers(archive, &names)?;
    let late = archive.late_ticks()?.iter().map(|tick| tick.micros).collect();
    inspection.late_ticks = spread(late);
    let left_out = archive.left_out()?.into_iter();
    inspection.left_out = left_out.map(|left_out| (left_out.what, left_out.count)).collect();
    Ok(inspection)
}

/// The poses of each stay, in the order of the stays, and how many are out of order.
fn rhythms(archive: &Archive) -> Result<(Vec<Rhythm>, u64), ArchiveError> {
    let stays = archive.stays();
    let mut rhythms = vec![Rhythm::default(); stays.len()];
    let (mut latest, mut out_of_order) = (i64::MIN, 0);
    archive.for_each_pose_time(|time, member| {
        out_of_order += u64::from(time < latest);
        latest = latest.max(time);
        // Stays are in the order of their numbers. One that is not there is damage that SQLite's
        // own check finds.
        if let Ok(place) = stays.binary_search_by_key(&member, |stay| stay.id) {
            rhythms[place].add(time);
        }
    })?;
    Ok((rhythms, out_of_order))
}

/// What a recording says about itself.
fn described(archive: &Archive) -> Inspection {
    let About { program, start, start_local, fields, ending, end, lost } = archive.about().clone();
    let (state, ended_early) = match ending {
        Ending::Whole => (State::Whole, None),
        Ending::Early(reason) => (State::EndedEarly, Some(reason)),
        Ending::Interrupted => (State::Interrupted, None),
    };
    let conventions = fields.conventions;
    Inspection {
        file: archive.file().display().to_string(),
        verdict: String::new(),
        state,
        ended_early,
        lost,
        log_is_missing: archive.lacks_log(),
        out_of_order: 0,
        program,
        start_unix: start.as_secs_f64(),
        start_local,
        duration: seconds(end),
        study: fields.study,
        session: fields.session,
        condition: fields.condition,
        fields: fields.other,
        conventions: Meaning {
            length_unit: conventions.length,
            angle_unit: conventions.angle,
            axes: conventions.axes,
            handedness: conventions.axes.handedness(),
            euler_order: conventions.rotation,
        },
        names: fields.privacy.names,
        chat: fields.privacy.chat,
        rooms: archive.rooms().iter().map(|room| room.name.clone()).collect(),
        poses: 0,
        users: Vec::new(),
        markers: Vec::new(),
        refusals: BTreeMap::new(),
        messages: 0,
        events: BTreeMap::new(),
        fps: Vec::new(),
        late_ticks: Spread::default(),
        losses: Vec::new(),
        left_out: BTreeMap::new(),
        redactions: Vec::new(),
    }
}

/// What people and rooms are called, by their numbers.
struct Names {
    /// Where each person is among the users.
    people: BTreeMap<i64, (usize, String)>,
    rooms: BTreeMap<i64, String>,
}

impl Names {
    fn of(archive: &Archive) -> Self {
        let people = archive.people().iter().enumerate();
        let rooms = archive.rooms().iter();
        Self {
            people: people.map(|(n, person)| (person.id, (n, person.subject.clone()))).collect(),
            rooms: rooms.map(|room| (room.id, room.name.clone())).collect(),
        }
    }

    fn user<'a>(&self, users: &'a mut [User], person: Option<i64>) -> Option<&'a mut User> {
        users.get_mut(self.people.get(&person?)?.0)
    }

    fn subject(&self, person: Option<i64>) -> Option<String> {
        Some(self.people.get(&person?)?.1.clone())
    }

    fn room(&self, room: Option<i64>) -> Option<String> {
        self.rooms.get(&room?).cloned()
    }
}

fn count(inspection: &mut Inspection, names: &Names, event: EventRow) {
    let time = seconds(event.time);
    let amount = event.count.map_or(1, i64::unsigned_abs);
    let user = names.user(&mut inspection.users, event.person);
    match event.kind {
        EventKind::LoggedIn | EventKind::TookOver => {
            user.into_iter().for_each(|user| user.connections += 1);
        }
        EventKind::Said if event.type_.as_deref() == Some("msg") => {
            inspection.messages += 1;
            user.into_iter().for_each(|user| user.messages += 1);
        }
        EventKind::Said => {
            *inspection.events.entry(event.type_.unwrap_or_default()).or_default() += 1;
            user.into_iter().for_each(|user| user.events += 1);
        }
        EventKind::Refused => {
            let code = event.code.unwrap_or_default();
            *inspection.refusals.entry(code).or_default() += amount;
            user.into_iter().for_each(|user| *user.refusals.entry(code).or_default() += amount);
        }
        EventKind::Fps => {
            let fps = event.data.and_then(|data| data.parse().ok());
            inspection.fps.push(RateChange { time, room: names.room(event.room), fps });
        }
        EventKind::Lost => inspection.losses.push(Loss { time, count: amount }),
        EventKind::Redacted => {
            let details = event.data.unwrap_or_default();
            let details = serde_json::from_str(&details).unwrap_or(Value::String(details));
            inspection.redactions.push(Redaction { time, details });
        }
        EventKind::LoggedOut
        | EventKind::Joined
        | EventKind::Left
        | EventKind::RoomOpened
        | EventKind::RoomClosed
        | EventKind::Operated => {}
    }
}

fn markers(archive: &Archive, names: &Names) -> Result<Vec<Marker>, ArchiveError> {
    let markers = archive.markers(&Selection::default())?.into_iter();
    Ok(markers
        .map(|marker| Marker {
            time: seconds(marker.time),
            end: marker.end.map(seconds),
            is_interval: marker.is_interval,
            label: marker.label,
            user: names.subject(marker.person),
            room: names.room(marker.room),
        })
        .collect())
}
