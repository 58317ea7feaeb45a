//! The operator's console: the session, live, in a terminal, and one person steering it.
//!
//! It sees the server only through [`crate::operator`], and never waits for anything: neither for
//! the server, to which it sends commands without blocking, nor for the terminal, to which it
//! writes only as much as is accepted. What it shows is a pure function of its state, and its
//! state a function of the events so far.
//!
//! The rooms, each of which uses only those below it:
//!
//! ```text
//! event_loop                 the only room that waits, sends commands and draws
//! update      view           events change the state; frames show it
//! keymap      verbs          the tables of keys and of typed commands
//! state                      plain data
//! text  theme  input         ┐ the ground: none of these knows another
//! terminal    lifecycle      ┘
//! ```

mod event_loop;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod frames;
mod input;
mod keymap;
mod lifecycle;
mod state;
mod terminal;
mod text;
mod theme;
mod update;
mod verbs;
mod view;

pub use event_loop::{run, run_with};
pub use keymap::markdown as keys_as_markdown;
pub use lifecycle::{ConsoleError, ConsoleExit, ConsoleOptions, has_terminal};
pub use terminal::Signals;
