//! Replays over real sockets: what clients of the server see of them.
#![cfg(feature = "recording")]

#[path = "replay/program.rs"]
mod program;
#[path = "replay/steering.rs"]
mod steering;
mod support;
#[path = "replay/tape.rs"]
mod tape;

use std::time::Instant;

use support::client::Client;
use support::{login, quoted, within};
use tape::{LENGTH, MS, Seen, Tape, Theatre, assert_same, pose, poses_from, recorded_poses};
use vrlobby::Limits;
use vrlobby::archive::{EventKind, EventRow, PoseRow};
use vrlobby::model::Pose;
use vrlobby::operator::Command;
use vrlobby::replay::{Player, ReplayError, ReplayOptions};

const GHOSTS: [&str; 2] = ["ghost:S01", "ghost:S02"];

fn joined(user: &str, room: &str) -> Seen {
    Seen::Joined(user.into(), room.into())
}

fn left(user: &str, room: &str) -> Seen {
    Seen::Left(user.into(), room.into())
}

fn said(user: &str, room: &str, kind: &str, data: &str) -> Seen {
    Seen::Said(user.into(), room.into(), format!(r#""type":{},"data":{data}"#, quoted(kind)))
}

#[tokio::test]
async fn a_server_sees_exactly_what_was_recorded() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let mut listener = Client::connect_to(theatre.addr()).await;
    listener.enter("ada", "").await;
    listener.join("atrium").await;
    let mut player = theatre.play(&tape, |_| {}).await.unwrap();
    // Until the first has gone, an unmodified client sees each in turn.
    let mut ticks: Vec<Pose> = Vec::new();
    let listening = async {
        loop {
            let said = listener.said().await;
            let support::said::Said::Event(event) = said else { panic!("{said:?}") };
            if event.is_tick() {
                let poses = event.poses();
                assert!(poses.keys().all(|user| GHOSTS.contains(&user.as_str())), "{poses:?}");
                if let Some(pose) = poses.get(GHOSTS[0]) {
                    let pose = Pose { pos: pose.pos, rot: pose.rot };
                    ticks.extend(Some(pose).filter(|pose| ticks.last() != Some(pose)));
                }
            } else if event.room == "atrium"
                && (&*event.entries[0].kind, &*event.entries[0].user) == ("leave", GHOSTS[0])
            {
                return;
            }
        }
    };
    within("all of the replay", listening).await;
    within("the end", player.ended()).await.unwrap();
    theatre.until_gone(&GHOSTS).await;

    assert_same(&theatre.poses(GHOSTS[0], "atrium"), &recorded_poses(&tape.file, "S01"));
    assert_same(&theatre.poses(GHOSTS[1], "atrium"), &recorded_poses(&tape.file, "S02"));
    let [first, second] = GHOSTS;
    assert_eq!(
        theatre.acts(first),
        [
            joined(first, "lobby"),
            joined(first, "atrium"),
            said(first, "atrium", "msg", r#""Grüße \"an\" alle""#),
            said(first, "atrium", "door", r#"{"open":true,"n":[1.50,null]}"#),
            left(first, "lobby"),
            left(first, "atrium"),
            Seen::LoggedOut(first.into()),
        ]
    );
    assert_eq!(
        theatre.acts(second)[..4],
        [
            joined(second, "lobby"),
            joined(second, "atrium"),
            left(second, "atrium"),
            joined(second, "atrium"),
        ]
    );
    // Ticks may skip poses, and show them in no other order or value.
    let all = poses_from(1, 0);
    let places = ticks.iter().map(|pose| all.iter().position(|other| other == pose));
    let places: Vec<usize> = places.map(|place| place.expect("a recorded pose")).collect();
    assert!(places.is_sorted() && places.len() > 1, "{places:?}");
    let progress = player.progress();
    assert_eq!((progress.poses, progress.skipped, progress.refused), (74, 0, 0));
    assert_eq!(progress.position.as_micros() as i64, LENGTH);
    assert!(progress.lateness_p99.is_some());
}

#[tokio::test]
async fn who_comes_in_the_middle_sees_everyone_in_place() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let start_in_the_middle = |options: &mut ReplayOptions| {
        (options.from, options.start_paused) = (Some(1000 * MS), true);
    };
    let player = theatre.play(&tape, start_in_the_middle).await.unwrap();
    theatre
        .until("a pose of each", |seen| {
            seen.iter().filter(|seen| matches!(seen, Seen::Moved(..))).count() == 2
        })
        .await;
    let mut ada = Client::connect_to(theatre.addr()).await;
    ada.enter("ada", "").await;
    let listing = ada.join("atrium").await;
    let names: Vec<&str> = listing.iter().map(|entry| entry.user.as_str()).collect();
    assert_eq!(names, ["ada", GHOSTS[0], GHOSTS[1]]);
    let poses = ada.tick("atrium").await;
    for (who, ghost) in (1..).zip(GHOSTS) {
        let before = tape::times(who).into_iter().rfind(|time| *time < 1000 * MS).unwrap();
        let shown = poses[ghost];
        assert_same(&[Pose { pos: shown.pos, rot: shown.rot }], &[pose(who, before)]);
    }
    player.stop().await.unwrap();
    theatre.until_gone(&GHOSTS).await;
}

#[tokio::test]
async fn all_come_into_the_room_that_is_named() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let options = |options: &mut ReplayOptions| {
        (options.into, options.speed) = (Some("main hall".into()), 4.0);
    };
    let started = Instant::now();
    let mut player = theatre.play(&tape, options).await.unwrap();
    within("the end", player.ended()).await.unwrap();
    // It can't take less.
    assert!(started.elapsed().as_micros() as i64 >= LENGTH / 4);
    theatre.until_gone(&GHOSTS).await;
    for ((who, ghost), subject) in (1..).zip(GHOSTS).zip(["S01", "S02"]) {
        assert_same(&theatre.poses(ghost, "main hall"), &recorded_poses(&tape.file, subject));
        assert_eq!(theatre.poses(ghost, "atrium"), [], "{who}");
        let acts = theatre.acts(ghost);
        let comes = [joined(ghost, "lobby"), left(ghost, "lobby"), joined(ghost, "main hall")];
        assert_eq!(acts[..3], comes);
        // The stay in the lobby lasts, so that leaving the atrium for a while is not seen.
        assert_eq!(acts.last(), Some(&Seen::LoggedOut(ghost.into())));
        assert_eq!(acts.iter().filter(|act| matches!(act, Seen::Left(..))).count(), 2);
    }
    let acts = theatre.acts(GHOSTS[0]);
    assert!(acts.contains(&said(GHOSTS[0], "main hall", "msg", r#""Grüße \"an\" alle""#)));
}

#[tokio::test]
async fn names_that_are_in_use_or_too_long_are_changed() {
    let long = "L".repeat(64);
    let tape = Tape::of(50 * MS, |writer| {
        let room = writer.room("lobby").unwrap();
        for (subject, name) in [("S01", None), ("S02", Some(&*long)), ("S03", Some("LIU \u{200b}"))]
        {
            let person = writer.person(subject, name).unwrap();
            let member = writer.join(person, room, 0).unwrap();
            let pose = Pose::default();
            writer.pose(&PoseRow { time: 10, member, pose, client_time: None }).unwrap();
        }
    });
    let mut theatre = Theatre::open();
    let mut taken = Client::connect_to(theatre.addr()).await;
    taken.enter("GHOST:s01", "").await;
    let mut other = Client::connect_to(theatre.addr()).await;
    other.asks(&login("ghost:S01 2", "ghost"), 202).await;
    let mut player = theatre.play(&tape, |_| {}).await.unwrap();
    within("the end", player.ended()).await.unwrap();
    let cut = format!("ghost:{}", "L".repeat(58));
    theatre.until_gone(&["ghost:S01 3", &cut, "ghost:LIU _"]).await;
    for ghost in ["ghost:S01 3", &cut, "ghost:LIU _"] {
        assert_same(&theatre.poses(ghost, "lobby"), &[Pose::default()]);
    }
}

#[tokio::test]
async fn a_server_that_wants_less_gets_less_and_the_replay_goes_on() {
    let tape = Tape::of(1000 * MS, |writer| {
        let room = writer.room("lobby").unwrap();
        let person = writer.person("S01", None).unwrap();
        let member = writer.join(person, room, 0).unwrap();
        for number in 0..20 {
            let time = number + 1;
            let said = EventRow {
                person: Some(person),
                room: Some(room),
                type_: Some("msg".into()),
                data: Some(number.to_string()),
                ..EventRow::new(time, EventKind::Said)
            };
            writer.event(&said).unwrap();
        }
        let last = pose(1, 900 * MS);
        writer.pose(&PoseRow { time: 900 * MS, member, pose: last, client_time: None }).unwrap();
    });
    let limits = Limits { messages_per_s: Some(5.0), messages_burst: 5, ..Limits::lab() };
    let mut theatre = Theatre::limited(limits);
    let mut player = theatre.play(&tape, |_| {}).await.unwrap();
    within("the end", player.ended()).await.unwrap();
    theatre.until_gone(&GHOSTS[..1]).await;
    let progress = player.progress();
    assert!(progress.refused > 0, "{progress:?}");
    let refusal = progress.refusal.expect("a reason");
    assert!(refusal.contains("ghost:S01") && refusal.contains("5 messages"), "{refusal}");
    let said = theatre.acts(GHOSTS[0]).iter().filter(|act| matches!(act, Seen::Said(..))).count();
    assert!(said < 20, "{said}");
}

#[tokio::test]
async fn the_operator_may_send_ghosts_away() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let mut player = theatre.play(&tape, |options| options.looping = true).await.unwrap();
    let has_joined =
        |ghost: &'static str| move |seen: &[Seen]| seen.contains(&joined(ghost, "atrium"));
    theatre.until("the first", has_joined(GHOSTS[0])).await;
    let kick = |user: &str| Command::Kick { user: user.into(), reason: None };
    theatre.execute(kick(GHOSTS[0])).await.unwrap();
    theatre.until_gone(&GHOSTS[..1]).await;
    theatre.until("the second", has_joined(GHOSTS[1])).await;
    // The others go on without it, also in the next round.
    let rounds = |seen: &[Seen]| {
        seen.iter().filter(|seen| **seen == joined(GHOSTS[1], "atrium")).count() >= 3
    };
    theatre.until("another round", rounds).await;
    let came =
        theatre.acts(GHOSTS[0]).iter().filter(|act| **act == joined(GHOSTS[0], "lobby")).count();
    assert_eq!(came, 1);
    theatre.execute(kick(GHOSTS[1])).await.unwrap();
    let error = within("the end", player.ended()).await.unwrap_err();
    assert!(matches!(error, ReplayError::AllGone(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_goes_away_ends_the_replay_with_an_error() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let mut player = theatre.play(&tape, |options| options.looping = true).await.unwrap();
    theatre.until("a ghost", |seen| !seen.is_empty()).await;
    theatre.stop();
    let error = within("the end", player.ended()).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ReplayError::Lost { .. }), "{text}");
    assert!(text.contains("ghost:S0") && text.contains(&theatre.url()), "{text}");
}

#[tokio::test]
async fn what_can_not_be_replayed_is_told_at_once() {
    let (theatre, tape) = (Theatre::open(), Tape::usual());
    std::fs::write(tape.beside("notes.txt"), "no recording").unwrap();
    type Change = fn(&mut ReplayOptions, &Tape);
    let cases: [(Change, &str); 7] = [
        (|options, tape| options.file = tape.beside("notes.txt"), "is not a recording"),
        (|options, tape| options.file = tape.beside("missing.db"), "missing.db"),
        (|options, _| options.speed = 17.0, "--speed 17 is out of range"),
        (|options, _| options.into = Some("a\tb".into()), "can't be a room"),
        (|options, _| options.from = Some(LENGTH), "nothing to replay from 2.000 s"),
        (|options, _| options.url = "wss://lab".into(), "TLS"),
        (|options, _| options.url = "ws://127.0.0.1:1".into(), "nothing listens"),
    ];
    for (change, reason) in cases {
        let error =
            theatre.play(&tape, |options| change(options, &tape)).await.map(drop).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
    let empty = Tape::of(LENGTH, |_| {});
    let error = theatre.play(&empty, |_| {}).await.map(drop).unwrap_err();
    assert!(matches!(error, ReplayError::Nobody(_)), "{error}");
}

#[tokio::test]
async fn a_player_that_is_dropped_takes_its_ghosts_along() {
    let (mut theatre, tape) = (Theatre::open(), Tape::usual());
    let player: Player = theatre.play(&tape, |options| options.start_paused = true).await.unwrap();
    theatre
        .until("both", |seen| GHOSTS.iter().all(|ghost| seen.contains(&joined(ghost, "lobby"))))
        .await;
    drop(player);
    theatre.until_gone(&GHOSTS).await;
}
