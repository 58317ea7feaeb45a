//! From the counts of a run to its report.

use std::time::Duration;

use tokio::time::Instant;

use super::durations::Durations;
use super::hall::{Hall, Room};
use super::report::{ChatReport, Report, RoomReport, Ticks, UserReport};

/// The report on `hall`, where all bots had arrived at `arrived` and stopped sending at `end`.
pub(super) fn summarize(hall: &Hall, arrived: Instant, end: Instant) -> Report {
    let mut delays = Durations::default();
    let mut chat = ChatReport::default();
    let mut pool = Pool::default();
    let (mut rooms, mut users) = (Vec::new(), Vec::new());
    let (mut poses, mut frames, mut bytes) = (0, 0, 0);
    for room in &hall.rooms {
        let room_chat = chat_of(room, &mut chat, &mut delays);
        let best = best_rate(room, end);
        let mut room_pool = Pool::default();
        let mut inside = 0;
        for (slot, tally) in room.tallies.iter().enumerate() {
            let tally = tally.lock();
            let stay = tally.time_in_room(end);
            let mut one = Pool::default();
            one.add(tally.ticks, stay, best, &tally.gaps, &tally.ages);
            room_pool.add(tally.ticks, stay, best, &tally.gaps, &tally.ages);
            pool.add(tally.ticks, stay, best, &tally.gaps, &tally.ages);
            inside += usize::from(tally.is_in_room());
            poses += tally.poses;
            frames += tally.frames;
            bytes += tally.bytes;
            users.push(UserReport {
                user: tally.name.clone(),
                room: room.name.clone(),
                in_room_s: stay.as_secs_f64(),
                ticks: one.ticks(),
                chat_lost: u64::from(room.ledger.lock().lost_by(slot)),
                reconnects: tally.reconnects,
            });
        }
        rooms.push(RoomReport {
            room: room.name.clone(),
            users: inside,
            ticks: room_pool.ticks(),
            chat: room_chat,
        });
    }
    (chat.delay_p50_ms, chat.delay_p99_ms) =
        (millis(delays.quantile(0.5)), millis(delays.quantile(0.99)));
    users.sort_by(|left, right| badness(right).total_cmp(&badness(left)));
    let due = users.iter().map(|user| user.in_room_s).sum::<f64>() * hall.options.hz;
    let mishaps = hall.mishaps.lock().clone();
    Report {
        url: hall.target.url.clone(),
        users_wanted: hall.options.users,
        users_in_rooms: rooms.iter().map(|room| room.users).sum(),
        hz: hall.options.hz,
        poses_sent_share: if due > 0.0 { (poses as f64 / due).min(1.0) } else { 1.0 },
        arrival_s: arrived.saturating_duration_since(hall.started).as_secs_f64(),
        measured_s: end.saturating_duration_since(arrived).as_secs_f64(),
        frames,
        bytes,
        overall: pool.ticks(),
        reconnects: users.iter().map(|user| user.reconnects).sum(),
        rooms,
        users,
        chat,
        kicked: mishaps.kicked,
        gave_up: mishaps.gave_up,
        names_taken: mishaps.names_taken,
        refusals: mishaps.refusals,
        not_understood: mishaps.not_understood,
    }
}

/// The combined figures of several bots.
#[derive(Default)]
struct Pool {
    ages: Durations,
    received: u64,
    seconds: f64,
    lost: u64,
    late_gaps: u64,
    rates: Option<(f64, f64)>,
}

impl Pool {
    fn add(
        &mut self,
        ticks: u64,
        stay: Duration,
        best_rate: f64,
        gaps: &Durations,
        ages: &Durations,
    ) {
        self.received += ticks;
        self.lost += lost_ticks(ticks, stay, best_rate);
        if let Some(median) = gaps.quantile(0.5) {
            self.late_gaps += gaps.count_above(median * 3 / 2);
        }
        self.ages.merge(ages);
        if !stay.is_zero() {
            let rate = ticks as f64 / stay.as_secs_f64();
            self.seconds += stay.as_secs_f64();
            let (least, most) = self.rates.unwrap_or((rate, rate));
            self.rates = Some((least.min(rate), most.max(rate)));
        }
    }

