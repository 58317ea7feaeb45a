//! Who is in a recording, as whom, and whether their data is kept.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use super::failure::Failure;
use super::key::{KeyFile, KeyLine};
use super::mask::mask;
use crate::archive::Writer;
use crate::model::{Consent, Privacy, SessionId, Timestamp, UserName};
use crate::operator::RecordedPerson;

/// People who are remembered. When there are more, those who have left are forgotten unless the
/// operator decided something about them: if they return, they get a new subject.
const MAX_PEOPLE: usize = 20_000;

/// People whom the status lists: those who are connected first.
const MAX_LISTED: usize = 500;

/// What sentences say instead of the name of a user whose data is not kept.
const SOMEBODY: &str = "somebody";

/// Someone who was logged in while it recorded.
#[derive(Debug)]
pub(super) struct Person {
    user: UserName,
    subject: String,
    pub(super) consent: bool,
    /// The number in the recording, once there is something of them in it.
    pub(super) row: Option<i64>,
    /// The newest connection, and its address.
    session: SessionId,
    address: Option<SocketAddr>,
    connections: usize,
    /// When there was first something of them in the recording, and from where, as in the key.
    in_key: Option<(Timestamp, Option<SocketAddr>)>,
}

/// Everyone.
#[derive(Debug)]
pub(super) struct People {
    has_names: bool,
    /// `None` if everyone's is assumed.
    consenting: Option<HashSet<Arc<str>>>,
    /// By folded name, like all tables here.
    known: HashMap<Arc<str>, Person>,
    /// Subjects that the operator named, and what they decided about consent.
    subjects: HashMap<Arc<str>, String>,
    decisions: HashMap<Arc<str>, bool>,
    taken: HashSet<String>,
    next: u64,
    /// `None` if names are in the recording itself.
    key: Option<KeyFile>,
    has_forgotten: bool,
    /// Those forgotten of whom there was nothing in it.
    forgotten_left_out: u64,
}

impl People {
    /// Nobody yet. `privacy` has been checked.
    pub(super) fn new(privacy: &Privacy, key: Option<KeyFile>) -> Self {
        let consenting = match &privacy.consent {
            Consent::Assumed => None,
            Consent::Given(users) => Some(users.iter().filter_map(|user| fold(user)).collect()),
        };
        let subjects: HashMap<_, _> = privacy
            .subjects
            .iter()
            .filter_map(|(user, subject)| Some((fold(user)?, subject.clone())))
            .collect();
        Self {
            has_names: privacy.names,
            consenting,
            known: HashMap::new(),
            taken: subjects.values().cloned().collect(),
            subjects,
            decisions: HashMap::new(),
            next: 1,
            key,
            has_forgotten: false,
            forgotten_left_out: 0,
        }
    }

    pub(super) fn has_names(&self) -> bool {
        self.has_names
    }

    /// Somebody who is known.
    pub(super) fn get(&self, user: &UserName) -> Option<&Person> {
        self.known.get(user.folded())
    }

    /// A user has logged in.
    pub(super) fn came(
        &mut self,
        user: &UserName,
        session: SessionId,
        address: Option<SocketAddr>,
    ) {
        if let Some(person) = self.known.get_mut(user.folded()) {
            person.session = session;
            person.address = address;
            person.connections += 1;
            return;
        }
        if self.known.len() >= MAX_PEOPLE {
            self.forget();
        }
        let person = Person {
            user: user.clone(),
            subject: self.subject_of(user),
            consent: self.consent_of(user),
            row: None,
            session,
            address,
            connections: 1,
            in_key: None,
        };
        self.known.insert(user.folded().clone(), person);
    }

    /// A user has logged out.
    pub(super) fn went(&mut self, user: &UserName) {
        if let Some(person) = self.known.get_mut(user.folded()) {
            person.connections = person.connections.saturating_sub(1);
        }
    }

    /// The number in the recording of somebody who is known; `None` if their data is not kept.
    ///
    /// # Errors
    /// If they are new, and can't be written.
    pub(super) fn row_of(
        &mut self,
        user: &UserName,
        now: Timestamp,
        to: &Writer,
    ) -> Result<Option<i64>, Failure> {
        let Some(person) = self.known.get_mut(user.folded()) else { return Ok(None) };
        if !person.consent || person.row.is_some() {
            return Ok(person.row.filter(|_| person.consent));
        }
        let name = self.has_names.then(|| person.user.as_str());
        person.row = Some(to.person(&person.subject, name)?);
        if let Some(key) = &mut self.key {
            person.in_key = Some((now, person.address));
            if let Some(line) = person.key_line() {
                key.add(&line)?;
            }
        }
        Ok(person.row)
    }

    /// Puts the key on disk. Call it before what refers to it is committed.
    ///
    /// # Errors
    /// If that fails.
    pub(super) fn sync_key(&mut self) -> Result<(), Failure> {
        self.key.as_mut().map_or(Ok(()), KeyFile::sync)
    }

