//! The line of progress that a run prints now and then.

use tokio::time::Instant;

use super::durations::Durations;
use super::hall::Hall;
use super::report_text::tenth;
use super::summary::millis;

/// What the bots have seen from `since` to `now`, as one line without its end.
pub(super) fn line(hall: &Hall, since: Instant, now: Instant) -> String {
    let seconds = now.saturating_duration_since(since).as_secs_f64().max(1e-3);
    let mut ages = Durations::default();
    let (mut inside, mut ticks, mut reconnects) = (0u64, 0, 0);
    let (mut least, mut most) = (u64::MAX, 0);
    let (mut said, mut heard, mut lost) = (0, 0, 0);
    for room in &hall.rooms {
        let mut recent_ages = room.recent_ages.lock();
        ages.merge(&recent_ages);
        recent_ages.clear();
        drop(recent_ages);
        for tally in &room.tallies {
            let mut tally = tally.lock();
            let new = tally.ticks - tally.ticks_in_last_line;
            tally.ticks_in_last_line = tally.ticks;
            reconnects += tally.reconnects;
            if tally.is_in_room() {
                inside += 1;
                ticks += new;
                (least, most) = (least.min(new), most.max(new));
            }
        }
        let mut ledger = room.ledger.lock();
        ledger.expire(now);
        let counts = ledger.counts();
        (said, heard, lost) = (said + counts.sent, heard + counts.received, lost + counts.lost);
    }
    let rate = |count: u64| count as f64 / seconds;
    let mut line = format!("{inside} of {} bots in {} rooms", hall.options.users, hall.rooms.len());
    if inside > 0 {
        line += &format!(
            " | {:.1} ticks/s each ({:.1} to {:.1})",
            rate(ticks) / inside as f64,
            rate(least),
            rate(most)
        );
    }
    if ages.count() > 0 {
        let (p50, p99) = (millis(ages.quantile(0.5)), millis(ages.quantile(0.99)));
        line += &format!(" | age of poses p50 {} ms, p99 {} ms", tenth(p50), tenth(p99));
    }
    if hall.options.chat {
        line += &format!(" | chat {said} sent, {heard} heard, {lost} lost");
    }
    if reconnects > 0 {
        line += &format!(" | {reconnects} reconnects");
    }
    line
}
