//! The outbox in all interleavings of those who use it: the hub, which pushes and flushes, a
//! flusher on the thread of the connection, the connection's own task, which the stream wakes, and
//! the peer, which makes room in the stream. Loom runs them (CHESS, Musuvathi and Qadeer 2007),
//! with at most [`PREEMPTIONS`] preemptions: most faults need only one or two.
//!
//! The files of the outbox are compiled once more here, over loom's locks.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "the files are made for the library")]

#[path = "../src/connection/lanes.rs"]
mod lanes;
#[path = "../src/connection/outbox.rs"]
mod outbox;
#[path = "../src/connection/transport.rs"]
mod transport;

mod model {
    pub(crate) use vrlobby::model::RoomId;
}

mod protocol {
    pub(crate) use vrlobby::protocol::websocket;
}

/// Loom's locks with the calls of parking_lot.
mod sync {
    use std::ops::{Deref, DerefMut};

    use loom::sync::atomic::AtomicUsize;
    pub(crate) use loom::sync::atomic::{AtomicU8, AtomicU64, Ordering};

    #[derive(Debug)]
    pub(crate) struct Mutex<T> {
        inner: loom::sync::Mutex<T>,
        /// Loom switches threads when a lock is taken, not when it is given back. What is done with
        /// this makes it try both orders of a `try_lock` and the end of a guard.
        turn: AtomicUsize,
    }

    pub(crate) struct Guard<'a, T> {
        inner: loom::sync::MutexGuard<'a, T>,
        turn: &'a AtomicUsize,
    }

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self { inner: loom::sync::Mutex::new(value), turn: AtomicUsize::new(0) }
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            let inner = self.inner.lock().expect("loom stops at a panic");
            Guard { inner, turn: &self.turn }
        }

        pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
            self.turn.fetch_add(1, Ordering::AcqRel);
            let inner = self.inner.try_lock().ok()?;
            Some(Guard { inner, turn: &self.turn })
        }
    }

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.inner
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            &mut self.inner
        }
    }

    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            self.turn.fetch_add(1, Ordering::AcqRel);
        }
    }
}

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use self::outbox::{Outbox, Pushed, State};
use self::sync::Mutex;
use self::transport::SendHalf;
use vrlobby::model::RoomId;
use vrlobby::protocol::websocket::CloseReason;

const PREEMPTIONS: usize = 2;

const HALL: RoomId = RoomId(1);

/// The stream as the kernel has it: it takes as much as there is room, and wakes whoever it has
/// turned away when there is more.
#[derive(Default)]
struct Socket {
    room: usize,
    taken: Vec<u8>,
    waiting: Option<Waker>,
}

#[derive(Clone)]
struct Stream(Arc<Mutex<Socket>>);

impl Stream {
    fn new(room: usize) -> Self {
        Self(Arc::new(Mutex::new(Socket { room, ..Socket::default() })))
    }

    /// The peer reads.
    fn make_room(&self, bytes: usize) {
        let mut socket = self.0.lock();
        socket.room += bytes;
        let waiting = socket.waiting.take();
        drop(socket);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    fn taken(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().taken).into_owned()
    }
}

impl SendHalf for Stream {
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut socket = self.0.lock();
        if socket.room == 0 {
            socket.waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut written = 0;
        for slice in slices {
            let part = slice.len().min(socket.room);
            socket.taken.extend_from_slice(&slice[..part]);
            socket.room -= part;
            written += part;
        }
        Poll::Ready(Ok(written))
    }

    fn poll_shutdown(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Whether the connection's task has been woken.
struct Task(AtomicBool);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.swap(true, Ordering::AcqRel);
    }
}

/// An outbox and the connection's task.
struct Connection {
    outbox: Arc<Outbox<Stream>>,
    stream: Stream,
    task: Arc<Task>,
    waker: Waker,
    /// The task has seen that nothing more will be written.
    ended: bool,
}

