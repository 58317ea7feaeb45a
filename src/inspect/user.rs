//! What a recording has of each user.

use std::collections::BTreeMap;

use super::clocks::clocks;
use super::figures::{seconds, spread};
use super::report::{Gaps, Silence, Stay, User};
use super::rhythm::Rhythm;
use crate::archive::{Archive, ArchiveError, Person, Stay as StayRow};

/// Time without poses at the end of a stay that is worth telling, in microseconds.
const SILENCE: i64 = 1_000_000;

/// Everyone in a recording, without what events tell of them; `rhythms` are those of all stays, in
/// their order.
pub(super) fn users(archive: &Archive, rhythms: &[Rhythm]) -> Result<Vec<User>, ArchiveError> {
    let rows = archive.round_trips()?;
    let mut clocks = clocks(archive, &rows)?;
    let mut round_trips: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for row in rows {
        round_trips.entry(row.person).or_default().push(row.micros);
    }
    let of_each = archive.people().iter().map(|person| {
        let mut user = user(archive, person, rhythms);
        user.round_trips = spread(round_trips.remove(&person.id).unwrap_or_default());
        user.clock = clocks.remove(&person.id);
        user
    });
    Ok(of_each.collect())
}

fn user(archive: &Archive, person: &Person, rhythms: &[Rhythm]) -> User {
    let end = archive.about().end;
    let stays: Vec<(&StayRow, &Rhythm)> =
        archive.stays().iter().zip(rhythms).filter(|(stay, _)| stay.person == person.id).collect();
    let mut all = Rhythm::default();
    let mut silence: Option<Silence> = None;
    for (stay, rhythm) in &stays {
        all.merge(rhythm);
        let until = stay.left.unwrap_or(end);
        let quiet = rhythm.last().map_or(0, |last| until - last);
        if quiet > SILENCE && silence.as_ref().is_none_or(|s| seconds(quiet) > s.duration) {
            let left = stay.left.is_some();
            silence = Some(Silence { duration: seconds(quiet), until: seconds(until), left });
        }
    }
    let gaps = all.gaps();
    let any = gaps.count > 0;
    let room = |id| archive.rooms().iter().find(|room| room.id == id);
    User {
        user: person.subject.clone(),
        name: person.name.clone(),
        verdict: String::new(),
        connections: 0,
        present: seconds(present(stays.iter().map(|(stay, _)| *stay), end)),
        stays: stays
            .iter()
            .map(|(stay, _)| Stay {
                room: room(stay.room).map(|room| room.name.clone()).unwrap_or_default(),
                joined: seconds(stay.joined),
                left: stay.left.map(seconds),
            })
            .collect(),
        poses: all.poses(),
        rate: all.rate(),
        nominal_rate: all.nominal(),
        gaps: Gaps {
            count: gaps.count,
            total: seconds(gaps.total),
            longest: any.then(|| seconds(gaps.longest)),
            longest_at: any.then(|| seconds(gaps.longest_at)),
        },
        silence,
        round_trips: spread(Vec::new()),
        clock: None,
        refusals: BTreeMap::new(),
        messages: 0,
        events: 0,
    }
}

/// How long somebody was in any room, in microseconds. `stays` are in the order of joining.
fn present<'a>(stays: impl Iterator<Item = &'a StayRow>, end: i64) -> i64 {
    let (mut present, mut until) = (0, i64::MIN);
    for stay in stays {
        let left = stay.left.unwrap_or(end).max(stay.joined);
        present += (left - stay.joined.max(until)).max(0);
        until = until.max(left);
    }
    present
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_several_rooms_counts_once() {
        let stay = |joined, left| StayRow { id: 1, person: 1, room: 1, joined, left };
        let stays = [stay(0, Some(10)), stay(2, Some(5)), stay(8, Some(12)), stay(20, None)];
        assert_eq!(present(stays.iter(), 25), 12 + 5);
        assert_eq!(present(stays[3..].iter(), 15), 0);
        assert_eq!(present([].iter(), 15), 0);
    }
}
