//! What the operator does at the terminal, decoded from bytes. What it means is decided elsewhere.

mod key;
mod reader;

pub(crate) use key::{Input, Key, MouseKind};
pub(crate) use reader::Reader;
