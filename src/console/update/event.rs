//! What goes into an update, and what comes out.

use std::sync::Arc;

use crate::console::input::Input;
use crate::console::state::{App, Ticket};
use crate::operator::{Command, Done, Focus, OperatorError, Snapshot};

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Input(Input),
    Snapshot(Arc<Snapshot>),
    /// The answer to a command.
    Answer(Ticket, Result<Done, OperatorError>),
    /// A command is still unanswered, though it should have been answered by now.
    Late(Ticket),
    /// Time has passed.
    Clock,
}

/// Something for the event loop to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    Send(Ticket, Command),
    Focus(Focus),
    Redraw,
    Exit,
}

/// Sends a command under a new ticket.
pub(crate) fn send(app: &mut App, command: Command) -> Effect {
    app.tickets += 1;
    Effect::Send(app.tickets, command)
}
