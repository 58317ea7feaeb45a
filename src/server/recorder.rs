//! The recorder beside a server.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::error::ServerError;
use crate::clock::Clock;
use crate::config::{RecordingSettings, Settings};
use crate::hub::{Events, Subscriber};
use crate::lobby::event::{Present, PresentRoom};
use crate::model::RoomName;
use crate::operator::{Operator, OperatorPort, RecorderPort, ServerInfo};
use crate::recording::{self, Opening, RecorderParts, Running};

/// A recorder that is ready to start.
pub(super) struct Recorder {
    port: RecorderPort,
    folder: Option<PathBuf>,
    running: Option<Running>,
}

/// The recorder's thread.
#[derive(Debug)]
pub(super) struct RecorderThread {
    operator: Operator,
    thread: JoinHandle<()>,
}

impl Recorder {
    /// Makes a server's operator. If the settings say so, a recording has begun when it returns.
    ///
    /// # Errors
    /// If that can't begin.
    pub(super) fn prepare(
        settings: &Settings,
        mut info: ServerInfo,
        stop: Arc<watch::Sender<bool>>,
        clock: Clock,
        events: &mut Events,
    ) -> Result<(Operator, OperatorPort, Self), ServerError> {
        let RecordingSettings { path, fields } = &settings.recording;
        let folder = path.as_deref().and_then(recording::folder_of);
        info.recording_defaults = fields.clone();
        info.recording_path = folder.clone();
        let running = match path {
            None => None,
            Some(path) => {
                let lobby = PresentRoom { name: RoomName::lobby(), own_fps: None };
                let running = Running::begin(Opening {
                    path,
                    fields: fields.clone(),
                    present: &Present {
                        fps: settings.fps,
                        rooms: vec![lobby],
                        ..Present::default()
                    },
                    start: clock.now(),
                    events: events.keep_track(recording::QUEUE),
                })
                .map_err(|failure| ServerError::Recording(failure.to_string()))?;
                tracing::info!("{}", running.confirmation(0));
                Some(running)
            }
        };
        let (operator, port, recorder) = Operator::with_recorder(info, stop);
        Ok((operator, port, Self { port: recorder, folder, running }))
    }

    /// Starts its thread.
    ///
    /// # Errors
    /// If the system lacks the resources.
    pub(super) fn start(
        self,
        operator: Operator,
        subscriber: Subscriber,
        clock: Clock,
    ) -> Result<RecorderThread, ServerError> {
        let Self { port, folder, running } = self;
        let parts = RecorderParts { port, subscriber, clock, folder, running };
        let thread = recording::Recorder::start(parts).map_err(ServerError::Threads)?;
        Ok(RecorderThread { operator, thread })
    }
}

impl RecorderThread {
    /// Waits until the recording, if there is one, is complete. The hub must have stopped.
    pub(super) fn finish(self) {
        self.operator.close_recorder();
        // A panic has been logged where it happened.
        let _ = self.thread.join();
    }
}
