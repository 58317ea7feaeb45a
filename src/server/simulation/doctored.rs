//! The checker finds what is wrong with a history: each test takes one that is fine and doctors it.

use std::time::Duration;

use super::checker::check;
use super::history::{Entry, Got, History, Step};
use super::stage;
use crate::lobby::event::EventKind;

/// Doctors the history of the first seed that allows for it; returns what the checker says.
fn doctor(change: impl Fn(&mut History) -> Option<()>) -> String {
    for seed in 0..40 {
        let mut history = stage::run(seed);
        if history.abrupt || history.large {
            continue;
        }
        check(&history).unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        if change(&mut history).is_some() {
            let violation = check(&history).expect_err("the checker has seen nothing");
            return violation.to_string();
        }
    }
    panic!("no seed allows for that");
}

/// The place of the first step that `wanted` accepts, in a connection that was there to the end.
fn find(history: &History, wanted: impl Fn(&Step) -> bool) -> Option<(usize, usize)> {
    let stayed = |steps: &[(_, Step)]| {
        let closed = |step: &Step| matches!(step, Step::Got(Got::Close { code: 1001, .. }));
        let ended = |step: &Step| matches!(step, Step::Ends(_));
        steps.iter().any(|(_, step)| closed(step)) && !steps.iter().any(|(_, step)| ended(step))
    };
    history.connections.iter().enumerate().filter(|(_, one)| stayed(&one.steps)).find_map(
        |(index, connection)| {
            let at = connection.steps.iter().position(|(_, step)| wanted(step))?;
            Some((index, at))
        },
    )
}

/// Whether a step is an event of a kind that somebody says.
fn is_message(step: &Step) -> bool {
    matches!(step, Step::Got(Got::Events { entries, .. })
        if matches!(&**entries, [entry] if entry.kind == "msg" && entry.user != "*server*"))
}

fn is_leave(step: &Step) -> bool {
    matches!(step, Step::Got(Got::Events { entries, .. })
        if matches!(&**entries, [entry] if entry.kind == "leave"))
}

#[test]
fn a_lost_message() {
    let said = doctor(|history| {
        let (index, at) = find(history, is_message)?;
        history.connections[index].steps.remove(at);
        Some(())
    });
    assert!(said.contains("was to come") || said.contains("in answer to"), "{said}");
}

#[test]
fn a_message_that_comes_twice() {
    let said = doctor(|history| {
        let (index, at) = find(history, is_message)?;
        let steps = &mut history.connections[index].steps;
        steps.insert(at, steps[at].clone());
        Some(())
    });
    assert!(said.contains("was to come"), "{said}");
}

#[test]
fn messages_in_another_order() {
    let said = doctor(|history| {
        let (index, at) = find(history, is_message)?;
        let steps = &mut history.connections[index].steps;
        let next = (at + 1..steps.len()).find(|next| is_message(&steps[*next].1))?;
        let (first, second) = (steps[at].1.clone(), steps[next].1.clone());
        (steps[at].1, steps[next].1) = (second, first);
        Some(())
    });
    assert!(said.contains("was to come"), "{said}");
}

#[test]
fn a_leave_that_nobody_tells() {
    let said = doctor(|history| {
        let (index, at) = find(history, is_leave)?;
        history.connections[index].steps.remove(at);
        Some(())
    });
    assert!(said.contains("was to come") || said.contains("before"), "{said}");
}

#[test]
fn a_ghost_in_a_listing() {
    let said = doctor(|history| {
        let (index, at) =
            find(history, |step| matches!(step, Step::Asked(super::history::Asked::List(_))))?;
        let steps = &mut history.connections[index].steps;
        let entry = steps[at..].iter_mut().find_map(|(_, step)| match step {
            Step::Got(Got::Events { entries, .. }) if entries[0].kind == "join" => Some(entries),
            _ => None,
        })?;
        let ghost = Entry { user: "zoe".into(), ..entry[0].clone() };
        entry.push(ghost);
        Some(())
    });
    assert!(said.contains("zoe"), "{said}");
}

#[test]
fn a_ghost_that_only_the_operator_sees() {
    let said = doctor(|history| {
        history.sight.users.insert("zoe".into(), Default::default());
        Some(())
    });
    assert!(said.contains("the operator sees"), "{said}");
}

