//! `vrlobby replay`: a replay with one line about it, and keys to steer it.

use std::io::{IsTerminal, Write, stdin, stdout};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::mpsc as blocking;
use std::time::Duration;

use crossterm::event::{Event, poll, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};
use tokio::sync::mpsc;

use super::error::ReplayError;
use super::keys::{HELP, Pressed, meaning};
use super::options::ReplayOptions;
use super::player::Player;
use super::status_line::{clock, line, summary};
use crate::model::ReplayProgress;
use crate::model::text::printable;

/// How long reading a key takes to notice that no more are wanted.
const KEY_POLL: Duration = Duration::from_millis(50);

/// Keys that may wait.
const KEYS: usize = 64;

/// Back to the beginning of the line, and clear it.
const CLEAR_LINE: &str = "\r\x1b[K";

/// Replays a recording until its end, until the operator quits, or until `stop` resolves. On a
/// terminal it shows how far it has got and takes keys.
///
/// # Errors
/// Why the replay can't start, or ended before.
pub async fn run(options: ReplayOptions, stop: impl Future) -> Result<(), ReplayError> {
    let url = options.url.clone();
    let mut player = Player::start(options)?;
    let mut stop = std::pin::pin!(stop);
    tokio::select! {
        started = player.started() => started?,
        _ = &mut stop => return player.stop().await.map(drop),
    }
    say(&title(&player.progress(), &url));
    let ended = if stdin().is_terminal() && stdout().is_terminal() {
        on_terminal(&mut player, stop).await
    } else {
        tokio::select! {
            ended = player.ended() => Some(ended),
            _ = stop => None,
        }
    };
    let progress = match ended {
        Some(outcome) => outcome.map(|()| player.progress())?,
        None => player.stop().await?,
    };
    say(&summary(&progress));
    Ok(())
}

fn title(progress: &ReplayProgress, url: &str) -> String {
    let file = progress.file.display().to_string();
    let place = match &progress.into {
        Some(room) => format!("{} on {}", printable(room), printable(url)),
        None => printable(url).into_owned(),
    };
    let (from, until) = (clock(progress.from, false), clock(progress.until, false));
    let people = progress.people;
    format!("replaying {}, {from} to {until}, {people} users, into {place}", printable(&file))
}

/// A closed stdout is no reason to stop.
fn say(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}

/// Returns how the replay ended, or `None` if the operator quits or `stop` resolves.
async fn on_terminal(
    player: &mut Player,
    mut stop: Pin<&mut impl Future>,
) -> Option<Result<(), ReplayError>> {
    say(HELP);
    let mut keys = match Keys::read() {
        Ok(keys) => keys,
        Err(error) => return Some(Err(error.into())),
    };
    loop {
        show(&player.progress());
        tokio::select! {
            progressed = player.progressed() => {
                if let ControlFlow::Break(outcome) = progressed {
                    return Some(outcome);
                }
            }
            _ = &mut stop => return None,
            pressed = keys.pressed.recv() => match pressed {
                Some(Pressed::Control(control)) => {
                    // If 64 are waiting, the operator sees that nothing moves.
                    player.control(control);
                }
                Some(Pressed::Quit) | None => return None,
            },
        }
    }
}

fn show(progress: &ReplayProgress) {
    let columns = size().map_or(80, |(columns, _)| columns);
    // A line that fills the last column may wrap.
    let line = line(progress, usize::from(columns).saturating_sub(1));
    let mut out = stdout();
    let _ = write!(out, "{CLEAR_LINE}{line}");
    let _ = out.flush();
}

/// Reads keys on a thread of its own, with the terminal in raw mode, until it is dropped.
struct Keys {
    pressed: mpsc::Receiver<Pressed>,
    /// Dropped to end the thread.
    wanted: Option<blocking::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Keys {
    fn read() -> std::io::Result<Self> {
        let (sender, pressed) = mpsc::channel(KEYS);
        let (wanted, unwanted) = blocking::channel();
        enable_raw_mode()?;
        let thread = std::thread::Builder::new().name("keys".to_owned());
        // Made first, so that raw mode ends even if there is no thread.
        let mut keys = Self { pressed, wanted: Some(wanted), thread: None };
        keys.thread = Some(thread.spawn(move || read_keys(&sender, &unwanted))?);
        Ok(keys)
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.wanted = None;
        if let Some(thread) = self.thread.take() {
            // It ends within KEY_POLL; a panic of its own is printed already.
            let _ = thread.join();
        }
        let _ = write!(stdout(), "{CLEAR_LINE}");
        let _ = disable_raw_mode();
    }
}

fn read_keys(sender: &mpsc::Sender<Pressed>, unwanted: &blocking::Receiver<()>) {
    while unwanted.try_recv() != Err(blocking::TryRecvError::Disconnected) {
        match poll(KEY_POLL) {
            Ok(false) => {}
            Ok(true) => match read() {
                Ok(Event::Key(key)) => {
                    // With the queue full, what is pressed on top of it is of no use.
                    let _ = meaning(key).map(|pressed| sender.try_send(pressed));
                }
                Ok(_) => {}
                Err(_) => return,
            },
            Err(_) => return,
        }
    }
}
