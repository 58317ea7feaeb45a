//! The outbox with one thread. In a file of its own, so that tests/outbox_model.rs can have the
//! outbox without them.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use parking_lot::Mutex;

use super::SendHalf;
use super::outbox::{Outbox, Pushed, State};
use crate::model::RoomId;
use crate::protocol::websocket::CloseReason;

/// A stream that accepts only so much.
#[derive(Debug, Default)]
struct Pipe {
    room: usize,
    taken: Vec<u8>,
    broken: bool,
}

type Shared = Arc<Mutex<Pipe>>;

impl SendHalf for Shared {
    fn poll_write(
        &mut self,
        _cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut pipe = self.lock();
        if pipe.broken {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if pipe.room == 0 {
            return Poll::Pending;
        }
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let taken = all.len().min(pipe.room);
        pipe.room -= taken;
        pipe.taken.extend_from_slice(&all[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn outbox(room: usize, limit: usize) -> (Outbox<Shared>, Shared) {
    let pipe = Shared::new(Mutex::new(Pipe { room, ..Pipe::default() }));
    (Outbox::new(pipe.clone(), limit), pipe)
}

fn read((outbox, pipe): &(Outbox<Shared>, Shared), room: usize) -> String {
    pipe.lock().room = room;
    outbox.resume();
    outbox.flush();
    String::from_utf8_lossy(&std::mem::take(&mut pipe.lock().taken)).into_owned()
}

fn frame(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

const HALL: RoomId = RoomId(1);
const LAB: RoomId = RoomId(2);

#[test]
fn the_reliable_lane_goes_first_and_in_order() {
    let end = outbox(0, 100);
    let outbox = &end.0;
    outbox.push_tick(HALL, &frame("[tick]"));
    outbox.push(&frame("[a]"));
    outbox.push(&frame("[b]"));
    outbox.flush();
    assert!(outbox.is_blocked());
    assert_eq!(outbox.waiting(), 12);
    assert_eq!(read(&end, 100), "[a][b][tick]");
    assert_eq!(outbox.waiting(), 0);
}

#[test]
fn the_latest_tick_wins_but_a_begun_frame_is_ended() {
    let end = outbox(3, 100);
    let outbox = &end.0;
    outbox.push_tick(HALL, &frame("[one]"));
    outbox.flush();
    outbox.push_tick(HALL, &frame("[two]"));
    outbox.push_tick(LAB, &frame("[lab]"));
    outbox.push_tick(HALL, &frame("[three]"));
    outbox.push(&frame("[say]"));
    assert_eq!(read(&end, 100), "[one][say][three][lab]");
    assert_eq!(outbox.skipped_ticks(), 1);
}

#[test]
fn any_cut_gives_the_same_bytes() {
    for room in 1..12 {
        let end = outbox(0, 100);
        let outbox = &end.0;
        for text in ["[a]", "[bcd]", "[e]"] {
            outbox.push(&frame(text));
        }
        outbox.push_tick(HALL, &frame("[t]"));
        let mut seen = String::new();
        for _ in 0..20 {
            seen += &read(&end, room);
        }
        assert_eq!(seen, "[a][bcd][e][t]", "{room} at a time");
        assert_eq!(outbox.bytes_out(), 14);
    }
}

#[test]
fn an_overflow_closes_with_a_reason_after_the_begun_frame() {
    let end = outbox(2, 10);
    let outbox = &end.0;
    outbox.push(&frame("[first]"));
    outbox.flush();
    assert_eq!(outbox.push(&frame("[0123456789]")), Pushed::Taken, "one frame always fits");
    assert_eq!(outbox.push(&frame("[x]")), Pushed::Overflow);
    assert_eq!(outbox.push(&frame("[y]")), Pushed::Refused);
    let seen = read(&end, 1000);
    assert!(seen.starts_with("[first]") && seen.contains("you read too slowly"), "{seen}");
    assert_eq!(outbox.state(), State::Closed);
}

#[test]
fn the_close_frame_of_an_abandoned_connection_is_sent_however_little_the_stream_takes() {
    for room in 1..12 {
        let end = outbox(2, 100);
        let outbox = &end.0;
        for text in ["[first]", "[second]"] {
            outbox.push(&frame(text));
        }
        outbox.flush();
        outbox.abandon(&CloseReason::new(CloseReason::POLICY, "enough"));
        let mut seen = String::new();
        for _ in 0..20 {
            seen += &read(&end, 0);
            seen += &read(&end, room);
        }
        assert!(seen.starts_with("[first]"), "{seen:?}, {room} at a time");
        assert!(seen.ends_with("enough"), "{seen:?}, {room} at a time");
        assert!(!seen.contains("second"));
        assert_eq!(outbox.state(), State::Closed);
    }
}

#[test]
fn a_close_comes_after_all_that_was_pushed() {
    let end = outbox(0, 100);
    let outbox = &end.0;
    outbox.push(&frame("[a]"));
    outbox.push_tick(HALL, &frame("[tick]"));
    outbox.close(&CloseReason::new(CloseReason::GOING_AWAY, "bye"));
    assert_eq!(outbox.push(&frame("[late]")), Pushed::Refused);
    assert_eq!(outbox.state(), State::Closing);
    let seen = read(&end, 100);
    assert!(seen.starts_with("[a]") && seen.ends_with("bye") && !seen.contains("tick"));
    assert_eq!(outbox.state(), State::Closed);
}

#[test]
fn a_retracted_tick_is_not_sent() {
    let end = outbox(0, 100);
    let outbox = &end.0;
    outbox.push_tick(HALL, &frame("[hall]"));
    outbox.push_tick(LAB, &frame("[lab]"));
    assert!(outbox.retract_tick(HALL));
    assert!(!outbox.retract_tick(HALL));
    assert_eq!(read(&end, 100), "[lab]");
}

#[test]
fn a_broken_socket_takes_nothing_and_keeps_nothing() {
    let end = outbox(100, 100);
    let outbox = &end.0;
    end.1.lock().broken = true;
    outbox.push(&frame("[a]"));
    outbox.flush();
    assert_eq!(outbox.state(), State::Broken);
    assert_eq!(outbox.waiting(), 0);
    assert_eq!(outbox.push(&frame("[b]")), Pushed::Refused);
}
