//! What is due when, at times of the test's own choice.

use super::*;
use crate::archive::{Archive, sample};
use crate::clock;
use crate::model::{Pose, ReplayControl};
use crate::replay::timeline::Timeline;

/// A replay of the sample without a clock, a server or threads.
struct Stage {
    start: Instant,
    timeline: Timeline,
    scheduler: Scheduler,
    /// What was said to be done, and when, in milliseconds since the start.
    done: Vec<(u64, usize, Action)>,
    _folder: tempfile::TempDir,
}

const SECOND: i64 = 1_000_000;

impl Stage {
    fn new(change: impl FnOnce(&mut Plan), speed: f64, into: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let archive = Archive::open(&sample::whole(folder.path())).unwrap();
        let roster = Arc::new(Roster::of(&archive, into));
        let markers = archive.markers(&Default::default()).unwrap();
        let markers = markers
            .into_iter()
            .map(|marker| ReplayMarker { at: duration(marker.time), label: marker.label })
            .collect();
        let range = 0..sample::LENGTH;
        let mut plan = Plan { roster: roster.clone(), range, markers, looping: false };
        change(&mut plan);
        let timeline = Timeline::new(archive, roster, plan.range.end);
        let scheduler = Scheduler::new(plan, speed, false);
        let start = clock::monotonic();
        Self { start, timeline, scheduler, done: Vec::new(), _folder: folder }
    }

    fn at(&self, millis: u64) -> Instant {
        self.start + Duration::from_millis(millis)
    }

    /// Reads whatever is asked for, and has every ghost report at once.
    fn serve(&mut self, millis: u64) {
        let now = self.at(millis);
        let mut out = Actions::new();
        self.scheduler.run(now, &mut out);
        while let Some((generation, position)) = self.scheduler.jump_to_read() {
            let keyframe = self.timeline.seek(position).unwrap();
            self.scheduler.take_keyframe(generation, &keyframe, now, &mut out);
        }
        while self.scheduler.wants_more() {
            let mut events = Vec::new();
            let complete = self.timeline.read(&mut events).unwrap();
            self.scheduler.take_events(self.scheduler.generation, events, complete);
        }
        for (ghost, action) in out {
            if let Action::Report(generation) = action {
                self.scheduler.in_place(generation, ghost, now);
            }
            self.done.push((millis, ghost, action));
        }
    }

    /// Goes on until a time, in steps of so many milliseconds.
    fn go_on(&mut self, from: u64, until: u64, step: u64) {
        for millis in (from..=until).step_by(step as usize) {
            self.serve(millis);
        }
    }

    fn control(&mut self, control: ReplayControl, millis: u64) {
        let now = self.at(millis);
        self.scheduler.control(control, now);
        self.serve(millis);
    }

    fn position(&self, millis: u64) -> i64 {
        self.scheduler.playhead.position(self.at(millis))
    }

    /// What was done since the last call.
    fn taken(&mut self) -> Vec<(u64, usize, Action)> {
        std::mem::take(&mut self.done)
    }
}

fn poses(done: &[(u64, usize, Action)], ghost: usize) -> Vec<Pose> {
    let pose = |(_, who, action): &(u64, usize, Action)| match action {
        Action::Move { pose, .. } if *who == ghost => Some(*pose),
        _ => None,
    };
    done.iter().filter_map(pose).collect()
}

fn all_of(person: i64, from: i64, until: i64) -> Vec<Pose> {
    (0..sample::LENGTH)
        .step_by(20_000)
        .map(|time| time + 2000 * person)
        .filter(|time| (from..until).contains(time))
        .filter(|time| person == 1 || !(4 * SECOND..5_400_000).contains(time))
        .map(|time| sample::pose(person, time))
        .collect()
}

#[test]
fn everything_is_done_at_its_time() {
    let mut stage = Stage::new(|_| {}, 1.0, None);
    stage.go_on(0, 11_000, 1);
    let done = stage.taken();
    assert_eq!(poses(&done, 0), all_of(1, 0, i64::MAX));
    assert_eq!(poses(&done, 1), all_of(2, 0, i64::MAX));
    for (millis, _, action) in &done {
        if let Action::Move { due, .. } = action {
            let late = stage.at(*millis) - due.expect("each is due at its own time");
            assert!(late < Duration::from_millis(1), "{late:?} at {millis}");
        }
    }
    let others: Vec<_> =
        done.iter().filter(|(_, _, action)| !matches!(action, Action::Move { .. })).collect();
    let log_ins = [(0, 0, Action::LogIn), (0, 0, Action::Report(1))];
    assert_eq!([others[0].clone(), others[1].clone()], log_ins);
    assert_eq!(*others[4], (1, 0, Action::Join(1)));
    assert_eq!(*others[5], (1, 1, Action::Join(1)));
    assert!(matches!(others[6], (1500, 0, Action::Say(said)) if said.kind == "msg"));
    assert!(matches!(others[7], (2500, 1, Action::Say(said)) if said.kind == "button"));
    assert_eq!(*others[8], (9999, 0, Action::Leave(1)));
    assert_eq!(others.len(), 9);
    assert!(stage.scheduler.is_over());
}

