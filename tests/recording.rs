//! Recordings of a whole server over real sockets, read as researchers read them: with SQL.
#![cfg(feature = "recording")]

mod support;

mod recording {
    mod early;
    mod people;
    mod reader;
    mod session;
}
