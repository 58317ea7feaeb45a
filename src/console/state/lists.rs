//! The two lists: how they are sorted and filtered, and which row is selected.

use std::cmp::Ordering;
use std::sync::Arc;

use super::quality::{concerns, worst};
use crate::model::SessionId;
use crate::operator::{Liveness, RoomRow, UserRow};

/// What the rooms are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RoomSort {
    #[default]
    Name,
    Users,
    Fps,
    Transforms,
    Ticks,
    Messages,
}

/// What the users are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum UserSort {
    #[default]
    Name,
    Concern,
    Connected,
    Transforms,
    Gap,
    RoundTrip,
    BytesOut,
    Skipped,
    Queue,
}

/// A column that a list can be sorted by.
pub(crate) trait Column: Copy + Default + PartialEq + 'static {
    /// All columns, in the order in which `s` cycles through them.
    const ALL: &'static [Self];

    /// Its name in headings, toasts and on the command line.
    fn name(self) -> &'static str;

    /// Whether choosing it puts the greatest first.
    fn starts_descending(self) -> bool {
        self != Self::default()
    }
}

impl Column for RoomSort {
    const ALL: &'static [Self] =
        &[Self::Name, Self::Users, Self::Fps, Self::Transforms, Self::Ticks, Self::Messages];

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Users => "users",
            Self::Fps => "fps",
            Self::Transforms => "rx/s",
            Self::Ticks => "ticks/s",
            Self::Messages => "msg/s",
        }
    }
}

impl Column for UserSort {
    const ALL: &'static [Self] = &[
        Self::Name,
        Self::Concern,
        Self::Connected,
        Self::Transforms,
        Self::Gap,
        Self::RoundTrip,
        Self::BytesOut,
        Self::Skipped,
        Self::Queue,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Concern => "concern",
            Self::Connected => "for",
            Self::Transforms => "rx/s",
            Self::Gap => "gap",
            Self::RoundTrip => "rtt",
            Self::BytesOut => "out",
            Self::Skipped => "skip",
            Self::Queue => "queue",
        }
    }
}

/// A list's state. The selection is an id, so that it stays on its row when rows come and go.
#[derive(Clone, Debug)]
pub(crate) struct List<Id, Sort> {
    pub(crate) selected: Option<Id>,
    /// The row that was last selected, for when the selected id is gone.
    pub(crate) index: usize,
    pub(crate) sort: Sort,
    pub(crate) descending: bool,
    pub(crate) filter: String,
}

pub(crate) type Rooms = List<Arc<str>, RoomSort>;
pub(crate) type Users = List<SessionId, UserSort>;

impl<Id, Sort: Default> Default for List<Id, Sort> {
    fn default() -> Self {
        let (selected, sort, filter) = (None, Sort::default(), String::new());
        Self { selected, index: 0, sort, descending: false, filter }
    }
}

impl<Id: PartialEq + Clone, Sort: Column> List<Id, Sort> {
    /// Keeps the selection on its row or, if that is gone, on the row now in its place.
    pub(crate) fn settle(&mut self, ids: &[Id]) {
        let found = ids.iter().position(|id| Some(id) == self.selected.as_ref());
        self.index = found.unwrap_or(self.index.min(ids.len().saturating_sub(1)));
        self.selected = ids.get(self.index).cloned();
    }

    /// Moves the selection by rows, stopping at the ends.
    pub(crate) fn step(&mut self, ids: &[Id], by: isize) {
        self.settle(ids);
        self.index = self.index.saturating_add_signed(by).min(ids.len().saturating_sub(1));
        self.selected = ids.get(self.index).cloned();
    }

    /// Sorts by the next column.
    pub(crate) fn next_sort(&mut self) {
        let at = Sort::ALL.iter().position(|sort| *sort == self.sort).unwrap_or(0);
        self.sort_by(Sort::ALL[(at + 1) % Sort::ALL.len()]);
    }

    pub(crate) fn sort_by(&mut self, sort: Sort) {
        self.sort = sort;
        self.descending = sort.starts_descending();
    }

    /// The order in words, for a toast.
    pub(crate) fn order(&self) -> String {
        let direction = if self.descending { "greatest first" } else { "smallest first" };
        format!("sorted by {}, {direction}", self.sort.name())
    }
}

fn contains(text: &str, filter: &str) -> bool {
    filter.is_empty() || text.to_lowercase().contains(&filter.to_lowercase())
}

