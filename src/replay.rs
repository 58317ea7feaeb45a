//! Replays a recording: its users come to a running server as ghosts.