impl Connection {
    fn new(room: usize, limit: usize) -> Self {
        let stream = Stream::new(room);
        let outbox = Arc::new(Outbox::new(stream.clone(), limit));
        let task = Arc::new(Task(AtomicBool::new(false)));
        let waker = Waker::from(task.clone());
        let mut connection = Self { outbox, stream, task, waker, ended: false };
        connection.poll();
        connection
    }

    /// What `net/session.rs` does with the outbox when it is polled.
    fn poll(&mut self) {
        self.outbox.register(&self.waker);
        self.outbox.resume();
        if self.outbox.state() != State::Open {
            self.outbox.flush();
            self.ended = self.outbox.state().is_over();
        }
    }

    /// Polls the task if it has been woken.
    fn run(&mut self) -> bool {
        let woken = self.task.0.swap(false, Ordering::AcqRel);
        if woken {
            self.poll();
        }
        woken
    }

    /// Runs others beside the task, and then the task for as long as it is woken; returns what the
    /// peer has read.
    fn beside(&mut self, others: Vec<Other>) -> String {
        let mut threads = Vec::new();
        for other in others {
            let (outbox, stream) = (self.outbox.clone(), self.stream.clone());
            threads.push(thread::spawn(move || other(&outbox, &stream)));
        }
        self.run();
        for thread in threads {
            thread.join().expect("loom stops at a panic");
        }
        while self.run() {}
        self.stream.taken()
    }
}

type Other = Box<dyn FnOnce(&Outbox<Stream>, &Stream) + Send>;

fn hub(act: impl FnOnce(&Outbox<Stream>) + Send + 'static) -> Other {
    Box::new(move |outbox, _| act(outbox))
}

fn flusher() -> Other {
    hub(Outbox::flush)
}

fn peer(steps: &'static [usize]) -> Other {
    Box::new(|_, stream| steps.iter().for_each(|bytes| stream.make_room(*bytes)))
}

