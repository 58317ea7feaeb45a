//! The outbox's locks, in one place so that a model test can replace them with loom's.

pub(crate) use parking_lot::Mutex;
