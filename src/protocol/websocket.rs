//! WebSocket frames (RFC 6455): reading what clients send, headers of what the server sends.
//!
//! The layout of headers is tungstenite's. Its reader isn't used, by choice:
//! - An idle connection holds no buffer here; tungstenite keeps one for each connection, as large
//!   as the largest message it ever needed.
//! - A declared length reserves nothing here, and a fragment is refused by its header if the sum
//!   of fragments is too large; tungstenite reserves a frame's length before its bytes come.
//! - Text that isn't UTF-8 is refused as soon as the bad bytes arrive, not at the end of the
//!   frame (RFC 6455, section 8.1; Autobahn's cases 6.4 ask for it strictly).
//! - A message that comes in one read is borrowed from the buffer that it was read into, not copied.
//!
//! A test checks that both readers see the same messages and errors.

mod close;
mod frame;
mod mask;
mod message;
mod reader;

pub use close::{CloseReason, close_frame};
pub use frame::{MAX_CONTROL, MAX_HEADER, OpCode, control_frame};
pub use reader::{FrameReader, Incoming, Receiver};

pub(crate) use frame::write_header;
