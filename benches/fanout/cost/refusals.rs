//! One client sends far more pings than it may. What a refusal costs the server is compared with
//! what the same pings cost a server without limits, which carries them out; then the client goes
//! on until it is closed.
//!
//! Both figures are of the whole server, the kernel's share in reading and answering included.
//! How much of it is the hub's can't be seen from outside.

use std::io;

use crate::clock::{self, SECOND};
use crate::figures::Run;
use crate::loads::Load;
use crate::servers::Server;
use crate::setup::Setup;
use crate::window::{Used, Window};
use crate::wire;

use super::crowd::Crowd;
use super::{WARM_UP, add_pings};

/// Pings in one write, and writes a second.
const AT_ONCE: usize = 20;
const WRITES: f64 = 1000.0;
/// How long the flood lasts before it counts as tolerated, in seconds.
const TOLERATED: f64 = 20.0;

/// What a flood of pings came to.
struct Flood {
    used: Used,
    carried_out: u64,
    refused: u64,
}

impl Flood {
    /// CPU time for each request that was answered, in microseconds.
    fn cost(&self) -> f64 {
        self.used.server * 1e6 / (self.carried_out + self.refused) as f64
    }
}

pub(crate) fn measure(
    load: &Load,
    seconds: f64,
    server: &Server,
    setup: &Setup<'_>,
) -> io::Result<Run> {
    let unlimited = Server::start(load, "none", setup)?;
    let mut crowd = Crowd::new(unlimited.port)?;
    let client = crowd.join("flooder", &[], None)?;
    let (carried_out, _) = flood(&mut crowd, client, seconds, &unlimited, setup)?;
    drop((crowd, unlimited));

    let mut crowd = Crowd::new(server.port)?;
    let bystander = crowd.join("bystander", &[], None)?;
    let flooder = crowd.join("flooder", &[], None)?;
    let (refused, begun) = flood(&mut crowd, flooder, seconds, server, setup)?;
    crowd.client(bystander).ping();
    crowd.run_until(TOLERATED - seconds - WARM_UP, |clients| clients[flooder].ended.is_some())?;
    let mut pings = crowd.client(bystander).take_pings();
    let ended = crowd.client(flooder).ended.as_ref().map(|(at, _)| *at);

    let mut run = Run::default();
    run.add("refusal / ping", refused.cost() / carried_out.cost(), 2);
    run.add("CPU µs a refusal", refused.cost(), 2);
    run.add("CPU µs a ping", carried_out.cost(), 2);
    let rate = |flood: &Flood, count| count as f64 / flood.used.seconds;
    run.add("refused/s", rate(&refused, refused.refused), 0);
    run.add("carried out/s", rate(&carried_out, carried_out.carried_out), 0);
    run.add_count("flooder left open", f64::from(u8::from(ended.is_none())));
    let closed_after = ended.map_or(f64::NAN, |at| (at - begun) as f64 / SECOND as f64);
    run.add("flooder closed after s", closed_after, 1);
    run.add_count("closed clients", crowd.closed(&[flooder]) as f64);
    let names = ["bystander's ping max ms", "bystander's ping p99 ms", "bystander's ping p50 ms"];
    add_pings(&mut run, names, &mut pings);
    run.notes = crowd.notes();
    refused.used.report(&mut run, server)?;
    Ok(run)
}

/// Floods for so many seconds; what came of it, and when it began. The client goes on.
fn flood(
    crowd: &mut Crowd,
    k: usize,
    seconds: f64,
    server: &Server,
    setup: &Setup<'_>,
) -> io::Result<(Flood, u64)> {
    let mut pings = Vec::new();
    for _ in 0..AT_ONCE {
        wire::push_frame(&mut pings, 1, br#"{"system":"ping"}"#);
    }
    let begun = clock::now();
    crowd.client(k).conn.whole = true;
    // A burst makes up for what a busy machine delays.
    crowd.client(k).send_at(pings, AT_ONCE, WRITES, 10.0);
    crowd.run_for(WARM_UP)?;
    let heard = &crowd.client(k).heard;
    let (pongs, refused) = (heard.pongs, heard.refused);
    let window = Window::open(server, setup)?;
    crowd.run_for(seconds)?;
    let used = window.close()?;
    let heard = &crowd.client(k).heard;
    let (carried_out, refused) = (heard.pongs - pongs, heard.refused - refused);
    Ok((Flood { used, carried_out, refused }, begun))
}
