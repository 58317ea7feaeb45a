//! A recording that runs: what has queued up is taken, written and committed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::failure::Failure;
use super::key::KeyFile;
use super::meter::Growth;
use super::naming::{self, RFC_3339, key_of, local, logs_of, sync_folder_of};
use super::people::People;
use super::place::Place;
use super::reserve::Reserve;
use super::scribe::{Counts, Scribe};
use super::space::{Space, lasts};
use crate::archive::{About, Ending, Writer};
use crate::clock::Clock;
use crate::hub::EventReceiver;
use crate::lobby::event::{LobbyEvent, Present};
use crate::model::{RecordingFields, Timestamp};
use crate::operator::{RecordingProgress, RecordingStatus};

/// Events that may wait for the recorder: 4 s of 36,000 a second, which is 500 users who send 72
/// poses a second. An event takes 112 bytes, so that a full queue holds 15.4 MiB, beside the texts
/// of messages; an empty one holds next to nothing.
pub(crate) const QUEUE: usize = 144_000;

/// How often what has queued up is committed.
pub(super) const INTERVAL: Duration = Duration::from_millis(100);

/// How long events are taken before they are committed, however many there are.
const LONGEST_STEP: Duration = Duration::from_millis(50);

/// Events between two looks at the clock.
const STRIDE: usize = 256;

/// The hub tells of an event at most this long after the event's time.
const MARGIN: Duration = Duration::from_millis(20);

/// How often the disk and the file's name are checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Below this, the operator is warned.
const SHORT: Duration = Duration::from_secs(3600);

/// What is needed to begin.
#[derive(Debug)]
pub(crate) struct Opening<'a> {
    /// A file that does not exist, or a folder.
    pub(crate) path: &'a Path,
    /// Checked.
    pub(crate) fields: RecordingFields,
    /// What is there, and when.
    pub(crate) present: &'a Present,
    pub(crate) start: Timestamp,
    /// What follows.
    pub(crate) events: EventReceiver,
}

/// A recording that runs.
#[derive(Debug)]
pub(crate) struct Running {
    writer: Writer,
    scribe: Scribe,
    events: EventReceiver,
    /// Taken, but not written: what it happened after is not done yet.
    waiting: Option<LobbyEvent>,
    place: Place,
    space: Space,
    reserve: Reserve,
    /// The time up to which everything has been taken, and up to which it is on disk.
    taken: Timestamp,
    on_disk: Timestamp,
    poses: Growth,
    content: Growth,
    next_check: Timestamp,
    /// Another program is writing to the file.
    is_held: bool,
    has_warned: bool,
    /// What is on disk.
    counts: Counts,
    progress: RecordingProgress,
}

/// What is left to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing, for now.
    Nothing,
    /// More has queued up, or the file is held by another program.
    More,
    /// Nothing: the hub is gone.
    End,
}

impl Running {
    /// Makes the file, and writes who and what is there. When it returns, that is on disk.
    ///
    /// # Errors
    /// Why it can't begin. There is no file then.
    pub(crate) fn begin(opening: Opening<'_>) -> Result<Self, Failure> {
        let file = naming::choose(opening.path, opening.start)?;
        Space::around(&file).check_start()?;
        let mut made = Vec::new();
        let begun = Self::try_begin(&file, opening, &mut made);
        if begun.is_err() && !made.is_empty() {
            for path in made.into_iter().chain(logs_of(&file)) {
                let _ = std::fs::remove_file(path);
            }
        }
        begun
    }

