//! The recorder: everything that happens, written to an [archive](crate::archive) as it happens.
//!
//! It has a thread of its own, which listens to the hub only while it records: it takes what has
//! queued up every 100 ms and commits it. The hub never waits for it.

mod failure;
mod key;
mod marks;
mod mask;
mod meter;
mod naming;
mod people;
mod place;
mod recorder;
mod reserve;
mod running;
mod scribe;
mod space;
#[cfg(test)]
mod tests;

pub(crate) use self::naming::folder_of;
pub(crate) use self::recorder::{Recorder, RecorderParts};
pub(crate) use self::running::{Opening, QUEUE, Running};
