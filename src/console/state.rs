//! The console's state: plain data that every frame is drawn from and every key changes.
//!
//! Knows nothing of keys, views or terminals. What the operator could do is an [`Action`];
//! where the last frame put things is a [`Drawn`], which the view fills in.

mod action;
mod app;
mod availability;
mod command_line;
mod detail;
mod drawn;
mod form;
mod line_input;
mod lists;
mod log_view;
mod map_view;
mod overlay;
mod pane;
mod quality;
mod recording;
mod skipping;
mod toast;

pub(crate) use action::Action;
pub(crate) use app::App;
pub(crate) use availability::{active_filter, is_available};
pub(crate) use command_line::{CommandLine, Completions};
pub(crate) use drawn::{Drawn, Hit};
pub(crate) use form::{Field, FieldId, RecordForm, Value, file_named};
pub(crate) use line_input::LineInput;
pub(crate) use lists::{Column, RoomSort, UserSort};
#[cfg(test)]
pub(crate) use log_view::LogView;
pub(crate) use log_view::{SeenTargets, next_level};
pub(crate) use map_view::grid_step;
pub(crate) use overlay::{Confirm, Overlay, Prompt};
pub(crate) use pane::{Pane, Screen};
pub(crate) use quality::{About, Concern, Severity, worst};
pub(crate) use toast::{LOCAL, Ticket, Tone};
