//! One run: bots come, live on the server, and leave.

use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::error::BotsError;
use super::hall::{Hall, Stage, now};
use super::headset::Headset;
use super::options::BotOptions;
use super::progress;
use super::report::Report;
use super::summary::summarize;
use crate::client::Target;

/// Time between lines of progress.
const LINE_INTERVAL: Duration = Duration::from_secs(5);
/// Measuring starts no later than this after the first bot has connected.
const ARRIVAL_PATIENCE: Duration = Duration::from_secs(60);
/// How long to wait for ticks in flight once sending has stopped.
const TICK_PATIENCE: Duration = Duration::from_millis(100);
/// How long to wait for chat in flight.
const CHAT_PATIENCE: Duration = Duration::from_secs(3);
/// How long all bots together may take to leave.
const LEAVE_PATIENCE: Duration = Duration::from_secs(5);

/// Runs bots on a server until `stop` resolves, [`BotOptions::seconds`] have passed, or all bots
/// have been kicked or have given up. Prints a line of progress to stdout every 5 s.
///
/// # Errors
/// If an option is out of range, or the server can't be reached or lets no bot in. Once some bots
/// are in, what goes wrong is in the report instead.
pub async fn run(options: BotOptions, stop: impl Future) -> Result<Report, BotsError> {
    options.check()?;
    let members = options.users.div_ceil(options.rooms.min(options.users));
    let target = Target::parse(&options.url, members)?;
    let hall = Arc::new(Hall::new(options, target));
    let mut stop = std::pin::pin!(stop);
    // The first connection shows whether there is a server; the others follow only then.
    let first = tokio::select! {
        first = hall.target.connect() => first?,
        _ = &mut stop => return Ok(summarize(&hall, now(), now())),
    };
    let (stage, watching) = watch::channel(Stage::Running);
    let mut first = Some(first);
    let mut bots = JoinSet::new();
    for index in 0..hall.options.users {
        bots.spawn(Headset::new(&hall, index, watching.clone()).live(first.take()));
    }
    drop(watching);

    let arrived = live(&hall, &mut bots, stop).await;
    let end = now();
    stage.send_replace(Stage::Listening);
    settle(&hall).await;
    let report = summarize(&hall, arrived.unwrap_or(end), end);
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

/// Waits for the end of the run. Returns when all bots had arrived, if they did.
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
    let mut last_line = now();
    loop {
        tokio::select! {
            _ = &mut stop => return arrived,
            () = &mut over, if arrived.is_some() => return arrived,
            _ = &mut everyone, if arrived.is_none() => {
                let start = now();
                hall.restart_counts();
                (arrived, last_line) = (Some(start), start);
                lines.reset();
                if let Some(seconds) = hall.options.seconds {
                    over.as_mut().reset(start + Duration::from_secs_f64(seconds));
                }
            }
            _ = lines.tick() => {
                let time = now();
                let line = progress::line(hall, last_line, time);
                last_line = time;
                // A closed stdout is no reason to stop.
                let _ = writeln!(std::io::stdout(), "{line}");
            }
            ended = bots.join_next() => match ended {
                Some(Ok(())) => {}
                Some(Err(error)) => hall.mishaps.lock().gave_up(format!("internal error: {error}")),
                None => return arrived,
            }
        }
    }
}

/// Waits for ticks and chat in flight.
async fn settle(hall: &Hall) {
    sleep(TICK_PATIENCE).await;
    let until = now() + CHAT_PATIENCE;
    let all_heard = || hall.rooms.iter().all(|room| room.ledger.lock().is_settled());
    while !all_heard() && now() < until {
        sleep(TICK_PATIENCE / 5).await;
    }
}
