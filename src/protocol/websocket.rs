//! WebSocket frames (RFC 6455): reading what clients send, headers of what the server sends.
//!
//! The layout of headers is tungstenite's. Its reader isn't used, by choice:
//! - An idle connection holds no buffer here; tungstenite keeps one for each connection, as large
//!   as the largest message it ever needed.
//! - A declared length reserves nothing here, and a fragment is refused by its header if the sum
//!   of fragments is too large; tungstenite reserves a frame's length before its bytes arrive.
//! - Text that isn't UTF-8 is refused as soon as the bad bytes have arrived, not at the end of the
//!   frame (RFC 6455, section 8.1; Autobahn's cases 6.4 ask for it strictly).
//! - A message that arrives whole is lent from the buffer that it was read into, not copied.
//!
//! A test holds both readers to the same messages and verdicts.

mod close;
mod frame;
mod header;
mod incoming;
mod mask;
mod message;
mod reader;

pub use close::{CloseReason, close_frame};
pub use frame::{MAX_CONTROL, MAX_HEADER, OpCode, control_frame};
pub use incoming::{Incoming, Receiver};
pub use reader::FrameReader;

pub(crate) use frame::write_header;
