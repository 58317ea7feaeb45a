//! The terminal's life cycle: taken over, watched for signals and panics, and given back.

mod panic_guard;
mod signals;
mod tty;

pub(crate) use panic_guard::PanicGuard;
pub use signals::Signals;
pub(crate) use tty::Tty;
