//! Where the files of a dataset are.

use std::collections::BTreeMap;

use super::super::source::Source;
use super::label::{label, labels};
use super::track::Track;

/// The entity `tracksys`, and the name of the tracking system.
pub(super) const TRACKING_SYSTEM: &str = "vrlobby";

/// The names of a dataset's files.
#[derive(Debug)]
pub(super) struct Names {
    subjects: BTreeMap<i64, String>,
    rooms: BTreeMap<i64, String>,
    session: String,
    /// What the users did, for people.
    pub(super) task: String,
}

impl Names {
    pub(super) fn new(source: &Source) -> Self {
        let archive = source.archive();
        let people = archive.people().iter().map(|person| (person.id, &*person.subject));
        let rooms = archive.rooms().iter().map(|room| (room.id, &*room.name));
        let fields = &source.about().fields;
        let tasks = [&fields.condition, &fields.study];
        let task = tasks.into_iter().find(|task| !label(task).is_empty());
        Self {
            subjects: labels(people, "person"),
            rooms: labels(rooms, "room"),
            session: label(&fields.session),
            task: task.map_or_else(|| "session".to_owned(), String::clone),
        }
    }

    /// As `sub-S01`.
    pub(super) fn participant(&self, person: i64) -> String {
        format!("sub-{}", self.subjects.get(&person).map_or("", String::as_str))
    }

    /// The name of a room in `acq-ROOM`, and of its frame of reference.
    pub(super) fn room(&self, room: i64) -> &str {
        self.rooms.get(&room).map_or("", String::as_str)
    }

    /// The folder of a person's session, and what stands before the names of the files in it.
    fn session(&self, person: i64) -> (String, String) {
        let participant = self.participant(person);
        match self.session.as_str() {
            "" => (participant.clone(), participant),
            session => {
                (format!("{participant}/ses-{session}"), format!("{participant}_ses-{session}"))
            }
        }
    }

    /// As `sub-S01/sub-S01_scans.tsv`.
    pub(super) fn scans(&self, person: i64, extension: &str) -> String {
        let (folder, start) = self.session(person);
        format!("{folder}/{start}_scans.{extension}")
    }

    /// As `motion/sub-S01_task-T_tracksys-vrlobby_acq-R_motion.tsv`, from the session's folder.
    pub(super) fn scan(&self, track: &Track, suffix: &str) -> String {
        let (_, start) = self.session(track.person);
        let (task, room) = (label(&self.task), self.room(track.room));
        // Events belong to no tracking system.
        let system = match suffix {
            "events.tsv" | "events.json" => String::new(),
            _ => format!("_tracksys-{TRACKING_SYSTEM}"),
        };
        format!("motion/{start}_task-{task}{system}_acq-{room}_{suffix}")
    }

    /// The same from the dataset's folder.
    pub(super) fn file(&self, track: &Track, suffix: &str) -> String {
        format!("{}/{}", self.session(track.person).0, self.scan(track, suffix))
    }
}
