//! What an operator decides about a recording before it starts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::space::Conventions;

/// What a recording says about itself, and what it keeps of people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingFields {
    /// The study it belongs to; empty if there is none.
    pub study: String,
    /// The session within the study.
    pub session: String,
    /// The experimental condition.
    pub condition: String,
    /// Fields of the operator's own choice, by name.
    pub other: BTreeMap<String, String>,
    /// What the numbers of poses mean.
    pub conventions: Conventions,
    /// What is kept of people.
    pub privacy: Privacy,
}

/// What a recording keeps of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privacy {
    /// Write names and addresses into the recording; otherwise it has a subject's pseudonym in
    /// their place, and the key is a file of its own.
    pub names: bool,
    /// Keep what people say and the events they send.
    pub chat: bool,
    /// Whose data is kept.
    pub consent: Consent,
    /// The subject of each user that the operator named one for; others get the next free number,
    /// as `S01`.
    pub subjects: BTreeMap<String, String>,
}

/// Whose data is kept: of others, only how much there was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Consent {
    /// Of everyone whose consent has not been withdrawn by hand.
    #[default]
    Assumed,
    /// Of these users, and of those to whom the operator gives it by hand.
    Given(Vec<String>),
}

impl Default for Privacy {
    fn default() -> Self {
        Self { names: false, chat: true, consent: Consent::Assumed, subjects: BTreeMap::new() }
    }
}
