//! What each key does: one table that feeds dispatch, footer, help and README.

mod binding;
mod dialogs;
mod editing;
mod labels;
mod lookup;
mod replay;
mod table;

pub(crate) use binding::{Binding, Context, context};
pub(crate) use editing::edit;
pub use labels::markdown;
pub(crate) use labels::{label, labels, place};
pub(crate) use lookup::{find, footer};
pub(crate) use table::GROUPS;
