//! What the operator does: rates, marks, and decisions about people.

use super::{Scribe, Written};
use crate::archive::{EventKind as Kind, EventRow, Writer};
use crate::model::{MarkPhase, RoomName, Timestamp, UserName};
use crate::recording::failure::Failure;
use crate::recording::marks::Mark;
use crate::recording::mask::mask;
use crate::recording::people::Taken;

impl Scribe {
    pub(super) fn set_fps(
        &mut self,
        room: Option<&RoomName>,
        fps: Option<f64>,
        time: Timestamp,
        to: &Writer,
    ) -> Written {
        let fps = match room {
            Some(_) => fps,
            None => {
                self.fps = fps.unwrap_or(self.fps);
                Some(self.fps)
            }
        };
        let room = room.map(|room| self.room(room, to)).transpose()?;
        let data = fps.map(|fps| fps.to_string());
        self.event(EventRow { room, data, ..self.row(time, Kind::Fps) }, to)
    }

    pub(super) fn operated(&mut self, action: &str, time: Timestamp, to: &Writer) -> Written {
        let data = Some(self.people.mask(action).into_owned());
        self.event(EventRow { data, ..self.row(time, Kind::Operated) }, to)
    }

    pub(super) fn marked(
        &mut self,
        label: &str,
        phase: MarkPhase,
        time: Timestamp,
        to: &Writer,
    ) -> Written {
        let masked = Mark::new(&self.people.mask(label), phase).label;
        self.mark((Mark::new(label, phase), masked), time, (None, None), to)
    }

    /// Names a user's subject. `Ok(Err)` if somebody else has it.
    ///
    /// # Errors
    /// If it can't be written.
    pub(in crate::recording) fn set_subject(
        &mut self,
        user: &UserName,
        subject: &str,
        to: &Writer,
    ) -> Result<Result<(), Taken>, Failure> {
        let before = match self.people.set_subject(user, subject, to)? {
            Ok(before) => before,
            Err(taken) => return Ok(Err(taken)),
        };
        if let Some(before) = before.filter(|before| before != subject) {
            let instead = |word: &UserName| (word.as_str() == before).then(|| subject.to_owned());
            let reword = |text: &str| mask(text, instead).into_owned();
            to.reword(&before, reword)?;
        }
        Ok(Ok(()))
    }

    /// Keeps a user's data from now on, or only counts it.
    ///
    /// # Errors
    /// If it can't be written.
    pub(in crate::recording) fn set_consent(
        &mut self,
        user: &UserName,
        consent: bool,
        time: Timestamp,
        to: &Writer,
    ) -> Written {
        if consent {
            if self.people.set_consent(user, true) {
                self.appear(user, time, to)?;
            }
            return Ok(());
        }
        // While they are still somebody whose leaving is written.
        if self.people.get(user).is_some_and(|person| person.consent) {
            self.vanish(user, time, to)?;
        }
        self.people.set_consent(user, false);
        Ok(())
    }
}
