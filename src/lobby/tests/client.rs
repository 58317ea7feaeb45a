//! What a client believes who knows nothing but what reached it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::mail::Got;

/// A frame of events.
#[derive(Deserialize)]
pub(super) struct Frame<'a> {
    pub(super) info: String,
    pub(super) room: String,
    #[serde(borrow)]
    pub(super) payload: Vec<&'a RawValue>,
}

/// One event of a frame.
#[derive(Deserialize)]
pub(super) struct Entry {
    pub(super) user: String,
    pub(super) r#type: String,
}

/// The frame of events that a text is, if it is one.
pub(super) fn events(text: &str) -> Option<Frame<'_>> {
    serde_json::from_str::<Frame>(text).ok().filter(|frame| frame.info == "user")
}

pub(super) fn entries(frame: &Frame) -> Vec<Entry> {
    frame.payload.iter().map(|entry| serde_json::from_str(entry.get()).unwrap()).collect()
}

/// Who is in which room, as told by events alone.
#[derive(Debug, Default)]
pub(super) struct Client {
    pub(super) name: String,
    pub(super) rooms: BTreeMap<String, BTreeSet<String>>,
}

impl Client {
    pub(super) fn hear(&mut self, got: &Got) {
        match got {
            Got::Frame(text) => self.frame(text),
            Got::Tick(text) => {
                let frame = events(text).unwrap();
                let entries = entries(&frame);
                assert!(entries.iter().all(|entry| entry.r#type == "transform"));
                self.poses(&frame.room, &entries);
            }
            Got::Left(room) => {
                self.rooms.remove(room).unwrap();
            }
            Got::Closed(_) => self.rooms.clear(),
        }
    }

    fn frame(&mut self, text: &str) {
        let Some(frame) = events(text) else { return };
        let entries = entries(&frame);
        let room = frame.room.clone();
        let users = || entries.iter().map(|entry| entry.user.clone());
        match entries[0].r#type.as_str() {
            "join" if users().any(|user| user == self.name) => {
                let listed: BTreeSet<String> = users().collect();
                assert_eq!(listed.len(), entries.len(), "listed once each: {text}");
                let known = self.rooms.entry(room).or_insert_with(|| listed.clone());
                assert_eq!(*known, listed, "a listing is what the events said");
            }
            "join" => {
                let known = self.rooms.get_mut(&room).unwrap();
                assert!(known.insert(entries[0].user.clone()), "joined twice: {text}");
            }
            "leave" => {
                let known = self.rooms.get_mut(&room).unwrap();
                assert!(known.remove(&entries[0].user), "left without being there: {text}");
                if known.is_empty() {
                    self.rooms.remove(&room);
                }
            }
            "transform" => self.poses(&room, &entries),
            _ => assert!(self.is_in(&room), "{} is not in {room}: {text}", self.name),
        }
    }

    fn is_in(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|known| known.contains(&self.name))
    }

    fn poses(&self, room: &str, entries: &[Entry]) {
        assert!(self.is_in(room), "{} sees poses of {room} without being in it", self.name);
        let known = &self.rooms[room];
        for entry in entries {
            assert!(
                known.contains(&entry.user),
                "{} sees {} in {room}, who is not there by what it was told",
                self.name,
                entry.user
            );
        }
    }
}
