//! Reads a recording ahead, on a thread of its own: reading takes longer than a pose may be late.

use std::sync::mpsc as blocking;

use tokio::sync::mpsc;

use super::timeline::{Keyframe, Timeline, TimelineEvent};
use crate::archive::ArchiveError;

/// Chunks of events that wait to be taken.
const CHUNKS: usize = 2;

/// Something that was read, with the number of the jump that it was read for.
#[derive(Debug)]
pub(super) enum Loaded {
    /// Who is where at the position of the jump.
    Keyframe(u64, Keyframe),
    /// What happens next; `complete` if that is all.
    Events { generation: u64, events: Vec<TimelineEvent>, complete: bool },
    /// The recording can't be read any further.
    Failed(ArchiveError),
}

/// The thread that reads. It ends with this.
#[derive(Debug)]
pub(super) struct Loader {
    jumps: blocking::SyncSender<(u64, i64)>,
    pub(super) loaded: mpsc::Receiver<Loaded>,
}

impl Loader {
    pub(super) fn start(timeline: Timeline) -> std::io::Result<Self> {
        // There is one jump at a time.
        let (jumps, asked) = blocking::sync_channel(1);
        let (sender, loaded) = mpsc::channel(CHUNKS);
        let thread = std::thread::Builder::new().name("replay-loader".to_owned());
        thread.spawn(move || load(timeline, &asked, &sender))?;
        Ok(Self { jumps, loaded })
    }

    /// Reads from a position on. What is still to come of an earlier jump has its number.
    pub(super) fn jump(&self, generation: u64, position: i64) {
        // Fails only once the thread has ended, which `loaded` tells.
        let _ = self.jumps.try_send((generation, position));
    }
}

fn load(
    mut timeline: Timeline,
    asked: &blocking::Receiver<(u64, i64)>,
    sender: &mpsc::Sender<Loaded>,
) {
    let mut next = asked.recv().ok();
    while let Some((generation, position)) = next.take() {
        match load_from(&mut timeline, (generation, position), asked, sender) {
            Ok(jump) => next = jump.or_else(|| asked.recv().ok()),
            Err(error) => {
                // Nobody to tell once the replay is over.
                let _ = sender.blocking_send(Loaded::Failed(error));
                return;
            }
        }
    }
}

/// Reads from a position on, to the end or until another jump is asked for, which is returned.
fn load_from(
    timeline: &mut Timeline,
    (generation, position): (u64, i64),
    asked: &blocking::Receiver<(u64, i64)>,
    sender: &mpsc::Sender<Loaded>,
) -> Result<Option<(u64, i64)>, ArchiveError> {
    let keyframe = timeline.seek(position)?;
    let mut open = sender.blocking_send(Loaded::Keyframe(generation, keyframe)).is_ok();
    while open {
        if let Ok(jump) = asked.try_recv() {
            return Ok(Some(jump));
        }
        let mut events = Vec::new();
        let complete = timeline.read(&mut events)?;
        open = sender.blocking_send(Loaded::Events { generation, events, complete }).is_ok();
        if complete {
            break;
        }
    }
    Ok(None)
}
