//! Where the last frame put things: the mouse, paging and the next frame need to know.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::action::Action;
use super::pane::Pane;
use crate::model::SessionId;

/// Something that can be clicked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Hit {
    Pane(Pane),
    Room(Arc<str>),
    User(SessionId),
    Head(SessionId),
    Key(Action),
    /// A field of the form, by its index.
    Field(usize),
}

/// Where one frame put things; the view fills it in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawn {
    hits: Vec<(Rect, Hit)>,
    heights: [usize; 5],
    pub(crate) rooms_offset: usize,
    pub(crate) users_offset: usize,
    pub(crate) form_offset: usize,
    /// The farthest that help or detail can be scrolled.
    pub(crate) scroll_limit: usize,
    /// The farthest that the chat can be scrolled back.
    pub(crate) chat_limit: usize,
    /// The log pane as it was when the screen was frozen, and `LogView::changes` at that time.
    pub(crate) frozen_log: Option<(u64, Buffer)>,
}

impl Drawn {
    /// Starts the next frame, whose lists scroll from where they are now.
    pub(crate) fn next(&self) -> Self {
        let (rooms_offset, users_offset) = (self.rooms_offset, self.users_offset);
        Self { rooms_offset, users_offset, form_offset: self.form_offset, ..Self::default() }
    }

    /// What is at a position, topmost first.
    pub(crate) fn at(&self, x: u16, y: u16) -> Option<&Hit> {
        let here = |(area, _): &&(Rect, Hit)| area.contains(Position { x, y });
        self.hits.iter().rev().find(here).map(|(_, hit)| hit)
    }

    /// Rows that a pane shows.
    pub(crate) fn page(&self, pane: Pane) -> usize {
        self.heights[pane as usize]
    }

    pub(crate) fn set_page(&mut self, pane: Pane, rows: usize) {
        self.heights[pane as usize] = rows;
    }

    /// Makes an area clickable, on top of those so far.
    pub(crate) fn hit(&mut self, area: Rect, hit: Hit) {
        self.hits.push((area, hit));
    }
}
