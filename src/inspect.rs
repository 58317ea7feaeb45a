//! Tells what is in a recording: who, when, how well.