    /// Names a user's subject, now or for when they come; returns the one they had, if any.
    ///
    /// # Errors
    /// If it can't be written. A subject that is taken changes nothing: `Ok(Err)`.
    pub(super) fn set_subject(
        &mut self,
        user: &UserName,
        subject: &str,
        to: &Writer,
    ) -> Result<Result<Option<String>, Taken>, Failure> {
        let before = match self.known.get(user.folded()) {
            Some(person) => Some(person.subject.clone()),
            None => self.subjects.get(user.folded()).cloned(),
        };
        if before.as_deref() != Some(subject) && self.is_taken(subject) {
            return Ok(Err(Taken));
        }
        if let Some(person) = self.known.get_mut(user.folded()) {
            if let Some(row) = person.row {
                to.set_subject(row, subject)?;
            }
            let old = std::mem::replace(&mut person.subject, subject.to_owned());
            if let (Some(key), Some(line)) = (&mut self.key, person.key_line()) {
                key.replace(&KeyLine { subject: &old, ..line.clone() }, &line)?;
            }
        }
        if let Some(before) = &before {
            self.taken.remove(before);
        }
        self.taken.insert(subject.to_owned());
        self.subjects.insert(user.folded().clone(), subject.to_owned());
        Ok(Ok(before))
    }

    /// Decides whether a user's data is kept, now or when they come; returns whether that changes
    /// anything for somebody who is known.
    pub(super) fn set_consent(&mut self, user: &UserName, consent: bool) -> bool {
        self.decisions.insert(user.folded().clone(), consent);
        let Some(person) = self.known.get_mut(user.folded()) else { return false };
        std::mem::replace(&mut person.consent, consent) != consent
    }

    /// Whether a connection that nobody is logged in on may be written about.
    pub(super) fn assumes_consent(&self) -> bool {
        self.consenting.is_none()
    }

    /// `text` with names replaced by subjects. It keeps those that the recording itself has.
    pub(super) fn mask<'a>(&self, text: &'a str) -> std::borrow::Cow<'a, str> {
        mask(text, |name| match self.known.get(name.folded()) {
            Some(person) if !person.consent => Some(SOMEBODY.to_owned()),
            Some(person) => (!self.has_names).then(|| person.subject.clone()),
            None => None,
        })
    }

    /// How many there is nothing of.
    pub(super) fn left_out(&self) -> u64 {
        let now = self.known.values().filter(|person| person.row.is_none()).count();
        self.forgotten_left_out + now as u64
    }

    /// Those that the status lists, sorted by subject.
    pub(super) fn listed(&self) -> Vec<RecordedPerson> {
        let mut people: Vec<&Person> = self.known.values().collect();
        people.sort_unstable_by(|a, b| {
            (a.connections == 0, &a.subject).cmp(&(b.connections == 0, &b.subject))
        });
        people.truncate(MAX_LISTED);
        people.sort_unstable_by(|a, b| a.subject.cmp(&b.subject));
        let listed = people.into_iter().map(|person| RecordedPerson {
            session: person.session,
            user: person.user.to_string(),
            subject: person.subject.clone(),
            consent: person.consent,
        });
        listed.collect()
    }

    fn subject_of(&mut self, user: &UserName) -> String {
        if let Some(subject) = self.subjects.get(user.folded()) {
            return subject.clone();
        }
        loop {
            let subject = format!("S{:02}", self.next);
            self.next += 1;
            if self.taken.insert(subject.clone()) {
                return subject;
            }
        }
    }

    fn consent_of(&self, user: &UserName) -> bool {
        let decided = self.decisions.get(user.folded()).copied();
        decided.unwrap_or_else(|| {
            self.consenting.as_ref().is_none_or(|users| users.contains(user.folded()))
        })
    }

    /// Whether somebody has a subject, or had it who is forgotten: only numbered ones are.
    fn is_taken(&self, subject: &str) -> bool {
        let number = || subject.strip_prefix('S')?.parse::<u64>().ok();
        self.taken.contains(subject)
            || (self.has_forgotten && number().is_some_and(|number| number < self.next))
    }

    fn forget(&mut self) {
        let (subjects, decisions) = (&self.subjects, &self.decisions);
        let (taken, left_out) = (&mut self.taken, &mut self.forgotten_left_out);
        self.has_forgotten = true;
        self.known.retain(|name, person| {
            let stays = person.connections > 0
                || subjects.contains_key(name)
                || decisions.contains_key(name);
            if !stays {
                taken.remove(&person.subject);
                *left_out += u64::from(person.row.is_none());
            }
            stays
        });
    }
}

impl Person {
    fn key_line(&self) -> Option<KeyLine<'_>> {
        let (first_seen, address) = self.in_key?;
        Some(KeyLine { subject: &self.subject, name: self.user.as_str(), address, first_seen })
    }
}

/// Somebody else has that subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken;

fn fold(user: &str) -> Option<Arc<str>> {
    UserName::new(user).ok().map(|user| user.folded().clone())
}
