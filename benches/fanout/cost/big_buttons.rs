//! Three clients send buttons of 1 MiB as fast as their limits allow. A member of the room is on
//! a line of 50 Mbit/s; both it and a bystander in another room ping.
//!
//! The member's own answers wait behind the megabytes that it is owed, so that no bound is asked
//! of them; one button alone takes its line 0.17 s.

use std::io;

use crate::figures::{MIB, Run};
use crate::servers::Server;
use crate::setup::Setup;
use crate::window::Window;
use crate::wire;

use super::crowd::Crowd;
use super::{PATIENCE, WARM_UP, add_pings};

const SENDERS: usize = 3;
/// The largest message that is allowed.
const MESSAGE: usize = 1 << 20;
/// Buttons a second within 8,000,000 bytes a second, with a little to spare for pongs.
const RATE: f64 = 7.5;
/// And at once, within 16 MiB, of which the login took some.
const BURST: f64 = 15.0;
/// 50 Mbit/s.
const LINE: f64 = 50e6 / 8.0;

pub(crate) fn measure(seconds: f64, server: &Server, setup: &Setup<'_>) -> io::Result<Run> {
    let hall = ["hall".to_owned()];
    let mut crowd = Crowd::new(server.port)?;
    let reader = crowd.join("reader", &hall, Some(LINE))?;
    let bystander = crowd.join("bystander", &["aside".to_owned()], None)?;
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| crowd.join(&format!("sender{sender}"), &hall, None))
        .collect::<io::Result<_>>()?;

    crowd.client(bystander).ping();
    crowd.client(reader).ping();
    crowd.run_for(WARM_UP)?;
    crowd.client(bystander).heard.pings.clear();
    crowd.client(reader).heard.pings.clear();
    crowd.run_for(seconds)?;
    let mut before = crowd.client(bystander).take_pings();
    crowd.client(reader).heard.pings.clear();
    let rss_before = server.rss()?;

    let button = button();
    for &sender in &senders {
        crowd.client(sender).send_at(button.clone(), 0, RATE, BURST);
    }
    let (read_before, got_before) = read_by(&mut crowd, reader);
    let window = Window::open(server, setup)?;
    crowd.run_for(seconds)?;
    let used = window.close()?;
    let rss = server.rss()?;
    let (read, got) = read_by(&mut crowd, reader);
    let (mut sent, mut refused) = (0, 0);
    for &sender in &senders {
        crowd.client(sender).stop_sending();
        sent += crowd.client(sender).sent;
        refused += crowd.client(sender).heard.refused;
    }
    crowd.client(reader).stop_sending();
    crowd.client(bystander).stop_sending();
    crowd.run_until(PATIENCE, |clients| {
        [reader, bystander].iter().all(|&k| clients[k].waiting() == 0 || clients[k].ended.is_some())
    })?;
    let mut during = crowd.client(bystander).take_pings();
    let mut readers = crowd.client(reader).take_pings();

    let mut run = Run::default();
    let closed = crowd.client(reader).ended.is_some();
    run.add_count("reader closed", f64::from(u8::from(closed)));
    add_pings(&mut run, ["ping max ms", "ping p99 ms", "ping p50 ms"], &mut during);
    let names = ["ping max before ms", "ping p99 before ms", "ping p50 before ms"];
    add_pings(&mut run, names, &mut before);
    let names = ["reader's ping max ms", "reader's ping p99 ms", "reader's ping p50 ms"];
    add_pings(&mut run, names, &mut readers);
    run.add("reader's Mbit/s", (read - read_before) as f64 * 8e-6 / used.seconds, 1);
    run.add("buttons sent/s", sent as f64 / used.seconds, 1);
    run.add("buttons got by reader/s", (got - got_before) as f64 / used.seconds, 1);
    run.add_count("refused", refused as f64);
    run.add_count("closed clients", crowd.closed(&[reader]) as f64);
    run.add("RSS growth MiB", (rss - rss_before) / MIB, 1);
    run.notes = crowd.notes();
    used.report(&mut run, server)?;
    Ok(run)
}

/// Bytes and buttons that a client has got so far.
fn read_by(crowd: &mut Crowd, k: usize) -> (u64, u64) {
    let heard = &crowd.client(k).heard;
    (heard.bytes, heard.large)
}

/// A button that is as large as a message may be.
fn button() -> Vec<u8> {
    let (head, tail) = (r#"{"room":"hall","type":"button","data":""#, r#""}"#);
    let data = "x".repeat(MESSAGE - head.len() - tail.len());
    let mut frame = Vec::new();
    wire::push_frame(&mut frame, 1, format!("{head}{data}{tail}").as_bytes());
    frame
}
