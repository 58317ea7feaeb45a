//! How far an export has come.

use std::ops::ControlFlow;

use super::error::ExportError;

/// How far an export has come, by the poses that it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Poses read.
    pub done: u64,
    /// Poses to read in all.
    pub total: u64,
}

/// Reports the progress, and stops the export when it is told to.
pub(super) struct Meter<'a> {
    report: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    progress: Progress,
}

impl<'a> Meter<'a> {
    pub(super) fn new(report: &'a mut dyn FnMut(Progress) -> ControlFlow<()>) -> Self {
        Self { report, progress: Progress { done: 0, total: 0 } }
    }

    /// Begins again with `total` poses.
    pub(super) fn begin(&mut self, total: u64) -> Result<(), ExportError> {
        self.progress = Progress { done: 0, total };
        self.tell()
    }

    /// `done` poses have been read, in all.
    pub(super) fn reached(&mut self, done: u64) -> Result<(), ExportError> {
        self.progress.done = done;
        self.tell()
    }

    fn tell(&mut self) -> Result<(), ExportError> {
        match (self.report)(self.progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ExportError::Stopped),
        }
    }
}
