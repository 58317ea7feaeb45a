//! Steering a replay: pauses, steps, jumps, loops, and the operator's own commands.

use std::time::Duration;

use vrlobby::Limits;
use vrlobby::model::{ReplayControl, ReplayProgress};
use vrlobby::operator::{Command, OperatorError, ReplayStatus};
use vrlobby::replay::Player;

use super::GHOSTS;
use super::support::client::Client;
use super::support::within;
use super::tape::{LENGTH, MS, Seen, Tape, Theatre, assert_same, pose, poses_from, times};

/// Waits until `condition` holds of a replay's progress.
async fn until(
    player: &mut Player,
    what: &str,
    condition: impl Fn(&ReplayProgress) -> bool,
) -> ReplayProgress {
    within(what, async {
        loop {
            let progress = player.progress();
            if condition(&progress) {
                return progress;
            }
            let progressed = player.progressed().await;
            assert!(progressed.is_continue(), "{progressed:?} instead of {what}");
        }
    })
    .await
}

fn moves(seen: &[Seen]) -> usize {
    seen.iter().filter(|seen| matches!(seen, Seen::Moved(..))).count()
}

#[tokio::test]
async fn a_pause_holds_the_ghosts_and_steps_move_them_one_by_one() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let mut player = theatre.play(&tape, |options| options.start_paused = true).await.unwrap();
    until(&mut player, "both ghosts", |progress| progress.ghosts == 2 && !progress.seeking).await;
    // One pose a step, whoever it is of.
    let mut expected: Vec<_> =
        [1, 2].iter().flat_map(|who| times(*who).into_iter().map(|time| (time, *who))).collect();
    expected.sort_unstable();
    for (at, (time, who)) in expected[..6].iter().enumerate() {
        assert!(player.control(ReplayControl::Step));
        theatre.until("one more pose", |seen| moves(seen) > at).await;
        let Some(Seen::Moved(user, room, moved)) = theatre.seen.last() else { panic!("a pose") };
        assert_eq!((user.as_str(), room.as_str()), (GHOSTS[*who as usize - 1], "atrium"));
        assert_same(&[*moved], &[pose(*who, *time)]);
        let stands = |progress: &ReplayProgress| progress.position.as_micros() as i64 == *time;
        assert!(until(&mut player, "the position", stands).await.paused);
    }
    // They stay, and a client sees them where they are.
    let mut ada = Client::connect_to(theatre.addr()).await;
    ada.enter("ada", "").await;
    assert_eq!(ada.join("atrium").await.len(), 3);
    assert!(player.control(ReplayControl::TogglePause));
    within("the end", player.ended()).await.unwrap();
    theatre.until_gone(&GHOSTS).await;
    assert_same(&theatre.poses(GHOSTS[0], "atrium"), &poses_from(1, 0));
}

#[tokio::test]
async fn ghosts_stay_however_long_the_pause() {
    let tape = Tape::usual();
    // The server pings after three quarters of it.
    let limits = Limits { idle_timeout: Duration::from_secs(4), ..Limits::lab() };
    let mut theatre = Theatre::limited(limits);
    let mut player = theatre.play(&tape, |options| options.start_paused = true).await.unwrap();
    theatre
        .until("an answer of each", |seen| {
            GHOSTS.iter().all(|ghost| seen.contains(&Seen::Answered((*ghost).to_owned())))
        })
        .await;
    assert!(player.control(ReplayControl::TogglePause));
    within("the end", player.ended()).await.unwrap();
    theatre.until_gone(&GHOSTS).await;
    assert_same(&theatre.poses(GHOSTS[0], "atrium"), &poses_from(1, 0));
}

