//! What an export is made from: a recording, the part of it that is wanted, and names for numbers.

use std::collections::BTreeSet;

use super::error::ExportError;
use super::options::ExportOptions;
use super::resample::Resampler;
use crate::archive::{
    About, Archive, ArchiveError, EventRow, LateTick, MarkerRow, Person, ProbeRow, Room,
    RoundTripRow, Selection, Stay,
};

/// A recording and the part of it that is exported.
#[derive(Debug)]
pub(super) struct Source {
    archive: Archive,
    selection: Selection,
    rate: Option<f64>,
    stays: Vec<Stay>,
    /// Who is in the selection; `None` for everyone.
    wanted: Option<BTreeSet<i64>>,
}

impl Source {
    /// Opens the recording and finds what is selected.
    pub(super) fn open(options: &ExportOptions) -> Result<Self, ExportError> {
        let ExportOptions { recording, selection, rate, .. } = options;
        if let (Some(from), Some(until)) = (selection.from, selection.until)
            && from >= until
        {
            return Err(ExportError::Options("--from has to be before --to".to_owned()));
        }
        let archive = Archive::open(recording)?;
        // Fails if there is no such user or room.
        archive.poses(selection)?;
        let person = selection.user.as_ref().and_then(|user| {
            let is_wanted = |p: &&Person| p.subject == *user || p.name.as_ref() == Some(user);
            archive.people().iter().find(is_wanted).map(|person| person.id)
        });
        let room = selection.room.as_ref().and_then(|name| {
            archive.rooms().iter().find(|room| room.name == *name).map(|room| room.id)
        });
        let stays: Vec<Stay> = archive
            .stays()
            .iter()
            .filter(|stay| {
                person.is_none_or(|person| stay.person == person)
                    && room.is_none_or(|room| stay.room == room)
                    && selection.until.is_none_or(|until| stay.joined < until)
                    && stay.left.is_none_or(|left| selection.from.is_none_or(|from| left >= from))
            })
            .cloned()
            .collect();
        let wanted = match (person, room) {
            (None, None) => None,
            (Some(person), None) => Some([person].into()),
            (_, Some(_)) => Some(stays.iter().map(|stay| stay.person).collect()),
        };
        Ok(Self { archive, selection: selection.clone(), rate: *rate, stays, wanted })
    }

    /// The recording, all of it.
    pub(super) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// What the recording says about itself.
    pub(super) fn about(&self) -> &About {
        self.archive.about()
    }

    /// The part of the recording that is wanted.
    pub(super) fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The rate that poses are resampled to; `None` for poses as received.
    pub(super) fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Where the selection begins and ends, in microseconds since the start; the end is excluded.
    pub(super) fn span(&self) -> (i64, i64) {
        let from = self.selection.from.unwrap_or(0);
        let end = self.about().end.saturating_add(1);
        (from, self.selection.until.map_or(end, |until| until.min(end)))
    }

    /// The people in the selection.
    pub(super) fn people(&self) -> impl Iterator<Item = &Person> {
        self.archive.people().iter().filter(|person| self.wants(person.id))
    }

    /// The stays in the selection, in the order of joining.
    pub(super) fn stays(&self) -> &[Stay] {
        &self.stays
    }

    /// The stay with number `member`, selected or not; `None` if the file is damaged.
    pub(super) fn stay(&self, member: i64) -> Option<&Stay> {
        find(self.archive.stays(), member, |stay| stay.id)
    }

    /// The subject with number `person`; empty if the file is damaged.
    pub(super) fn user(&self, person: i64) -> &str {
        self.person(person).map_or("", |person| &person.subject)
    }

    /// The name with number `person`, or the subject if names are not recorded.
    pub(super) fn nick(&self, person: i64) -> &str {
        self.person(person).map_or("", |found| found.name.as_ref().unwrap_or(&found.subject))
    }

    /// The name of the room with number `room`; empty if the file is damaged.
    pub(super) fn room(&self, room: i64) -> &str {
        find(self.archive.rooms(), room, |room: &Room| room.id).map_or("", |found| &found.name)
    }

    /// Calls `each` for every event of the selection, in order.
    pub(super) fn for_each_event(
        &self,
        each: impl FnMut(EventRow) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        self.archive.for_each_event(&self.selection, each)
    }

    /// The markers of the selection, in the order of their beginning.
    pub(super) fn markers(&self) -> Result<Vec<MarkerRow>, ArchiveError> {
        let mut markers = self.archive.markers(&self.selection)?;
        markers.sort_by_key(|marker| marker.time);
        Ok(markers)
    }

    /// The clock probes of the selected people, in the order of their receipt.
    pub(super) fn probes(&self) -> Result<Vec<ProbeRow>, ArchiveError> {
        let mut rows = self.archive.probes()?;
        rows.retain(|row| self.selection.covers(row.received) && self.wants(row.person));
        rows.sort_by_key(|row| row.received);
        Ok(rows)
    }

    /// The round trips of the selected people, in order.
    pub(super) fn round_trips(&self) -> Result<Vec<RoundTripRow>, ArchiveError> {
        let mut rows = self.archive.round_trips()?;
        rows.retain(|row| self.selection.covers(row.time) && self.wants(row.person));
        rows.sort_by_key(|row| row.time);
        Ok(rows)
    }

    /// The late ticks of the selected room, in order.
    pub(super) fn late_ticks(&self) -> Result<Vec<LateTick>, ArchiveError> {
        let mut rows = self.archive.late_ticks()?;
        let room = self.selection.room.as_deref();
        rows.retain(|row| {
            self.selection.covers(row.time) && room.is_none_or(|room| self.room(row.room) == room)
        });
        rows.sort_by_key(|row| row.time);
        Ok(rows)
    }

    /// What every output says about its recording and itself, as keys and values: the table meta,
    /// how the recording ended, what was left out of it, and what this export selects. Times are
    /// in microseconds.
    pub(super) fn description(&self) -> Result<Vec<(String, String)>, ArchiveError> {
        let mut entries = self.about().entries();
        let mut add = |key: &str, value: String| entries.push((key.to_owned(), value));
        add("ending", self.about().ending.name().to_owned());
        for left_out in self.archive.left_out()? {
            add(&format!("left_out.{}", left_out.what), left_out.count.to_string());
        }
        let Selection { room, user, from, until } = &self.selection;
        let selected = [
            ("selected.room", room.clone()),
            ("selected.user", user.clone()),
            ("selected.from_us", from.map(|from| from.to_string())),
            ("selected.until_us", until.map(|until| until.to_string())),
        ];
        for (key, value) in selected {
            if let Some(value) = value {
                add(key, value);
            }
        }
        add("poses", self.poses_are());
        add("exported_by", concat!("vrlobby ", env!("CARGO_PKG_VERSION")).to_owned());
        Ok(entries)
    }

    fn poses_are(&self) -> String {
        match self.rate {
            None => "as received".to_owned(),
            Some(rate) => format!(
                "resampled to {rate} Hz: at each time the latest pose, held for at most {} ms",
                Resampler::max_hold(rate) as f64 / 1000.0
            ),
        }
    }

    fn person(&self, person: i64) -> Option<&Person> {
        find(self.archive.people(), person, |person| person.id)
    }

    fn wants(&self, person: i64) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted.contains(&person))
    }
}

/// The row with number `id` among rows in the order of their numbers.
fn find<T>(rows: &[T], id: i64, id_of: impl Fn(&T) -> i64) -> Option<&T> {
    rows.binary_search_by_key(&id, id_of).ok().map(|place| &rows[place])
}