impl Rooms {
    /// The rooms that pass the filter, in order.
    pub(crate) fn arrange<'a>(&self, rooms: &'a [RoomRow]) -> Vec<&'a RoomRow> {
        let matching = rooms.iter().filter(|room| contains(&room.name, &self.filter));
        let mut rows: Vec<&RoomRow> = matching.collect();
        let by = |a: &RoomRow, b: &RoomRow| match self.sort {
            RoomSort::Name => Ordering::Equal,
            RoomSort::Users => a.users.cmp(&b.users),
            RoomSort::Fps => a.fps.total_cmp(&b.fps),
            RoomSort::Transforms => a.transforms_per_s.total_cmp(&b.transforms_per_s),
            RoomSort::Ticks => a.ticks_per_s.total_cmp(&b.ticks_per_s),
            RoomSort::Messages => a.messages_per_s.total_cmp(&b.messages_per_s),
        };
        order(&mut rows, by, self.sort == RoomSort::Name, self.descending);
        rows
    }
}

impl Users {
    /// The users that pass the filter, in order. `skipping` tells whether a user is skipping ticks.
    pub(crate) fn arrange<'a>(
        &self,
        users: impl Iterator<Item = &'a UserRow>,
        skipping: impl Fn(&UserRow) -> bool,
    ) -> Vec<&'a UserRow> {
        let address = |user: &UserRow| user.peer.map(|peer| peer.ip().to_string());
        let matching = users.filter(|user| {
            contains(&user.name, &self.filter)
                || address(user).is_some_and(|address| contains(&address, &self.filter))
        });
        let mut rows: Vec<&UserRow> = matching.collect();
        let concern = |user: &UserRow| {
            let found = concerns(user, skipping(user));
            (worst(&found), found.len(), user.liveness == Liveness::Idle)
        };
        let by = |a: &UserRow, b: &UserRow| match self.sort {
            UserSort::Name => Ordering::Equal,
            UserSort::Concern => concern(a).cmp(&concern(b)),
            UserSort::Connected => a.connected.cmp(&b.connected),
            UserSort::Transforms => a.transforms_per_s.total_cmp(&b.transforms_per_s),
            UserSort::Gap => a.gap_longest.cmp(&b.gap_longest),
            UserSort::RoundTrip => a.round_trip.cmp(&b.round_trip),
            UserSort::BytesOut => a.bytes_out.cmp(&b.bytes_out),
            UserSort::Skipped => a.skipped_ticks.cmp(&b.skipped_ticks),
            UserSort::Queue => a.queued_bytes.cmp(&b.queued_bytes),
        };
        order(&mut rows, by, self.sort == UserSort::Name, self.descending);
        rows
    }
}

/// Sorts rows that come in the order of names; equal rows stay in that order.
fn order<T>(rows: &mut [&T], by: impl Fn(&T, &T) -> Ordering, named: bool, descending: bool) {
    if named {
        if descending {
            rows.reverse();
        }
        return;
    }
    rows.sort_by(|a, b| if descending { by(b, a) } else { by(a, b) });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selection_stays_on_its_row() {
        let mut list: List<u32, RoomSort> = List::default();
        list.settle(&[10, 20, 30]);
        list.step(&[10, 20, 30], 1);
        assert_eq!(list.selected, Some(20));
        list.settle(&[5, 7, 20, 30]);
        assert_eq!((list.selected, list.index), (Some(20), 2));
        list.settle(&[5, 7, 30]);
        assert_eq!(list.selected, Some(30));
        list.settle(&[]);
        assert_eq!(list.selected, None);
        list.step(&[1], -4);
        assert_eq!(list.selected, Some(1));
    }

    #[test]
    fn equals_stay_in_the_order_of_names() {
        let room = |name: &str, users| RoomRow { name: name.into(), users, ..RoomRow::default() };
        let rows = [room("a", 1), room("b", 5), room("c", 1), room("d", 5)];
        let mut rooms = Rooms::default();
        rooms.next_sort();
        let names: Vec<&str> = rooms.arrange(&rows).iter().map(|room| &*room.name).collect();
        assert_eq!(names, ["b", "d", "a", "c"]);
        rooms.filter = "D".to_owned();
        assert_eq!(rooms.arrange(&rows).len(), 1);
    }
}
