//! What a run of bots saw, as plain data and as text.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::hall::{Hall, Room};
use super::histogram::Histogram;

/// Users that the text of a report lists.
const WORST: usize = 5;

/// What a run of bots saw from the moment all had arrived to the moment they stopped sending.
///
/// **Ticks lost.** All members of a room are offered the same ticks. The room's best-served bot,
/// among those that were in the room for at least half of the longest stay, says how many there
/// were a second; what another bot got less than that in its own time in the room is lost. One
/// tick either way is where the measured time begins and ends, and is not counted.
///
/// **Late gaps** are pauses between two ticks of more than one and a half times the bot's median
/// pause: what a wearer sees as a stutter. In a room where poses come less often than ticks,
/// pauses are uneven by nature.
///
/// **Age of poses**: from just before another bot of this run sends a pose to when the tick with
/// it has been read here, so it includes the wait for the tick and both ends of this program.
/// Each pose counts in the first tick that shows it. It is measured in a sample of the ticks, all
/// of them up to 200,000 heads a second in all, and right to 1.6 %.
///
/// **Chat lost**: heard by some bot neither within 10 s nor by the end of the run, which waits 3 s
/// for stragglers, though it was in the room when it was said and stayed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The server's address.
    pub url: String,
    /// Bots that were wanted.
    pub users_wanted: usize,
    /// Bots that were in their rooms at the end.
    pub users_in_rooms: usize,
    /// Poses a second that each bot was to send.
    pub hz: f64,
    /// Poses that the bots sent, as a share of what they were to send in their time in the room.
    /// Well below 1, it is this program or its machine that can't keep up.
    pub poses_sent_share: f64,
    /// From the first connection until all had arrived, in seconds.
    pub arrival_s: f64,
    /// What the figures are about, in seconds.
    pub measured_s: f64,
    /// Messages that all bots got.
    pub frames: u64,
    /// And the bytes of their texts.
    pub bytes: u64,
    /// All bots together.
    pub overall: Ticks,
    /// Each room.
    pub rooms: Vec<RoomReport>,
    /// Each bot, the worst served first.
    pub users: Vec<UserReport>,
    /// What was said.
    pub chat: ChatReport,
    /// Connections that were lost while in a room.
    pub reconnects: u64,
    /// Bots that the operator sent away; they do not come back.
    pub kicked: u64,
    /// Why bots stayed away for good, and how many.
    pub gave_up: BTreeMap<String, u64>,
    /// Names that somebody else had.
    pub names_taken: u64,
    /// Errors that the server answered with, by code, names taken not included.
    pub refusals: BTreeMap<u16, u64>,
    /// Messages that were not as the wire contract says.
    pub not_understood: u64,
}

/// How well ticks and poses came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Ticks {
    /// Ticks a second for each bot, on average.
    pub per_s: f64,
    /// Of the worst-served bot.
    pub per_s_min: f64,
    /// Of the best-served bot.
    pub per_s_max: f64,
    /// Ticks that came, for all bots.
    pub received: u64,
    /// Ticks that did not (see [`Report`]).
    pub lost: u64,
    /// Pauses of more than one and a half times the median (see [`Report`]).
    pub late_gaps: u64,
    /// Median age of poses in milliseconds; none if no pose of another bot was seen.
    pub age_p50_ms: Option<f64>,
    /// 99th percentile, in milliseconds.
    pub age_p99_ms: Option<f64>,
    /// The oldest, in milliseconds.
    pub age_max_ms: Option<f64>,
}

/// One room.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RoomReport {
    /// Its name.
    pub room: String,
    /// Bots that were in it at the end.
    pub users: usize,
    /// How well ticks and poses came.
    pub ticks: Ticks,
    /// What was said in it.
    pub chat: ChatReport,
}

/// One bot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserReport {
    /// Its name.
    pub user: String,
    /// Its room.
    pub room: String,
    /// Its time in the room, in seconds.
    pub in_room_s: f64,
    /// How well ticks and poses came.
    pub ticks: Ticks,
    /// Messages that it should have heard and did not.
    pub chat_lost: u64,
    /// How often it lost its connection while in the room.
    pub reconnects: u64,
}

