//! The operator's console: the session, live, in a terminal, and one person steering it.
//!
//! It sees the server only through [`crate::operator`], and never waits for anything: neither
//! for the server, to which it sends commands without blocking, nor for the terminal, to which
//! it writes only as much as is taken. What it shows is a pure function of its state, and its
//! state one of the events so far.

mod app;
mod command_line;
mod event_loop;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod frames;
mod input;
mod keymap;
mod line_input;
mod lists;
mod log;
mod map;
mod perform;
mod quality;
mod signals;
mod terminal;
mod text;
mod theme;
mod update;
#[cfg(test)]
mod update_tests;
mod view;

use std::io::{self, IsTerminal};

pub use event_loop::run;
pub use keymap::markdown as keys_as_markdown;

/// How the console behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleOptions {
    /// Whether it takes the mouse; without, the terminal's own selection works.
    pub mouse: bool,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self { mouse: true }
    }
}

/// Why the console ended. The terminal has been given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleExit {
    /// The operator wants the server to stop.
    Quit,
    /// The server has stopped.
    Stopped,
    /// SIGINT or SIGTERM came, of this number.
    Signal(i32),
    /// The terminal is gone: closed, or SIGHUP came. Nothing can be shown any more.
    HungUp,
}

/// The console can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Standard input and output are not both a terminal that can be opened.
    #[error("there is no terminal to draw on ({0}); start with --headless")]
    NoTerminal(#[source] io::Error),
    /// Signals can't be listened to.
    #[error("signals can't be listened to: {0}")]
    Signals(#[source] io::Error),
    /// The terminal can't be written to or read from any more.
    #[error("the terminal failed: {0}")]
    Terminal(#[source] io::Error),
}

/// Whether there is a terminal: both standard input and standard output are one.
pub fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
