//! Which lines of the log are shown.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use log::LevelFilter;
use parking_lot::Mutex;
use tui_logger::{TuiWidgetEvent, TuiWidgetState};

use crate::model::LogLevel;

/// Where tui-logger itself says how many lines it has lost: always shown.
pub(super) const LOSSES: &str = "TuiLogger";

/// Targets that can be chosen before a line of theirs was seen.
const ALWAYS: [&str; 2] = ["vrlobby::operator", "vrlobby::panic"];

/// Targets that are remembered for `/`.
const TARGETS: usize = 64;

/// The log pane's state. Lines themselves live in tui-logger's buffer.
pub(super) struct LogView {
    state: TuiWidgetState,
    shown: LogLevel,
    target: Option<String>,
    /// Targets that were seen, filled while drawing.
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
    pub(super) fn new(shown: LogLevel) -> Self {
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

    /// A view that only sees one target, since all tests of a process share one log.
    #[cfg(test)]
    pub(super) fn only(shown: LogLevel, target: &'static str) -> Self {
        let mut view = Self { only: Some(target), ..Self::new(shown) };
        view.rebuild();
        view
    }

    pub(super) fn state(&self) -> &TuiWidgetState {
        &self.state
    }

    pub(super) fn shown(&self) -> LogLevel {
        self.shown
    }

    pub(super) fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    pub(super) fn is_scrolled(&self) -> bool {
        self.scrolled > 0
    }

    /// Counts up when what is shown changes by more than new lines.
    pub(super) fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn show(&mut self, level: LogLevel) {
        self.shown = level;
        self.rebuild();
    }

    /// Shows the targets that contain a text only, or all.
    pub(super) fn aim(&mut self, target: Option<String>) {
        self.target = target;
        self.rebuild();
    }

    pub(super) fn back(&mut self) {
        self.state.transition(TuiWidgetEvent::PrevPageKey);
        self.scrolled += 1;
        self.changes += 1;
    }

    pub(super) fn forward(&mut self) {
        self.scrolled = self.scrolled.saturating_sub(1);
        let event = match self.scrolled {
            0 => TuiWidgetEvent::EscapeKey,
            _ => TuiWidgetEvent::NextPageKey,
        };
        self.state.transition(event);
        self.changes += 1;
    }

    /// Back to the newest line.
    pub(super) fn newest(&mut self) {
        self.state.transition(TuiWidgetEvent::EscapeKey);
        self.scrolled = 0;
        self.changes += 1;
    }

    /// The targets seen so far.
    pub(super) fn targets(&self) -> Vec<String> {
        self.seen.lock().iter().cloned().collect()
    }

    /// Notes targets while drawing.
    pub(super) fn seen(&self) -> Seen {
        Seen(self.seen.clone())
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
        // A target may be typed in full before its first line.
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

/// Notes which targets there are.
#[derive(Clone, Debug)]
pub(super) struct Seen(Arc<Mutex<BTreeSet<String>>>);

impl Seen {
    pub(super) fn note(&self, target: &str) {
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

/// The level after this one, from the most detailed back to errors only.
pub(super) fn next_level(level: LogLevel) -> LogLevel {
    let at = LogLevel::ALL.iter().position(|other| *other == level).unwrap_or(0);
    LogLevel::ALL[(at + 1) % LogLevel::ALL.len()]
}
