//! Which lines of the log are shown: level, target, and how far it is scrolled back.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use log::LevelFilter;
use parking_lot::Mutex;
use tui_logger::{TuiWidgetEvent, TuiWidgetState};

use crate::model::LogLevel;

/// The target under which tui-logger reports lines it has lost: always shown.
const LOSSES: &str = "TuiLogger";

/// Targets that can be chosen before they have logged a line.
const ALWAYS: [&str; 2] = ["vrlobby::operator", "vrlobby::panic"];

/// How many targets are remembered for completion.
const TARGETS: usize = 64;

/// The log pane's state. The lines themselves are in tui-logger's buffer.
pub(crate) struct LogView {
    state: TuiWidgetState,
    shown: LogLevel,
    target: Option<String>,
    /// Targets that have logged a line, collected while drawing.
    seen: Arc<Mutex<BTreeSet<String>>>,
    scrolled: usize,
    changes: u64,
    #[cfg(test)]
    only: Option<&'static str>,
}

impl fmt::Debug for LogView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut view = f.debug_struct("LogView");
        view.field("shown", &self.shown).field("target", &self.target).finish_non_exhaustive()
    }
}

impl LogView {
    pub(crate) fn new(shown: LogLevel) -> Self {
        let mut view = Self {
            state: TuiWidgetState::new(),
            shown,
            target: None,
            seen: Arc::new(Mutex::new(ALWAYS.iter().map(|target| (*target).to_owned()).collect())),
            scrolled: 0,
            changes: 0,
            #[cfg(test)]
            only: None,
        };
        view.rebuild();
        view
    }

    /// A view of one target only, since all tests of a process share one log.
    #[cfg(test)]
    pub(crate) fn only(shown: LogLevel, target: &'static str) -> Self {
        let mut view = Self { only: Some(target), ..Self::new(shown) };
        view.rebuild();
        view
    }

    pub(crate) fn state(&self) -> &TuiWidgetState {
        &self.state
    }

    pub(crate) fn shown(&self) -> LogLevel {
        self.shown
    }

    pub(crate) fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    pub(crate) fn is_scrolled(&self) -> bool {
        self.scrolled > 0
    }

    /// Grows whenever something other than a new line changes what is shown.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    pub(crate) fn show(&mut self, level: LogLevel) {
        self.shown = level;
        self.rebuild();
    }

    /// Shows only targets that contain `target`, or all.
    pub(crate) fn show_target(&mut self, target: Option<String>) {
        self.target = target;
        self.rebuild();
    }

    /// Scrolls back by a page.
    pub(crate) fn back(&mut self) {
        self.state.transition(TuiWidgetEvent::PrevPageKey);
        self.scrolled += 1;
        self.changes += 1;
    }

    /// Scrolls forward by a page.
    pub(crate) fn forward(&mut self) {
        self.scrolled = self.scrolled.saturating_sub(1);
        let event = match self.scrolled {
            0 => TuiWidgetEvent::EscapeKey,
            _ => TuiWidgetEvent::NextPageKey,
        };
        self.state.transition(event);
        self.changes += 1;
    }

    /// Scrolls to the newest line.
    pub(crate) fn newest(&mut self) {
        self.state.transition(TuiWidgetEvent::EscapeKey);
        self.scrolled = 0;
        self.changes += 1;
    }

    /// The targets that have logged a line so far.
    pub(crate) fn targets(&self) -> Vec<String> {
        self.seen.lock().iter().cloned().collect()
    }

    /// Collects targets while drawing.
    pub(crate) fn seen_targets(&self) -> SeenTargets {
        SeenTargets(self.seen.clone())
    }

    fn rebuild(&mut self) {
        let level = filter(self.shown);
        let mut chosen = match &self.target {
            Some(text) => self.targets().into_iter().filter(|seen| seen.contains(text)).collect(),
            None => Vec::new(),
        };
        #[cfg(test)]
        if self.target.is_none() {
            chosen.extend(self.only.map(str::to_owned));
        }
        // A target may be typed in full before it has logged a line.
        chosen.extend(self.target.clone());
        let rest = if chosen.is_empty() { level } else { LevelFilter::Off };
        let mut state = TuiWidgetState::new()
            .set_default_display_level(rest)
            .set_level_for_target(LOSSES, LevelFilter::Trace);
        for target in chosen {
            state = state.set_level_for_target(&target, level);
        }
        self.state = state;
        self.scrolled = 0;
        self.changes += 1;
    }
}

/// Collects the targets of the lines that are drawn.
#[derive(Clone, Debug)]
pub(crate) struct SeenTargets(Arc<Mutex<BTreeSet<String>>>);

impl SeenTargets {
    pub(crate) fn add(&self, target: &str) {
        let mut seen = self.0.lock();
        if seen.len() < TARGETS && !seen.contains(target) {
            seen.insert(target.to_owned());
        }
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::Error,
        LogLevel::Warn => LevelFilter::Warn,
        LogLevel::Info => LevelFilter::Info,
        LogLevel::Debug => LevelFilter::Debug,
        LogLevel::Trace => LevelFilter::Trace,
    }
}

/// The next more detailed level; errors only after the most detailed.
pub(crate) fn next_level(level: LogLevel) -> LogLevel {
    let at = LogLevel::ALL.iter().position(|other| *other == level).unwrap_or(0);
    LogLevel::ALL[(at + 1) % LogLevel::ALL.len()]
}