/// What was said, from the bots' arrival on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ChatReport {
    /// Messages that bots sent.
    pub sent: u64,
    /// Messages that were heard, counted for each hearer.
    pub received: u64,
    /// Messages that were not heard, counted for each hearer.
    pub lost: u64,
    /// Messages that the server refused.
    pub refused: u64,
    /// Median time from saying to hearing, in milliseconds.
    pub delay_p50_ms: Option<f64>,
    /// 99th percentile, in milliseconds.
    pub delay_p99_ms: Option<f64>,
}

impl Report {
    /// Ends the counts of `hall`, in which sending stopped at `end`.
    pub(super) fn of(hall: &Hall, arrived: Instant, end: Instant) -> Self {
        let mut delays = Histogram::default();
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
                let mut tally = tally.lock();
                let tally = &mut *tally;
                tally.ages.merge(&tally.recent_ages);
                tally.recent_ages.clear();
                let stay = tally.time_in_room(end);
                let mut one = Pool::default();
                one.add(tally.ticks, stay, best, &tally.gaps, &tally.ages);
                room_pool.add(tally.ticks, stay, best, &tally.gaps, &tally.ages);
                pool.add(tally.ticks, stay, best, &tally.gaps, &tally.ages);
                inside += usize::from(tally.is_in_room());
                (poses, frames, bytes) =
                    (poses + tally.poses, frames + tally.frames, bytes + tally.bytes);
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
        Self {
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
}

/// Several bots' figures together.
#[derive(Default)]
struct Pool {
    ages: Histogram,
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
        gaps: &Histogram,
        ages: &Histogram,
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

fn lost_ticks(ticks: u64, stay: Duration, best_rate: f64) -> u64 {
    let offered = (best_rate * stay.as_secs_f64()).round() as u64;
    offered.saturating_sub(ticks + 1)
}

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

fn chat_of(room: &Room, sum: &mut ChatReport, delays: &mut Histogram) -> ChatReport {
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

/// What went missing first, then old poses.
fn badness(user: &UserReport) -> f64 {
    let share = user.ticks.lost as f64 / (user.ticks.lost + user.ticks.received).max(1) as f64;
    let absent = if user.in_room_s == 0.0 { 1e9 } else { 0.0 };
    absent + user.chat_lost as f64 * 1e6 + share * 1e6 + user.ticks.age_p99_ms.unwrap_or_default()
}

fn millis(duration: Option<Duration>) -> Option<f64> {
    duration.map(|duration| duration.as_micros() as f64 / 1000.0)
}

/// What has been seen since the last such line, as one line without its end.
pub(super) fn progress(hall: &Hall, since: Instant, now: Instant) -> String {
    let seconds = now.saturating_duration_since(since).as_secs_f64().max(1e-3);
    let mut ages = Histogram::default();
    let (mut inside, mut ticks, mut reconnects) = (0u64, 0, 0);
    let (mut least, mut most) = (u64::MAX, 0);
    let (mut said, mut heard, mut lost) = (0, 0, 0);
    for room in &hall.rooms {
        for tally in &room.tallies {
            let mut tally = tally.lock();
            let tally = &mut *tally;
            ages.merge(&tally.recent_ages);
            tally.ages.merge(&tally.recent_ages);
            tally.recent_ages.clear();
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

fn tenth(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"))
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, width: usize, cells: &[String]) -> fmt::Result {
    // Padded by columns on the screen: names may be wide.
    write!(f, "{name}{}", " ".repeat(width.saturating_sub(name.width())))?;
    for cell in cells {
        write!(f, "{cell:>11}")?;
    }
    writeln!(f)
}

fn cells(ticks: &Ticks) -> [String; 6] {
    [
        format!("{:.2}", ticks.per_s),
        ticks.lost.to_string(),
        ticks.late_gaps.to_string(),
        tenth(ticks.age_p50_ms),
        tenth(ticks.age_p99_ms),
        tenth(ticks.age_max_ms),
    ]
}

const HEADINGS: [&str; 6] = ["ticks/s", "lost", "late gaps", "age p50 ms", "p99", "max"];

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} bots in {} rooms at {}, {:.1} s at {} Hz (all there after {:.1} s)",
            self.users_in_rooms,
            self.users_wanted,
            self.rooms.len(),
            self.url,
            self.measured_s,
            self.hz,
            self.arrival_s
        )?;
        let names = self.rooms.iter().map(|room| room.room.width());
        let worst = self.users.iter().take(WORST);
        let users = worst.map(|user| user.user.width() + user.room.width() + 4);
        let width = names.chain(users).max().unwrap_or(0).max(12) + 2;
        let headings = HEADINGS.map(str::to_owned);
        writeln!(f)?;
        row(f, "room", width, &[&["bots".to_owned()], &headings[..]].concat())?;
        for room in &self.rooms {
            row(
                f,
                &room.room,
                width,
                &[&[room.users.to_string()], &cells(&room.ticks)[..]].concat(),
            )?;
        }
        if self.rooms.len() > 1 {
            let all = self.users_in_rooms.to_string();
            row(f, "all", width, &[&[all], &cells(&self.overall)[..]].concat())?;
        }
        writeln!(f)?;
        row(f, "worst served", width, &[&["reconnects".to_owned()], &headings[..]].concat())?;
        for user in self.users.iter().take(WORST) {
            let name = format!("{} in {}", user.user, user.room);
            let reconnects = user.reconnects.to_string();
            row(f, &name, width, &[&[reconnects], &cells(&user.ticks)[..]].concat())?;
        }
        writeln!(f)?;
        self.fmt_notes(f)
    }
}

impl Report {
    fn fmt_notes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per_s = |count: u64| count as f64 / self.measured_s.max(1e-3);
        writeln!(
            f,
            "got {} messages, {:.1} MB ({:.0} messages/s, {:.2} MB/s)",
            self.frames,
            self.bytes as f64 / 1e6,
            per_s(self.frames),
            per_s(self.bytes) / 1e6
        )?;
        let chat = &self.chat;
        if chat.sent > 0 {
            let (p50, p99) = (tenth(chat.delay_p50_ms), tenth(chat.delay_p99_ms));
            writeln!(
                f,
                "chat: {} sent, {} heard, {} lost, {} refused; p50 {p50} ms, p99 {p99} ms",
                chat.sent, chat.received, chat.lost, chat.refused
            )?;
        }
        for (count, what) in [
            (self.reconnects, "connections lost and made again"),
            (self.kicked, "bots sent away by the operator"),
            (self.names_taken, "names were in use by others"),
            (self.not_understood, "messages were not as the wire contract says"),
        ] {
            if count > 0 {
                writeln!(f, "{count} {what}")?;
            }
        }
        for (code, count) in &self.refusals {
            writeln!(f, "{count} times error {code}")?;
        }
        for (reason, count) in &self.gave_up {
            writeln!(f, "{count} bots gave up: {reason}")?;
        }
        if self.poses_sent_share < 0.95 {
            writeln!(
                f,
                "the bots sent only {:.0} % of their poses: this machine can't keep up with them, \
                 so the figures say little about the server; try fewer users or a lower --hz",
                self.poses_sent_share * 100.0
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_lost_beyond_the_edge_of_the_measured_time() {
        let ten = Duration::from_secs(10);
        assert_eq!(lost_ticks(300, ten, 30.0), 0);
        assert_eq!(lost_ticks(299, ten, 30.0), 0);
        assert_eq!(lost_ticks(297, ten, 30.0), 2);
        assert_eq!(lost_ticks(150, ten / 2, 30.0), 0);
        assert_eq!(lost_ticks(0, Duration::ZERO, 30.0), 0);
    }

    #[test]
    fn a_stutter_is_a_late_gap() {
        let mut gaps = Histogram::default();
        for millis in [33, 33, 34, 33, 66, 33] {
            gaps.record(Duration::from_millis(millis));
        }
        let mut pool = Pool::default();
        pool.add(7, Duration::from_millis(232), 30.0, &gaps, &Histogram::default());
        assert_eq!((pool.ticks().late_gaps, pool.ticks().age_p50_ms), (1, None));
        assert!((pool.ticks().per_s - 30.17).abs() < 0.01);
    }
}