    fn try_begin(
        file: &Path,
        opening: Opening<'_>,
        made: &mut Vec<PathBuf>,
    ) -> Result<Self, Failure> {
        let Opening { fields, present, start, events, .. } = opening;
        let privacy = fields.privacy.clone();
        let about = About {
            program: concat!("vrlobby ", env!("CARGO_PKG_VERSION")).to_owned(),
            start,
            start_local: local(start, RFC_3339),
            fields,
            ending: Ending::Interrupted,
            end: 0,
            lost: 0,
        };
        let mut writer = Writer::create(file, &about)?;
        made.push(file.to_owned());
        let key = match privacy.names {
            true => None,
            false => Some(KeyFile::create(key_of(file))?),
        };
        made.extend(key.as_ref().map(|key| key.path().to_owned()));
        let mut scribe = Scribe::new(start, &privacy, People::new(&privacy, key));
        scribe.sync(present, start, &writer)?;
        scribe.note_totals(start, &writer)?;
        writer.commit(0)?;
        let counts = scribe.counts();
        let disk = |error: std::io::Error| Failure::Other(format!("{}: {error}", file.display()));
        let reserve = Reserve::beside(file).map_err(disk)?;
        // A file whose name is not on disk is lost with the power.
        sync_folder_of(file).map_err(disk)?;
        let progress = RecordingProgress {
            file: file.to_owned(),
            since: start,
            until: start,
            ..RecordingProgress::default()
        };
        Ok(Self {
            writer,
            scribe,
            events,
            waiting: None,
            place: Place::of(file).map_err(disk)?,
            space: Space::around(file),
            reserve,
            taken: start,
            on_disk: start,
            poses: Growth::of_a_second(),
            content: Growth::of_a_minute(),
            next_check: start.plus(CHECK_INTERVAL),
            is_held: false,
            has_warned: false,
            counts,
            progress,
        })
    }

    #[cfg(test)]
    pub(super) fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    pub(super) fn file(&self) -> &Path {
        self.place.file()
    }

    /// That it has begun, with `users` there, as a sentence for the operator.
    pub(crate) fn confirmation(&self, users: usize) -> String {
        format!("recording into {}{}", self.file().display(), self.space.outlook(users))
    }

    /// How it is doing. Asks the disk.
    pub(super) fn status(&mut self) -> RecordingStatus {
        self.update_progress();
        RecordingStatus::Running(self.progress.clone())
    }

    /// Takes what has queued up, and commits it.
    ///
    /// # Errors
    /// Why it can't go on.
    pub(super) fn step(&mut self, clock: &Clock) -> Result<Left, Failure> {
        self.step_until(clock, None)
    }

    /// Takes all that has happened up to `end`, which the hub has told of already, and commits it.
    ///
    /// # Errors
    /// Why it can't go on.
    pub(super) fn catch_up(&mut self, end: Timestamp, clock: &Clock) -> Result<(), Failure> {
        // As often as it takes, but not for ever: a file that is held does not get free by that.
        let deadline = clock.now().plus(CHECK_INTERVAL * 5);
        while self.step_until(clock, Some(end))? == Left::More && clock.now() < deadline {}
        Ok(())
    }

    fn step_until(&mut self, clock: &Clock, end: Option<Timestamp>) -> Result<Left, Failure> {
        let now = clock.now();
        if now >= self.next_check {
            self.next_check = now.plus(CHECK_INTERVAL);
            self.place.check()?;
            self.space.check_going_on()?;
        }
        if !self.writer.begin()? {
            self.note_held();
            return Ok(Left::More);
        }
        self.is_held = false;
        let left = self.take(clock, now, end)?;
        self.commit()?;
        Ok(left)
    }

    /// Writes what has queued up: at most until `end`, and at most for [`LONGEST_STEP`].
    fn take(
        &mut self,
        clock: &Clock,
        now: Timestamp,
        end: Option<Timestamp>,
    ) -> Result<Left, Failure> {
        use tokio::sync::mpsc::error::TryRecvError;

        for number in 1_usize.. {
            let event = match self.waiting.take().map_or_else(|| self.events.try_recv(), Ok) {
                Ok(event) => event,
                Err(error) => {
                    // All that happened until now has been told, or is about to be.
                    let complete = now.as_micros().saturating_sub(MARGIN.as_micros() as u64);
                    let complete = end.unwrap_or(Timestamp::from_micros(complete));
                    self.taken = self.taken.max(complete);
                    return Ok(match error {
                        TryRecvError::Empty => Left::Nothing,
                        TryRecvError::Disconnected => Left::End,
                    });
                }
            };
            if end.is_some_and(|end| event.time > end) {
                self.waiting = Some(event);
                self.taken = self.taken.max(end.unwrap_or_default());
                return Ok(Left::Nothing);
            }
            self.scribe.write(&event, &self.writer)?;
            self.taken = self.taken.max(event.time);
            if number % STRIDE == 0 && clock.now().since(now) >= LONGEST_STEP {
                return Ok(Left::More);
            }
        }
        Ok(Left::More)
    }