#[test]
fn speed_changes_when_not_what() {
    let mut stage = Stage::new(|_| {}, 4.0, None);
    stage.go_on(0, 2499, 1);
    assert!(!stage.scheduler.is_over());
    stage.go_on(2500, 2500, 1);
    assert!(stage.scheduler.is_over());
    assert_eq!(poses(&stage.taken(), 0), all_of(1, 0, i64::MAX));
    let mut stage = Stage::new(|_| {}, 1.0, None);
    stage.go_on(0, 1000, 10);
    for (control, speed) in
        [(ReplayControl::Faster, 2.0), (ReplayControl::Slower, 1.0), (ReplayControl::Slower, 0.5)]
    {
        stage.control(control, 1000);
        assert_eq!((stage.scheduler.playhead.speed(), stage.position(1000)), (speed, SECOND));
    }
    assert_eq!(stage.position(3000), 2 * SECOND);
    for _ in 0..20 {
        stage.control(ReplayControl::Faster, 3000);
    }
    assert_eq!(stage.scheduler.playhead.speed(), 16.0);
}

#[test]
fn no_more_poses_than_a_client_may_send_and_always_the_latest() {
    // 50 Hz at 16 times the speed are 800 a second.
    let mut stage = Stage::new(|_| {}, 16.0, None);
    stage.go_on(0, 1000, 1);
    let done = stage.taken();
    let sent = poses(&done, 0);
    // A burst, and 240 a second for 0.625 s.
    assert!((240 + 145..=240 + 151).contains(&sent.len()), "{}", sent.len());
    let all = all_of(1, 0, i64::MAX);
    let places: Vec<_> =
        sent.iter().map(|pose| all.iter().position(|other| other == pose).unwrap()).collect();
    assert!(places.is_sorted_by(|a, b| a < b), "in order, and each once");
    // The second user stays to the end, and is left where they were.
    assert_eq!(poses(&done, 1).last(), all_of(2, 0, i64::MAX).last());
    let skipped = all.len() + all_of(2, 0, i64::MAX).len() - sent.len() - poses(&done, 1).len();
    assert_eq!(stage.scheduler.skipped as usize, skipped);
}

#[test]
fn a_pause_holds_everything_and_steps_go_from_pose_to_pose() {
    let mut stage = Stage::new(|_| {}, 1.0, None);
    stage.go_on(0, 2000, 1);
    stage.control(ReplayControl::TogglePause, 2000);
    stage.taken();
    stage.go_on(2001, 5000, 100);
    assert_eq!(stage.taken(), []);
    assert_eq!(
        (stage.position(5000), stage.scheduler.next_wake(stage.at(5000))),
        (2 * SECOND, None)
    );
    for (person, time) in [(1, 2_002_000), (2, 2_004_000), (1, 2_022_000)] {
        stage.control(ReplayControl::Step, 5000);
        assert_eq!(poses(&stage.taken(), person as usize - 1), [sample::pose(person, time)]);
        assert_eq!(stage.position(6000), time);
    }
    stage.control(ReplayControl::TogglePause, 7000);
    stage.go_on(7000, 7004, 1);
    assert_eq!(poses(&stage.taken(), 1), [sample::pose(2, 2_024_000)]);
    assert_eq!(stage.position(7004), 2_026_000);
    // A step pauses first.
    stage.control(ReplayControl::Step, 7004);
    assert!(stage.scheduler.paused);
}

#[test]
fn a_jump_puts_everyone_in_place_and_goes_on_from_there() {
    let mut stage = Stage::new(|_| {}, 1.0, None);
    stage.go_on(0, 100, 1);
    stage.taken();
    stage.control(ReplayControl::SeekTo(Duration::from_secs(5)), 100);
    let done = stage.taken();
    let moved = |person: i64, time| {
        (
            100,
            person as usize - 1,
            Action::Move { room: 1, pose: sample::pose(person, time), due: None },
        )
    };
    assert_eq!(
        done,
        [
            moved(1, 4_982_000),
            (100, 0, Action::Report(2)),
            moved(2, 3_984_000),
            (100, 1, Action::Report(2)),
        ]
    );
    stage.go_on(101, 600, 1);
    assert_eq!(poses(&stage.taken(), 0), all_of(1, 5 * SECOND, 5_500_001));
    assert_eq!(stage.position(600), 5_500_000);
    // Back to where nobody had a pose yet: they come into the room anew.
    stage.control(ReplayControl::SeekTo(Duration::ZERO), 600);
    let done = stage.taken();
    assert_eq!(done[0], (600, 0, Action::Leave(1)));
    assert_eq!(poses(&done, 0), []);
    stage.go_on(601, 603, 1);
    assert_eq!(stage.taken()[0], (601, 0, Action::Join(1)));
}

