//! One simulated headset, from its first connection to the end of the run.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::sync::watch;
use tokio::time::timeout;

use super::connection::converse;
use super::hall::{Hall, Stage};
use super::listener::{Ended, Listener};
use super::member::Member;
use crate::client::Socket;

/// The wait between attempts doubles from the first value to the last.
const FIRST_BACK_OFF: Duration = Duration::from_millis(250);
const LAST_BACK_OFF: Duration = Duration::from_secs(8);
/// A bot gives up after this many failed attempts in a row.
const ATTEMPTS: u32 = 10;

pub(super) struct Headset {
    member: Member,
    listener: Listener,
    stage: watch::Receiver<Stage>,
}

impl Headset {
    /// The bot with number `index` of all.
    pub(super) fn new(hall: &Arc<Hall>, index: usize, stage: watch::Receiver<Stage>) -> Self {
        let mut member = Member::new(hall, index);
        let listener = Listener::new(&mut member);
        Self { member, listener, stage }
    }

    /// Lives until the run is over, the server turns it away, or too many attempts have failed.
    pub(super) async fn live(mut self, mut first_connection: Option<Socket>) {
        if !self.member.take_name() {
            return;
        }
        let mut failures = 0;
        loop {
            let ended = self.connection(first_connection.take()).await;
            let was_in_room = self.member.is_in_room();
            self.member.leave_room();
            self.member.arrive();
            match ended {
                Ended::Stopped => return,
                Ended::Refused(reason) => return self.give_up(reason),
                Ended::Lost(_) if self.listener.was_kicked() => {
                    self.member.hall.mishaps.lock().kicked += 1;
                    return;
                }
                Ended::Lost(reason) => {
                    if was_in_room {
                        self.member.tally(|tally| tally.reconnects += 1);
                        failures = 0;
                    }
                    failures += 1;
                    if failures >= ATTEMPTS {
                        return self.give_up(reason);
                    }
                }
            }
            let wait = (FIRST_BACK_OFF * 2u32.pow(failures - 1)).min(LAST_BACK_OFF);
            let wait = wait.mul_f64(self.member.random.random_range(0.5..1.0));
            let over = self.stage.wait_for(|stage| *stage != Stage::Running);
            if timeout(wait, over).await.is_ok() {
                return;
            }
        }
    }

    fn give_up(&self, reason: String) {
        self.member.hall.mishaps.lock().gave_up(reason);
    }

    /// One connection, or the attempt at one.
    async fn connection(&mut self, established: Option<Socket>) -> Ended {
        let hall = self.member.hall.clone();
        let mut stage = self.stage.clone();
        let permit = tokio::select! {
            permit = hall.connecting.acquire() => permit.ok(),
            _ = stage.wait_for(|stage| *stage != Stage::Running) => return Ended::Stopped,
        };
        let socket = match established {
            Some(socket) => Ok(socket),
            None => tokio::select! {
                socket = hall.target.connect() => socket,
                _ = stage.wait_for(|stage| *stage != Stage::Running) => return Ended::Stopped,
            },
        };
        match socket {
            Ok(socket) => {
                let stage = self.stage.clone();
                converse(&mut self.member, &mut self.listener, socket, permit, stage).await
            }
            Err(error) => Ended::Lost(error.to_string()),
        }
    }
}
