//! What writing costs: the recording's own writer, and the floor, which writes the same number of
//! bytes to a plain file and syncs it as often.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use vrlobby::archive::{About, Ending, EventKind, EventRow, MarkerRow, Writer};
use vrlobby::model::{RecordingFields, Timestamp};

use crate::crowd::{Crowd, Numbers};

/// How often the server commits.
const COMMIT_MICROS: i64 = 200_000;

/// What is recorded.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    pub(crate) users: usize,
    pub(crate) hz: f64,
    pub(crate) seconds: u32,
    pub(crate) numbers: Numbers,
    pub(crate) client_time: bool,
}

/// What writing it took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) poses: u64,
    /// The size of the complete file.
    pub(crate) bytes: u64,
    /// Processor time of the inserts alone.
    pub(crate) insert_cpu: Duration,
    /// Processor time of everything.
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    /// The longest commit.
    pub(crate) longest: Duration,
}

/// Records a session through [`Writer`].
pub(crate) fn record(session: &Session, file: &Path) -> Result<Written, Box<dyn Error>> {
    let about = About {
        program: "benchmark".into(),
        start: Timestamp::from_micros(1_763_000_000_000_000),
        start_local: "2025-11-13T03:13:20+01:00".into(),
        fields: RecordingFields::default(),
        ending: Ending::Interrupted,
        end: 0,
        lost: 0,
    };
    let mut writer = Writer::create(file, &about)?;
    let room = writer.room("lobby")?;
    let mut members = Vec::new();
    for user in 1..=session.users {
        let person = writer.person(&format!("S{user:02}"), None)?;
        members.push(writer.join(person, room, 0)?);
    }
    let mut crowd = Crowd::new(&members, session.hz, session.numbers, session.client_time);
    let (mut rows, mut written) = (Vec::new(), Written::default());
    let end = i64::from(session.seconds) * 1_000_000;
    for time in (0..end).step_by(COMMIT_MICROS as usize) {
        crowd.walk(COMMIT_MICROS, &mut rows);
        written.poses += rows.len() as u64;
        let (began, cpu) = (Instant::now(), thread_cpu());
        if time % 10_000_000 == 0 {
            say(&writer, time, room)?;
        }
        for row in &rows {
            writer.pose(row)?;
        }
        written.insert_cpu += thread_cpu() - cpu;
        let commit = Instant::now();
        writer.commit(time + COMMIT_MICROS)?;
        written.longest = written.longest.max(commit.elapsed());
        written.cpu += thread_cpu() - cpu;
        written.wall += began.elapsed();
    }
    let (began, cpu) = (Instant::now(), thread_cpu());
    writer.finish(end, None)?;
    written.cpu += thread_cpu() - cpu;
    written.wall += began.elapsed();
    written.bytes = file.metadata()?.len();
    Ok(written)
}

/// Something besides poses: once in ten seconds a message and a marker.
fn say(writer: &Writer, time: i64, room: i64) -> Result<(), Box<dyn Error>> {
    let said = EventRow {
        person: Some(1),
        room: Some(room),
        type_: Some("msg".into()),
        data: Some(format!("\"a message at {time}\"")),
        ..EventRow::new(time, EventKind::Said)
    };
    writer.event(&said)?;
    let label = format!("trial {}", time / 10_000_000);
    let (person, room) = (None, None);
    writer.marker(&MarkerRow { time, end: None, is_interval: false, label, person, room })?;
    Ok(())
}

/// Writes as many bytes to a plain file, in as many steps, each of them synced.
pub(crate) fn floor(session: &Session, bytes: u64, path: &Path) -> Result<Written, Box<dyn Error>> {
    let steps = u64::from(session.seconds) * 1_000_000 / COMMIT_MICROS as u64;
    let part = vec![0x5a_u8; (bytes / steps) as usize];
    let mut file = File::create_new(path)?;
    let mut written = Written { bytes, ..Written::default() };
    let (began, cpu) = (Instant::now(), thread_cpu());
    for _ in 0..steps {
        file.write_all(&part)?;
        let sync = Instant::now();
        file.sync_data()?;
        written.longest = written.longest.max(sync.elapsed());
    }
    written.cpu = thread_cpu() - cpu;
    written.wall = began.elapsed();
    Ok(written)
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}
