//! Reads a recording.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::about::{About, LeftOut, Person, Room, Stay};
use super::error::ArchiveError;
use super::meta;
use super::open::{Access, Opened, open};
use super::row::{EventKind, EventRow, LateTick, MarkerRow, ProbeRow, RoundTripRow};
use super::selection::Selection;

/// A recording, open for reading: whole, interrupted, or while it is being written.
#[derive(Debug)]
pub struct Archive {
    db: Connection,
    file: PathBuf,
    about: About,
    people: Vec<Person>,
    rooms: Vec<Room>,
    stays: Vec<Stay>,
    lacks_log: bool,
}

impl Archive {
    /// Opens a recording and reads who and what is in it. Everything is read as it was at this
    /// moment, even while it is being written.
    ///
    /// # Errors
    /// If the file can't be read, is no recording, is damaged, or has another version of the
    /// schema.
    pub fn open(file: &Path) -> Result<Self, ArchiveError> {
        let Opened { db, lacks_log } = open(file, Access::Read)?;
        let sqlite = |error| ArchiveError::sqlite(file, error);
        // One transaction for as long as it is open: a picture of one moment.
        db.execute_batch("BEGIN").map_err(sqlite)?;
        let entries =
            list(&db, "SELECT key, value FROM meta", |row| Ok((row.get(0)?, row.get(1)?)));
        let entries: BTreeMap<String, String> = entries.map_err(sqlite)?.into_iter().collect();
        let about = meta::about(entries)
            .map_err(|reason| ArchiveError::Damaged { file: file.to_owned(), reason })?;
        let people = list(&db, "SELECT id, subject, name FROM person ORDER BY id", |row| {
            Ok(Person { id: row.get(0)?, subject: row.get(1)?, name: row.get(2)? })
        });
        let rooms = list(&db, "SELECT id, name FROM room ORDER BY id", |row| {
            Ok(Room { id: row.get(0)?, name: row.get(1)? })
        });
        let stays = "SELECT id, person, room, joined_at, left_at FROM member ORDER BY id";
        let stays = list(&db, stays, |row| {
            let [id, person, room, joined] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
            Ok(Stay { id, person, room, joined, left: row.get(4)? })
        });
        let (people, rooms, stays) =
            (people.map_err(sqlite)?, rooms.map_err(sqlite)?, stays.map_err(sqlite)?);
        Ok(Self { db, file: file.to_owned(), about, people, rooms, stays, lacks_log })
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whether the log of an unfinished recording is not beside its file. Then what was recorded
    /// last may be missing, if the file was copied; nothing is, if another program has put the log
    /// into it.
    pub fn lacks_log(&self) -> bool {
        self.lacks_log
    }

    /// What it says about itself.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// Everyone whose data is in it.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// All rooms.
    pub fn rooms(&self) -> &[Room] {
        &self.rooms
    }

    /// All stays, in the order of joining.
    pub fn stays(&self) -> &[Stay] {
        &self.stays
    }

    /// Calls `each` for every event of a selection, in the order of time. Those without a room or
    /// user belong to every selection, so that a change of rate or a loss is in all of them.
    ///
    /// # Errors
    /// As [`Self::poses`], and whatever `each` returns.
    pub fn for_each_event<E: From<ArchiveError>>(
        &self,
        selection: &Selection,
        mut each: impl FnMut(EventRow) -> Result<(), E>,
    ) -> Result<(), E> {
        let (person, room) = (self.person_of(selection)?, self.room_of(selection)?);
        let sql = "SELECT time, kind, person, room, type, data, code, count FROM event
                   WHERE (?1 IS NULL OR person IS NULL OR person = ?1)
                     AND (?2 IS NULL OR room IS NULL OR room = ?2)
                     AND (?3 IS NULL OR time >= ?3) AND (?4 IS NULL OR time < ?4) ORDER BY time, id";
        let sqlite = |error| E::from(ArchiveError::sqlite(&self.file, error));
        let mut statement = self.db.prepare_cached(sql).map_err(sqlite)?;
        let wanted = params![person, room, selection.from, selection.until];
        let mut rows = statement.query(wanted).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            // A kind that this version does not know is left out.
            if let Some(event) = event(row).map_err(sqlite)? {
                each(event)?;
            }
        }
        Ok(())
    }

    /// The markers of a selection, in order. The operator's belong to every selection.
    ///
    /// # Errors
    /// As [`Self::poses`].
    pub fn markers(&self, selection: &Selection) -> Result<Vec<MarkerRow>, ArchiveError> {
        let (person, room) = (self.person_of(selection)?, self.room_of(selection)?);
        let sql = "SELECT time, end_time, is_interval, label, person, room FROM marker ORDER BY id";
        let markers = self.with(|db| {
            list(db, sql, |row| {
                Ok(MarkerRow {
                    time: row.get(0)?,
                    end: row.get(1)?,
                    is_interval: row.get(2)?,
                    label: row.get(3)?,
                    person: row.get(4)?,
                    room: row.get(5)?,
                })
            })
        })?;
        let wanted =
            |of: Option<i64>, wanted: Option<i64>| wanted.is_none() || of.is_none() || of == wanted;
        let markers = markers.into_iter().filter(|marker| {
            selection.covers(marker.time)
                && wanted(marker.person, person)
                && wanted(marker.room, room)
        });
        Ok(markers.collect())
    }

