//! The operator's terminal: taken over, written to without ever blocking, and given back.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::termios::{OptionalActions, Termios};

use crate::clock;

// Alternate screen, hidden cursor, bracketed paste.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[2J";
const LEAVE: &[u8] = b"\x1b[0m\x1b[?2004l\x1b[?25h\x1b[?1049l";

// Buttons and the wheel (1000) in SGR form (1006). Motion would only cost.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// How long to wait for a terminal that accepts nothing, when giving it back.
const LEAVE_DEADLINE: Duration = Duration::from_millis(300);

/// What the terminal is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) input: bool,
    pub(crate) gone: bool,
}

/// The terminal while the console owns it. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Tty(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    file: File,
    before: Termios,
    mouse: bool,
    taken: AtomicBool,
    /// Output that the terminal has not accepted yet: at most one frame.
    pending: Mutex<Vec<u8>>,
}

impl Tty {
    /// Takes the terminal over.
    pub(crate) fn take_over(mouse: bool) -> io::Result<Self> {
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

    /// Sets the terminal up; again, if the shell had it in between.
    pub(crate) fn set_up(&mut self) -> io::Result<()> {
        let mut raw = self.0.before.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(&self.0.file, OptionalActions::Now, &raw)?;
        self.write_all(ENTER)?;
        if self.0.mouse {
            self.write_all(MOUSE_ON)?;
        }
        self.flush()
    }

    /// Restores the terminal as it was. Later calls do nothing.
    pub(crate) fn give_back(&self) {
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
        let start = clock::monotonic();
        let mut rest = &bytes[..];
        while !rest.is_empty() && start.elapsed() < LEAVE_DEADLINE {
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

    /// Returns whether the terminal accepts less than it is sent.
    pub(crate) fn is_stalled(&self) -> bool {
        !self.0.pending.lock().is_empty()
    }

    /// Waits for input, for `wake`, or, when stalled, until it accepts output; at most `timeout`.
    pub(crate) fn wait(
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

    /// Reads all available input. Fails with `UnexpectedEof` if the terminal is gone.
    pub(crate) fn read(&self, into: &mut impl FnMut(&[u8])) -> io::Result<()> {
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
    pub(crate) fn size(&self) -> io::Result<(u16, u16)> {
        let size = rustix::termios::tcgetwinsize(&self.0.file)?;
        Ok((size.ws_col, size.ws_row))
    }
}

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.pending.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// Writes as much as the terminal accepts without blocking; the rest stays for the next flush.
    /// Once the terminal has been given back, nothing more is written: ratatui's own clean-up
    /// would panic if the terminal is gone.
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

/// Opens the terminal again: flags set on this file, such as `O_NONBLOCK`, are not shared with the
/// shell that started us.
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
