//! Text for the screen: safe to print, of known width, and numbers at a glance.

mod cells;
mod numbers;
mod sparkline;

pub(crate) use cells::{cells, cut, left, right, width, wrap};
pub(crate) use numbers::{byte_rate, bytes, clock, fps, millis, offset, rate, short_millis, span};
pub(crate) use sparkline::sparkline;
