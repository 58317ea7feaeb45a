//! The form that is filled in before a recording starts.

mod field;
mod fill;
mod read;

use std::path::PathBuf;
use std::sync::Arc;

use super::line_input::LineInput;
use super::toast::Ticket;
use crate::model::RecordingFields;

pub(crate) use field::{Field, FieldId, Value};
pub(crate) use read::file_named;

/// The form while it is open. The last field is always the button that starts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RecordForm {
    fields: Vec<Field>,
    focus: usize,
    /// Whether the text that has the focus is as it was when it got it.
    untouched: bool,
    /// What is wrong, until something is changed.
    pub(crate) problem: Option<Problem>,
    /// The command that starts the recording, while it is unanswered.
    pub(crate) starting: Option<Ticket>,
    /// What the fields were filled from; it also has subjects and consent of users who are away.
    base: RecordingFields,
    path: Option<PathBuf>,
}

/// Something that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The index of the field that it is about.
    pub(crate) field: usize,
    pub(crate) text: String,
}

impl RecordForm {
    pub(crate) fn focused(&self) -> &Field {
        &self.fields[self.focus]
    }

    /// The index of the field that has the focus.
    pub(crate) fn focus(&self) -> usize {
        self.focus
    }

    pub(crate) fn field(&self, index: usize) -> &Field {
        &self.fields[index]
    }

    /// Whether what is typed next replaces the text that has the focus.
    pub(crate) fn is_replaced(&self) -> bool {
        let field = self.focused();
        self.untouched && field.id.is_replaced() && !field.entry().is_empty()
    }

    /// Whether keys are typed into the field that has the focus.
    pub(crate) fn is_typing(&self) -> bool {
        matches!(self.focused().value, Value::Text(_))
    }

    pub(crate) fn is_at_start(&self) -> bool {
        self.focused().id == FieldId::Start
    }

    /// Whether consent is given user by user.
    pub(crate) fn is_by_hand(&self) -> bool {
        self.fields.iter().any(|field| field.id == FieldId::Consent && field.chosen() == 1)
    }

    /// Every user who has a line, with their subject.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = (&Arc<str>, &str)> {
        self.fields.iter().filter_map(|field| match &field.id {
            FieldId::Subject(user) => Some((user, field.entry())),
            _ => None,
        })
    }

    /// The users whose data would be kept, of those who have a line.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Arc<str>> {
        let by_hand = self.is_by_hand();
        self.fields.iter().filter_map(move |field| match &field.id {
            FieldId::Kept(user) if !by_hand || field.chosen() == 1 => Some(user),
            _ => None,
        })
    }

    /// The fields row by row, as indices; those that don't apply are left out.
    pub(crate) fn rows(&self) -> Vec<Vec<usize>> {
        let by_hand = self.is_by_hand();
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for (index, field) in self.fields.iter().enumerate() {
            if matches!(field.id, FieldId::Kept(_)) && !by_hand {
                continue;
            }
            match rows.last_mut() {
                Some(row) if field.id.continues_row() => row.push(index),
                _ => rows.push(vec![index]),
            }
        }
        rows
    }

    /// Gives a field the focus.
    pub(crate) fn focus_on(&mut self, index: usize) {
        self.focus = index.min(self.fields.len() - 1);
        self.untouched = true;
    }

    /// Moves the focus from field to field, around the ends.
    pub(crate) fn step(&mut self, forward: bool) {
        let shown: Vec<usize> = self.rows().concat();
        let at = shown.iter().position(|index| *index == self.focus).unwrap_or(0);
        let by = if forward { 1 } else { shown.len() - 1 };
        self.focus_on(shown[(at + by) % shown.len()]);
    }

    /// Moves the focus up or down, around the ends, within its column where there is one.
    pub(crate) fn step_row(&mut self, down: bool) {
        let rows = self.rows();
        let place = |row: &Vec<usize>| row.iter().position(|index| *index == self.focus);
        let found = rows.iter().enumerate().find_map(|(at, row)| Some((at, place(row)?)));
        let (at, column) = found.unwrap_or_default();
        let by = if down { 1 } else { rows.len() - 1 };
        let row = &rows[(at + by) % rows.len()];
        self.focus_on(row[column.min(row.len() - 1)]);
    }

    /// Chooses the next or previous option of the field that has the focus.
    pub(crate) fn turn(&mut self, forward: bool) {
        if let Value::Choice { options, at } = &mut self.fields[self.focus].value {
            let by = if forward { 1 } else { options.len() - 1 };
            *at = (*at + by) % options.len();
            self.problem = None;
        }
    }

    /// Applies `change`, which returns whether it was an edit, to the text that has the focus.
    pub(crate) fn edit(&mut self, change: impl Fn(&mut LineInput) -> bool) {
        let is_replaced = self.is_replaced();
        let Value::Text(input) = &mut self.fields[self.focus].value else { return };
        let mut typed = LineInput::default();
        if is_replaced && change(&mut typed) && !typed.text().is_empty() {
            *input = typed;
        } else if !change(input) {
            return;
        }
        self.untouched = false;
        self.problem = None;
        self.add_other();
    }

    /// Keeps an empty line after the operator's own fields, for one more.
    fn add_other(&mut self) {
        let last = self.fields.iter().rposition(|field| field.id == FieldId::Other);
        if let Some(last) = last.filter(|last| !self.fields[*last].entry().is_empty()) {
            self.fields.insert(last + 1, Field::text(FieldId::Other, ""));
            if self.focus > last {
                self.focus += 1;
            }
        }
    }

    /// Goes on from a form that was left.
    pub(crate) fn reopen(&mut self) {
        (self.problem, self.starting) = (None, None);
        self.focus_on(0);
    }

    /// Shows what is wrong, at the field it is about.
    pub(crate) fn complain(&mut self, problem: Problem) {
        self.focus_on(problem.field);
        self.problem = Some(problem);
    }

    /// Shows why the recording could not be started.
    pub(crate) fn refused(&mut self, reason: String) {
        self.starting = None;
        self.problem = Some(Problem { field: self.fields.len() - 1, text: reason });
    }
}
