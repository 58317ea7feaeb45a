//! Starts and stops recordings, and decides whose data they keep.

use std::path::PathBuf;
use std::time::Instant;

use super::event::{Effect, send};
use crate::console::state::{App, Confirm, Overlay, RecordForm};
use crate::model::RecordingFields;
use crate::operator::{Command, RecordingStatus};

/// Opens the form, or asks whether to stop the recording that runs.
pub(crate) fn toggle(app: &mut App, now: Instant) {
    if app.recording.starting.is_some() {
        app.fail("a recording is being started already", now);
    } else if app.recording.stopping.is_some() {
        app.fail("the recording is being stopped already", now);
    } else if app.running().is_some() {
        app.overlay = Some(Overlay::Confirm(Confirm::StopRecording));
    } else {
        app.recording.take_note(&app.snapshot);
        let new =
            || Box::new(RecordForm::new(proposed_fields(app), app.info.recording_path.clone()));
        let mut form = app.recording.draft.clone().unwrap_or_else(new);
        form.reopen();
        form.meet(app.snapshot.users.iter().map(|user| &user.name));
        app.overlay = Some(Overlay::Record(form));
    }
}

/// What was recorded last or what the settings say, with the subjects that people have had.
fn proposed_fields(app: &App) -> RecordingFields {
    let defaults = || app.info.recording_defaults.clone();
    let mut fields = app.recording.last.clone().unwrap_or_else(defaults);
    if let RecordingStatus::Ended { progress, .. } = &app.snapshot.recording {
        for person in &progress.people {
            let known = &mut fields.privacy.subjects;
            known.insert(person.user.clone(), person.subject.clone());
        }
    }
    fields
}

/// Starts recording into `path`, with what was recorded last or what the settings say.
pub(crate) fn start(app: &mut App, path: Option<PathBuf>) -> Effect {
    let path = path.or_else(|| app.info.recording_path.clone());
    let fields = proposed_fields(app);
    start_with(app, path, fields)
}

/// Starts recording.
pub(crate) fn start_with(app: &mut App, path: Option<PathBuf>, fields: RecordingFields) -> Effect {
    app.recording.last = Some(fields.clone());
    app.recording.draft = None;
    let effect = send(app, Command::StartRecording { path, fields });
    app.recording.starting = Some(app.tickets);
    effect
}

/// Stops recording.
pub(crate) fn stop(app: &mut App) -> Effect {
    let effect = send(app, Command::StopRecording);
    app.recording.stopping = Some(app.tickets);
    effect
}

/// Keeps the data of the user that actions apply to, or stops keeping it.
pub(crate) fn consent(app: &mut App) -> Vec<Effect> {
    let person = app.subject().and_then(|user| app.person(user));
    let Some((user, consent)) = person.map(|person| (person.user.clone(), !person.consent)) else {
        return Vec::new();
    };
    vec![send(app, Command::SetConsent { user, consent })]
}
