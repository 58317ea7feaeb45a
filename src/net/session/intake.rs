//! Turns a connection's bytes into inputs for the hub.

use std::sync::atomic::Ordering;

use super::shared::Shared;
use crate::connection::Connection;
use crate::hub::Input;
use crate::model::{Charge, Limits, Timestamp};
use crate::net::quota::{Excess, Quota, Verdict};
use crate::protocol::decode::{RoomCache, decode};
use crate::protocol::websocket::{
    CloseReason, FrameReader, Incoming, OpCode, Receiver, control_frame,
};
use crate::protocol::{Code, Refusal, Request};

/// The largest message before anybody is logged in, in bytes.
const MAX_MESSAGE_BEFORE_LOGIN: usize = 16 << 10;

/// Turns a connection's bytes into inputs for the hub.
#[derive(Debug)]
pub(super) struct Intake {
    reader: FrameReader,
    rooms: RoomCache,
    quota: Quota,
    /// To be passed on to the hub.
    pub(super) inputs: Vec<Input>,
    /// Charges the memory budget for the incomplete message that the reader holds.
    charge: Option<Charge>,
}

/// Consecutive refused requests, with their answers.
struct Refused {
    excess: Excess,
    count: u32,
}

impl Intake {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            reader: FrameReader::new(shared.limits.max_message_bytes),
            rooms: RoomCache::default(),
            quota: Quota::new(&shared.limits, shared.clock.now()),
            inputs: Vec::new(),
            charge: None,
        }
    }

    /// No more requests will be read: frees memory.
    pub(super) fn stop(&mut self) {
        self.reader = FrameReader::new(MAX_MESSAGE_BEFORE_LOGIN);
        self.charge = None;
    }

    /// Whether the peer's close frame is among `bytes`, which are ignored otherwise.
    pub(super) fn is_close_answered(&mut self, bytes: &mut [u8]) -> bool {
        let mut answered = false;
        // A fault means that the peer goes on with a message that was begun before: what comes then
        // is not understood any more, and no answer is seen.
        let _ = self.reader.read(bytes, |incoming: Incoming<'_>| {
            answered |= matches!(incoming, Incoming::Close(_));
        });
        answered
    }

    /// Reads frames and decodes their messages. Returns the reason to close, if nothing more is to
    /// be read.
    pub(super) fn take_in(
        &mut self,
        shared: &Shared,
        connection: &Connection,
        bytes: &mut [u8],
    ) -> Option<CloseReason> {
        let now = shared.clock.now();
        connection.liveness.hear(now, bytes.len());
        self.quota.owe(connection.take_debt());
        let mut turn = Turn {
            shared,
            limits: &shared.limits,
            connection,
            now,
            rooms: &mut self.rooms,
            quota: &mut self.quota,
            inputs: &mut self.inputs,
            refused: None,
            poses: 0,
            others: 0,
            pong: false,
            farewell: None,
        };
        let result = self.reader.read(bytes, &mut turn);
        turn.flush_refused();
        let Turn { poses, others, pong, mut farewell, .. } = turn;
        if poses + others > 0 {
            connection.liveness.hear_request(now);
            shared.pacing.add(poses, others);
        }
        if let Err(reason) = result {
            tracing::debug!(peer = %connection.peer, code = reason.code, reason = %reason.reason, "closed for a protocol error");
            farewell.get_or_insert(reason);
        }
        if pong {
            connection.outbox.flush();
        }
        self.account(shared, connection);
        farewell
    }

    /// Charges the memory budget for what the reader holds.
    fn account(&mut self, shared: &Shared, connection: &Connection) {
        let held = self.reader.buffered();
        if held == 0 && self.charge.is_none() {
            return;
        }
        connection.set_unread(held);
        if held == 0 {
            self.charge = None;
        } else {
            self.charge.get_or_insert_with(|| shared.budget.charge(0)).set(held);
        }
    }
}

/// The frames of one read.
struct Turn<'a> {
    shared: &'a Shared,
    limits: &'a Limits,
    connection: &'a Connection,
    now: Timestamp,
    rooms: &'a mut RoomCache,
    quota: &'a mut Quota,
    inputs: &'a mut Vec<Input>,
    refused: Option<Refused>,
    poses: u64,
    others: u64,
    /// A pong has to be flushed.
    pong: bool,
    farewell: Option<CloseReason>,
}

