//! The clock that all processes of the benchmark share.

use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Nanoseconds of a second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// The machine's monotonic clock, in nanoseconds; the same for every process.
pub(crate) fn now() -> u64 {
    nanos(clock_gettime(ClockId::Monotonic))
}

/// CPU time that this process has used, in nanoseconds.
pub(crate) fn own_cpu() -> u64 {
    nanos(clock_gettime(ClockId::ProcessCPUTime))
}

/// The time from now until `due`, as epoll wants it; zero if it has passed.
pub(crate) fn until(due: u64) -> Timespec {
    let left = due.saturating_sub(now());
    Timespec { tv_sec: (left / SECOND) as i64, tv_nsec: (left % SECOND) as _ }
}

/// Sleeps until `due`.
pub(crate) fn sleep_until(due: u64) {
    let due = Timespec { tv_sec: (due / SECOND) as i64, tv_nsec: (due % SECOND) as _ };
    // A signal may end the sleep early; callers check the clock again.
    let _ = clock_nanosleep_absolute(rustix::thread::ClockId::Monotonic, &due);
}

fn nanos(time: Timespec) -> u64 {
    time.tv_sec as u64 * SECOND + time.tv_nsec as u64
}
