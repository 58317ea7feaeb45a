//! The commands that can be typed after `:`: one table that feeds parsing, completion and help.

mod arguments;
mod complete;
mod parse;
mod table;
mod words;

pub(crate) use arguments::set_fps;
pub(crate) use complete::completions;
pub(crate) use parse::{Intent, parse};
pub(crate) use table::VERBS;
