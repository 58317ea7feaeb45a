//! Waits for input, answers, snapshots and signals, feeds them to the update, and draws.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::style::force_color_output;
use ratatui::layout::Rect;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};

use super::input::{Input, Reader};
use super::lifecycle::{ConsoleError, ConsoleExit, ConsoleOptions};
use super::state::{App, Ticket};
use super::terminal::{PanicGuard, Signals, Tty};
use super::theme::Theme;
use super::update::{Effect, Event, update};
use super::view::draw;
use crate::clock;
use crate::operator::{Operator, Pending, SnapshotReader};

/// Frames are at least this far apart, however fast the operator types: about 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// How often to poll for a new snapshot; they are at least 100 ms apart.
const SNAPSHOT_POLL: Duration = Duration::from_millis(50);

/// How often to poll for an answer while one is due: well within 100 ms.
const ANSWER_POLL: Duration = Duration::from_millis(10);

/// How often to draw without a new snapshot, for the log's new lines.
const LOG_POLL: Duration = Duration::from_millis(500);

/// A command that has no answer after this long says so.
const LATE: Duration = Duration::from_millis(80);

/// How long to wait for the rest of a key's sequence.
const SEQUENCE: Duration = Duration::from_millis(40);

/// While the terminal has accepted nothing for this long, no snapshots are built.
const STALLED: Duration = Duration::from_secs(2);

/// Shows the console on this process's terminal until it ends, then gives the terminal back.
///
/// Call it on the main thread. It asks nothing of the server at the end: the caller stops the
/// server, or lets it go on without a console.
///
/// # Errors
/// [`ConsoleError::NoTerminal`] if there is none, [`ConsoleError::Signals`] if signal handlers
/// can't be installed, [`ConsoleError::Terminal`] if the terminal fails without being gone.
pub fn run(operator: Operator, options: ConsoleOptions) -> Result<ConsoleExit, ConsoleError> {
    let signals = Signals::listen().map_err(ConsoleError::Signals)?;
    run_with(operator, options, signals)
}

/// As [`run`], with signals that were listened for earlier: before the server's port was open.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    operator: Operator,
    options: ConsoleOptions,
    signals: Signals,
) -> Result<ConsoleExit, ConsoleError> {
    let theme = Theme::detect(|name| std::env::var(name).ok());
    // With NO_COLOR, crossterm would send resets that also erase bold and reversed text, so the
    // view sees to it that no colours are sent.
    force_color_output(true);
    let tty = Tty::take_over(options.mouse).map_err(ConsoleError::NoTerminal)?;
    let _guard = PanicGuard::install(&tty);
    let app = App::new(operator.info().clone(), theme, TimeZone::system());
    let terminal =
        Terminal::new(CrosstermBackend::new(tty.clone())).map_err(ConsoleError::Terminal)?;
    let reader = Some(operator.watch());
    let now = now();
    let mut console = Console {
        operator,
        app,
        tty: tty.clone(),
        terminal,
        signals,
        reader,
        input: Reader::default(),
        pending: Vec::new(),
        dirty: true,
        drawn_at: now.checked_sub(FRAME).unwrap_or(now),
        log_drawn_at: now,
        flowing_at: now,
        serial: 0,
    };
    let exit = console.run();
    tty.give_back();
    match exit {
        Ok(exit) => Ok(exit),
        Err(error) if is_gone(&error) => Ok(ConsoleExit::HungUp),
        Err(error) => Err(ConsoleError::Terminal(error)),
    }
}

/// Returns whether an error means that the terminal is gone: a closed one gives EIO.
fn is_gone(error: &io::Error) -> bool {
    let eio = rustix::io::Errno::IO.raw_os_error();
    error.kind() == io::ErrorKind::UnexpectedEof || error.raw_os_error() == Some(eio)
}

/// A command without an answer so far.
struct Sent {
    ticket: Ticket,
    answer: Pending,
    at: Instant,
    late: bool,
}

struct Console {
    operator: Operator,
    app: App,
    tty: Tty,
    terminal: Terminal<CrosstermBackend<Tty>>,
    signals: Signals,
    /// `None` while nobody is watching, so that the server builds no snapshots.
    reader: Option<SnapshotReader>,
    input: Reader,
    pending: Vec<Sent>,
    dirty: bool,
    drawn_at: Instant,
    log_drawn_at: Instant,
    flowing_at: Instant,
    serial: u64,
}

impl Console {
    fn run(&mut self) -> io::Result<ConsoleExit> {
        loop {
            let ready = self.tty.wait(self.signals.wake(), self.timeout(now()))?;
            for signal in self.signals.take() {
                match signal {
                    SIGINT | SIGTERM => return Ok(ConsoleExit::Signal(signal)),
                    SIGHUP => return Ok(ConsoleExit::HungUp),
                    SIGWINCH => self.dirty = true,
                    SIGCONT => {
                        self.tty.set_up()?;
                        self.redraw()?;
                    }
                    _ => {}
                }
            }
            if ready.gone {
                return Ok(ConsoleExit::HungUp);
            }
            if self.operator.is_stopped() {
                return Ok(ConsoleExit::Stopped);
            }
            let inputs = self.read_input(ready.input)?;
            let now = now();
            for input in inputs {
                if self.update(Event::Input(input), now)? {
                    return Ok(ConsoleExit::Quit);
                }
            }
            self.take_answers(now);
            self.take_snapshot(now)?;
            self.expire(now);
            self.tty.flush()?;
            self.draw(now)?;
        }
    }