#[test]
fn a_member_that_does_not_know_of_itself() {
    let said = doctor(|history| {
        let session = history.events.iter().rev().find_map(|event| match event.kind {
            EventKind::Left { session, .. } => Some(session),
            _ => None,
        })?;
        let gone = |kind: &EventKind| {
            matches!(kind, EventKind::Left { session: left, .. } if *left == session)
                || matches!(kind, EventKind::LoggedOut { session: left, .. } if *left == session)
                || matches!(kind, EventKind::Disconnected { session: left } if *left == session)
        };
        history.events.retain(|event| !gone(&event.kind));
        Some(())
    });
    assert!(!said.is_empty(), "{said}");
}

#[test]
fn a_tick_that_shows_who_has_left() {
    let said = doctor(|history| {
        for connection in 0..history.connections.len() {
            let steps = &mut history.connections[connection].steps;
            let leave = (0..steps.len()).find_map(|at| {
                let Step::Got(Got::Events { room, entries }) = &steps[at].1 else { return None };
                let [Entry { user, kind, .. }] = &**entries else { return None };
                let before = steps[..at].iter().rposition(|(_, step)| {
                    matches!(step, Step::Got(Got::Tick { room: to, heads })
                        if to == room && heads.contains_key(user))
                })?;
                (kind == "leave").then_some((before, at))
            });
            if let Some((tick, leave)) = leave {
                let late = steps.remove(tick);
                steps.insert(leave, late);
                return Some(());
            }
        }
        None
    });
    assert!(said.contains("a tick of") || said.contains("to one who joins"), "{said}");
}

#[test]
fn a_tick_that_is_no_complete_picture() {
    let said = doctor(|history| {
        let is_full =
            |step: &Step| matches!(step, Step::Got(Got::Tick { heads, .. }) if heads.len() > 1);
        let (index, at) = find(history, is_full)?;
        if let Step::Got(Got::Tick { heads, .. }) = &mut history.connections[index].steps[at].1 {
            heads.pop_first();
        }
        Some(())
    });
    assert!(said.contains("never like this") || said.contains("to one who joins"), "{said}");
}

#[test]
fn an_old_tick() {
    let said = doctor(|history| {
        let is_tick = |step: &Step| matches!(step, Step::Got(Got::Tick { .. }));
        let (index, at) = find(history, is_tick)?;
        let steps = &mut history.connections[index].steps;
        let again = steps[at].clone();
        steps.insert(at + 1, again);
        Some(())
    });
    assert!(said.contains("never like this since"), "{said}");
}

#[test]
fn a_tick_too_many() {
    let said = doctor(|history| {
        let (before, after) = {
            let ticked = |at: &usize| matches!(history.events[*at].kind, EventKind::Ticked { .. });
            let mut ticks = (0..history.events.len()).filter(ticked);
            let first = ticks.next()?;
            (first, history.events[first].clone())
        };
        history.events.insert(before, after);
        Some(())
    });
    assert!(said.contains("without news"), "{said}");
}

#[test]
fn more_ticks_a_second_than_asked_for() {
    let said = doctor(|history| {
        let mut ticks = Vec::new();
        for event in &history.events {
            match &event.kind {
                EventKind::Ticked { room, .. } if ticks.contains(&room) => {
                    history.fps = 0.1;
                    return Some(());
                }
                EventKind::Ticked { room, .. } => ticks.push(room),
                EventKind::FpsChanged { .. } => return None,
                _ => {}
            }
        }
        None
    });
    assert!(said.contains("ticks a second"), "{said}");
}

#[test]
fn a_tick_that_is_late() {
    let said = doctor(|history| {
        history.events.iter_mut().find_map(|event| match &mut event.kind {
            EventKind::Ticked { late, .. } => {
                *late += Duration::from_millis(100);
                Some(())
            }
            _ => None,
        })
    });
    assert!(said.contains("late by"), "{said}");
}

#[test]
fn a_request_without_an_answer() {
    let said = doctor(|history| {
        let is_pong = |step: &Step| matches!(step, Step::Got(Got::Answer { code: 220, .. }));
        let (index, at) = find(history, is_pong)?;
        history.connections[index].steps.remove(at);
        Some(())
    });
    let seen = ["answer", "has come only after", "was to come"];
    assert!(seen.iter().any(|what| said.contains(what)), "{said}");
}

