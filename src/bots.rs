//! Simulated headsets: life in the rooms of a server, and a measure of how well it serves them.
//!
//! Each bot is a client of its own, over the wire contract alone: it logs in, joins its room,
//! walks about, looks at others and, if asked to, talks. What they saw is a [`Report`].

mod chat;
mod connect;
mod hall;
mod headset;
mod histogram;
mod motion;
mod names;
mod report;
mod wire;

use std::future::Future;
use std::io::Write as _;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

pub use self::report::{ChatReport, Report, RoomReport, Ticks, UserReport};

use self::connect::Target;
use self::hall::Hall;
use self::headset::{Headset, Stage};
use crate::config::DEFAULT_PORT;

/// How many bots there may be.
pub const USERS_RANGE: RangeInclusive<usize> = 1..=5000;
/// How many rooms they may be spread over.
pub const ROOMS_RANGE: RangeInclusive<usize> = 1..=1000;
/// Poses a second that each bot may send.
pub const HZ_RANGE: RangeInclusive<f64> = 0.1..=240.0;

/// From one line of progress to the next.
const LINE_INTERVAL: Duration = Duration::from_secs(5);
/// Measuring starts at the latest this long after the first bot has connected.
const ARRIVAL_PATIENCE: Duration = Duration::from_secs(60);
/// Ticks that are under way when sending stops have this long to come, and chat longer.
const TICK_PATIENCE: Duration = Duration::from_millis(100);
const CHAT_PATIENCE: Duration = Duration::from_secs(3);
/// All bots leave within this time.
const LEAVE_PATIENCE: Duration = Duration::from_secs(5);

/// What bots are to do.
#[derive(Clone, Debug, PartialEq)]
pub struct BotOptions {
    /// The server: `ws://host[:port][/path]`. `ws://` may be left out; the port is 42069 if none
    /// is given.
    pub url: String,
    /// How many, within [`USERS_RANGE`].
    pub users: usize,
    /// In how many rooms, within [`ROOMS_RANGE`]; with more rooms than users some stay empty.
    pub rooms: usize,
    /// Poses a second that each sends, within [`HZ_RANGE`].
    pub hz: f64,
    /// Whether they talk and press buttons, each every 5 to 20 s.
    pub chat: bool,
    /// How long to go on once all have arrived, in seconds; none for until told to stop.
    pub seconds: Option<f64>,
    /// Equal seeds walk equal paths.
    pub seed: u64,
}

impl Default for BotOptions {
    fn default() -> Self {
        Self {
            url: format!("ws://127.0.0.1:{DEFAULT_PORT}"),
            users: 20,
            rooms: 2,
            hz: 30.0,
            chat: false,
            seconds: None,
            seed: 1,
        }
    }
}

impl BotOptions {
    fn check(&self) -> Result<(), BotsError> {
        let bad = |name, value: String, allowed: &'static str| {
            Err(BotsError::BadOption { name, value, allowed })
        };
        if !USERS_RANGE.contains(&self.users) {
            return bad("users", self.users.to_string(), "1 to 5000");
        }
        if !ROOMS_RANGE.contains(&self.rooms) {
            return bad("rooms", self.rooms.to_string(), "1 to 1000");
        }
        if !HZ_RANGE.contains(&self.hz) {
            return bad("hz", self.hz.to_string(), "0.1 to 240");
        }
        match self.seconds {
            // A year: what is longer need not end by itself.
            Some(seconds) if !(seconds > 0.0 && seconds <= 31_536_000.0) => {
                bad("seconds", seconds.to_string(), "more than 0, up to 31536000")
            }
            _ => Ok(()),
        }
    }
}

/// Why no bot got anywhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BotsError {
    /// A setting outside its range.
    #[error("--{name} {value} is out of range: it is {allowed}")]
    BadOption {
        /// The setting.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is allowed.
        allowed: &'static str,
    },
    /// The address is not one.
    #[error("{url:?} is no address of a server: {reason}; give --url ws://host:port")]
    BadUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The connection was refused.
    #[error("nothing listens at {url}; start the server with `vrlobby` or give --url")]
    NothingListens {
        /// The server's address.
        url: String,
    },
    /// There was no way to connect.
    #[error("{url} can't be reached: {reason}; check the address, the network and `ulimit -n`")]
    Unreachable {
        /// The server's address.
        url: String,
        /// What the system said.
        reason: String,
    },
    /// Something answers, but not as a WebSocket.
    #[error("what listens at {url} is no vrlobby server: {reason}; give its address with --url")]
    NoWebSocket {
        /// The server's address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The handshake was answered with an HTTP error.
    #[error("{url} turned the bots away with HTTP {status} {reason}; see the server's limits")]
    TurnedAway {
        /// The server's address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the server said.
        reason: String,
    },
    /// Connected, but no bot was let into its room.
    #[error("{url} let no bot in: {reason}; see the server's log")]
    NobodyGotIn {
        /// The server's address.
        url: String,
        /// What the server said, or what was missing.
        reason: String,
    },
}

