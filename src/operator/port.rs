//! The channels between consoles and the hub: an [`Operator`] is one end, the hub's
//! `OperatorPort` the other.

use std::sync::Arc;
use std::sync::mpsc as blocking;

use tokio::sync::{mpsc, oneshot, watch};

use super::command::{COMMAND_QUEUE, Command, Done, OperatorError};
use super::recording::RecordingStatus;
use super::replay::ReplayStatus;
use super::snapshot::{Focus, ServerInfo, Snapshot};

/// The answer to a command that was sent without waiting.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Done, OperatorError>>);

impl Pending {
    /// The answer, if it has come.
    pub fn poll(&mut self) -> Option<Result<Done, OperatorError>> {
        match self.0.try_recv() {
            Ok(answer) => Some(answer),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(OperatorError::Stopped)),
        }
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// Why the command was not carried out.
    pub async fn answer(self) -> Result<Done, OperatorError> {
        self.0.await.unwrap_or(Err(OperatorError::Stopped))
    }
}

pub(crate) type CommandRequest = (Command, oneshot::Sender<Result<Done, OperatorError>>);

/// What the recorder's thread is asked for.
#[derive(Debug)]
#[cfg_attr(not(feature = "recording"), allow(dead_code, reason = "nobody records"))]
#[expect(clippy::large_enum_variant, reason = "few are sent, one by one")]
pub(crate) enum RecorderInput {
    /// An operator's command.
    Command(CommandRequest),
    /// The server has stopped: complete what is being recorded, and end.
    Close,
}

/// A handle on the server, with full rights to see and do everything. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Operator {
    info: Arc<ServerInfo>,
    commands: mpsc::Sender<CommandRequest>,
    /// `None` in a program without a recorder.
    recorder: Option<blocking::SyncSender<RecorderInput>>,
    /// `None` in a program without a player.
    player: Option<mpsc::Sender<CommandRequest>>,
    snapshots: Arc<watch::Sender<Arc<Snapshot>>>,
    focus: Arc<watch::Sender<Focus>>,
    stop: Arc<watch::Sender<bool>>,
}

/// The hub's end of an [`Operator`]'s channels.
#[derive(Debug)]
pub(crate) struct OperatorPort {
    pub(crate) commands: mpsc::Receiver<CommandRequest>,
    pub(crate) snapshots: Arc<watch::Sender<Arc<Snapshot>>>,
    pub(crate) focus: watch::Receiver<Focus>,
    /// How the recording is doing, for snapshots.
    pub(crate) recording: watch::Receiver<RecordingStatus>,
    /// How a replay is doing, for snapshots.
    pub(crate) replay: watch::Receiver<ReplayStatus>,
}

/// The recorder's end of an [`Operator`]'s channels.
#[derive(Debug)]
#[cfg_attr(not(feature = "recording"), expect(dead_code, reason = "nobody records"))]
pub(crate) struct RecorderPort {
    pub(crate) inputs: blocking::Receiver<RecorderInput>,
    pub(crate) status: watch::Sender<RecordingStatus>,
}

/// The player's end of an [`Operator`]'s channels.
#[cfg(feature = "recording")]
#[derive(Debug)]
pub(crate) struct PlayerPort {
    pub(crate) commands: mpsc::Receiver<CommandRequest>,
    pub(crate) status: watch::Sender<ReplayStatus>,
}

impl Operator {
    /// A server without a recorder.
    #[cfg(any(test, not(feature = "recording")))]
    pub(crate) fn new(info: ServerInfo, stop: Arc<watch::Sender<bool>>) -> (Self, OperatorPort) {
        let (operator, port, _) = Self::with_recorder(info, stop);
        (Self { recorder: None, ..operator }, port)
    }

    /// A server with a recorder beside its hub.
    pub(crate) fn with_recorder(
        info: ServerInfo,
        stop: Arc<watch::Sender<bool>>,
    ) -> (Self, OperatorPort, RecorderPort) {
        let (recorder, inputs) = blocking::sync_channel(COMMAND_QUEUE);
        let (status, recording) = watch::channel(RecordingStatus::Off);
        let (commands, command_receiver) = mpsc::channel(COMMAND_QUEUE);
        let snapshots = Arc::new(watch::Sender::new(Arc::default()));
        let focus = Arc::new(watch::Sender::new(Focus::default()));
        let port = OperatorPort {
            commands: command_receiver,
            snapshots: snapshots.clone(),
            focus: focus.subscribe(),
            recording,
            replay: watch::channel(ReplayStatus::Off).1,
        };
        let (info, recorder) = (Arc::new(info), Some(recorder));
        let operator = Self { info, commands, recorder, player: None, snapshots, focus, stop };
        (operator, port, RecorderPort { inputs, status })
    }

