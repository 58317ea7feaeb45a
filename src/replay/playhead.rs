//! Where the replay is: a position that moves on with time while it runs.

use std::time::Duration;

use crate::clock::Instant;

/// A position in the recording, in microseconds since its start, that moves on with time at a
/// certain speed while it runs. All due times are counted from one moment, so that no error adds up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Playhead {
    position: i64,
    speed: f64,
    /// When it was at `position`, if it runs.
    running: Option<Instant>,
}

impl Playhead {
    /// A playhead that stands.
    pub(super) fn new(position: i64, speed: f64) -> Self {
        Self { position, speed, running: None }
    }

    pub(super) fn speed(&self) -> f64 {
        self.speed
    }

    /// Where it stands, or stood when it began to run.
    pub(super) fn rest(&self) -> i64 {
        self.position
    }

    pub(super) fn position(&self, now: Instant) -> i64 {
        let Some(since) = self.running else { return self.position };
        let nanos = now.saturating_duration_since(since).as_nanos() as f64;
        self.position + (nanos * self.speed / 1e3) as i64
    }

    /// When it gets to `position`; `None` while it stands. In the past if it is there already.
    pub(super) fn due(&self, position: i64) -> Option<Instant> {
        let since = self.running?;
        // Rounded up: by then it is there.
        let nanos = ((position - self.position) as f64 * 1e3 / self.speed).ceil();
        let away = Duration::from_nanos(nanos.abs() as u64);
        let due = if nanos < 0.0 { since.checked_sub(away) } else { since.checked_add(away) };
        Some(due.unwrap_or(since))
    }

    pub(super) fn start(&mut self, now: Instant) {
        self.running.get_or_insert(now);
    }

    pub(super) fn stop(&mut self, now: Instant) {
        self.position = self.position(now);
        self.running = None;
    }

    /// Moves it; it stands then.
    pub(super) fn move_to(&mut self, position: i64) {
        self.position = position;
        self.running = None;
    }

    pub(super) fn set_speed(&mut self, speed: f64, now: Instant) {
        let runs = self.running.is_some();
        self.stop(now);
        self.speed = speed;
        if runs {
            self.start(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn moves_only_while_it_runs_and_at_its_speed() {
        let start = clock::monotonic();
        let mut head = Playhead::new(1_000_000, 2.0);
        assert_eq!((head.position(after(start, 500)), head.due(2_000_000)), (1_000_000, None));
        head.start(start);
        assert_eq!(head.position(after(start, 500)), 2_000_000);
        assert_eq!(head.due(2_000_000), Some(after(start, 500)));
        assert_eq!(head.due(0), Some(start.checked_sub(Duration::from_millis(500)).unwrap()));
        head.set_speed(0.5, after(start, 500));
        assert_eq!(head.position(after(start, 1500)), 2_500_000);
        head.stop(after(start, 1500));
        assert_eq!(head.position(after(start, 9000)), 2_500_000);
        head.start(after(start, 9000));
        head.move_to(7);
        assert_eq!((head.position(after(start, 9999)), head.due(7)), (7, None));
    }

    #[test]
    fn due_times_of_an_hour_are_right_to_the_microsecond() {
        let start = clock::monotonic();
        for speed in [0.1, 1.0, 7.3, 16.0] {
            let mut head = Playhead::new(0, speed);
            head.start(start);
            for position in [0, 1, 13_889, 3_599_999_999] {
                let due = head.due(position).unwrap();
                let error = (due - start).as_secs_f64() * 1e6 - position as f64 / speed;
                assert!(error.abs() < 1.0, "{speed} {position} {error}");
                assert!((head.position(due) - position).abs() <= 1, "{speed} {position}");
            }
        }
    }
}
