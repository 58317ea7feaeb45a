//! Four clients ask for the listing of a thousand rooms again and again. A bystander pings: before
//! and meanwhile. The rooms have the longest names that are allowed, which makes a listing half a
//! megabyte.

use std::io;

use crate::figures::Run;
use crate::servers::Server;
use crate::setup::Setup;
use crate::window::Window;
use crate::wire;

use super::crowd::Crowd;
use super::{PATIENCE, WARM_UP, add_pings};

/// Clients that keep the rooms open, and rooms of each: the limits allow 64 with the lobby.
const KEEPERS: usize = 20;
const ROOMS_EACH: usize = 50;
const FLOODERS: usize = 4;

pub(crate) fn measure(
    rate: f64,
    seconds: f64,
    server: &Server,
    setup: &Setup<'_>,
) -> io::Result<Run> {
    let mut crowd = Crowd::new(server.port)?;
    for keeper in 0..KEEPERS {
        let rooms = keeper * ROOMS_EACH..(keeper + 1) * ROOMS_EACH;
        let rooms: Vec<_> = rooms.map(room).collect();
        crowd.join(&format!("keeper{keeper}"), &rooms, None)?;
    }
    let bystander = crowd.join("bystander", &["aside".to_owned()], None)?;
    let flooders: Vec<_> = (0..FLOODERS)
        .map(|flooder| crowd.join(&format!("flooder{flooder}"), &[], None))
        .collect::<io::Result<_>>()?;

    crowd.client(bystander).ping();
    crowd.run_for(WARM_UP)?;
    crowd.client(bystander).heard.pings.clear();
    crowd.run_for(seconds)?;
    let mut before = crowd.client(bystander).take_pings();

    let mut request = Vec::new();
    wire::push_frame(&mut request, 1, br#"{"system":"rooms"}"#);
    for &flooder in &flooders {
        crowd.client(flooder).send_at(request.clone(), 0, rate, 1.0);
    }
    let window = Window::open(server, setup)?;
    crowd.run_for(seconds)?;
    let used = window.close()?;
    for &flooder in &flooders {
        crowd.client(flooder).stop_sending();
    }
    let (mut asked, mut listed, mut refused, mut bytes, mut closed) = (0, 0, 0, 0, 0);
    for &flooder in &flooders {
        let client = crowd.client(flooder);
        asked += client.sent;
        listed += client.heard.large;
        refused += client.heard.refused;
        bytes += client.heard.bytes;
        closed += u32::from(client.ended.is_some());
    }
    crowd.client(bystander).stop_sending();
    crowd.run_until(PATIENCE, |clients| clients[bystander].waiting() == 0)?;
    let mut during = crowd.client(bystander).take_pings();

    let mut run = Run::default();
    add_pings(&mut run, ["ping max ms", "ping p99 ms", "ping p50 ms"], &mut during);
    let names = ["ping max before ms", "ping p99 before ms", "ping p50 before ms"];
    add_pings(&mut run, names, &mut before);
    run.add("listings asked/s", asked as f64 / used.seconds, 1);
    run.add("listings got/s", listed as f64 / used.seconds, 1);
    run.add("refused/s", refused as f64 / used.seconds, 1);
    run.add("bytes a listing", bytes as f64 / listed as f64, 0);
    run.add("flooders closed", f64::from(closed), 0);
    run.add_count("closed clients", crowd.closed(&flooders) as f64);
    run.notes = crowd.notes();
    used.report(&mut run, server)?;
    Ok(run)
}

/// A name of 128 characters, nearly all of four bytes.
fn room(n: usize) -> String {
    format!("{}{n:04}", "\u{20000}".repeat(124))
}