    /// Puts a player beside the hub. Clones made before this can't reach it.
    #[cfg(feature = "recording")]
    pub(crate) fn add_player(&mut self, port: &mut OperatorPort) -> PlayerPort {
        let (player, commands) = mpsc::channel(COMMAND_QUEUE);
        let (status, replay) = watch::channel(ReplayStatus::Off);
        self.player = Some(player);
        port.replay = replay;
        PlayerPort { commands, status }
    }

    /// What does not change while the server runs.
    pub fn info(&self) -> &ServerInfo {
        &self.info
    }

    /// Sends a command without waiting.
    ///
    /// # Errors
    /// [`OperatorError::Busy`] if [`COMMAND_QUEUE`] commands are waiting,
    /// [`OperatorError::Stopped`] if the server has stopped.
    pub fn try_send(&self, command: Command) -> Result<Pending, OperatorError> {
        let (answer, pending) = oneshot::channel();
        if command.is_for_recorder() {
            let recorder = self.recorder.as_ref().ok_or(OperatorError::CannotRecord)?;
            return match recorder.try_send(RecorderInput::Command((command, answer))) {
                Ok(()) => Ok(Pending(pending)),
                Err(blocking::TrySendError::Full(_)) => Err(OperatorError::Busy),
                Err(blocking::TrySendError::Disconnected(_)) => Err(OperatorError::Stopped),
            };
        }
        let commands = if command.is_for_player() {
            self.player.as_ref().ok_or(OperatorError::CannotReplay)?
        } else {
            &self.commands
        };
        match commands.try_send((command, answer)) {
            Ok(()) => Ok(Pending(pending)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(OperatorError::Busy),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(OperatorError::Stopped),
        }
    }

    /// Sends a command and waits for the answer.
    ///
    /// # Errors
    /// Why the command was not carried out.
    pub async fn execute(&self, command: Command) -> Result<Done, OperatorError> {
        self.try_send(command)?.answer().await
    }

    /// Subscribes to snapshots. The hub builds them while there is a reader.
    pub fn watch(&self) -> SnapshotReader {
        SnapshotReader { snapshots: self.snapshots.subscribe(), hub: self.commands.clone() }
    }

    /// Chooses what later snapshots show in full.
    pub fn focus(&self, focus: Focus) {
        self.focus.send_if_modified(|current| {
            let changed = *current != focus;
            *current = focus;
            changed
        });
    }

    /// Whether the server has stopped, so that it takes no more commands.
    pub fn is_stopped(&self) -> bool {
        self.commands.is_closed()
    }

    /// Tells the recorder that the server has stopped. Blocks while its queue is full.
    #[cfg(feature = "recording")]
    pub(crate) fn close_recorder(&self) {
        if let Some(recorder) = &self.recorder {
            // If it has ended, there is nothing to complete.
            let _ = recorder.send(RecorderInput::Close);
        }
    }

    /// Asks the server to stop: it tells every client with close 1001 and drains.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

/// Reads snapshots, each shared and complete.
#[derive(Debug)]
pub struct SnapshotReader {
    snapshots: watch::Receiver<Arc<Snapshot>>,
    /// Closed once the hub is gone; the snapshots' channel is not, while an [`Operator`] exists.
    hub: mpsc::Sender<CommandRequest>,
}

impl SnapshotReader {
    /// The newest snapshot; the empty one with serial 0 until the first is built.
    pub fn latest(&mut self) -> Arc<Snapshot> {
        // Cloned at once: a reader that keeps the borrow stalls the hub.
        self.snapshots.borrow_and_update().clone()
    }

    /// Waits for a snapshot newer than the last one read; `None` once the server has stopped.
    pub async fn next(&mut self) -> Option<Arc<Snapshot>> {
        tokio::select! {
            changed = self.snapshots.changed() => changed.ok()?,
            () = self.hub.closed() => return None,
        }
        Some(self.latest())
    }
}
