//! Which actions would do something now; the footer shows only those.

use super::action::Action;
use super::app::App;
use super::overlay::{Confirm, Overlay, Prompt};
use super::pane::{Pane, Screen};
use super::toast::Tone;

/// Returns whether an action would do something now.
pub(crate) fn is_available(app: &App, action: Action) -> bool {
    match action {
        Action::Kick => {
            app.subject().is_some() && !(app.screen == Screen::Detail && app.detail.gone)
        }
        Action::Consent => app.subject().is_some_and(|user| app.person(user).is_some()),
        Action::Steer(_) => app.snapshot.replay.running().is_some(),
        Action::Mark | Action::Interval | Action::Note => app.may_mark(),
        Action::NextOption | Action::PreviousOption => {
            matches!(&app.overlay, Some(Overlay::Record(form))
                if !form.is_at_start() && form.starting.is_none())
        }
        Action::NextField
        | Action::PreviousField
        | Action::FieldBelow
        | Action::FieldAbove
        | Action::EnterField => {
            matches!(&app.overlay, Some(Overlay::Record(form)) if form.starting.is_none())
        }
        Action::Open if app.pane == Pane::Rooms => app.rooms.selected.is_some(),
        Action::Open => app.selected_user().is_some(),
        Action::CloseRoom => app.selected_room().is_some_and(|room| &*room.name != "lobby"),
        Action::Pin | Action::Title | Action::RoomFps | Action::Announce => {
            app.selected_room().is_some()
        }
        Action::CaptureLevel => app.snapshot.log_level.is_some(),
        Action::Fit => app.map.is_manual(),
        Action::Reason => matches!(app.overlay, Some(Overlay::Confirm(Confirm::Kick { .. }))),
        Action::Complete => {
            matches!(
                app.overlay,
                Some(
                    Overlay::Command(_)
                        | Overlay::Filter(Pane::Log, ..)
                        | Overlay::Prompt(Prompt::Interval | Prompt::Note, _)
                )
            )
        }
        Action::Older | Action::Newer => matches!(app.overlay, Some(Overlay::Command(_))),
        Action::Back => {
            app.screen != Screen::Main
                || app.maximised
                || app.log.is_scrolled()
                || app.chat_back > 0
                || active_filter(app).is_some()
                || app.ended_early().is_some()
                || app.toasts.iter().any(|toast| toast.tone == Tone::Failed)
        }
        _ => true,
    }
}

/// The filter of the focused pane, if one is set.
pub(crate) fn active_filter(app: &App) -> Option<&str> {
    let filter = match app.pane {
        Pane::Rooms => app.rooms.filter.as_str(),
        Pane::Users => app.users.filter.as_str(),
        Pane::Log => app.log.target().unwrap_or_default(),
        Pane::Map | Pane::Chat => "",
    };
    (!filter.is_empty()).then_some(filter)
}
