//! A report as text for a terminal.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use super::report::{Report, Ticks};

/// Bots that are listed as the worst served.
const WORST: usize = 5;

/// Rounded to a tenth; `-` if there is no value.
pub(super) fn tenth(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"))
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, width: usize, cells: &[String]) -> fmt::Result {
    // Padded by display width, as names may hold wide characters.
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
            "received {} messages, {:.1} MB ({:.0} messages/s, {:.2} MB/s)",
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
            (self.reconnects, "connections lost and reestablished"),
            (self.kicked, "bots kicked by the operator"),
            (self.names_taken, "names already in use"),
            (self.not_understood, "messages broke the wire contract"),
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
                "the bots sent only {:.0} % of their poses: this machine can't keep up, so the figures \
                 say little about the server; try fewer users or a lower --hz",
                self.poses_sent_share * 100.0
            )?;
        }
        Ok(())
    }
}
