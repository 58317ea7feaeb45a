//! Somebody who has nothing to do with what others are up to, and how long it waits for answers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::client::Client;
use super::wire::Received;
use super::{PING, on_thread, within};

/// How much longer a client may wait for an answer because of another ("What one client may cost
/// another").
const LONGER: Duration = Duration::from_millis(250);

/// What a single answer may wait on a machine that is shared with other tests.
const WORST: Duration = Duration::from_millis(1500);

const BETWEEN_PINGS: Duration = Duration::from_millis(20);

/// Pings all the time, on a thread of its own, so that what the test itself does is not measured.
pub(crate) struct Bystander {
    pings: Arc<Mutex<Pings>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Pings {
    waits: Vec<Duration>,
    /// When the one that is not answered yet was sent.
    sent: Option<Instant>,
}

impl Bystander {
    /// Logs in and begins to ping.
    pub(crate) async fn enter(addr: SocketAddr, name: &str) -> Self {
        let pings = Arc::new(Mutex::new(Pings::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (ready, entered) = tokio::sync::oneshot::channel();
        let (name, measured, stopping) = (name.to_owned(), pings.clone(), stop.clone());
        let thread = on_thread(async move {
            let mut client = Client::connect_to(addr).await;
            client.send(&super::login(&name, "")).await;
            pong(&mut client).await;
            let _ = ready.send(());
            let mut pace = tokio::time::interval(BETWEEN_PINGS);
            pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while !stopping.load(Ordering::Relaxed) {
                pace.tick().await;
                let sent = Instant::now();
                measured.lock().expect("no panic").sent = Some(sent);
                pong(&mut client).await;
                let mut pings = measured.lock().expect("no panic");
                pings.sent = None;
                pings.waits.push(sent.elapsed());
            }
        });
        within("a bystander", entered).await.expect("no panic");
        Self { pings, stop, thread: Some(thread) }
    }

    /// How long answers took since this was last asked, the one that is due included.
    pub(crate) fn take(&self) -> Waits {
        let mut pings = self.pings.lock().expect("the bystander was answered all along");
        let mut waits = std::mem::take(&mut pings.waits);
        waits.extend(pings.sent.map(|sent| sent.elapsed()));
        waits.sort();
        Waits(waits)
    }

    /// Pings for `time` and returns how long the answers took.
    pub(crate) async fn over(&self, time: Duration) -> Waits {
        self.take();
        tokio::time::sleep(time).await;
        self.take()
    }

    /// Stops, and panics if it was closed or got no answer at some time.
    pub(crate) fn leave(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it leaves once");
        thread.join().expect("a bystander who is answered all along");
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Asks for an answer; whatever else comes before it is read and dropped unparsed, which keeps up
/// with any sender.
async fn pong(client: &mut Client) {
    client.send(PING).await;
    within("the answer to a bystander's ping", async {
        loop {
            match client.wire.next().await {
                Received::Text(text) => {
                    let head = &text.as_bytes()[..text.len().min(100)];
                    if head.windows(10).any(|part| part == br#""code":220"#) {
                        return;
                    }
                }
                other => panic!("{other:?} came to a bystander"),
            }
        }
    })
    .await;
}

/// How long answers took, the shortest first.
#[derive(Debug)]
pub(crate) struct Waits(Vec<Duration>);

impl Waits {
    /// Of a hundred, five took longer than this.
    pub(crate) fn p95(&self) -> Duration {
        self.0[self.0.len() * 95 / 100]
    }

    /// They are within the contract, compared with those of a calm time on the same machine. One in
    /// twenty may be late for reasons of the machine's.
    pub(crate) fn are_no_longer_than(&self, calm: &Self) {
        let (p95, worst) = (self.p95(), *self.0.last().expect("a ping"));
        let late = calm.0.last().expect("a ping");
        assert!(
            p95 <= LONGER + *late && worst <= WORST + *late,
            "a ping waits {p95:?} (the 95th of 100) or {worst:?} (the worst of {}), {:?} when calm",
            self.0.len(),
            calm.p95(),
        );
    }
}