fn frame(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn bye() -> CloseReason {
    CloseReason::new(CloseReason::POLICY, "bye")
}

fn closing() -> String {
    String::from_utf8_lossy(&bye().frame()).into_owned()
}

fn check(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(model);
}

#[test]
fn no_frame_is_left_behind() {
    check(|| {
        let mut connection = Connection::new(2, 100);
        let act = hub(|outbox| {
            outbox.push(&frame("[a]"));
            outbox.flush();
            outbox.push(&frame("[b]"));
            outbox.flush();
        });
        let seen = connection.beside(vec![act, flusher(), peer(&[3, 100])]);
        assert_eq!(seen, "[a][b]");
        assert_eq!(connection.outbox.waiting(), 0);
    });
}

/// As small as can be, so that the task runs in the narrowest of moments.
#[test]
fn a_stream_that_is_writable_again_at_once_is_written_to() {
    check(|| {
        let mut connection = Connection::new(1, 100);
        let act = hub(|outbox| {
            outbox.push(&frame("[a]"));
            outbox.flush();
        });
        assert_eq!(connection.beside(vec![act, peer(&[100])]), "[a]");
    });
}

#[test]
fn no_frame_is_left_behind_between_two_senders() {
    check(|| {
        let mut connection = Connection::new(100, 100);
        let pong = hub(|outbox| {
            outbox.push(&frame("(p)"));
            outbox.flush();
        });
        let act = hub(|outbox| {
            outbox.push(&frame("[a]"));
            outbox.flush();
            outbox.push(&frame("[b]"));
            outbox.flush();
        });
        let seen = connection.beside(vec![act, pong]);
        assert!(["(p)[a][b]", "[a](p)[b]", "[a][b](p)"].contains(&&*seen), "{seen}");
    });
}

#[test]
fn what_is_written_at_once_keeps_its_place() {
    check(|| {
        let mut connection = Connection::new(4, 100);
        let pong = hub(|outbox| {
            outbox.push(&frame("(p)"));
            outbox.flush();
        });
        let act = hub(|outbox| {
            outbox.send(&frame("[a]"));
            outbox.send(&frame("[b]"));
        });
        let seen = connection.beside(vec![act, pong, peer(&[100])]);
        assert!(["(p)[a][b]", "[a](p)[b]", "[a][b](p)"].contains(&&*seen), "{seen}");
    });
}

#[test]
fn a_tick_that_was_retracted_is_not_sent_later() {
    check(|| {
        let mut connection = Connection::new(0, 100);
        let act = hub(|outbox| {
            outbox.push_tick(HALL, &frame("[tick]"));
            outbox.flush();
            outbox.retract_tick(HALL);
            outbox.push(&frame("[leave]"));
            outbox.flush();
        });
        let seen = connection.beside(vec![act, flusher(), peer(&[2, 100])]);
        assert!(["[leave]", "[tick][leave]"].contains(&&*seen), "{seen}");
    });
}

#[test]
fn the_latest_tick_is_sent_in_the_end() {
    check(|| {
        let mut connection = Connection::new(0, 100);
        let act = hub(|outbox| {
            outbox.send_tick(HALL, &frame("[1]"));
            outbox.send_tick(HALL, &frame("[2]"));
        });
        let seen = connection.beside(vec![act, flusher(), peer(&[1, 100])]);
        assert!(["[2]", "[1][2]"].contains(&&*seen), "{seen}");
    });
}

#[test]
fn a_closed_outbox_ends_with_its_close_frame() {
    check(|| {
        let mut connection = Connection::new(2, 100);
        let act = hub(|outbox| {
            outbox.push(&frame("[a]"));
            outbox.flush();
            outbox.push(&frame("[b]"));
            outbox.close(&bye());
            assert_eq!(outbox.push(&frame("[late]")), Pushed::Refused);
        });
        let seen = connection.beside(vec![act, flusher(), peer(&[2, 100])]);
        assert_eq!(seen, format!("[a][b]{}", closing()));
        assert!(connection.ended, "the task was not woken for the end");
        assert_eq!(connection.outbox.state(), State::Closed);
    });
}

#[test]
fn an_abandoned_outbox_ends_with_its_close_frame() {
    check(|| {
        let mut connection = Connection::new(2, 100);
        let act = hub(|outbox| {
            outbox.push(&frame("[a]"));
            outbox.push(&frame("[b]"));
            outbox.flush();
            outbox.abandon(&bye());
        });
        let seen = connection.beside(vec![act, flusher(), peer(&[2, 100])]);
        let before = seen.strip_suffix(&closing()).expect("the close frame comes last");
        assert!(["", "[a]", "[a][b]"].contains(&before), "{before}");
        assert!(connection.ended, "the task was not woken for the end");
    });
}

#[test]
fn an_outbox_that_overflows_ends_with_its_close_frame() {
    check(|| {
        let mut connection = Connection::new(0, 3);
        let act = hub(|outbox| {
            assert_eq!(outbox.push(&frame("[a]")), Pushed::Taken);
            let refused = outbox.push(&frame("[b]")) == Pushed::Overflow;
            outbox.flush();
            assert_eq!(refused, outbox.state() != State::Open);
        });
        let seen = connection.beside(vec![act, flusher(), peer(&[2, 1000])]);
        let overflow = seen.contains("you read too slowly");
        let before = seen.find('\u{fffd}').map_or(&*seen, |close| &seen[..close]);
        let whole = if overflow { ["", "[a]"] } else { ["[a][b]", "[a][b]"] };
        assert!(whole.contains(&before), "{seen}");
        assert_eq!(connection.ended, overflow);
    });
}

#[test]
fn a_peer_that_hangs_up_ends_it() {
    check(|| {
        let mut connection = Connection::new(2, 100);
        let act = hub(|outbox| {
            outbox.push(&frame("[a]"));
            outbox.flush();
            outbox.close(&bye());
            outbox.flush();
        });
        let gone = hub(Outbox::hang_up);
        let seen = connection.beside(vec![act, gone, peer(&[100])]);
        let whole = format!("[a]{}", closing());
        assert!(whole.starts_with(&seen), "{seen}");
        assert!(connection.ended, "the task was not woken for the end");
        assert_eq!(connection.outbox.waiting(), 0);
    });
}
