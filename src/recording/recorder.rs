//! The recorder's thread: it waits for commands, and while it records, for the next commit.

use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::thread::JoinHandle;
use std::time::Duration;

use super::failure::Failure;
use super::naming;
use super::running::{INTERVAL, Left, Opening, QUEUE, Running};
use super::scribe::Scribe;
use crate::archive::Writer;
use crate::clock::{self, Clock};
use crate::hub::{SubscribeError, Subscriber};
use crate::lobby::event::{EventKind, Interest};
use crate::model::{RecordingFields, Timestamp, UserName, check_subject};
use crate::operator::{Command, Done, OperatorError, RecorderInput, RecorderPort, RecordingStatus};

/// The status is published at most this often.
const STATUS_INTERVAL: Duration = Duration::from_millis(200);

/// How often to try again to put a recording's log into its file.
const MERGE_INTERVAL: Duration = Duration::from_secs(1);

/// What is needed to start the recorder.
#[derive(Debug)]
pub(crate) struct RecorderParts {
    pub(crate) port: RecorderPort,
    pub(crate) subscriber: Subscriber,
    pub(crate) clock: Clock,
    /// The folder for recordings without a path.
    pub(crate) folder: Option<PathBuf>,
    /// A recording that runs already.
    pub(crate) running: Option<Running>,
}

/// Records while it is told to.
#[derive(Debug)]
pub(crate) struct Recorder {
    port: RecorderPort,
    subscriber: Subscriber,
    clock: Clock,
    folder: Option<PathBuf>,
    running: Option<Running>,
    /// The last recording, if its log could not be put into its file yet.
    unmerged: Option<Writer>,
    next_commit: Timestamp,
    next_status: Timestamp,
}

type Outcome = Result<Done, OperatorError>;

impl Recorder {
    /// Starts the recorder's thread, which ends when the server or all its operators are gone and
    /// the recording is complete.
    ///
    /// # Errors
    /// If the system can't start a thread.
    pub(crate) fn start(parts: RecorderParts) -> std::io::Result<JoinHandle<()>> {
        let RecorderParts { port, subscriber, clock, folder, running } = parts;
        let now = clock.now();
        let recorder = Self {
            port,
            subscriber,
            clock,
            folder,
            running,
            unmerged: None,
            next_commit: now.plus(INTERVAL),
            next_status: now,
        };
        std::thread::Builder::new().name("vrlobby-recorder".into()).spawn(|| recorder.run())
    }