#[test]
fn jumps_stay_within_the_range_and_find_markers() {
    let range = SECOND..9 * SECOND;
    let mut stage = Stage::new(|plan| plan.range = range, 1.0, None);
    stage.serve(0);
    let mut after = |control| {
        stage.control(control, 0);
        stage.position(0)
    };
    use ReplayControl as C;
    assert_eq!(after(C::SeekBy(-5)), SECOND);
    assert_eq!(after(C::NextMarker), 2 * SECOND);
    assert_eq!(after(C::NextMarker), 3 * SECOND);
    assert_eq!(after(C::NextMarker), 8 * SECOND);
    assert_eq!(after(C::NextMarker), 8 * SECOND);
    assert_eq!(after(C::PreviousMarker), 3 * SECOND);
    // From just after a marker, to the one before.
    assert_eq!(after(C::SeekTo(Duration::from_millis(3500))), 3_500_000);
    assert_eq!(after(C::PreviousMarker), 2 * SECOND);
    assert_eq!(after(C::PreviousMarker), SECOND);
    assert_eq!(after(C::SeekToTenth(5)), 5 * SECOND);
    assert_eq!(after(C::SeekToTenth(0)), SECOND);
    assert_eq!(after(C::SeekBy(5)), 6 * SECOND);
    let mut progress = ReplayProgress::default();
    stage.scheduler.fill(&mut progress, stage.at(0));
    let label = |marker: Option<ReplayMarker>| marker.map(|marker| marker.label);
    assert_eq!(label(progress.marker).as_deref(), Some("trial 1"));
    assert_eq!(label(progress.next_marker).as_deref(), Some("trial 2"));
    stage.control(C::SeekBy(100), 0);
    stage.serve(1);
    assert!(stage.scheduler.is_over());
}

#[test]
fn the_playhead_waits_for_the_ghosts_but_not_for_ever() {
    let mut stage = Stage::new(|_| {}, 1.0, None);
    let mut out = Actions::new();
    let (generation, position) = stage.scheduler.jump_to_read().unwrap();
    assert_eq!(stage.scheduler.jump_to_read(), None, "one at a time");
    let keyframe = stage.timeline.seek(position).unwrap();
    stage.scheduler.take_keyframe(generation, &keyframe, stage.start, &mut out);
    stage.scheduler.run(stage.at(3000), &mut out);
    stage.scheduler.in_place(generation, 0, stage.at(3000));
    stage.scheduler.in_place(generation + 1, 1, stage.at(3000));
    assert_eq!(stage.position(4000), 0);
    let wake = stage.scheduler.next_wake(stage.at(4000));
    assert_eq!(wake, Some(stage.start + GATHER_PATIENCE));
    stage.scheduler.run(stage.at(5000), &mut out);
    assert_eq!(stage.position(5500), 500_000);
    // What was read for an earlier jump is of no use.
    stage.scheduler.control(ReplayControl::SeekBy(1), stage.at(5500));
    let events = vec![TimelineEvent { at: 0, change: Change::Began(1) }];
    stage.scheduler.take_events(generation, events, true);
    assert!(stage.scheduler.events.is_empty() && !stage.scheduler.complete);
}

#[test]
fn a_loop_begins_again() {
    let range = SECOND..2 * SECOND;
    let looping = |plan: &mut Plan| (plan.range, plan.looping) = (range, true);
    let mut stage = Stage::new(looping, 1.0, None);
    stage.go_on(0, 2500, 1);
    assert!(!stage.scheduler.is_over());
    assert_eq!(stage.scheduler.rounds, 2);
    let once = all_of(1, SECOND, 2 * SECOND);
    let before = sample::pose(1, 982_000);
    let twice: Vec<Pose> = [&[before], &*once, &[before], &*once, &[before], &once[..25]].concat();
    assert_eq!(poses(&stage.taken(), 0), twice);
}

#[test]
fn into_one_room_a_ghost_goes_once_and_has_one_pose() {
    let mut stage = Stage::new(|_| {}, 1.0, Some("hall"));
    stage.go_on(0, 10_000, 1);
    let done = stage.taken();
    let of_first: Vec<_> = done
        .iter()
        .filter(|(_, ghost, action)| *ghost == 0 && !matches!(action, Action::Move { .. }))
        .map(|(_, _, action)| action.clone())
        .collect();
    // The stay in the lobby goes on to the end, so nobody leaves the hall.
    assert_eq!(of_first[..3], [Action::LogIn, Action::Leave(0), Action::Join(1)]);
    assert!(matches!(of_first[4..], [Action::Say(_)]), "{of_first:?}");
    assert_eq!(poses(&done, 0), all_of(1, 0, i64::MAX));
}
