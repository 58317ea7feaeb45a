//! Compares the operator's view with the model.

use std::time::Duration;

use super::play::Play;
use crate::hub::view::view as view_of;
use crate::operator::{Focus, Liveness, Snapshot};

impl Play {
    /// The operator's view is the model's.
    pub(super) fn look(&self, focus: &str) {
        let mut view = Snapshot::default();
        let connection = |_| None;
        let focused = self.model.people.first().map(|person| person.id);
        let focus = Focus { room: Some(focus.to_owned()), user: focused };
        view_of(&self.lobby, self.now, &focus, connection, &mut view);
        // Rows of an earlier snapshot leave no trace, whosever they were.
        let rows = view.users.iter().rev().chain(&view.users).cloned();
        let mut again = Snapshot { users: rows.collect(), ..Snapshot::default() };
        view_of(&self.lobby, self.now, &focus, connection, &mut again);
        assert_eq!(again, view);
        let model = &self.model;
        assert_eq!(view.fps, model.fps);
        assert_eq!(view.traffic.messages, model.messages);
        assert_eq!(view.traffic.transforms, model.transforms);
        assert_eq!(view.traffic.refusals, model.refusals);

        let keys: Vec<_> =
            view.rooms.iter().map(|row| (&*row.name != "lobby", row.name.to_lowercase())).collect();
        assert!(keys.is_sorted(), "lobby first, then by name without case: {keys:?}");
        assert_eq!(view.rooms.len(), model.rooms.len());
        for row in &view.rooms {
            let room = model.rooms.iter().find(|room| room.name == *row.name).unwrap();
            assert_eq!(
                (&row.title, row.pinned, row.users, row.fps, row.own_fps),
                (
                    &room.title,
                    room.pinned,
                    room.members.len(),
                    model.fps_of(room),
                    room.own_fps.is_some()
                )
            );
        }

        let mut people: Vec<_> = model.people.iter().filter(|it| it.login.is_some()).collect();
        people.sort_by_key(|person| person.login.unwrap().0.1);
        assert_eq!(
            view.users.iter().map(|row| row.session).collect::<Vec<_>>(),
            people.iter().map(|person| person.id).collect::<Vec<_>>()
        );
        for (row, person) in view.users.iter().zip(people) {
            assert_eq!(&*row.name, person.login.unwrap().0.0);
            assert_eq!(row.connected, self.now.since(person.connected));
            assert_eq!(row.refusals, person.refusals);
            let idle = self.now.since(person.last_request) > Duration::from_secs(5);
            assert_eq!(row.liveness, if idle { Liveness::Idle } else { Liveness::Active });
            let shown: Vec<_> = (row.rooms.iter())
                .map(|it| (it.room.to_string(), it.pose.map(|pose| (pose.pos[0], pose.age))))
                .collect();
            let there: Vec<_> = (person.rooms.iter())
                .map(|name| {
                    let room = model.rooms.iter().find(|room| room.name == *name).unwrap();
                    let member = room.members.iter().find(|it| it.id == person.id).unwrap();
                    let pose = member.pose.as_ref();
                    (name.clone(), pose.map(|pose| (pose.x, self.now.since(pose.time))))
                })
                .collect();
            assert_eq!(shown, there);
        }

        let said = model.rooms.iter().find(|room| Some(&room.name) == focus.room.as_ref());
        let said = said.map(|room| &room.recent[..]).unwrap_or_default();
        assert_eq!(view.chat.len(), said.len());
        for (line, said) in view.chat.iter().zip(said) {
            assert_eq!(
                (line.time, &*line.user, &*line.kind),
                (said.time, &*said.user, &*said.kind)
            );
            let text: String =
                serde_json::from_str(&said.data).unwrap_or_else(|_| said.data.clone());
            assert_eq!(*line.text, text.chars().take(500).collect::<String>());
        }
        let focused = focused.filter(|id| model.person(*id).unwrap().login.is_some());
        assert_eq!(view.user.as_ref().map(|detail| detail.session), focused);
    }
}
