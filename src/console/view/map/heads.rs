//! The heads to draw.

use ratatui::style::Style;

use crate::console::state::{App, Severity, worst};
use crate::operator::{Liveness, PoseRow, UserRow};

/// One head in the room.
pub(crate) struct Head<'a> {
    pub(crate) user: &'a UserRow,
    pub(crate) pose: PoseRow,
    pub(crate) selected: bool,
    pub(crate) style: Style,
}

/// The heads in the selected room; the selected one last, so that it is on top.
pub(crate) fn heads(app: &App) -> Vec<Head<'_>> {
    let Some(room) = app.rooms.selected.as_deref() else { return Vec::new() };
    let mut heads: Vec<Head<'_>> = Vec::new();
    for user in &app.snapshot.users {
        let here = user.rooms.iter().find(|presence| &*presence.room == room);
        let Some(pose) = here.and_then(|presence| presence.pose) else { continue };
        let selected = app.users.selected == Some(user.session);
        let style = match (selected, worst(&app.concerns(user)), user.liveness) {
            (true, ..) => app.theme.warn(),
            (_, Severity::Bad, _) => app.theme.bad(),
            (_, _, Liveness::Active) => app.theme.accent(),
            _ => app.theme.dim(),
        };
        heads.push(Head { user, pose, selected, style });
    }
    heads.sort_by_key(|head| head.selected);
    heads
}

/// Where a head looks, as a step along x and z: a rotation about y turns it from looking along z
/// to the right, as seen from above.
pub(crate) fn heading(pose: &PoseRow) -> (f64, f64) {
    pose.rot[1].to_radians().sin_cos()
}