    fn ticks(&self) -> Ticks {
        let (per_s_min, per_s_max) = self.rates.unwrap_or_default();
        Ticks {
            per_s: if self.seconds > 0.0 { self.received as f64 / self.seconds } else { 0.0 },
            per_s_min,
            per_s_max,
            received: self.received,
            lost: self.lost,
            late_gaps: self.late_gaps,
            age_p50_ms: millis(self.ages.quantile(0.5)),
            age_p99_ms: millis(self.ages.quantile(0.99)),
            age_max_ms: millis(self.ages.max()),
        }
    }
}

/// One tick less is not a loss: the measured time may begin or end between two.
fn lost_ticks(ticks: u64, stay: Duration, best_rate: f64) -> u64 {
    let offered = (best_rate * stay.as_secs_f64()).round() as u64;
    offered.saturating_sub(ticks + 1)
}

/// Ticks a second that the room's members were offered (see [`Report`]).
fn best_rate(room: &Room, end: Instant) -> f64 {
    let served: Vec<(u64, f64)> = room
        .tallies
        .iter()
        .map(|tally| {
            let tally = tally.lock();
            (tally.ticks, tally.time_in_room(end).as_secs_f64())
        })
        .collect();
    let longest = served.iter().map(|(_, stay)| *stay).fold(0.0, f64::max);
    served
        .iter()
        .filter(|(_, stay)| *stay > 0.0 && *stay >= longest / 2.0)
        .map(|(ticks, stay)| *ticks as f64 / stay)
        .fold(0.0, f64::max)
}

/// The room's chat, which is also added to `sum` and `delays`.
fn chat_of(room: &Room, sum: &mut ChatReport, delays: &mut Durations) -> ChatReport {
    let mut ledger = room.ledger.lock();
    ledger.finish();
    let counts = ledger.counts();
    delays.merge(ledger.delays());
    sum.sent += counts.sent;
    sum.received += counts.received;
    sum.lost += counts.lost;
    sum.refused += counts.refused;
    ChatReport {
        sent: counts.sent,
        received: counts.received,
        lost: counts.lost,
        refused: counts.refused,
        delay_p50_ms: millis(ledger.delays().quantile(0.5)),
        delay_p99_ms: millis(ledger.delays().quantile(0.99)),
    }
}

/// Sort key for the worst served: losses weigh most, then old poses.
fn badness(user: &UserReport) -> f64 {
    let share = user.ticks.lost as f64 / (user.ticks.lost + user.ticks.received).max(1) as f64;
    let absent = if user.in_room_s == 0.0 { 1e9 } else { 0.0 };
    absent + user.chat_lost as f64 * 1e6 + share * 1e6 + user.ticks.age_p99_ms.unwrap_or_default()
}

/// In milliseconds.
pub(super) fn millis(duration: Option<Duration>) -> Option<f64> {
    duration.map(|duration| duration.as_micros() as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tick_at_the_edge_of_the_measured_time_is_not_lost() {
        let ten = Duration::from_secs(10);
        assert_eq!(lost_ticks(300, ten, 30.0), 0);
        assert_eq!(lost_ticks(299, ten, 30.0), 0);
        assert_eq!(lost_ticks(297, ten, 30.0), 2);
        assert_eq!(lost_ticks(150, ten / 2, 30.0), 0);
        assert_eq!(lost_ticks(0, Duration::ZERO, 30.0), 0);
    }

    #[test]
    fn a_stutter_is_a_late_gap() {
        let mut gaps = Durations::default();
        for millis in [33, 33, 34, 33, 66, 33] {
            gaps.record(Duration::from_millis(millis));
        }
        let mut pool = Pool::default();
        pool.add(7, Duration::from_millis(232), 30.0, &gaps, &Durations::default());
        assert_eq!((pool.ticks().late_gaps, pool.ticks().age_p50_ms), (1, None));
        assert!((pool.ticks().per_s - 30.17).abs() < 0.01);
    }
}
