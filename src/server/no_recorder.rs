//! Stands in for the recorder where the Cargo feature `recording` is off.

use std::sync::Arc;

use tokio::sync::watch;

use super::error::ServerError;
use crate::clock::Clock;
use crate::config::Settings;
use crate::hub::{Events, Subscriber};
use crate::operator::{Operator, OperatorPort, ServerInfo};

/// No recorder.
pub(super) struct Recorder;

/// No thread.
pub(super) struct RecorderThread;

impl Recorder {
    /// Makes a server's operator.
    ///
    /// # Errors
    /// If the settings want a recording.
    pub(super) fn prepare(
        settings: &Settings,
        info: ServerInfo,
        stop: Arc<watch::Sender<bool>>,
        _: Clock,
        _: &mut Events,
    ) -> Result<(Operator, OperatorPort, Self), ServerError> {
        if settings.recording.path.is_some() {
            let reason = "this program was built without the Cargo feature \"recording\"";
            return Err(ServerError::Recording(reason.to_owned()));
        }
        let (operator, port) = Operator::new(info, stop);
        Ok((operator, port, Self))
    }

    /// Starts nothing.
    ///
    /// # Errors
    /// None.
    pub(super) fn start(
        self,
        _: Operator,
        _: Subscriber,
        _: Clock,
    ) -> Result<RecorderThread, ServerError> {
        Ok(RecorderThread)
    }
}

impl RecorderThread {
    /// There is nothing to wait for.
    pub(super) fn finish(self) {}
}