    /// How long until there is something to do other than read input.
    fn timeout(&self, now: Instant) -> Duration {
        let mut timeout = SNAPSHOT_POLL;
        if !self.pending.is_empty() {
            timeout = timeout.min(ANSWER_POLL);
        }
        if self.input.is_waiting() {
            timeout = timeout.min(SEQUENCE);
        }
        if self.dirty && !self.tty.is_stalled() {
            timeout = timeout.min((self.drawn_at + FRAME).saturating_duration_since(now));
        }
        timeout
    }

    /// Reads everything that was typed.
    fn read_input(&mut self, ready: bool) -> io::Result<Vec<Input>> {
        if ready {
            let input = &mut self.input;
            self.tty.read(&mut |bytes| input.push(bytes))?;
        }
        let mut inputs = self.input.take(!ready);
        if ready && self.input.is_waiting() {
            let more = self.tty.wait(self.signals.wake(), SEQUENCE)?;
            if more.input {
                let input = &mut self.input;
                self.tty.read(&mut |bytes| input.push(bytes))?;
            }
            inputs.extend(self.input.take(!more.input));
        }
        Ok(inputs)
    }

    /// Updates the state and carries out the effects. Returns whether the console is to end.
    fn update(&mut self, event: Event, now: Instant) -> io::Result<bool> {
        self.dirty = true;
        for effect in update(&mut self.app, event, now) {
            match effect {
                Effect::Send(ticket, command) => match self.operator.try_send(command.clone()) {
                    Ok(answer) => {
                        self.pending.push(Sent { ticket, answer, at: now, late: false });
                    }
                    Err(error) => {
                        // The server logs the commands that reach it.
                        tracing::warn!(target: "vrlobby::operator", ?command, "not sent: {error}");
                        // Answers have no effects.
                        update(&mut self.app, Event::Answer(ticket, Err(error)), now);
                    }
                },
                Effect::Focus(focus) => self.operator.focus(focus),
                Effect::Redraw => self.redraw()?,
                Effect::Exit => return Ok(true),
            }
        }
        Ok(false)
    }

    fn take_answers(&mut self, now: Instant) {
        let mut sent = std::mem::take(&mut self.pending);
        sent.retain_mut(|sent| {
            if let Some(answer) = sent.answer.poll() {
                update(&mut self.app, Event::Answer(sent.ticket, answer), now);
                self.dirty = true;
                return false;
            }
            if !sent.late && now.duration_since(sent.at) >= LATE {
                sent.late = true;
                update(&mut self.app, Event::Late(sent.ticket), now);
                self.dirty = true;
            }
            true
        });
        self.pending = sent;
    }

    /// Takes the newest snapshot, if it would be seen.
    fn take_snapshot(&mut self, now: Instant) -> io::Result<()> {
        if !self.tty.is_stalled() {
            self.flowing_at = now;
        }
        let blind = self.app.frozen || now.duration_since(self.flowing_at) > STALLED;
        if blind {
            self.reader = None;
            return Ok(());
        }
        let operator = &self.operator;
        let reader = self.reader.get_or_insert_with(|| operator.watch());
        let snapshot = reader.latest();
        if snapshot.serial == self.serial {
            return Ok(());
        }
        self.serial = snapshot.serial;
        self.update(Event::Snapshot(snapshot), now).map(drop)
    }

    /// Does what is due by time alone.
    fn expire(&mut self, now: Instant) {
        let due = self.app.toasts.iter().any(|toast| toast.until <= now);
        if due {
            update(&mut self.app, Event::Clock, now);
            self.dirty = true;
        }
        if now.duration_since(self.log_drawn_at) >= LOG_POLL && !self.app.frozen {
            self.log_drawn_at = now;
            self.dirty = true;
        }
    }

    /// Draws if there is something new, the last frame is long enough ago, and the terminal has
    /// accepted all of it.
    fn draw(&mut self, now: Instant) -> io::Result<()> {
        if !self.dirty || self.tty.is_stalled() || now.duration_since(self.drawn_at) < FRAME {
            return Ok(());
        }
        self.dirty = false;
        self.drawn_at = now;
        let app = &self.app;
        let mut drawn = None;
        self.terminal.draw(|frame| drawn = Some(draw(frame, app)))?;
        if let Some(drawn) = drawn {
            self.app.set_drawn(drawn);
        }
        Ok(())
    }

    /// Forgets what is on the screen, so that the next frame is drawn in full.
    fn redraw(&mut self) -> io::Result<()> {
        let (columns, rows) = self.tty.size()?;
        self.terminal.resize(Rect::new(0, 0, columns, rows))?;
        self.dirty = true;
        Ok(())
    }
}

/// The time. The loop reads it once before it waits and once after; everything else is told.
fn now() -> Instant {
    clock::monotonic().into_std()
}
