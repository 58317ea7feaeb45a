//! The terminal's life and the loop in between.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::style::force_color_output;
use ratatui::layout::Rect;
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGWINCH};

use super::app::{App, Ticket};
use super::input::Reader;
use super::signals::Signals;
use super::terminal::{PanicGuard, Tty};
use super::theme::Theme;
use super::update::{Effect, Event, update};
use super::view::draw;
use super::{ConsoleError, ConsoleExit, ConsoleOptions};
use crate::operator::{Operator, Pending, SnapshotReader};

/// Frames are at least this far apart, whatever is typed: about 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// How often it is looked whether there is a new snapshot; they come at most every 100 ms.
const LOOK: Duration = Duration::from_millis(50);

/// How often it is looked for an answer while one is due: well within 100 ms.
const ANSWER: Duration = Duration::from_millis(10);

/// A command that has no answer after this long says so.
const LATE: Duration = Duration::from_millis(80);

/// How long the rest of a key's sequence is waited for.
const SEQUENCE: Duration = Duration::from_millis(40);

/// A terminal that has taken nothing for this long is not drawn for, so no snapshot is built.
const STALLED: Duration = Duration::from_secs(2);

/// Shows the console on this process's terminal until it ends, then gives the terminal back.
///
/// To be called on the main thread. Nothing is asked of the server at the end: who called
/// stops it, or lets it go on without a console.
///
/// # Errors
/// [`ConsoleError::NoTerminal`] if there is none, [`ConsoleError::Signals`] if signals can't be
/// listened to, [`ConsoleError::Terminal`] if the terminal fails without being gone.
pub fn run(operator: Operator, options: ConsoleOptions) -> Result<ConsoleExit, ConsoleError> {
    let theme = Theme::detect(|name| std::env::var(name).ok());
    // With NO_COLOR, crossterm would send resets that erase bold and reversed text too; not
    // sending colours is the view's affair.
    force_color_output(true);
    let signals = Signals::listen().map_err(ConsoleError::Signals)?;
    let tty = Tty::take_over(options.mouse).map_err(ConsoleError::NoTerminal)?;
    let _guard = PanicGuard::install(&tty);
    let app = App::new(operator.info().clone(), theme, TimeZone::system());
    let terminal =
        Terminal::new(CrosstermBackend::new(tty.clone())).map_err(ConsoleError::Terminal)?;
    let reader = Some(operator.watch());
    let now = Instant::now();
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
        looked_at: now,
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

/// Whether an error says that there is no terminal any more: EIO is what a closed one gives.
fn is_gone(error: &io::Error) -> bool {
    let eio = rustix::io::Errno::IO.raw_os_error();
    error.kind() == io::ErrorKind::UnexpectedEof || error.raw_os_error() == Some(eio)
}

/// A command on its way.
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
    /// None while nobody looks, so that the server builds nothing.
    reader: Option<SnapshotReader>,
    input: Reader,
    pending: Vec<Sent>,
    dirty: bool,
    drawn_at: Instant,
    looked_at: Instant,
    flowing_at: Instant,
    serial: u64,
}

impl Console {
    fn run(&mut self) -> io::Result<ConsoleExit> {
        loop {
            let ready = self.tty.wait(self.signals.wake(), self.timeout())?;
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
            if self.take_input(ready.input)? {
                return Ok(ConsoleExit::Quit);
            }
            self.take_answers();
            self.take_snapshot()?;
            self.expire();
            self.tty.flush()?;
            self.draw()?;
        }
    }

    /// How long nothing can happen but input.
    fn timeout(&self) -> Duration {
        let now = Instant::now();
        let mut timeout = LOOK;
        if !self.pending.is_empty() {
            timeout = timeout.min(ANSWER);
        }
        if self.input.is_waiting() {
            timeout = timeout.min(SEQUENCE);
        }
        if self.dirty && !self.tty.is_stalled() {
            timeout = timeout.min((self.drawn_at + FRAME).saturating_duration_since(now));
        }
        timeout
    }

    /// Takes all that was typed; whether it is the end.
    fn take_input(&mut self, ready: bool) -> io::Result<bool> {
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
        for input in inputs {
            if self.update(Event::Input(input))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes an event in and carries out what follows; whether it is the end.
    fn update(&mut self, event: Event) -> io::Result<bool> {
        self.dirty = true;
        let now = Instant::now();
        for effect in update(&mut self.app, event, now) {
            match effect {
                Effect::Send(ticket, command) => match self.operator.try_send(command.clone()) {
                    Ok(answer) => {
                        self.pending.push(Sent { ticket, answer, at: now, late: false });
                    }
                    Err(error) => {
                        // What reaches the server, it logs itself.
                        tracing::warn!(target: "vrlobby::operator", ?command, "not sent: {error}");
                        // Answers have no effects of their own.
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

    fn take_answers(&mut self) {
        let now = Instant::now();
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

    /// Takes the newest snapshot, if somebody is there to see it.
    fn take_snapshot(&mut self) -> io::Result<()> {
        let now = Instant::now();
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
        self.update(Event::Snapshot(snapshot)).map(drop)
    }

    fn expire(&mut self) {
        let now = Instant::now();
        let due = self.app.toasts.iter().any(|toast| toast.until <= now);
        if due {
            update(&mut self.app, Event::Clock, now);
            self.dirty = true;
        }
        // Lines of the log come without a snapshot too.
        if now.duration_since(self.looked_at) >= LOOK * 10 && !self.app.frozen {
            self.looked_at = now;
            self.dirty = true;
        }
    }

    /// Draws if there is something new, the last frame is long enough ago, and the terminal has
    /// taken it whole.
    fn draw(&mut self) -> io::Result<()> {
        let now = Instant::now();
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
