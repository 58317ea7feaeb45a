//! Takes a person out of a recording.
