//! Tasks that are run late now and then. A current-thread runtime runs tasks in the order in which
//! they were woken; this is what makes each seed try another order.

use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::rng::Rng;

/// How often and how long a task is held up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jitter {
    /// Once in so many times it lets the others go first; 0 for never.
    pub(super) yields: u64,
    /// Once in so many times it is not run for a while; 0 for never.
    pub(super) sleeps: u64,
    pub(super) longest: Duration,
}

/// Runs a task with jitter.
pub(super) async fn jittered<T>(jitter: Jitter, mut rng: Rng, task: impl Future<Output = T>) -> T {
    tokio::pin!(task);
    let mut pause: Option<Pin<Box<Sleep>>> = None;
    let mut held_up = false;
    std::future::poll_fn(|cx| {
        if !held_up {
            held_up = true;
            if rng.one_in(jitter.yields) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if rng.one_in(jitter.sleeps) {
                let micros = rng.within(1..jitter.longest.as_micros() as u64 + 2);
                pause = Some(Box::pin(tokio::time::sleep(Duration::from_micros(micros))));
            }
        }
        if let Some(sleep) = &mut pause {
            ready!(sleep.as_mut().poll(cx));
            pause = None;
        }
        held_up = false;
        task.as_mut().poll(cx)
    })
    .await
}
