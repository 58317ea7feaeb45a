//! Marks in time, from the operator and from clients, and the intervals that are open.

use serde_json::Value;

use super::failure::Failure;
use crate::archive::{MarkerRow, Writer};
use crate::model::MarkPhase;

/// The type of the events by which clients set marks (wire contract, "Markers").
pub(super) const MARKER: &str = "marker";

/// The longest label, in characters; the rest is cut.
const MAX_LABEL_CHARS: usize = 500;

/// Intervals that may be open at once. When there are more, the oldest can't be ended any more.
const MAX_OPEN: usize = 1000;

/// A label, and whether it is of an instant, or of an interval's begin or end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) label: String,
    pub(super) phase: MarkPhase,
}

impl Mark {
    /// The mark of an event of type [`MARKER`] with `data`, which is JSON (wire contract,
    /// "Markers").
    pub(super) fn of(data: &str) -> Self {
        let (label, phase) = match serde_json::from_str(data) {
            Ok(Value::String(label)) => (Some(label), MarkPhase::Instant),
            Ok(Value::Object(mut keys)) => {
                let phase = match keys.get("phase") {
                    None => Some(MarkPhase::Instant),
                    Some(phase) => serde_json::from_value(phase.clone()).ok(),
                };
                match (keys.remove("label"), phase) {
                    (Some(Value::String(label)), Some(phase)) => (Some(label), phase),
                    _ => (None, MarkPhase::Instant),
                }
            }
            _ => (None, MarkPhase::Instant),
        };
        Self::new(label.as_deref().unwrap_or(data), phase)
    }

    pub(super) fn new(label: &str, phase: MarkPhase) -> Self {
        let end = label.char_indices().nth(MAX_LABEL_CHARS).map_or(label.len(), |(at, _)| at);
        Self { label: label[..end].to_owned(), phase }
    }
}

#[derive(Debug)]
struct Open {
    /// As it was set, with names in it: the operator ends it by the same words.
    label: String,
    person: Option<i64>,
    row: i64,
}

/// The intervals that have begun and not ended.
#[derive(Debug, Default)]
pub(super) struct Intervals(Vec<Open>);

impl Intervals {
    /// Writes a mark, with `label` in the file in place of its own; returns whether it is a new one,
    /// and not the end of another. `person` is `None` for the operator. An end without a begin is an
    /// instant.
    ///
    /// # Errors
    /// If it can't be written.
    pub(super) fn set(
        &mut self,
        mark: Mark,
        label: String,
        time: i64,
        (person, room): (Option<i64>, Option<i64>),
        to: &Writer,
    ) -> Result<bool, Failure> {
        let is_it = |open: &Open| open.label == mark.label && open.person == person;
        if mark.phase == MarkPhase::End
            && let Some(begun) = self.0.iter().rposition(is_it)
        {
            let row = self.0.remove(begun).row;
            to.end_interval(row, time)?;
            return Ok(false);
        }
        let is_interval = mark.phase == MarkPhase::Begin;
        let row = MarkerRow { time, end: None, is_interval, label, person, room };
        let number = to.marker(&row)?;
        if is_interval {
            if self.0.len() == MAX_OPEN {
                self.0.remove(0);
            }
            self.0.push(Open { label: mark.label, person, row: number });
        }
        Ok(true)
    }

    /// The labels of the operator's own.
    pub(super) fn of_operator(&self) -> Vec<String> {
        let own = self.0.iter().filter(|open| open.person.is_none());
        own.map(|open| open.label.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_text_or_a_label_with_a_phase_or_whatever_it_is() {
        use MarkPhase::{Begin, End, Instant};
        for (data, label, phase) in [
            (r#""trial 1""#, "trial 1", Instant),
            (r#""a\"\u00e9""#, "a\"é", Instant),
            (r#"{"label":"trial","phase":"begin"}"#, "trial", Begin),
            (r#"{"phase":"end","label":"trial","x":1}"#, "trial", End),
            (r#"{"label":"trial","phase":"instant"}"#, "trial", Instant),
            (r#"{"label":"trial"}"#, "trial", Instant),
            (
                r#"{"label":"trial","phase":"start"}"#,
                r#"{"label":"trial","phase":"start"}"#,
                Instant,
            ),
            (r#"{"label":7,"phase":"begin"}"#, r#"{"label":7,"phase":"begin"}"#, Instant),
            ("[1,2]", "[1,2]", Instant),
            ("1.50", "1.50", Instant),
            ("null", "null", Instant),
            // A lone surrogate is JSON, but no text.
            (r#""\ud800""#, r#""\ud800""#, Instant),
        ] {
            assert_eq!(Mark::of(data), Mark { label: label.into(), phase }, "{data}");
        }
    }

    #[test]
    fn a_label_is_cut() {
        assert_eq!(Mark::new(&"é".repeat(501), MarkPhase::Instant).label, "é".repeat(500));
        assert_eq!(Mark::of(&format!("[{}]", "1".repeat(600))).label.len(), 500);
    }
}
