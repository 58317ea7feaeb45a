//! A replay on a thread of its own, and the handle on it.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};

use super::engine::Engine;
use super::error::ReplayError;
use super::lateness::Lateness;
use super::link::Link;
use super::loader::Loader;
use super::options::ReplayOptions;
use super::roster::Roster;
use super::scheduler::{Plan, Scheduler, duration};
use super::shared::Shared;
use super::timeline::Timeline;
use crate::archive::{Archive, Selection};
use crate::client::Target;
use crate::model::{ReplayControl, ReplayMarker, ReplayProgress};

/// Controls that may wait.
const CONTROLS: usize = 64;

/// A replay. Dropping it stops the replay without waiting: all ghosts leave.
#[derive(Debug)]
pub struct Player {
    controls: mpsc::Sender<ReplayControl>,
    progress: watch::Receiver<ReplayProgress>,
    started: Option<oneshot::Receiver<()>>,
    outcome: oneshot::Receiver<Result<(), ReplayError>>,
}

impl Player {
    /// Starts a replay on a thread of its own.
    ///
    /// # Errors
    /// If an option is out of range, or there is no thread. Whether the recording can be read and
    /// the server be reached is what [`Self::started`] tells.
    pub fn start(options: ReplayOptions) -> Result<Self, ReplayError> {
        options.check()?;
        let initial = ReplayProgress {
            file: options.file.clone(),
            into: options.into.clone(),
            speed: options.speed,
            paused: options.start_paused,
            seeking: true,
            ..ReplayProgress::default()
        };
        let (controls, asked) = mpsc::channel(CONTROLS);
        let (publish, progress) = watch::channel(initial);
        let (begun, started) = oneshot::channel();
        let (ended, outcome) = oneshot::channel();
        let thread = std::thread::Builder::new().name("replay".to_owned());
        thread.spawn(move || {
            // Nobody may be left to tell.
            let _ = ended.send(replay(&options, asked, publish, begun));
        })?;
        Ok(Self { controls, progress, started: Some(started), outcome })
    }

    /// Waits until the recording is open and the server has answered.
    ///
    /// # Errors
    /// Why the replay can't start.
    pub async fn started(&mut self) -> Result<(), ReplayError> {
        let Some(started) = &mut self.started else { return Ok(()) };
        let has_started = started.await.is_ok();
        self.started = None;
        if has_started { Ok(()) } else { self.ended().await }
    }

    /// Has something done. Returns whether there was room for it: at most 64 may wait.
    pub fn control(&self, control: ReplayControl) -> bool {
        self.controls.try_send(control).is_ok()
    }

    /// How far it has got.
    pub fn progress(&self) -> ReplayProgress {
        self.progress.borrow().clone()
    }

    /// Waits for progress, which comes at most 20 times a second, or breaks with the outcome of
    /// [`Self::ended`].
    pub async fn progressed(&mut self) -> ControlFlow<Result<(), ReplayError>> {
        tokio::select! {
            // There is no more progress once it has ended.
            Ok(()) = self.progress.changed() => ControlFlow::Continue(()),
            outcome = &mut self.outcome => ControlFlow::Break(outcome_of(outcome)),
        }
    }

    /// Waits until it has come to the end. To be called only once after that.
    ///
    /// # Errors
    /// Why it ended before.
    pub async fn ended(&mut self) -> Result<(), ReplayError> {
        outcome_of((&mut self.outcome).await)
    }

    /// Stops it; returns once all ghosts have left, and how far it came.
    ///
    /// # Errors
    /// Why it had ended before.
    pub async fn stop(self) -> Result<ReplayProgress, ReplayError> {
        let Self { controls, progress, outcome, .. } = self;
        drop(controls);
        outcome_of(outcome.await)?;
        let progress = progress.borrow().clone();
        Ok(progress)
    }
}

fn outcome_of(
    received: Result<Result<(), ReplayError>, oneshot::error::RecvError>,
) -> Result<(), ReplayError> {
    let panicked = || ReplayError::Internal("the replay's thread panicked".to_owned());
    received.unwrap_or_else(|_| Err(panicked()))
}

/// Replays a recording from the beginning to the end.
fn replay(
    options: &ReplayOptions,
    controls: mpsc::Receiver<ReplayControl>,
    progress: watch::Sender<ReplayProgress>,
    started: oneshot::Sender<()>,
) -> Result<(), ReplayError> {
    let archive = Archive::open(&options.file)?;
    let roster = Arc::new(Roster::of(&archive, options.into.as_deref()));
    let plan = plan(&archive, roster.clone(), options)?;
    // Listings and ticks are as large as the largest room.
    let target = Target::parse(&options.url, roster.names.len())?;
    progress.send_modify(|progress| {
        (progress.from, progress.until) = (duration(plan.range.start), duration(plan.range.end));
        progress.position = progress.from;
        progress.people = roster.names.len();
    });
    let loader = Loader::start(Timeline::new(archive, roster.clone(), plan.range.end))?;
    let shared = Arc::new(Shared {
        target,
        roster,
        // A new one each time: a replay must not take over the names of another.
        password: format!("ghost-{:016x}", rand::random::<u64>()),
        online: 0.into(),
        poses: 0.into(),
        skipped: 0.into(),
        refused: 0.into(),
        refusal: Mutex::default(),
        lateness: Mutex::new(Lateness::default()),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Shows whether there is a server, even if nobody is to come for a while.
        Link::open(&shared.target).await?.close().await;
        // Nobody may wait for it.
        let _ = started.send(());
        let scheduler = Scheduler::new(plan, options.speed, options.start_paused);
        Engine::start(scheduler, loader, shared, progress).run(controls).await
    })
}

fn plan(
    archive: &Archive,
    roster: Arc<Roster>,
    options: &ReplayOptions,
) -> Result<Plan, ReplayError> {
    let file = || Path::to_owned(archive.file());
    if roster.names.is_empty() {
        return Err(ReplayError::Nobody(file()));
    }
    let length = archive.about().end;
    let start = options.from.unwrap_or(0);
    let end = options.until.unwrap_or(length).min(length);
    if start >= end {
        let [from, until, length] =
            [start, options.until.unwrap_or(length), length].map(|micros| micros as f64 / 1e6);
        return Err(ReplayError::Nothing { file: file(), from, until, length });
    }
    let selection = Selection { from: Some(start), until: Some(end), ..Selection::default() };
    let mut markers: Vec<_> = archive
        .markers(&selection)?
        .into_iter()
        .map(|marker| ReplayMarker { at: duration(marker.time), label: marker.label })
        .collect();
    markers.sort_by_key(|marker| marker.at);
    Ok(Plan { roster, range: start..end, markers, looping: options.looping })
}
