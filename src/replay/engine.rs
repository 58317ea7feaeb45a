//! Runs a replay: feeds the scheduler, and has the ghosts do what it says is due.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use super::error::ReplayError;
use super::ghost::Ghost;
use super::loader::{Loaded, Loader};
use super::place::Action;
use super::scheduler::{Actions, Scheduler};
use super::shared::{ACTIONS, Report, Shared};
use crate::clock::{self, Instant};
use crate::model::{ReplayControl, ReplayProgress};

/// How often progress is published.
const PUBLISH: Duration = Duration::from_millis(50);

/// How long all ghosts together may take to leave.
const LEAVE_PATIENCE: Duration = Duration::from_secs(3);

/// Reports that may wait.
const REPORTS: usize = 256;

/// A replay that runs.
pub(super) struct Engine {
    scheduler: Scheduler,
    loader: Loader,
    shared: Arc<Shared>,
    ghosts: Vec<mpsc::Sender<Action>>,
    tasks: JoinSet<Result<(), ReplayError>>,
    reports: mpsc::Receiver<Report>,
    sent_away: usize,
    progress: watch::Sender<ReplayProgress>,
    next_publish: Instant,
    actions: Actions,
}

impl Engine {
    /// Starts a task for each ghost.
    pub(super) fn start(
        scheduler: Scheduler,
        loader: Loader,
        shared: Arc<Shared>,
        progress: watch::Sender<ReplayProgress>,
    ) -> Self {
        let (sender, reports) = mpsc::channel(REPORTS);
        let mut tasks = JoinSet::new();
        let ghosts = (0..shared.roster.names.len()).map(|ghost| {
            let (actions, to_do) = mpsc::channel(ACTIONS);
            tasks.spawn(Ghost::new(ghost, shared.clone(), sender.clone()).run(to_do));
            actions
        });
        let ghosts = ghosts.collect();
        Self {
            scheduler,
            loader,
            shared,
            ghosts,
            tasks,
            reports,
            sent_away: 0,
            progress,
            next_publish: clock::monotonic(),
            actions: Actions::new(),
        }
    }

    /// Replays until the end, or until `controls` is closed; then all ghosts leave.
    ///
    /// # Errors
    /// If the recording can't be read, a ghost loses its connection or is not let in, or all are
    /// sent away.
    pub(super) async fn run(
        mut self,
        mut controls: mpsc::Receiver<ReplayControl>,
    ) -> Result<(), ReplayError> {
        let outcome = self.direct(&mut controls).await;
        self.ghosts.clear();
        let leaving = async { while self.tasks.join_next().await.is_some() {} };
        let _ = timeout(LEAVE_PATIENCE, leaving).await;
        self.publish(clock::monotonic());
        outcome
    }

    async fn direct(
        &mut self,
        controls: &mut mpsc::Receiver<ReplayControl>,
    ) -> Result<(), ReplayError> {
        loop {
            let now = clock::monotonic();
            self.scheduler.run(now, &mut self.actions);
            self.hand_out()?;
            if let Some((generation, position)) = self.scheduler.jump_to_read() {
                self.loader.jump(generation, position);
            }
            if now >= self.next_publish {
                self.next_publish = now + PUBLISH;
                self.publish(now);
            }
            if self.scheduler.is_over() {
                return Ok(());
            }
            let wake = self.scheduler.next_wake(now);
            let wake = wake.map_or(self.next_publish, |wake| wake.min(self.next_publish));
            tokio::select! {
                control = controls.recv() => {
                    let Some(control) = control else { return Ok(()) };
                    self.scheduler.control(control, clock::monotonic());
                    self.next_publish = clock::monotonic();
                }
                loaded = self.loader.loaded.recv(), if self.scheduler.wants_more() => {
                    self.take(loaded)?;
                }
                Some(report) = self.reports.recv() => self.heed(report)?,
                Some(ended) = self.tasks.join_next() => match ended {
                    // They have something to do until the end.
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return Err(error),
                    Err(error) => return Err(ReplayError::Internal(error.to_string())),
                },
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Gives the ghosts what they are to do.
    fn hand_out(&mut self) -> Result<(), ReplayError> {
        for (ghost, action) in self.actions.drain(..) {
            if let Err(mpsc::error::TrySendError::Full(_)) = self.ghosts[ghost].try_send(action) {
                let ghost = self.shared.roster.names[ghost].attempt(0);
                let reason = "it takes too little of what is sent".to_owned();
                return Err(ReplayError::Lost {
                    ghost,
                    url: self.shared.target.url.clone(),
                    reason,
                });
            }
            // One that has ended says why itself.
        }
        Ok(())
    }

    fn take(&mut self, loaded: Option<Loaded>) -> Result<(), ReplayError> {
        match loaded {
            Some(Loaded::Keyframe(generation, keyframe)) => {
                let now = clock::monotonic();
                self.scheduler.take_keyframe(generation, &keyframe, now, &mut self.actions);
                Ok(())
            }
            Some(Loaded::Events { generation, events, complete }) => {
                self.scheduler.take_events(generation, events, complete);
                Ok(())
            }
            Some(Loaded::Failed(error)) => Err(error.into()),
            None => Err(ReplayError::Internal("the thread that reads has ended".to_owned())),
        }
    }

    fn heed(&mut self, report: Report) -> Result<(), ReplayError> {
        match report {
            Report::InPlace { ghost, generation } => {
                self.scheduler.in_place(generation, ghost, clock::monotonic());
            }
            Report::SentAway => {
                self.sent_away += 1;
                if self.sent_away == self.ghosts.len() {
                    return Err(ReplayError::AllGone(self.shared.target.url.clone()));
                }
            }
        }
        Ok(())
    }

    fn publish(&self, now: Instant) {
        let (scheduler, shared) = (&self.scheduler, &*self.shared);
        self.progress.send_modify(|progress| {
            scheduler.fill(progress, now);
            progress.ghosts = shared.online.load(Ordering::Relaxed);
            progress.poses = shared.poses.load(Ordering::Relaxed);
            progress.skipped += shared.skipped.load(Ordering::Relaxed);
            progress.refused = shared.refused.load(Ordering::Relaxed);
            progress.refusal.clone_from(&shared.refusal.lock());
            progress.lateness_p99 = shared.lateness.lock().p99();
        });
    }
}
