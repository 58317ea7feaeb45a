//! What the members say, and when.

use std::io;

use super::{Generator, Stage};
use crate::clock::{self, SECOND};
use crate::wire;

/// Messages that may be on their way to the slowest member where chatters do not pause.
const IN_FLIGHT: u64 = 2000;
/// Messages written at once where chatters do not pause.
const AT_ONCE: u64 = 10;

impl Generator<'_> {
    /// Sends all that is due; when the next is due.
    pub(super) fn send_due(&mut self) -> io::Result<u64> {
        let mut next = u64::MAX;
        for k in std::mem::take(&mut self.blocked) {
            self.members[k].blocked = false;
            let flushed = self.members[k].conn.flush();
            self.sent(k, flushed.map(|_| ()))?;
            next = clock::now() + SECOND / 1000;
        }
        if self.load.posers > 0 {
            let rate = self.load.fps * self.load.posers as f64;
            next = next.min(self.send_paced(rate, Self::send_pose, |g| &mut g.poses_sent)?);
        }
        if self.talking && self.load.chat_rate.is_finite() {
            let rate = self.load.chat_rate * self.load.chatters as f64;
            next = next.min(self.send_paced(rate, Self::send_chat, |g| &mut g.chats_sent)?);
        } else if self.talking {
            next = next.min(self.send_without_pause()?);
        }
        Ok(next)
    }

    fn send_paced(
        &mut self,
        rate: f64,
        send: impl Fn(&mut Self, u64) -> io::Result<()>,
        count: impl Fn(&mut Self) -> &mut u64,
    ) -> io::Result<u64> {
        loop {
            let n = *count(self);
            let due = self.began + (n as f64 * SECOND as f64 / rate) as u64;
            if due > clock::now() {
                return Ok(due);
            }
            *count(self) += 1;
            send(self, n)?;
        }
    }

    fn send_pose(&mut self, n: u64) -> io::Result<()> {
        let k = (n % self.load.posers as u64) as usize;
        // A socket that still holds an older pose gets no newer one: headsets do the same.
        if self.members[k].stage != Stage::Joined || self.members[k].blocked {
            return Ok(());
        }
        let now = clock::now();
        self.message.clear();
        wire::transform(&mut self.message, &mut self.text, self.load, k, now);
        self.tally.pose_sent(k, now);
        let sent = self.members[k].conn.send(&self.message);
        self.sent(k, sent)
    }

    fn send_chat(&mut self, n: u64) -> io::Result<()> {
        let (k, sequence) = self.chatter(n);
        self.message.clear();
        wire::chat(&mut self.message, self.load, k, sequence);
        self.tally.chat_sent(k, clock::now());
        let sent = self.members[k].conn.send(&self.message);
        self.sent(k, sent)
    }

    fn send_without_pause(&mut self) -> io::Result<u64> {
        let slowest = self.tally.slowest();
        while self.chats_sent - slowest < IN_FLIGHT {
            // A turn of each chatter: AT_ONCE messages in one write.
            let (k, _) = self.chatter(self.chats_sent / AT_ONCE);
            let turn = self.chats_sent / (AT_ONCE * self.load.chatters as u64);
            self.message.clear();
            for n in 0..AT_ONCE {
                wire::chat(&mut self.message, self.load, k, turn * AT_ONCE + n);
                self.tally.chat_sent(k, clock::now());
            }
            self.chats_sent += AT_ONCE;
            let sent = self.members[k].conn.send(&self.message);
            self.sent(k, sent)?;
        }
        Ok(u64::MAX)
    }

    /// The sender of chat message `n`, and the message's number among the sender's own.
    fn chatter(&self, n: u64) -> (usize, u64) {
        let chatters = self.load.chatters as u64;
        (self.load.users - self.load.chatters + (n % chatters) as usize, n / chatters)
    }
}
