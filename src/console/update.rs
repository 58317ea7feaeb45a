//! What the console does when something happens: a function of state, event and time alone.

mod answer;
mod confirm;
mod dispatch;
mod event;
mod filter;
mod form;
mod line;
mod mark;
mod mouse;
mod navigate;
mod perform;
mod prompt;
mod rates;
mod record;
mod replay;
mod screen;
#[cfg(test)]
mod tests;
mod typing;

pub(crate) use dispatch::update;
pub(crate) use event::{Effect, Event};