impl Receiver for &mut Turn<'_> {
    fn max_message(&self) -> usize {
        if self.connection.may_be_logged_in() { usize::MAX } else { MAX_MESSAGE_BEFORE_LOGIN }
    }

    fn take(&mut self, incoming: Incoming<'_>) {
        if self.farewell.is_some() {
            return;
        }
        match incoming {
            Incoming::Text(text) => self.take_text(text),
            Incoming::Binary(payload) => {
                let reason = "binary frames are not supported; send JSON as text";
                let refusal = Refusal::new(Code::InvalidStructure, reason).also_before_login();
                self.others += 1;
                match self.quota.check(self.limits, payload.len(), self.now) {
                    Verdict::Passes => {
                        self.quota.charge(false, payload.len(), self.now);
                        self.pass(Err(refusal));
                    }
                    Verdict::PassesAsTransform(excess) | Verdict::Refused(excess) => {
                        self.refuse(excess)
                    }
                }
            }
            Incoming::Fragment(len) => {
                if len == 0 {
                    self.count_frame();
                }
            }
            Incoming::Ping(payload) => {
                if self.count_frame() {
                    self.connection.outbox.push(&control_frame(OpCode::Pong, payload));
                    self.pong = true;
                }
            }
            Incoming::Pong(payload) => {
                let round_trip = self.connection.liveness.pong(payload, self.now);
                let wanted = self.connection.compares_clocks()
                    || self.shared.round_trips_wanted.load(Ordering::Relaxed);
                if let Some(round_trip) = round_trip.filter(|_| wanted) {
                    let (session, received) = (self.connection.id, self.now);
                    self.inputs.push(Input::RoundTrip { session, round_trip, received });
                }
                self.count_frame();
            }
            Incoming::Close(code) => {
                self.farewell = Some(CloseReason::new(code.unwrap_or(1000), ""));
            }
        }
    }
}

impl Turn<'_> {
    fn take_text(&mut self, text: &str) {
        match self.quota.check(self.limits, text.len(), self.now) {
            Verdict::Passes => {
                let request = decode(text, self.rooms);
                let is_transform = matches!(request, Ok(Request::Transform { .. }));
                self.quota.charge(is_transform, text.len(), self.now);
                self.count(is_transform);
                if matches!(request, Ok(Request::Login { .. })) {
                    self.connection.login_asked();
                }
                self.pass(request);
            }
            Verdict::PassesAsTransform(excess) => match decode(text, self.rooms) {
                Ok(request @ Request::Transform { .. }) => {
                    self.count(true);
                    self.pass(Ok(request));
                }
                _ => self.refuse(excess),
            },
            Verdict::Refused(excess) => self.refuse(excess),
        }
    }

    fn count(&mut self, is_transform: bool) {
        if is_transform {
            self.poses += 1;
        } else {
            self.others += 1;
        }
    }

    fn pass(&mut self, request: Result<Request, Refusal>) {
        self.flush_refused();
        let session = self.connection.id;
        self.inputs.push(match request {
            Ok(Request::Ping { time: Some(client) }) => {
                self.connection.note_comparison();
                Input::Probe { session, client, received: self.now }
            }
            request => Input::Request(session, request, None),
        });
    }

    /// Refuses a request that was not decoded. Its answer goes through the hub, so that answers
    /// keep the order of requests.
    fn refuse(&mut self, excess: Excess) {
        self.others += 1;
        if self.refused.as_ref().is_some_and(|refused| refused.excess != excess) {
            self.flush_refused();
        }
        self.refused.get_or_insert(Refused { excess, count: 0 }).count += 1;
        self.note_exceeded();
    }

    /// Counts a frame that is not a message; returns whether it is within the quota.
    fn count_frame(&mut self) -> bool {
        let passes = self.quota.check_frame(self.limits, self.now);
        if !passes {
            self.note_exceeded();
        }
        passes
    }

    fn note_exceeded(&mut self) {
        if self.quota.exceeded(self.now) {
            let reason = "you kept sending more than the limit allows";
            self.farewell = Some(CloseReason::new(CloseReason::POLICY, reason));
        }
    }

    fn flush_refused(&mut self) {
        if let Some(Refused { excess, count }) = self.refused.take() {
            let (session, refusal) = (self.connection.id, Quota::refusal(self.limits, excess));
            self.inputs.push(Input::Refused { session, refusal, count });
        }
    }
}