    /// All clock probes, in order.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn probes(&self) -> Result<Vec<ProbeRow>, ArchiveError> {
        let sql = "SELECT person, client, received, sent FROM probe ORDER BY id";
        self.with(|db| {
            list(db, sql, |row| {
                let (person, client) = (row.get(0)?, row.get(1)?);
                Ok(ProbeRow { person, client, received: row.get(2)?, sent: row.get(3)? })
            })
        })
    }

    /// All round trips, in order.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn round_trips(&self) -> Result<Vec<RoundTripRow>, ArchiveError> {
        let sql = "SELECT time, person, micros FROM round_trip ORDER BY id";
        self.with(|db| {
            list(db, sql, |row| {
                Ok(RoundTripRow { time: row.get(0)?, person: row.get(1)?, micros: row.get(2)? })
            })
        })
    }

    /// All late ticks, in order.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn late_ticks(&self) -> Result<Vec<LateTick>, ArchiveError> {
        let sql = "SELECT time, room, micros FROM late_tick ORDER BY id";
        self.with(|db| {
            list(db, sql, |row| {
                Ok(LateTick { time: row.get(0)?, room: row.get(1)?, micros: row.get(2)? })
            })
        })
    }

    /// What was left out.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn left_out(&self) -> Result<Vec<LeftOut>, ArchiveError> {
        self.with(|db| {
            list(db, "SELECT what, count FROM left_out ORDER BY what", |row| {
                let count: i64 = row.get(1)?;
                Ok(LeftOut { what: row.get(0)?, count: count.unsigned_abs() })
            })
        })
    }

    /// The numbers of the stays in a selection; `None` for all.
    pub(super) fn members(
        &self,
        selection: &Selection,
    ) -> Result<Option<HashSet<i64>>, ArchiveError> {
        let (person, room) = (self.person_of(selection)?, self.room_of(selection)?);
        if person.is_none() && room.is_none() {
            return Ok(None);
        }
        let stays = self.stays.iter().filter(|stay| {
            person.is_none_or(|person| stay.person == person)
                && room.is_none_or(|room| stay.room == room)
        });
        Ok(Some(stays.map(|stay| stay.id).collect()))
    }

    fn person_of(&self, selection: &Selection) -> Result<Option<i64>, ArchiveError> {
        let Some(wanted) = &selection.user else { return Ok(None) };
        let is_wanted =
            |person: &&Person| person.subject == *wanted || person.name.as_ref() == Some(wanted);
        match self.people.iter().find(is_wanted) {
            Some(person) => Ok(Some(person.id)),
            None => Err(self.unknown("user", wanted, self.people.iter().map(|p| &*p.subject))),
        }
    }

    fn room_of(&self, selection: &Selection) -> Result<Option<i64>, ArchiveError> {
        let Some(wanted) = &selection.room else { return Ok(None) };
        match self.rooms.iter().find(|room| room.name == *wanted) {
            Some(room) => Ok(Some(room.id)),
            None => Err(self.unknown("room", wanted, self.rooms.iter().map(|room| &*room.name))),
        }
    }

    fn unknown<'a>(
        &self,
        what: &'static str,
        name: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> ArchiveError {
        let known: Vec<&str> = known.collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        ArchiveError::Unknown { file: self.file.clone(), what, name: name.to_owned(), known }
    }

    /// The number of the last pose; 0 if there is none.
    pub(super) fn last_pose(&self) -> Result<i64, ArchiveError> {
        self.with(|db| db.query_row("SELECT coalesce(max(id), 0) FROM pose", [], |row| row.get(0)))
    }

    /// The number of the first pose at `time` or after it. Poses are in the order of time, so that
    /// this takes a binary search and no index.
    pub(super) fn first_pose_at(&self, time: i64) -> Result<i64, ArchiveError> {
        let (mut low, mut high) = (0, self.last_pose()? + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.with(|db| {
                db.prepare_cached("SELECT id, time FROM pose WHERE id >= ? ORDER BY id LIMIT 1")?
                    .query_row([middle], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
                    .optional()
            })?;
            match found {
                Some((id, at)) if at < time => low = id + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, ArchiveError> {
        read(&self.db).map_err(|error| ArchiveError::sqlite(&self.file, error))
    }
}

fn event(row: &Row<'_>) -> Result<Option<EventRow>, rusqlite::Error> {
    let kind: String = row.get(1)?;
    let Some(kind) = EventKind::named(&kind) else { return Ok(None) };
    Ok(Some(EventRow {
        time: row.get(0)?,
        kind,
        person: row.get(2)?,
        room: row.get(3)?,
        type_: row.get(4)?,
        data: row.get(5)?,
        code: row.get(6)?,
        count: row.get(7)?,
    }))
}

fn list<T>(
    db: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
) -> Result<Vec<T>, rusqlite::Error> {
    db.prepare_cached(sql)?.query_map([], read)?.collect()
}
