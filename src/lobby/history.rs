//! The last messages of a room, for users who join and for the operator.

use std::collections::VecDeque;
use std::sync::Arc;

use super::event::Message;
use crate::protocol::encode::entry_len;

/// The last messages, bounded in number and in bytes, oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
}

impl History {
    /// Adds a message and drops the oldest until the rest fit.
    pub(super) fn keep(&mut self, message: &Arc<Message>, messages: usize, bytes: usize) {
        self.messages.push_back(message.clone());
        self.bytes += size(message);
        while self.messages.len() > messages || self.bytes > bytes {
            let Some(oldest) = self.messages.pop_front() else { break };
            self.bytes -= size(&oldest);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The messages, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Message>> {
        self.messages.iter()
    }

    /// The size of the messages as entries of a frame, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

fn size(message: &Message) -> usize {
    entry_len(&message.user_json, &message.body)
}
