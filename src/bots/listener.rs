//! What a bot makes of the frames that it receives.

use std::ops::ControlFlow;
use std::time::Duration;

use rand::Rng;
use tokio::time::Instant;

use super::hall::now;
use super::member::Member;
use super::utterance::Utterance;
use super::wire::{self, POSE_NUMBERS};
use crate::client::{self, FrameKind};

/// A connection that ends this soon after an error 403 was ended by the operator.
const KICK_WINDOW: Duration = Duration::from_secs(2);

/// Where a connection stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    LoggingIn,
    Joining,
    InRoom,
}

/// How a connection ended.
pub(super) enum Ended {
    /// The run is over.
    Stopped,
    /// The connection was lost or never established: worth another attempt.
    Lost(String),
    /// The server doesn't let this bot in.
    Refused(String),
}

/// Continues with a request to send at once, if any.
pub(super) type Reaction = ControlFlow<Ended, Option<String>>;

/// Keeps what a bot remembers of what it received, across its connections.
pub(super) struct Listener {
    next_sample: Instant,
    /// The number of the last pose seen of each other bot.
    seen: Vec<u16>,
    last_403: Option<Instant>,
}

impl Listener {
    pub(super) fn new(member: &mut Member) -> Self {
        let first_sample = member.hall.sample_every.mul_f64(member.random.random());
        Self { next_sample: member.hall.started + first_sample, seen: Vec::new(), last_403: None }
    }

    /// Whether a connection that ends now was ended by the operator. The close frame may be lost to
    /// a TCP reset; the error before it is enough to tell.
    pub(super) fn was_kicked(&self) -> bool {
        self.last_403.is_some_and(|at| now() - at < KICK_WINDOW)
    }

    /// Handles a frame. It counts while the bots are `running`.
    pub(super) fn hear(
        &mut self,
        member: &mut Member,
        text: &str,
        phase: &mut Phase,
        running: bool,
    ) -> Reaction {
        let now = now();
        let kind = client::peek(text, Some(&member.room().name));
        if running {
            member.tally(|tally| {
                tally.frames += 1;
                tally.bytes += text.len() as u64;
                if kind == FrameKind::Tick && *phase == Phase::InRoom {
                    tally.tick(now);
                }
            });
        }
        let understood = match kind {
            FrameKind::Tick => self.sample(member, text, now),
            FrameKind::Event => match client::event(text) {
                Ok(event) => {
                    return ControlFlow::Continue(handle_events(
                        member,
                        &event.entries,
                        phase,
                        now,
                    ));
                }
                Err(_) => false,
            },
            FrameKind::Reply => match client::reply(text) {
                Ok(reply) => return self.handle_reply(member, &reply, phase, now),
                Err(_) => false,
            },
            FrameKind::Elsewhere => true,
            FrameKind::Unknown => false,
        };
        if !understood {
            member.hall.mishaps.lock().not_understood += 1;
        }
        ControlFlow::Continue(None)
    }

    /// Measures the age of a tick's poses if it is time for a sample. Returns whether the tick
    /// could be read.
    fn sample(&mut self, member: &Member, text: &str, now: Instant) -> bool {
        if now < self.next_sample {
            return true;
        }
        self.next_sample = now + member.hall.sample_every;
        let Ok(heads) = wire::heads(text) else { return false };
        let room = member.room();
        self.seen.resize(room.sent.len(), POSE_NUMBERS);
        let now = now - member.hall.started;
        let slots = room.slots.read();
        let mut tally = room.tallies[member.slot].lock();
        let mut recent_ages = room.recent_ages.lock();
        for head in &heads {
            let Some(&slot) = slots.get(head.user.as_ref()) else { continue };
            let number = wire::pose_number(head.yaw());
            // A pose that is in several ticks, as its sender is slow, counts in the first only.
            if slot == member.slot || self.seen[slot] == number {
                continue;
            }
            self.seen[slot] = number;
            if let Some(sent) = room.sent[slot].sent_at(number) {
                let age = now.saturating_sub(sent);
                tally.ages.record(age);
                recent_ages.record(age);
            }
        }
        true
    }

    fn handle_reply(
        &mut self,
        member: &mut Member,
        reply: &client::Reply,
        phase: &mut Phase,
        now: Instant,
    ) -> Reaction {
        if reply.code < 400 {
            if reply.code == 202 && *phase == Phase::LoggingIn {
                *phase = Phase::Joining;
                return ControlFlow::Continue(Some(member.join()));
            }
            return ControlFlow::Continue(None);
        }
        if reply.code == 409 && *phase == Phase::LoggingIn {
            member.hall.mishaps.lock().names_taken += 1;
            return if member.take_name() {
                ControlFlow::Continue(Some(member.login()))
            } else {
                ControlFlow::Break(Ended::Refused("every name was in use".into()))
            };
        }
        *member.hall.mishaps.lock().refusals.entry(reply.code).or_default() += 1;
        if *phase == Phase::InRoom {
            member.room().ledger.lock().refused(member.slot);
            if reply.code == 403 {
                self.last_403 = Some(now);
            }
            return ControlFlow::Continue(None);
        }
        // Answers poses that were in flight when the room was closed.
        if reply.code == 401 && *phase == Phase::Joining {
            return ControlFlow::Continue(None);
        }
        let step = if *phase == Phase::LoggingIn { "login" } else { "join" };
        let reason = format!("{step} refused with {}: {}", reply.code, reply.reason());
        ControlFlow::Break(match reply.code {
            // Rate-limited, or the server's own trouble: may succeed later.
            429 | 500 => Ended::Lost(reason),
            _ => Ended::Refused(reason),
        })
    }
}

/// May return a request to send at once.
fn handle_events(
    member: &mut Member,
    entries: &[client::Entry<'_>],
    phase: &mut Phase,
    now: Instant,
) -> Option<String> {
    for entry in entries {
        let about_me = entry.user == member.name;
        match entry.kind.as_ref() {
            "join" if about_me && *phase == Phase::Joining => {
                *phase = Phase::InRoom;
                member.enter_room(now);
            }
            // The operator has closed the room.
            "leave" if about_me && *phase == Phase::InRoom => {
                member.leave_room();
                *phase = Phase::Joining;
                return Some(member.join());
            }
            kind => {
                let room = member.room();
                let sender = room.slots.read().get(entry.user.as_ref()).copied();
                if let (Some(sender), Some(said)) = (sender, Utterance::recognize(kind, entry.data))
                {
                    room.ledger.lock().heard(member.slot, sender, said, now);
                }
            }
        }
    }
    None
}