    fn note_held(&mut self) {
        if !std::mem::replace(&mut self.is_held, true) {
            tracing::warn!(
                "another program is writing to {}; what happens waits until it is done",
                self.place.file().display()
            );
        }
    }

    /// Changes something, with the scribe, as of `now`, when everything before has been taken.
    ///
    /// # Errors
    /// Why it can't go on, or why it can't be changed now.
    pub(super) fn change<T>(
        &mut self,
        now: Timestamp,
        change: impl FnOnce(&mut Scribe, &Writer) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if !self.writer.begin()? {
            return Err(Failure::Held(self.place.file().to_owned()));
        }
        let changed = change(&mut self.scribe, &self.writer)?;
        self.taken = self.taken.max(now);
        self.commit()?;
        Ok(changed)
    }

    fn commit(&mut self) -> Result<(), Failure> {
        self.scribe.note_totals(self.taken, &self.writer)?;
        self.writer.commit(self.scribe.micros(self.taken))?;
        self.on_disk = self.taken;
        self.counts = self.scribe.counts();
        Ok(())
    }

    fn update_progress(&mut self) {
        let counts = self.counts;
        self.poses.add(self.on_disk, counts.poses);
        if let Ok(bytes) = self.writer.content_bytes() {
            self.content.add(self.on_disk, bytes);
        }
        let progress = &mut self.progress;
        let space_lasts = self
            .space
            .free()
            .zip(self.content.per_second())
            .and_then(|(free, rate)| lasts(free, rate));
        progress.until = self.on_disk;
        progress.bytes = self.place.bytes();
        progress.poses = counts.poses;
        progress.poses_per_s = self.poses.per_second().unwrap_or_default();
        progress.events = counts.events;
        progress.markers = counts.markers;
        progress.lost = counts.lost;
        progress.left_out = counts.left_out;
        progress.space_lasts = space_lasts;
        progress.open_intervals = self.scribe.open_intervals();
        progress.people = self.scribe.people();
        let is_short = space_lasts.is_some_and(|lasts| lasts < SHORT);
        if is_short && !std::mem::replace(&mut self.has_warned, true) {
            let minutes = space_lasts.unwrap_or_default().as_secs() / 60;
            tracing::warn!("the disk has room for {minutes} min of recording");
        }
    }

    /// Completes the file with what has been taken. The status has how that went.
    pub(super) fn finish(mut self) -> (RecordingStatus, Option<Writer>) {
        let ended = match self.writer.begin() {
            Ok(true) => self.commit(),
            Ok(false) => Err(Failure::Held(self.place.file().to_owned())),
            Err(error) => Err(error.into()),
        };
        match ended {
            Ok(()) => self.close(None),
            Err(failure) => self.end_early(&failure),
        }
    }

    /// Ends it for a reason, which the file is told too as far as the disk allows.
    pub(super) fn end_early(mut self, failure: &Failure) -> (RecordingStatus, Option<Writer>) {
        // The hub needn't tell anything any more.
        self.events.close();
        self.reserve.release();
        self.writer.roll_back();
        self.close(Some(failure))
    }

    /// Notes the end. Also returns a writer that could not put its log into the file.
    fn close(mut self, failure: Option<&Failure>) -> (RecordingStatus, Option<Writer>) {
        self.update_progress();
        let Self { writer, scribe, place, on_disk, mut progress, .. } = self;
        let mut early = failure.map(|failure| failure.to_string());
        if let Err(error) = writer.note_end(scribe.micros(on_disk), early.as_deref()) {
            tracing::error!("the recording does not say itself how it ended: {error}");
            early = Some(early.unwrap_or_else(|| error.to_string()));
        }
        let unmerged = match failure {
            Some(Failure::Gone(_)) => {
                writer.merge_moved();
                drop(writer);
                place.remove_own_logs();
                None
            }
            _ if writer.merge() => None,
            _ => {
                let [log, _] = logs_of(place.file());
                tracing::warn!("{} is part of the recording for now", log.display());
                Some(writer)
            }
        };
        // That the log is gone survives a power cut too.
        let _ = sync_folder_of(place.file());
        progress.until = on_disk;
        progress.bytes = place.bytes();
        progress.poses_per_s = 0.0;
        (RecordingStatus::Ended { progress, early }, unmerged)
    }
}
