//! The operator's terminal: taken over, written to without ever waiting, and given back.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios};

// Alternate screen, no cursor, pastes marked as such.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[2J";
const LEAVE: &[u8] = b"\x1b[0m\x1b[?2004l\x1b[?25h\x1b[?1049l";

// Presses and the wheel (1000) in SGR form (1006); motion would only cost.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// How long a terminal that takes nothing is waited for when it is given back.
const LEAVE_DEADLINE: Duration = Duration::from_millis(300);

/// What the terminal is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) input: bool,
    pub(super) gone: bool,
}

/// The terminal while the console has it. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Tty(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: File,
    before: Termios,
    mouse: bool,
    taken: AtomicBool,
    /// What the terminal has not taken yet: at most one frame.
    pending: Mutex<Vec<u8>>,
}

impl Tty {
    /// Takes the terminal over.
    pub(super) fn take_over(mouse: bool) -> io::Result<Self> {
        let file = open()?;
        let before = rustix::termios::tcgetattr(&file)?;
        let pending = Mutex::new(Vec::new());
        let taken = AtomicBool::new(true);
        let mut tty = Self(Arc::new(Shared { file, before, mouse, taken, pending }));
        if let Err(error) = tty.set_up() {
            tty.give_back();
            return Err(error);
        }
        Ok(tty)
    }

    /// Sets the terminal up, also once more after the shell had it in between.
    pub(super) fn set_up(&mut self) -> io::Result<()> {
        let mut raw = self.0.before.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(&self.0.file, OptionalActions::Now, &raw)?;
        self.write_all(ENTER)?;
        if self.0.mouse {
            self.write_all(MOUSE_ON)?;
        }
        self.flush()
    }

    /// Gives the terminal back as it was, once; later calls do nothing.
    pub(super) fn give_back(&self) {
        let shared = &*self.0;
        if !shared.taken.swap(false, Ordering::SeqCst) {
            return;
        }
        // In a panic the lock may be held by the very frame that panicked.
        let mut bytes =
            shared.pending.try_lock().map(|mut left| left.split_off(0)).unwrap_or_default();
        if shared.mouse {
            bytes.extend_from_slice(MOUSE_OFF);
        }
        bytes.extend_from_slice(LEAVE);
        let deadline = Instant::now() + LEAVE_DEADLINE;
        let mut rest = &bytes[..];
        while !rest.is_empty() && Instant::now() < deadline {
            match (&shared.file).write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut fds = [PollFd::new(&shared.file, PollFlags::OUT)];
                    let _ = poll(&mut fds, Some(&timespec(Duration::from_millis(50))));
                }
                Err(_) => break,
            }
        }
        let _ = rustix::termios::tcflush(&shared.file, rustix::termios::QueueSelector::IFlush);
        let _ = rustix::termios::tcsetattr(&shared.file, OptionalActions::Now, &shared.before);
    }

    /// Whether the terminal takes less than it is given.
    pub(super) fn is_stalled(&self) -> bool {
        !self.0.pending.lock().is_empty()
    }

    /// Waits for input, for room if stalled, or for `wake`, at most for `timeout`.
    pub(super) fn wait(
        &self,
        wake: &impl std::os::fd::AsFd,
        timeout: Duration,
    ) -> io::Result<Ready> {
        let out = if self.is_stalled() { PollFlags::OUT } else { PollFlags::empty() };
        let mut fds =
            [PollFd::new(&self.0.file, PollFlags::IN | out), PollFd::new(wake, PollFlags::IN)];
        match poll(&mut fds, Some(&timespec(timeout))) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let events = fds[0].revents();
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        Ok(Ready { input: events.contains(PollFlags::IN), gone: events.intersects(gone) })
    }

    /// Reads what is there. `UnexpectedEof` if the terminal is gone.
    pub(super) fn read(&self, into: &mut impl FnMut(&[u8])) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            match (&self.0.file).read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => into(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// The size in columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(&self.0.file)?;
        Ok((size.ws_col, size.ws_row))
    }
}

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.pending.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Writes as much as the terminal takes at once; the rest stays for the next flush. Once the
    /// terminal has been given back, nothing is written any more: ratatui's own clean-up would
    /// panic where the terminal is gone.
    fn flush(&mut self) -> io::Result<()> {
        let mut pending = self.0.pending.lock();
        if !self.0.taken.load(Ordering::SeqCst) {
            pending.clear();
        }
        while !pending.is_empty() {
            match (&self.0.file).write(&pending) {
                Ok(count) => drop(pending.drain(..count)),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Opens the terminal anew: what is set on this file, such as not to block, is not shared with
/// the shell that started us.
fn open() -> io::Result<File> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "there is no terminal"));
    }
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let name = rustix::termios::ttyname(io::stdout(), Vec::new())?;
    let fd = rustix::fs::open(&name, flags, Mode::empty())
        .or_else(|_| rustix::fs::open("/dev/tty", flags, Mode::empty()))?;
    Ok(File::from(fd))
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() }
}

type Hook = dyn Fn(&PanicHookInfo<'_>) + Send + Sync;

/// While it lives, a panic on the console's thread gives the terminal back first, and a panic
/// on any other thread goes to the log instead of across the screen.
pub(super) struct PanicGuard {
    before: Arc<Hook>,
    tty: Tty,
}

impl PanicGuard {
    pub(super) fn install(tty: &Tty) -> Self {
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