#[test]
fn a_frame_that_comes_late() {
    let said = doctor(|history| {
        let (index, at) = find(history, is_message)?;
        for (time, _) in &mut history.connections[index].steps[at..] {
            *time = time.plus(Duration::from_secs(4));
        }
        Some(())
    });
    assert!(said.contains("has come only after"), "{said}");
}

#[test]
fn a_close_without_a_cause() {
    let said = doctor(|history| {
        let is_close = |step: &Step| matches!(step, Step::Got(Got::Close { .. }));
        let (index, at) = find(history, is_close)?;
        let reason = "you logged in on another connection".to_owned();
        history.connections[index].steps[at].1 = Step::Got(Got::Close { code: 1008, reason });
        Some(())
    });
    assert!(said.contains("another connection"), "{said}");
}

#[test]
fn a_connection_that_is_cut_off() {
    let said = doctor(|history| {
        let is_close = |step: &Step| matches!(step, Step::Got(Got::Close { code: 1001, .. }));
        let connection = history.connections.iter_mut().find(|connection| {
            let steps = &connection.steps;
            !steps.iter().any(|(_, step)| matches!(step, Step::Stall(_) | Step::Ends(_)))
                && steps.iter().any(|(_, step)| is_close(step))
        })?;
        let close = connection.steps.iter().position(|(_, step)| is_close(step))?;
        connection.steps.truncate(close);
        Some(())
    });
    assert!(said.contains("cut off"), "{said}");
}

#[test]
fn an_end_that_takes_too_long() {
    let said = doctor(|history| {
        history.drained = history.drained.map(|drained| drained.plus(Duration::from_secs(5)));
        Some(())
    });
    assert!(said.contains("to stop"), "{said}");
}

/// Changes the stamps in the first answer to a timed ping.
fn doctor_stamps(change: impl Fn(&str) -> String) -> String {
    doctor(|history| {
        let is_stamped = |step: &Step| matches!(step, Step::Got(Got::Answer { code: 220, detail, .. }) if detail.len() > 2);
        let (index, at) = find(history, is_stamped)?;
        if let Step::Got(Got::Answer { detail, .. }) = &mut history.connections[index].steps[at].1 {
            *detail = change(detail);
        }
        Some(())
    })
}

#[test]
fn a_ping_whose_time_is_not_the_one_it_was_sent_with() {
    let said = doctor_stamps(|detail| detail.replacen("\"time\":", "\"time\":1", 1));
    assert!(said.contains("came back as"), "{said}");
}

#[test]
fn a_ping_that_was_received_before_it_was_sent() {
    let said = doctor_stamps(|detail| detail.replacen("\"received\":1", "\"received\":0", 1));
    assert!(said.contains("received"), "{said}");
}

#[test]
fn a_ping_that_gets_more_than_three_stamps() {
    let said = doctor_stamps(|detail| detail.replacen('{', "{\"more\":1,", 1));
    assert!(said.contains("in answer to a timed ping"), "{said}");
}

#[test]
fn a_probe_that_is_not_told() {
    let said = doctor(|history| {
        let session = {
            let asks =
                |step: &Step| matches!(step, Step::Asked(super::history::Asked::Probe { .. }));
            let (index, _) = find(history, asks)?;
            history.connections[index].session
        };
        let is_probe = |kind: &EventKind| matches!(kind, EventKind::Probed { session: of, .. } if *of == session);
        let at = history.events.iter().position(|event| is_probe(&event.kind))?;
        history.events.remove(at);
        Some(())
    });
    assert!(said.contains("was told of"), "{said}");
}

#[test]
fn a_pose_with_another_time() {
    let said = doctor(|history| {
        history.events.iter_mut().find_map(|event| match &mut event.kind {
            EventKind::Moved { client_time: Some(time), .. } => {
                *time += 1.0;
                Some(())
            }
            _ => None,
        })
    });
    assert!(said.contains("it never sent"), "{said}");
}

#[test]
fn a_round_trip_without_a_ping() {
    let said = doctor(|history| {
        let at = history
            .events
            .iter()
            .position(|event| matches!(event.kind, EventKind::RoundTrip { .. }))?;
        for _ in 0..50 {
            history.events.insert(at, history.events[at].clone());
        }
        Some(())
    });
    assert!(said.contains("round trips of"), "{said}");
}
