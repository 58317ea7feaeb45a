//! The locks of the outbox, in one place so that the model test can put loom's in their stead.

pub(crate) use parking_lot::Mutex;