    fn run(mut self) {
        self.publish();
        loop {
            let input = match &self.running {
                None if self.unmerged.is_some() => self.port.inputs.recv_timeout(MERGE_INTERVAL),
                None => self.port.inputs.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(_) => {
                    let wait = self.next_commit.since(self.clock.now());
                    self.port.inputs.recv_timeout(wait)
                }
            };
            match input {
                Ok(RecorderInput::Command((command, answer))) => {
                    let outcome = self.carry_out(command);
                    match &outcome {
                        Ok(done) => {
                            tracing::info!(target: "vrlobby::operator", "{}", done.message);
                        }
                        Err(error) => {
                            tracing::warn!(target: "vrlobby::operator", "command refused: {error}");
                        }
                    }
                    self.publish();
                    // The sender of the command may be gone.
                    let _ = answer.send(outcome);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.unmerged.take_if(|writer| writer.merge());
                    self.step();
                }
                Ok(RecorderInput::Close) | Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.running.is_some() && self.clock.now() >= self.next_commit {
                // Commands that come in quick succession don't put commits off.
                self.step();
            }
        }
        self.complete();
    }

    /// Takes what is left until the hub is gone, and completes the file.
    fn complete(&mut self) {
        while self.running.is_some() {
            self.step();
            if self.running.is_some() {
                clock::sleep_thread(self.next_commit.since(self.clock.now()));
            }
        }
    }

    /// Takes and commits what has queued up.
    fn step(&mut self) {
        let Some(running) = &mut self.running else { return };
        let now = self.clock.now();
        match running.step(&self.clock) {
            Ok(Left::Nothing) => self.next_commit = now.plus(INTERVAL),
            Ok(Left::More) => self.next_commit = now,
            Ok(Left::End) => {
                if let Some(running) = self.running.take() {
                    let ended = running.finish();
                    self.ended(ended);
                }
            }
            Err(failure) => self.fail(&failure),
        }
        if now >= self.next_status {
            self.publish();
        }
    }

    fn publish(&mut self) {
        self.next_status = self.clock.now().plus(STATUS_INTERVAL);
        if let Some(running) = &mut self.running {
            self.port.status.send_replace(running.status());
        }
    }

    /// The recording can't go on.
    fn fail(&mut self, failure: &Failure) {
        if let Some(running) = self.running.take() {
            let ended = running.end_early(failure);
            self.ended(ended);
        }
    }

    fn ended(&mut self, (status, unmerged): (RecordingStatus, Option<Writer>)) {
        self.unmerged = unmerged;
        if let RecordingStatus::Ended { progress, early } = &status {
            let file = progress.file.display();
            match early {
                None => tracing::info!("the recording {file} is complete"),
                Some(reason) => tracing::error!(
                    "THE RECORDING {file} HAS ENDED EARLY: {reason}; it has everything up to {:.1} \
                     s after its start",
                    progress.until.since(progress.since).as_secs_f64()
                ),
            }
        }
        self.port.status.send_replace(status);
    }

    fn carry_out(&mut self, command: Command) -> Outcome {
        match command {
            Command::StartRecording { path, fields } => self.begin(path.as_deref(), fields),
            Command::StopRecording => self.stop(),
            Command::SetSubject { user, subject } => self.set_subject(&user, &subject),
            Command::SetConsent { user, consent } => self.set_consent(&user, consent),
            _ => Err(OperatorError::Internal("the recorder got a command for the hub".to_owned())),
        }
    }

    fn begin(&mut self, path: Option<&Path>, fields: RecordingFields) -> Outcome {
        if let Some(running) = &self.running {
            return Err(OperatorError::RecordingRuns(running.file().to_owned()));
        }
        fields.check().map_err(|error| OperatorError::Recording(error.to_string()))?;
        let path = path.or(self.folder.as_deref()).unwrap_or(Path::new("."));
        // Looked at before the hub is asked for events.
        naming::choose(path, self.clock.now())?;
        let mut events =
            self.subscriber.subscribe(Interest::ALL, QUEUE).map_err(|error| match error {
                SubscribeError::Stopped => OperatorError::Stopped,
                SubscribeError::Busy => OperatorError::Busy,
            })?;
        let first = events.blocking_recv().ok_or(OperatorError::Stopped)?;
        let EventKind::Present(present) = &first.kind else {
            return Err(OperatorError::Internal("no list of who is there came first".to_owned()));
        };
        let opening = Opening { path, fields, present, start: first.time, events };
        let running = Running::begin(opening)?;
        let message = running.confirmation(present.users.len());
        self.running = Some(running);
        self.next_commit = self.clock.now().plus(INTERVAL);
        Ok(Done { message, users: present.users.len() })
    }

    fn stop(&mut self) -> Outcome {
        let now = self.caught_up()?;
        let Some(running) = self.running.take() else { return Err(OperatorError::NotRecording) };
        let (status, unmerged) = running.finish();
        let outcome = match &status {
            RecordingStatus::Ended { progress, early: None } => Ok(Done {
                message: format!(
                    "recorded {} poses in {:.1} s into {}",
                    progress.poses,
                    now.since(progress.since).as_secs_f64(),
                    progress.file.display()
                ),
                users: progress.people.len(),
            }),
            RecordingStatus::Ended { early: Some(reason), .. } => {
                Err(OperatorError::Recording(reason.clone()))
            }
            _ => Err(OperatorError::Internal("the recording has not ended".to_owned())),
        };
        self.ended((status, unmerged));
        outcome
    }

    fn set_subject(&mut self, user: &str, subject: &str) -> Outcome {
        let name = user_name(user)?;
        check_subject(subject).map_err(|error| OperatorError::Recording(error.to_string()))?;
        let set = self.change(|scribe, _, to| scribe.set_subject(&name, subject, to))?;
        set.map_err(|_| {
            OperatorError::Recording(format!("the subject {subject:?} is another user's"))
        })?;
        Ok(Done { message: format!("{user} is recorded as {subject}"), users: 1 })
    }

    fn set_consent(&mut self, user: &str, consent: bool) -> Outcome {
        let name = user_name(user)?;
        self.change(|scribe, now, to| scribe.set_consent(&name, consent, now, to))?;
        let kept = if consent { "kept" } else { "left out" };
        Ok(Done { message: format!("the data of {user} is {kept} from now on"), users: 1 })
    }

    /// Changes something about people, after all that has happened until now.
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Scribe, Timestamp, &Writer) -> Result<T, Failure>,
    ) -> Result<T, OperatorError> {
        let now = self.caught_up()?;
        let Some(running) = &mut self.running else { return Err(OperatorError::NotRecording) };
        match running.change(now, |scribe, to| change(scribe, now, to)) {
            Ok(changed) => Ok(changed),
            Err(held @ Failure::Held(_)) => Err(held.into()),
            Err(failure) => {
                self.fail(&failure);
                Err(failure.into())
            }
        }
    }

    /// Takes all that the hub has done by now; returns until when that is.
    fn caught_up(&mut self) -> Result<Timestamp, OperatorError> {
        let Some(running) = &mut self.running else { return Err(OperatorError::NotRecording) };
        // The hub answers between two inputs, when it has told of all that it did before.
        let answer = self.subscriber.subscribe(Interest::default(), 1).ok();
        let answer = answer.and_then(|mut events| events.blocking_recv());
        let now = answer.map_or_else(|| self.clock.now(), |event| event.time);
        if let Err(failure) = running.catch_up(now, &self.clock) {
            self.fail(&failure);
            return Err(failure.into());
        }
        Ok(now)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("THE RECORDER HAS PANICKED: what has been recorded is kept");
            self.port.status.send_modify(|status| {
                if let RecordingStatus::Running(progress) = status {
                    let early = Some("the recorder has panicked; the log says where".to_owned());
                    *status = RecordingStatus::Ended { progress: progress.clone(), early };
                }
            });
        }
    }
}

impl From<Failure> for OperatorError {
    fn from(failure: Failure) -> Self {
        Self::Recording(failure.to_string())
    }
}

fn user_name(user: &str) -> Result<UserName, OperatorError> {
    UserName::new(user).map_err(|error| {
        OperatorError::Recording(format!("{user:?} can't be a user's name: {error}"))
    })
}
