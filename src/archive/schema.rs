//! The schema and its version.

/// The schema that this version of the program writes and reads.
pub const VERSION: i64 = 1;

/// SQLite's `application_id` of a recording: "VRLB".
pub(super) const APPLICATION_ID: i64 = 0x5652_4c42;

/// The schema as SQL: all tables and views.
pub const SCHEMA: &str = include_str!("schema.sql");
