//! Looks bindings up: by key for the update, by usefulness for the footer.

use ratatui::crossterm::event::KeyCode;

use super::binding::{Binding, Context, context};
use super::table::GROUPS;
use crate::console::input::Key;
use crate::console::state::{Action, App, is_available};
use crate::model::ReplayControl;
use Context as C;

/// All bindings, in the order of the table.
pub(crate) fn bindings() -> impl Iterator<Item = &'static Binding> {
    GROUPS.iter().flat_map(|group| group.bindings)
}

/// The action that a key stands for in a context.
pub(crate) fn find(context: Context, key: Key) -> Option<Action> {
    let mut here = bindings().filter(|binding| binding.contexts.contains(&context));
    let action = here.find(|binding| binding.keys.contains(&key))?.action;
    Some(match (action, key.code) {
        // Ten keys share this one: each digit says which tenth.
        (Action::Steer(ReplayControl::SeekToTenth(_)), KeyCode::Char(digit)) => {
            let tenth = digit.to_digit(10).unwrap_or_default();
            Action::Steer(ReplayControl::SeekToTenth(tenth as u8))
        }
        _ => action,
    })
}

/// The bindings for the footer: those that would do something now, the most useful first.
pub(crate) fn footer(app: &App) -> Vec<&'static Binding> {
    let context = context(app);
    let wanted = |binding: &&Binding| {
        binding.footer.is_some()
            && binding.contexts.contains(&context)
            && is_available(app, binding.action)
    };
    let mut shown: Vec<&Binding> = bindings().filter(wanted).collect();
    shown.sort_by_key(|binding| rank(context, binding.action));
    shown
}

/// An action's place in the footer, from the left; what doesn't fit is left out.
fn rank(context: Context, action: Action) -> u8 {
    match (action, context) {
        (Action::Help, _) => 0,
        // In the order of the table, with the way out first.
        (Action::No, C::Replay) => 0,
        (_, C::Replay) => 1,
        (Action::Back, _) => 1,
        (Action::Open, _) => 2,
        (Action::Fit | Action::Names, C::Map)
        | (Action::ShowLevel | Action::CaptureLevel, C::Log) => 3,
        (Action::Announce, C::Chat) => 3,
        (Action::Mark, _) => 3,
        (Action::Filter, _) => 4,
        (Action::NextPane, _) => 5,
        (Action::Record | Action::Kick, _) => 6,
        (Action::Consent | Action::Interval, _) => 7,
        (Action::Command, _) => 8,
        (Action::CloseRoom, _) => 9,
        (Action::FpsUp | Action::FpsDown, _) => 9,
        (Action::Announce, _) => 10,
        (Action::Freeze, _) => 11,
        (Action::ShowLevel, _) => 12,
        (Action::Sort, _) => 13,
        (Action::AllUsers, C::Users) => 13,
        (Action::Pin | Action::Title | Action::RoomFps, C::Rooms) => 14,
        (Action::Maximise, _) => 15,
        (Action::Quit, _) => 17,
        _ => 16,
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::SCREENS;
    use super::*;

    #[test]
    fn no_two_bindings_collide() {
        let all: Vec<&Binding> = bindings().collect();
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                let shared = one.contexts.iter().find(|context| other.contexts.contains(context));
                let key = one.keys.iter().find(|key| other.keys.contains(key));
                assert!(
                    shared.is_none() || key.is_none(),
                    "{key:?} means {:?} and {:?} in {shared:?}",
                    one.action,
                    other.action
                );
            }
        }
    }

    #[test]
    fn each_digit_goes_to_its_tenth() {
        for (tenth, digit) in ('0'..='9').enumerate() {
            let action = Action::Steer(ReplayControl::SeekToTenth(tenth as u8));
            assert_eq!(find(Context::Replay, Key::char(digit)), Some(action));
        }
    }

    #[test]
    fn every_context_has_a_way_out() {
        for context in SCREENS {
            assert_eq!(find(*context, Key::of(KeyCode::Esc)), Some(Action::Back));
            assert_eq!(find(*context, Key::char('q')), Some(Action::Quit));
        }
        assert_eq!(find(Context::Confirm, Key::of(KeyCode::Esc)), Some(Action::No));
        assert_eq!(find(Context::Confirm, Key::of(KeyCode::Enter)), None);
        for context in [Context::Typing, Context::Field, Context::Choice, Context::Replay] {
            assert_eq!(find(context, Key::of(KeyCode::Esc)), Some(Action::No));
        }
    }
}
