//! Records what happens on a server into one file, on a thread of its own.
