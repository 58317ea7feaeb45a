//! Replays recordings within the server's process, as the operator asks: the ghosts connect to the
//! server's own address, like any client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::ControlFlow;

use tokio::sync::watch;

use crate::model::text::printable;
use crate::operator::{Command, Done, OperatorError, PlayerPort, ReplayStatus};
use crate::replay::{Player, ReplayError, ReplayOptions};

/// Carries out the player's commands until nobody can send any, or the server stops.
pub(super) async fn run(
    mut port: PlayerPort,
    listening: SocketAddr,
    mut stopping: watch::Receiver<bool>,
) {
    let mut player: Option<Player> = None;
    loop {
        tokio::select! {
            asked = port.commands.recv() => {
                let Some((command, answer)) = asked else { return };
                let outcome = carry_out(command, &mut player, &port.status, listening).await;
                match &outcome {
                    // What is steered is seen; it would only fill the log.
                    Ok(done) if done.message.is_empty() => {}
                    Ok(done) => tracing::info!(target: "vrlobby::operator", "{}", done.message),
                    Err(error) => {
                        tracing::warn!(target: "vrlobby::operator", "command refused: {error}");
                    }
                }
                // The sender of the command may be gone.
                let _ = answer.send(outcome);
            }
            progressed = progressed(&mut player) => match progressed {
                ControlFlow::Continue(status) => {
                    port.status.send_replace(status);
                }
                ControlFlow::Break(outcome) => {
                    player = None;
                    end(&port.status, outcome.err());
                }
            },
            () = stopped(&mut stopping) => return,
        }
    }
}

/// Resolves once `stopping` is true, or its sender is gone.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    while !*stopping.borrow_and_update() {
        if stopping.changed().await.is_err() {
            return;
        }
    }
}

/// Waits for progress or the end; for ever if nothing runs.
async fn progressed(
    player: &mut Option<Player>,
) -> ControlFlow<Result<(), ReplayError>, ReplayStatus> {
    match player {
        Some(player) => match player.progressed().await {
            ControlFlow::Continue(()) => {
                ControlFlow::Continue(ReplayStatus::Running(player.progress()))
            }
            ControlFlow::Break(outcome) => ControlFlow::Break(outcome),
        },
        None => std::future::pending().await,
    }
}

async fn carry_out(
    command: Command,
    player: &mut Option<Player>,
    status: &watch::Sender<ReplayStatus>,
    listening: SocketAddr,
) -> Result<Done, OperatorError> {
    match (command, player.take()) {
        (Command::StartReplay { path, into }, None) => {
            let url = format!("ws://{}", reachable(listening));
            let options = ReplayOptions { into, ..ReplayOptions::new(path, url) };
            let refused = |error: ReplayError| OperatorError::Replay(error.to_string());
            let mut new = Player::start(options).map_err(refused)?;
            new.started().await.map_err(refused)?;
            let progress = new.progress();
            let file = progress.file.display().to_string();
            let (users, seconds) = (progress.people, (progress.until - progress.from).as_secs());
            let message = format!("replaying {}: {users} users, {seconds} s", printable(&file));
            status.send_replace(ReplayStatus::Running(progress));
            *player = Some(new);
            Ok(Done { message, users })
        }
        (Command::StartReplay { .. }, Some(running)) => {
            let file = running.progress().file;
            *player = Some(running);
            Err(OperatorError::ReplayRuns(file))
        }
        (_, None) => Err(OperatorError::NotReplaying),
        (Command::ControlReplay(control), Some(running)) => {
            let has_room = running.control(control);
            *player = Some(running);
            let done = Done { message: String::new(), users: 0 };
            if has_room { Ok(done) } else { Err(OperatorError::Busy) }
        }
        (_, Some(running)) => {
            let users = running.progress().ghosts;
            let outcome = running.stop().await;
            end(status, outcome.err());
            Ok(Done { message: format!("the replay has stopped; {users} ghosts left"), users })
        }
    }
}

/// Shows that what ran has ended.
fn end(status: &watch::Sender<ReplayStatus>, error: Option<ReplayError>) {
    let error = error.map(|error| error.to_string());
    match &error {
        Some(error) => tracing::warn!("the replay has ended: {error}"),
        None => tracing::info!("the replay has ended"),
    }
    status.send_modify(|status| {
        let progress = status.running().cloned().unwrap_or_default();
        *status = ReplayStatus::Ended { progress, error };
    });
}

/// Where a server that listens on this address is reached from its own machine.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_interfaces_are_reached_over_loopback() {
        for (listening, reached) in [
            ("0.0.0.0:42069", "127.0.0.1:42069"),
            ("[::]:9", "[::1]:9"),
            ("192.168.1.20:9", "192.168.1.20:9"),
        ] {
            assert_eq!(reachable(listening.parse().unwrap()).to_string(), reached);
        }
    }
}
