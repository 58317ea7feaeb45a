//! What the console itself knows of recordings: what it has asked for, and what was seen of it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::form::RecordForm;
use super::toast::Ticket;
use crate::model::{MarkPhase, RecordingFields, SessionId, Timestamp};
use crate::operator::{RecordedPerson, RecordingProgress, RecordingStatus, Snapshot};

/// How old a snapshot may be before it is behind what was asked for: the recorder writes five times
/// a second, and snapshots come ten times a second.
const BEHIND: Duration = Duration::from_secs(1);

/// How many labels the console offers again.
const LABELS: usize = 50;

/// How many unanswered or recent marks are remembered.
const ASKED: usize = 64;

/// A mark that was asked for.
#[derive(Clone, Debug)]
struct Asked {
    ticket: Ticket,
    label: String,
    phase: MarkPhase,
    at: Instant,
    /// The recording's time by then; none if nothing is known to be recorded.
    time: Option<Duration>,
}

/// What the console knows beside the snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recording {
    /// The command that starts a recording, while it is unanswered.
    pub(crate) starting: Option<Ticket>,
    /// The command that stops it, while it is unanswered.
    pub(crate) stopping: Option<Ticket>,
    /// What was last asked to be recorded, for the next form.
    pub(crate) last: Option<RecordingFields>,
    /// A form that was left without starting, to go on from.
    pub(crate) draft: Option<Box<RecordForm>>,
    /// The start of the recording whose early end the operator has taken note of.
    noted_end: Option<Timestamp>,
    /// The recording that markers are numbered in, and the number of the last.
    numbered: (Option<Timestamp>, u32),
    /// Where each connection's user stands among the recording's people.
    people: HashMap<SessionId, usize>,
    asked: Vec<Asked>,
    /// Labels in use, the newest last.
    labels: Vec<String>,
}

/// The recording that runs, if one does.
pub(crate) fn running(snapshot: &Snapshot) -> Option<&RecordingProgress> {
    match &snapshot.recording {
        RecordingStatus::Running(progress) => Some(progress),
        _ => None,
    }
}

impl Recording {
    /// Takes in a new snapshot.
    pub(crate) fn take(&mut self, snapshot: &Snapshot) {
        self.people.clear();
        if let Some(progress) = running(snapshot) {
            let sessions = progress.people.iter().map(|person| person.session);
            self.people.extend(sessions.zip(0..));
        }
    }

    /// How the recording that runs knows the user on a connection.
    pub(crate) fn person<'a>(
        &self,
        snapshot: &'a Snapshot,
        session: SessionId,
    ) -> Option<&'a RecordedPerson> {
        let at = self.people.get(&session)?;
        running(snapshot)?.people.get(*at)
    }

    /// A recording that ended before it was stopped, and why, until the operator takes note.
    pub(crate) fn ended_early<'a>(
        &self,
        snapshot: &'a Snapshot,
    ) -> Option<(&'a RecordingProgress, &'a str)> {
        match &snapshot.recording {
            RecordingStatus::Ended { progress, early: Some(reason) }
                if self.noted_end != Some(progress.since) =>
            {
                Some((progress, reason))
            }
            _ => None,
        }
    }

    /// Takes note of an early end.
    pub(crate) fn take_note(&mut self, snapshot: &Snapshot) {
        if let Some((progress, _)) = self.ended_early(snapshot) {
            self.noted_end = Some(progress.since);
        }
    }

    /// The label of the next marker without one.
    pub(crate) fn next_label(&mut self, snapshot: &Snapshot) -> String {
        let since = running(snapshot).map(|progress| progress.since);
        if self.numbered.0 != since {
            self.numbered = (since, 0);
        }
        self.numbered.1 += 1;
        format!("marker {}", self.numbered.1)
    }

    /// Remembers a mark that is being sent.
    pub(crate) fn asked(
        &mut self,
        ticket: Ticket,
        label: &str,
        phase: MarkPhase,
        time: Option<Duration>,
        now: Instant,
    ) {
        if self.asked.len() >= ASKED {
            self.asked.remove(0);
        }
        let label = label.to_owned();
        self.asked.push(Asked { ticket, label, phase, at: now, time });
    }

    /// Remembers a label that was typed, to offer it again.
    pub(crate) fn remember(&mut self, label: &str) {
        self.labels.retain(|other| other != label);
        if self.labels.len() >= LABELS {
            self.labels.remove(0);
        }
        self.labels.push(label.to_owned());
    }

    /// The recording's time when the mark with this ticket was asked for. A mark that was refused
    /// is forgotten.
    pub(crate) fn answered(&mut self, ticket: Ticket, refused: bool) -> Option<Duration> {
        let at = self.asked.iter().position(|asked| asked.ticket == ticket)?;
        let time = self.asked[at].time;
        if refused {
            self.asked.remove(at);
        }
        time
    }

    /// The intervals that are open, with those that the newest snapshot, taken in at `seen`, can't
    /// know of yet.
    pub(crate) fn open_intervals(&self, snapshot: &Snapshot, seen: Option<Instant>) -> Vec<String> {
        let open = running(snapshot).map(|progress| progress.open_intervals.clone());
        let mut open = open.unwrap_or_default();
        let newer = |asked: &&Asked| seen.is_none_or(|seen| asked.at + BEHIND > seen);
        for asked in self.asked.iter().filter(newer) {
            let known = open.iter().rposition(|label| *label == asked.label);
            match (asked.phase, known) {
                (MarkPhase::Begin, None) => open.push(asked.label.clone()),
                (MarkPhase::End, Some(at)) => drop(open.remove(at)),
                _ => {}
            }
        }
        open
    }

    /// Labels used so far, the newest first.
    pub(crate) fn labels(&self) -> impl Iterator<Item = &String> {
        self.labels.iter().rev()
    }
}
