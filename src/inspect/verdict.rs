//! Sentences on how good a recording is.

use super::format::{count, duration, fine, moment};
use super::report::{Clock, Inspection, State, User};

/// The rate in Hz up to which the poses of a client are so far apart that each interval is a gap,
/// or nearly.
const SLOW: f64 = 10.0;

/// A clock that is farther off than this, in seconds, doesn't count from 1970, and how far is of no
/// interest.
const FAR: f64 = 86_400.0;

/// How good the whole recording is.
pub(super) fn of_recording(recording: &Inspection) -> String {
    let end = moment(recording.duration);
    let mut parts = vec![match recording.state {
        State::Whole => "whole".to_owned(),
        State::Recording => format!("still being recorded; read up to {end}"),
        State::Interrupted => format!("interrupted; complete up to {end}"),
        State::EndedEarly => {
            let reason = recording.ended_early.as_deref().unwrap_or_default();
            format!("ended early at {end}: {reason}")
        }
    }];
    parts.push(match recording.lost {
        0 => "nothing lost".to_owned(),
        lost => format!("lost {}", count(lost, "event")),
    });
    if recording.log_is_missing {
        parts.push(
            "its log (its name and \"-wal\") is not beside it, so that its end may be missing if \
             the file was copied"
                .to_owned(),
        );
    }
    if recording.out_of_order > 0 {
        parts.push(format!("{} out of order", count(recording.out_of_order, "pose")));
    }
    parts.join("; ")
}

/// How good a user's data is.
pub(super) fn of_user(user: &User) -> String {
    let mut parts = Vec::new();
    if user.poses == 0 {
        parts.push("sent no poses".to_owned());
    } else {
        parts.push(gaps(user));
    }
    if let Some(silence) = &user.silence {
        let before = if silence.left { "leaving" } else { "the end" };
        let (quiet, until) = (duration(silence.duration), moment(silence.until));
        parts.push(format!("silent for {quiet} before {before} at {until}"));
    }
    let refused: u64 = user.refusals.values().sum();
    if refused > 0 {
        parts.push(format!("{} refused", count(refused, "request")));
    }
    if user.connections > 1 {
        parts.push(format!("connected {} times", user.connections));
    }
    parts.push(user.clock.as_ref().map_or_else(|| "sends no clock".to_owned(), clock));
    parts.join("; ")
}

fn gaps(user: &User) -> String {
    let gaps = &user.gaps;
    let (Some(longest), Some(at)) = (gaps.longest, gaps.longest_at) else {
        return "no gaps over 100 ms".to_owned();
    };
    let (longest, at) = (duration(longest), moment(at));
    let mut said = format!("{} over 100 ms, longest {longest} at {at}", count(gaps.count, "gap"));
    if let Some(rate) = user.nominal_rate.filter(|rate| *rate <= SLOW) {
        said.push_str(&format!(" (it sends {rate} poses a second)"));
    }
    said
}

fn clock(clock: &Clock) -> String {
    let mut said = match (clock.bound, clock.offset) {
        (Some(bound), Some(offset)) if offset.abs() < FAR => {
            let side = if offset < 0.0 { "behind" } else { "ahead" };
            format!("clock {} {side}, to ±{}", fine(offset.abs()), fine(bound))
        }
        (Some(bound), _) => format!("clock known to ±{}", fine(bound)),
        (None, _) => "clock not known, for want of round trips".to_owned(),
    };
    if let Some(drift) = clock.drift_ppm.filter(|drift| drift.abs() >= 1.0) {
        said.push_str(&format!(", drifts by {drift:.0} ppm"));
    }
    if let Some(last) = clock.steps.last() {
        let steps = count(clock.steps.len() as u64, "step");
        let sign = if last.by < 0.0 { "-" } else { "+" };
        let (by, at) = (fine(last.by.abs()), moment(last.time));
        said.push_str(&format!(", {steps}, the last by {sign}{by} at {at}"));
    }
    said
}
