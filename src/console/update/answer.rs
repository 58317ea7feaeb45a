//! What the server answered, and what it has not answered yet.

use std::time::Instant;

use crate::console::state::{App, Overlay, Ticket, Tone};
use crate::console::text::clock;
use crate::operator::{Done, OperatorError};

/// Reports an answer: in the form if it is the form's, else in a toast.
pub(crate) fn take(
    app: &mut App,
    ticket: Ticket,
    answer: Result<Done, OperatorError>,
    now: Instant,
) {
    let recording = &mut app.recording;
    for waiting in [&mut recording.starting, &mut recording.stopping] {
        waiting.take_if(|waiting| *waiting == ticket);
    }
    let marked = recording.answered(ticket, answer.is_err());
    let form = match &mut app.overlay {
        Some(Overlay::Record(form)) if form.starting == Some(ticket) => Some(form),
        _ => None,
    };
    match answer {
        Ok(done) => {
            if form.is_some() {
                app.overlay = None;
            }
            if done.message.is_empty() {
                // What came of it is seen; the toast that it is waited for goes.
                app.toasts.retain(|toast| toast.ticket != Some(ticket));
                return;
            }
            let text = match marked {
                Some(time) => format!("{} at {}", done.message, clock(time)),
                None => done.message,
            };
            app.toast(Tone::Done, text, Some(ticket), now);
        }
        Err(error) => match form {
            Some(form) => form.refused(error.to_string()),
            None => app.toast(Tone::Failed, error.to_string(), Some(ticket), now),
        },
    }
}

/// Says that there is no answer yet.
pub(crate) fn late(app: &mut App, ticket: Ticket, now: Instant) {
    if matches!(&app.overlay, Some(Overlay::Record(form)) if form.starting == Some(ticket)) {
        return;
    }
    let text = match &app.recording {
        recording if recording.starting == Some(ticket) => "starting to record…",
        recording if recording.stopping == Some(ticket) => "completing the recording…",
        _ => "waiting for the server…",
    };
    app.toast(Tone::Waiting, text, Some(ticket), now);
}
