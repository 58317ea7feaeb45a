//! What runs have tried, so that a change of the clients' habits can't make the simulation tame.

use std::collections::BTreeMap;

use super::history::{Got, History, Step};
use crate::lobby::event::EventKind;

/// What several hundred seeds must have seen at least once.
pub(super) const WANTED: &[&str] = &[
    "served by thread 0",
    "served by thread 1",
    "stopped while busy",
    "a room was closed",
    "a takeover",
    "a pong",
    "a clock was compared",
    "a clock was compared before the login",
    "a round trip",
    WITHIN_BOUND,
    "a pose with its client's time",
    "a reset",
    "refused with 401",
    "refused with 403",
    "refused with 406",
    "refused with 409",
    "refused with 413",
    "refused with 429",
    "refused with 501",
    "HTTP 408",
    "closed with 1000",
    "closed with 1001",
    "closed with 1002",
    "closed with 1007",
    "closed with 1009",
    "kicked by the operator",
    "you logged in on another connection",
    "you did not log in within",
    "you sent nothing",
    "the server is out of memory",
];

/// How many clocks the operator saw, and whether their true offset was within the bound.
pub(super) const WITHIN_BOUND: &str = "a clock within its bound";
pub(super) const BEYOND_BOUND: &str = "a clock beyond its bound";

/// What several thousand must have seen.
pub(super) const RARE: &[&str] =
    &["you kept sending more", "you read too slowly", "you read nothing for"];

/// Counts what a run has tried.
pub(super) fn add(history: &History, covered: &mut BTreeMap<String, u64>) {
    let mut note = |what: String| *covered.entry(what).or_default() += 1;
    for connection in &history.connections {
        note(format!("served by thread {}", connection.thread));
    }
    for fits in super::clocks::judge_sight(history) {
        note(if fits { WITHIN_BOUND } else { BEYOND_BOUND }.into());
    }
    if history.abrupt {
        note("stopped while busy".into());
    }
    for event in &history.events {
        match &event.kind {
            EventKind::TookOver { .. } => note("a takeover".into()),
            EventKind::Operated { action } if action.starts_with("closed ") => {
                note("a room was closed".into());
            }
            EventKind::Probed { .. } => note("a clock was compared".into()),
            EventKind::RoundTrip { .. } => note("a round trip".into()),
            EventKind::Moved { client_time: Some(_), .. } => {
                note("a pose with its client's time".into());
            }
            EventKind::Refused { code, .. } => note(format!("refused with {}", code.number())),
            _ => {}
        }
    }
    for connection in &history.connections {
        let answer = |(_, step): &'_ _| match step {
            Step::Got(Got::Answer { code, detail, .. }) => Some((*code, detail.len())),
            _ => None,
        };
        let mut answers = connection.steps.iter().filter_map(answer);
        let before = answers.by_ref().take_while(|(code, _)| *code != 202);
        if before.filter(|(code, detail)| *code == 220 && *detail > 2).count() > 0 {
            note("a clock was compared before the login".into());
        }
    }
    for (_, step) in history.connections.iter().flat_map(|connection| &connection.steps) {
        match step {
            Step::Got(Got::Pong(_)) => note("a pong".into()),
            Step::Got(Got::Reset) => note("a reset".into()),
            Step::Got(Got::Http(status)) => note(format!("HTTP {status}")),
            Step::Got(Got::Close { code, reason }) => {
                let known = WANTED.iter().chain(RARE).find(|start| reason.starts_with(**start));
                note(known.map_or_else(|| format!("closed with {code}"), |known| (*known).into()));
            }
            _ => {}
        }
    }
}
