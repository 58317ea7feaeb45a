//! The file of a recording: one SQLite database with a documented, versioned schema.
//!
//! [`Writer`] makes one, [`Archive`] reads one: whole, interrupted, or while it is being written.

mod about;
mod error;
mod last;
mod meta;
mod open;
mod query;
mod read;
mod redact;
mod row;
mod schema;
mod selection;
mod times;
mod write;

pub use self::about::{About, Ending, LeftOut, Person, Room, Stay};
pub use self::error::ArchiveError;
pub use self::query::PoseCursor;
pub use self::read::Archive;
pub use self::redact::{KeyRedaction, Redaction, redact};
pub use self::row::{EventKind, EventRow, LateTick, MarkerRow, PoseRow, ProbeRow, RoundTripRow};
pub use self::schema::{SCHEMA, VERSION};
pub use self::selection::Selection;
pub use self::write::Writer;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
