//! One connection of a bot, from its login to its end.

use std::ops::{ControlFlow, Range};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rand::Rng;
use tokio::sync::{SemaphorePermit, watch};
use tokio::time::{MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::hall::{Stage, now};
use super::listener::{Ended, Listener, Phase};
use super::member::Member;
use super::wire::PoseWriter;
use crate::client::{self, Socket};

/// A server that doesn't answer a login or join within this time is tried again.
const ENTRY_PATIENCE: Duration = Duration::from_secs(30);
/// A connection on which nothing can be sent for this long is lost.
const SEND_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait for the answer to a close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(1);

/// Seconds between two utterances of a bot.
const CHAT_PAUSE: Range<f64> = 5.0..20.0;

/// Lets `member` live on `socket`. Releases `permit` once it is in its room.
pub(super) async fn converse(
    member: &mut Member,
    listener: &mut Listener,
    mut socket: Socket,
    mut permit: Option<SemaphorePermit<'_>>,
    mut stage: watch::Receiver<Stage>,
) -> Ended {
    let chats = member.hall.options.chat;
    let writer = PoseWriter::new(&member.room().name);
    let mut phase = Phase::LoggingIn;
    let mut running = *stage.borrow_and_update() == Stage::Running;

    let (first_pose, period) = member.pose_schedule();
    let mut poses = interval_at(first_pose, period);
    poses.set_missed_tick_behavior(MissedTickBehavior::Skip);
    // Until the bot is in its room: when to give up. After that: when to speak.
    let alarm = sleep(ENTRY_PATIENCE);
    tokio::pin!(alarm);

    if let Err(lost) = send(&mut socket, member.login()).await {
        return lost;
    }
    loop {
        let request = tokio::select! {
            message = socket.next() => {
                let text = match message {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Close(frame))) => return closed(frame),
                    Some(Ok(_)) => continue,
                    Some(Err(error)) => return Ended::Lost(error.to_string()),
                    None => return Ended::Lost("the connection ended without a close".into()),
                };
                let before = phase;
                let request = match listener.hear(member, &text, &mut phase, running) {
                    ControlFlow::Continue(request) => request,
                    ControlFlow::Break(ended) => return ended,
                };
                if before != phase {
                    let wait = if phase == Phase::InRoom {
                        permit = None;
                        Duration::from_secs_f64(member.random.random_range(0.0..CHAT_PAUSE.end))
                    } else {
                        ENTRY_PATIENCE
                    };
                    alarm.as_mut().reset(now() + wait);
                }
                request
            }
            _ = poses.tick(), if running && phase == Phase::InRoom => Some(member.pose(&writer)),
            () = &mut alarm, if phase != Phase::InRoom || (running && chats) => {
                if phase != Phase::InRoom {
                    return Ended::Lost(format!("not let in within {ENTRY_PATIENCE:?}"));
                }
                let pause = Duration::from_secs_f64(member.random.random_range(CHAT_PAUSE));
                alarm.as_mut().reset(now() + pause);
                Some(member.say())
            }
            changed = stage.changed() => {
                let stage = *stage.borrow_and_update();
                running = stage == Stage::Running;
                if stage == Stage::Leaving || changed.is_err() {
                    drop(permit);
                    close(socket).await;
                    return Ended::Stopped;
                }
                None
            }
        };
        if let Some(request) = request
            && let Err(lost) = send(&mut socket, request).await
        {
            return lost;
        }
    }
}

fn closed(frame: Option<CloseFrame>) -> Ended {
    Ended::Lost(match frame {
        Some(frame) => {
            let reason = client::printable(&frame.reason);
            format!("closed with {}: {reason}", u16::from(frame.code))
        }
        None => "closed without a code".into(),
    })
}

async fn send(socket: &mut Socket, text: String) -> Result<(), Ended> {
    match timeout(SEND_PATIENCE, socket.send(Message::text(text))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Ended::Lost(error.to_string())),
        Err(_) => Err(Ended::Lost(format!("nothing could be sent for {SEND_PATIENCE:?}"))),
    }
}

async fn close(mut socket: Socket) {
    let closing = async {
        if socket.close(None).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    let _ = timeout(CLOSE_PATIENCE, closing).await;
}
