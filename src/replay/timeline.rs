//! Reads a recording as a replay needs it: who is where at a position, and then what happens.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::roster::Roster;
use crate::archive::{Archive, ArchiveError, EventKind, PoseCursor, PoseRow, Selection};
use crate::model::Pose;

/// Something that happens.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Change {
    /// A stay begins.
    Began(usize),
    /// A stay ends.
    Ended(usize),
    /// The user of a stay has moved.
    Moved(usize, Pose),
    /// A user says something, or sends another event.
    Said(Box<Saying>),
}

/// A message or another event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Saying {
    pub(super) ghost: usize,
    pub(super) room: usize,
    pub(super) kind: String,
    /// JSON.
    pub(super) data: String,
}

/// Something that happens, with its position in microseconds since the recording's start.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimelineEvent {
    pub(super) at: i64,
    pub(super) change: Change,
}

/// Who is where at a position: the stays that last, with the last pose before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Keyframe {
    pub(super) stays: Vec<(usize, Option<Pose>)>,
}

/// Reads a recording from any position on.
#[derive(Debug)]
pub(super) struct Timeline {
    archive: Archive,
    roster: Arc<Roster>,
    until: i64,
    /// Where stays begin and end, in order.
    turns: Vec<(i64, Turn)>,
    next_turn: usize,
    cursor: Option<PoseCursor>,
    rows: Vec<PoseRow>,
    /// Poses of the last moment that was read, of which there may be more.
    kept: Vec<PoseRow>,
    /// Messages have been read up to here.
    read_to: i64,
    /// Of stays: no pose before this position.
    silent: HashMap<i64, i64>,
}

/// What comes first of what happens at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// Ends because the same ghost joins the same room anew at once, on a new connection.
    EndsForAnother(usize),
    Begins(usize),
    Moves,
    Speaks,
    Ends(usize),
}

impl Timeline {
    pub(super) fn new(archive: Archive, roster: Arc<Roster>, until: i64) -> Self {
        let begins: HashSet<(usize, usize, i64)> =
            roster.stays.iter().map(|stay| (stay.ghost, stay.room, stay.joined)).collect();
        let mut turns = Vec::new();
        for (at, stay) in roster.stays.iter().enumerate() {
            turns.push((stay.joined, Turn::Begins(at)));
            let end = match begins.contains(&(stay.ghost, stay.room, stay.left)) {
                true => Turn::EndsForAnother(at),
                false => Turn::Ends(at),
            };
            turns.push((stay.left, end));
        }
        turns.retain(|(at, _)| *at < until);
        turns.sort_unstable();
        Self {
            archive,
            roster,
            until,
            turns,
            next_turn: 0,
            cursor: None,
            rows: Vec::new(),
            kept: Vec::new(),
            read_to: until,
            silent: HashMap::new(),
        }
    }

    /// Goes to a position; returns who is where then. What [`Self::read`] gives next is what happens
    /// from there on; stays that begin at the position itself have begun.
    pub(super) fn seek(&mut self, position: i64) -> Result<Keyframe, ArchiveError> {
        let roster = self.roster.clone();
        let lasting = || roster.stays.iter().enumerate().filter(|(_, stay)| stay.covers(position));
        let searched = |member: i64| self.silent.get(&member).copied().unwrap_or(i64::MIN);
        let wanted: Vec<(i64, i64)> = lasting()
            .map(|(_, stay)| (stay.member, stay.joined.max(searched(stay.member))))
            .filter(|(_, since)| *since < position)
            .collect();
        let found = self.archive.last_poses(position, &wanted)?;
        let found: HashMap<i64, Pose> = found.iter().map(|row| (row.member, row.pose)).collect();
        for (member, _) in wanted {
            if !found.contains_key(&member) {
                // Many stays, such as those in the lobby, never have a pose.
                self.silent.insert(member, position);
            }
        }
        let stays = lasting().map(|(at, stay)| (at, found.get(&stay.member).copied())).collect();
        self.next_turn = self.turns.partition_point(|(at, _)| *at <= position);
        let selection =
            Selection { from: Some(position), until: Some(self.until), ..Selection::default() };
        self.cursor = Some(self.archive.poses(&selection)?);
        self.kept.clear();
        self.read_to = position;
        Ok(Keyframe { stays })
    }

    /// Appends what happens next, some thousand events at a time. Returns whether that was all.
    pub(super) fn read(&mut self, events: &mut Vec<TimelineEvent>) -> Result<bool, ArchiveError> {
        let Some(cursor) = &mut self.cursor else { return Ok(true) };
        let more = cursor.fill(&self.archive, &mut self.rows)?;
        // What happens together with the last pose may go on in the next chunk.
        let end = match self.rows.last() {
            Some(last) if more => last.time,
            _ => self.until,
        };
        let mut rows = std::mem::take(&mut self.kept);
        rows.append(&mut self.rows);
        self.kept = rows.split_off(rows.partition_point(|row| row.time < end));
        let mut turns: Vec<(i64, Turn, Change)> = Vec::with_capacity(self.rows.len());
        for row in &rows {
            if let Some(stay) = self.roster.stay_of(row.member) {
                turns.push((row.time, Turn::Moves, Change::Moved(stay, row.pose)));
            }
        }
        let passed = self.turns[self.next_turn..].partition_point(|(at, _)| *at < end);
        for (at, turn) in &self.turns[self.next_turn..self.next_turn + passed] {
            let change = match turn {
                Turn::Begins(stay) => Change::Began(*stay),
                Turn::Ends(stay) | Turn::EndsForAnother(stay) => Change::Ended(*stay),
                // Not among those of stays.
                Turn::Moves | Turn::Speaks => continue,
            };
            turns.push((*at, *turn, change));
        }
        self.next_turn += passed;
        self.read_sayings(end, &mut turns)?;
        // Stable: what was said in one microsecond keeps its order.
        turns.sort_by_key(|(at, turn, _)| (*at, *turn));
        events.extend(turns.into_iter().map(|(at, _, change)| TimelineEvent { at, change }));
        if !more {
            self.cursor = None;
        }
        Ok(!more)
    }

    fn read_sayings(
        &mut self,
        end: i64,
        turns: &mut Vec<(i64, Turn, Change)>,
    ) -> Result<(), ArchiveError> {
        if end <= self.read_to {
            return Ok(());
        }
        let (from, until) = (Some(self.read_to), Some(end));
        let selection = Selection { from, until, ..Selection::default() };
        self.read_to = end;
        self.archive.for_each_event(&selection, |event| {
            if event.kind != EventKind::Said {
                return Ok(());
            }
            // What the operator announced has nobody to say it.
            let ghost = event.person.and_then(|person| self.roster.ghost_of(person));
            let room = event.room.and_then(|room| self.roster.target_of(room));
            if let (Some(ghost), Some(room), Some(data)) = (ghost, room, event.data)
                && serde_json::from_str::<&RawValue>(&data).is_ok()
            {
                let kind = event.type_.unwrap_or_else(|| "msg".to_owned());
                let saying = Box::new(Saying { ghost, room, kind, data });
                turns.push((event.time, Turn::Speaks, Change::Said(saying)));
            }
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
