//! Toasts: short-lived lines that report what came of an action.

use std::time::{Duration, Instant};

/// How long a toast stays; a failure stays twice as long.
const TOAST_FOR: Duration = Duration::from_secs(4);

/// Toasts at once; the oldest goes first.
const TOASTS: usize = 3;

/// How an action went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Waiting,
    Done,
    Failed,
}

/// Reports what came of an action.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Toast {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    pub(crate) until: Instant,
    pub(crate) ticket: Option<Ticket>,
}

/// Numbers the commands sent, from 1.
pub(crate) type Ticket = u64;

/// The ticket shared by everything the console does without the server: only the latest of
/// these is worth a toast.
pub(crate) const LOCAL: Ticket = 0;

/// Adds a toast, replacing the previous one for the same ticket.
pub(crate) fn add(
    toasts: &mut Vec<Toast>,
    tone: Tone,
    text: String,
    ticket: Option<Ticket>,
    now: Instant,
) {
    if ticket.is_some() {
        toasts.retain(|toast| toast.ticket != ticket);
    }
    if toasts.len() >= TOASTS {
        toasts.remove(0);
    }
    let until = now + if tone == Tone::Failed { TOAST_FOR * 2 } else { TOAST_FOR };
    toasts.push(Toast { tone, text, until, ticket });
}
