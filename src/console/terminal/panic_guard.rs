//! Panics while the console has the terminal.

use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use super::tty::Tty;

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// While it lives, a panic on the console's thread first gives the terminal back, and a panic on
/// any other thread goes to the log instead of all over the screen.
pub(crate) struct PanicGuard {
    before: Arc<Hook>,
    tty: Tty,
}

impl PanicGuard {
    pub(crate) fn install(tty: &Tty) -> Self {
        let before: Arc<Hook> = Arc::from(std::panic::take_hook());
        let (own, previous, console) = (tty.clone(), before.clone(), thread::current().id());
        std::panic::set_hook(Box::new(move |info| on_panic(info, console, &own, &*previous)));
        Self { before, tty: tty.clone() }
    }
}

impl Drop for PanicGuard {
    fn drop(&mut self) {
        self.tty.give_back();
        if !thread::panicking() {
            let before = self.before.clone();
            std::panic::set_hook(Box::new(move |info| before(info)));
        }
    }
}

fn on_panic(info: &PanicHookInfo<'_>, console: ThreadId, tty: &Tty, previous: &Hook) {
    if thread::current().id() == console {
        tty.give_back();
        previous(info);
        return;
    }
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let name = thread::current().name().unwrap_or("unnamed").to_owned();
    tracing::error!(target: "vrlobby::panic", thread = name, place, "a task panicked: {message}");
}
