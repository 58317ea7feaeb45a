//! Dialogs and input lines on top of the screen; while one is open, it takes every key.

use std::sync::Arc;

use super::command_line::CommandLine;
use super::form::RecordForm;
use super::line_input::LineInput;
use super::pane::Pane;
use crate::model::SessionId;

/// A dialog or an input line that has to be answered first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Overlay {
    Confirm(Confirm),
    Prompt(Prompt, LineInput),
    /// Filters as it is typed; the string is the previous filter, restored by Esc.
    Filter(Pane, LineInput, String),
    Command(CommandLine),
    Record(Box<RecordForm>),
    /// The replay is steered.
    Replay,
}

/// A destructive action that waits for `y`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Confirm {
    /// The session is what gets kicked; the name is only shown.
    Kick {
        session: SessionId,
        user: Arc<str>,
        reason: Option<String>,
    },
    Close {
        room: Arc<str>,
    },
    StopRecording,
    Quit,
}

/// What the text being typed is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Prompt {
    /// An announcement to one room, or to all.
    Announce(Option<Arc<str>>),
    Title(Arc<str>),
    /// A rate for one room, or for all.
    Fps(Option<Arc<str>>),
    /// The reason for the kick being confirmed.
    Reason(Confirm),
    /// The label of an interval to begin, or to end if it is open.
    Interval,
    /// The label of an instant.
    Note,
}
