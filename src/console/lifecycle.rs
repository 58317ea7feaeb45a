//! How the console is started, and how it ends.

use std::io::{self, IsTerminal};

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
    /// SIGINT or SIGTERM arrived; this is its number.
    Signal(i32),
    /// The terminal is gone: closed, or SIGHUP arrived. Nothing can be shown any more.
    HungUp,
}

/// Why the console can't be shown.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Standard input and output are not both a terminal that can be opened.
    #[error("there is no terminal to draw on ({0}); start with --headless")]
    NoTerminal(#[source] io::Error),
    /// Signal handlers can't be installed.
    #[error("can't install signal handlers: {0}")]
    Signals(#[source] io::Error),
    /// Writing to the terminal or reading from it failed.
    #[error("the terminal failed: {0}")]
    Terminal(#[source] io::Error),
}

/// Returns whether there is a terminal: standard input and standard output both have to be one.
pub fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}