/// Lets bots live on a server until `stop` is ready, [`BotOptions::seconds`] are over, or all of
/// them have been sent away. Says once every 5 s on standard output what they see.
///
/// # Errors
/// An option out of range; a server that can't be reached or lets nobody in. What goes wrong
/// later, when some bots have been in, is in the report.
pub async fn run(options: BotOptions, stop: impl Future) -> Result<Report, BotsError> {
    options.check()?;
    let members = options.users.div_ceil(options.rooms.min(options.users));
    let target = Target::parse(&options.url, members)?;
    let hall = Arc::new(Hall::new(options, target));
    let mut stop = std::pin::pin!(stop);
    // The first connection tells whether there is a server; only then all the others come.
    let first = tokio::select! {
        first = hall.target.connect() => first?,
        _ = &mut stop => return Ok(Report::of(&hall, Instant::now(), Instant::now())),
    };
    let (stage, watching) = watch::channel(Stage::Running);
    let mut first = Some(first);
    let mut bots = JoinSet::new();
    for index in 0..hall.options.users {
        bots.spawn(Headset::new(&hall, index, watching.clone()).live(first.take()));
    }
    drop(watching);

    let arrived = live(&hall, &mut bots, stop).await;
    let end = Instant::now();
    stage.send_replace(Stage::Listening);
    settle(&hall).await;
    let report = Report::of(&hall, arrived.unwrap_or(end), end);
    stage.send_replace(Stage::Leaving);
    let everyone_leaves = async { while bots.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(LEAVE_PATIENCE, everyone_leaves).await;

    match report.gave_up.keys().next() {
        Some(reason) if report.users.iter().all(|user| user.in_room_s == 0.0) => {
            Err(BotsError::NobodyGotIn { url: report.url, reason: reason.clone() })
        }
        _ => Ok(report),
    }
}

/// Waits for the end of the run, and says when all had arrived, if they had.
async fn live(hall: &Hall, bots: &mut JoinSet<()>, stop: impl Future) -> Option<Instant> {
    let mut stop = std::pin::pin!(stop);
    let mut arrivals = hall.arrived.subscribe();
    let everyone = arrivals.wait_for(|arrived| *arrived >= hall.options.users);
    let mut everyone = std::pin::pin!(tokio::time::timeout(ARRIVAL_PATIENCE, everyone));
    let mut arrived = None;
    let mut over = std::pin::pin!(sleep(Duration::MAX));
    let mut lines = interval(LINE_INTERVAL);
    lines.set_missed_tick_behavior(MissedTickBehavior::Skip);
    lines.reset();
    let mut last_line = Instant::now();
    loop {
        tokio::select! {
            _ = &mut stop => return arrived,
            () = &mut over, if arrived.is_some() => return arrived,
            _ = &mut everyone, if arrived.is_none() => {
                let now = Instant::now();
                hall.restart_counts();
                (arrived, last_line) = (Some(now), now);
                lines.reset();
                if let Some(seconds) = hall.options.seconds {
                    over.as_mut().reset((now + Duration::from_secs_f64(seconds)).into());
                }
            }
            _ = lines.tick() => {
                let now = Instant::now();
                let line = report::progress(hall, last_line, now);
                last_line = now;
                // A reader that has gone is no reason to stop.
                let _ = writeln!(std::io::stdout(), "{line}");
            }
            ended = bots.join_next() => match ended {
                Some(Ok(())) => {}
                Some(Err(error)) => hall.mishaps.lock().gave_up(format!("a fault: {error}")),
                None => return arrived,
            }
        }
    }
}

/// Gives what is under way time to come.
async fn settle(hall: &Hall) {
    sleep(TICK_PATIENCE).await;
    let until = Instant::now() + CHAT_PATIENCE;
    let all_heard = || hall.rooms.iter().all(|room| room.ledger.lock().is_settled());
    while !all_heard() && Instant::now() < until {
        sleep(TICK_PATIENCE / 5).await;
    }
}
