//! What the console does when something happens: a function of state, event and time alone.

mod confirm;
mod dispatch;
mod event;
mod filter;
mod line;
mod mouse;
mod navigate;
mod perform;
mod prompt;
mod rates;
mod screen;
#[cfg(test)]
mod tests;
mod typing;

pub(crate) use dispatch::update;
pub(crate) use event::{Effect, Event};