#[tokio::test]
async fn jumps_go_anywhere_and_the_replay_goes_on_from_there() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let mut player = theatre.play(&tape, |options| options.start_paused = true).await.unwrap();
    until(&mut player, "both ghosts", |progress| progress.ghosts == 2 && !progress.seeking).await;
    let stands_at = |micros: i64| {
        move |progress: &ReplayProgress| {
            !progress.seeking && progress.position.as_micros() as i64 == micros
        }
    };
    for (control, position) in [
        (ReplayControl::SeekToTenth(5), LENGTH / 2),
        (ReplayControl::NextMarker, 1600 * MS),
        (ReplayControl::PreviousMarker, 400 * MS),
        (ReplayControl::SeekBy(1), 1400 * MS),
    ] {
        assert!(player.control(control));
        let progress = until(&mut player, "the new position", stands_at(position)).await;
        assert!(progress.paused);
        assert_eq!(
            progress.marker.map(|marker| marker.label).as_deref(),
            match position {
                1_600_000 => Some("end"),
                _ => Some("begin"),
            }
        );
    }
    // At 1.4 s the second is not in the atrium.
    let mut ada = Client::connect_to(theatre.addr()).await;
    ada.enter("ada", "").await;
    let names: Vec<String> = ada.join("atrium").await.into_iter().map(|entry| entry.user).collect();
    assert_eq!(names, ["ada", GHOSTS[0]]);
    // Everything from there on, once, after the last pose before.
    let before = moves(&theatre.seen);
    assert_eq!(before, 0, "not read yet");
    assert!(player.control(ReplayControl::TogglePause));
    within("the end", player.ended()).await.unwrap();
    theatre.until_gone(&GHOSTS).await;
    let last = times(1).into_iter().rfind(|time| *time < 1400 * MS).unwrap();
    let expected = poses_from(1, last);
    let all = theatre.poses(GHOSTS[0], "atrium");
    assert_same(&all[all.len() - expected.len()..], &expected);
    // What was said before is not said again, nor at a jump.
    assert!(!theatre.seen.iter().any(|seen| matches!(seen, Seen::Said(..))));
}

#[tokio::test]
async fn a_loop_begins_again_where_it_began() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let mut player = theatre
        .play(&tape, |options| {
            (options.from, options.until) = (Some(200 * MS), Some(400 * MS));
            options.looping = true;
        })
        .await
        .unwrap();
    until(&mut player, "three rounds", |progress| progress.rounds >= 3).await;
    player.stop().await.unwrap();
    theatre.until_gone(&GHOSTS).await;
    let once: Vec<_> = times(1)
        .into_iter()
        .filter(|time| (150 * MS..400 * MS).contains(time))
        .map(|time| pose(1, time))
        .collect();
    assert_eq!(once.len(), 5, "the last before, and four in it");
    let rounds = [&*once, &*once, &*once].concat();
    assert_same(&theatre.poses(GHOSTS[0], "atrium")[..15], &rounds);
    // They stay between the rounds.
    let joins = |seen: &&Seen| matches!(seen, Seen::Joined(who, _) if who == GHOSTS[0]);
    assert_eq!(theatre.seen.iter().filter(joins).count(), 2);
}

#[tokio::test]
async fn the_operator_replays_within_the_servers_process() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let start = Command::StartReplay { path: tape.file.clone(), into: Some("hall".into()) };
    for command in [Command::StopReplay, Command::ControlReplay(ReplayControl::Step)] {
        assert_eq!(theatre.execute(command).await, Err(OperatorError::NotReplaying));
    }
    let done = theatre.execute(start.clone()).await.unwrap();
    assert_eq!(done.users, 2);
    assert!(done.message.contains("tape.db"), "{}", done.message);
    let error = theatre.execute(start.clone()).await.unwrap_err();
    assert_eq!(error, OperatorError::ReplayRuns(tape.file.clone()));
    theatre.execute(Command::ControlReplay(ReplayControl::TogglePause)).await.unwrap();
    let mut reader = theatre.operator().watch();
    let mut status = async |what: &str, condition: &dyn Fn(&ReplayStatus) -> bool| {
        within(what, async {
            loop {
                let snapshot = reader.next().await.expect("the server runs");
                if condition(&snapshot.replay) {
                    return snapshot.replay.clone();
                }
            }
        })
        .await
    };
    let paused = status("a pause", &|status| {
        status.running().is_some_and(|progress| progress.paused && progress.ghosts == 2)
    });
    let paused = paused.await.running().cloned().unwrap();
    assert_eq!((paused.people, paused.into.as_deref()), (2, Some("hall")));
    assert_eq!(paused.until, Duration::from_micros(LENGTH as u64));
    theatre
        .until("both in the hall", |seen| {
            GHOSTS.iter().all(|ghost| seen.contains(&super::joined(ghost, "hall")))
        })
        .await;
    theatre.execute(Command::StopReplay).await.unwrap();
    let ended = status("the end", &|status| matches!(status, ReplayStatus::Ended { .. })).await;
    assert!(matches!(ended, ReplayStatus::Ended { error: None, .. }), "{ended:?}");
    theatre.until_gone(&GHOSTS).await;
    // Another one, which comes to its end by itself.
    theatre.execute(start).await.unwrap();
    theatre.execute(Command::ControlReplay(ReplayControl::SeekToTenth(9))).await.unwrap();
    status("another", &|status| status.running().is_some()).await;
    status("its end", &|status| matches!(status, ReplayStatus::Ended { error: None, .. })).await;
    let missing = Command::StartReplay { path: tape.beside("none.db"), into: None };
    let error = theatre.execute(missing).await.unwrap_err();
    assert!(error.to_string().contains("none.db"), "{error}");
}
