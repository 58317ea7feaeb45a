//! The outbox's locks and atomics, in one place so that a model test can replace them with loom's.

pub(crate) use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

pub(crate) use parking_lot::Mutex;
