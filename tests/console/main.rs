//! The console of the real program, on a pseudo-terminal, with real WebSocket clients.

mod headset;
#[cfg(feature = "recording")]
mod recording;
mod terminal;

use std::time::Duration;

use headset::Headset;
use terminal::{Terminal, until};

/// What the README promises: users appear, one is kicked, a room is closed, and the rate and the
/// log's level are changed.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_steers_a_session() {
    let mut console = Terminal::start(&["--fps", "5"]);
    let address = console.address().await;
    let mut ada = Headset::login(&address, "ada").await;
    let mut bob = Headset::login(&address, "bob").await;
    ada.join("atrium").await;
    bob.join("atrium").await;
    ada.stream("atrium");

    // They appear, first in the count, then in the room.
    console.shows("2 users").await;
    console.shows("users in atrium").await;
    console.shows(" bob ").await;

    // The rate of ticks follows what is typed.
    until("5 ticks a second", || (3.0..8.0).contains(&bob.tick_rate())).await;
    console.press("F\x15");
    console.press("30\r");
    console.shows("30 fps").await;
    until("30 ticks a second", || (20.0..40.0).contains(&bob.tick_rate())).await;

    // The level applies at once, and to the lines already there as well.
    console.shows("shown info").await;
    let debug = |screen: &str| screen.lines().any(|line| line.contains(" D "));
    assert!(!debug(&console.screen()), "{}", console.screen());
    console.press("5l");
    console.shows("shown debug").await;
    console.comes_to("lines of level debug", debug).await;
    console.press("lll");
    console.shows("shown warn").await;
    console.comes_to("no lines of level debug", |screen| !debug(screen)).await;

    // A kick asks first, and Enter is not a yes.
    console.press("2");
    console.selects("bob").await;
    console.press("x");
    console.shows("Kick bob").await;
    console.press("rplease come back later\r");
    console.shows("Reason: please come back later").await;
    console.press("\r");
    console.press("y");
    until("bob's refusal", || bob.said("\"code\":403") && bob.said("please come back later")).await;
    until("bob's close", || bob.closed_with() == Some(1008)).await;
    console
        .comes_to("a room without bob", |screen| {
            screen.contains("1 user ") && !screen.lines().any(|line| line.contains("  bob "))
        })
        .await;

    // So does closing a room, which says how many users it affects.
    console.press("X");
    console.shows("Close room atrium and drop 1 user?").await;
    console.press("y");
    until("ada's leave", || ada.said("\"type\":\"leave\"")).await;
    console.comes_to("a server without the room", |screen| screen.contains("1 room ")).await;

    // The operator's actions are in the log.
    console.press("5l\x1b/operator\r");
    console.shows("kicked bob").await;
    console.shows("closed atrium").await;

    console.press("\x1bq");
    console.shows("Stop the server and drop 1 user").await;
    console.press("y");
    until("ada's close", || ada.closed_with() == Some(1001)).await;
    assert_eq!(console.end().await, 0);
    console.is_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_gives_the_terminal_back() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let mut console = Terminal::start(&[]);
        let address = console.address().await;
        let ada = Headset::login(&address, "ada").await;
        console.signal(signal);
        assert_eq!(console.end().await, 0);
        console.is_as_before();
        until("ada's close", || ada.closed_with() == Some(1001)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanished_terminal_ends_the_server() {
    let mut console = Terminal::start(&[]);
    let address = console.address().await;
    let ada = Headset::login(&address, "ada").await;
    console.vanish();
    until("ada's close", || ada.closed_with() == Some(1001)).await;
    assert_eq!(console.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanished_terminal_costs_nothing_where_the_server_stays() {
    let mut console = Terminal::start(&["--on-hangup", "keep"]);
    let address = console.address().await;
    let mut ada = Headset::login(&address, "ada").await;
    console.vanish();
    let before = console.cpu_time();
    let round = Duration::from_secs(2);
    let spent = ada.pings_for(round).await;
    let used = console.cpu_time() - before;
    assert!(used < spent / 2, "{used:?} of a core in {spent:?}: it spins");
    console.signal(rustix::process::Signal::TERM);
    assert_eq!(console.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_terminal_holds_nobody_up() {
    let mut console = Terminal::start(&[]);
    let address = console.address().await;
    let mut ada = Headset::login(&address, "ada").await;
    console.stall();
    let before = console.cpu_time();
    let spent = ada.pings_for(Duration::from_secs(3)).await;
    let used = console.cpu_time() - before;
    assert!(used < spent / 2, "{used:?} of a core in {spent:?}: it spins");
    console.go_on();
    console.shows("ada").await;
    console.press("?");
    console.shows("Anywhere").await;
    console.stall();
    ada.pings_for(Duration::from_secs(1)).await;
    console.signal(rustix::process::Signal::TERM);
    until("ada's close", || ada.closed_with() == Some(1001)).await;
    assert_eq!(console.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_color_means_none() {
    let mut console = Terminal::start_with(&[], &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    let address = console.address().await;
    let _ada = Headset::login(&address, "ada").await;
    console.shows("ada").await;
    console.press("2");
    until("the selected row reversed", || console.is_reversed("ada")).await;
    assert!(!console.has_sent_colour(), "a colour was sent");
    console.press("q");
    console.shows("Stop the server").await;
    console.press("y");
    assert_eq!(console.end().await, 0);
}
