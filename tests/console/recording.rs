//! Recordings, from the console: started, marked, stopped, and what is in the file then.

use std::path::Path;

use vrlobby::archive::{Archive, Ending, Selection};

use crate::headset::Headset;
use crate::terminal::Terminal;

const UP: &str = "\x1b[A";

/// A console with one user, who streams.
async fn with_ada() -> (Terminal, Headset) {
    let console = Terminal::start(&[]);
    let address = console.address().await;
    let mut ada = Headset::login(&address, "ada").await;
    ada.join("atrium").await;
    ada.stream("atrium");
    console.shows("users in atrium").await;
    console.shows("not recording").await;
    (console, ada)
}

/// Opens the form, goes down to the file, names one, and goes up around to START.
async fn start(console: &mut Terminal, fields: &str, file: &Path) {
    console.press("r");
    console.shows("START").await;
    console.press(fields);
    console.press(&file.display().to_string());
    console.press(&UP.repeat(5));
    console.shows("‹ START ›").await;
    console.press("\r");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_recorded_and_marked() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session.db");
    let (mut console, _ada) = with_ada().await;
    start(&mut console, "pilot-2\r04\rB\r\r", &file).await;
    console.shows("REC 00:").await;
    console
        .comes_to("poses every second", |screen| {
            let rate = screen.split(" poses/s").next().unwrap_or_default().rsplit(' ').next();
            rate.and_then(|rate| rate.parse::<f64>().ok()).is_some_and(|rate| rate > 10.0)
        })
        .await;

    console.press("m");
    console.shows("marked \"marker 1\" at 00:").await;
    console.press("Mtrial of ada\r");
    console.shows("marked \"trial of ada\" begins at 00:").await;
    console.press("r");
    // From the recorder, so that it goes on for longer than the console's own memory of it.
    console.shows("Still open: trial of ada").await;
    console.press("nM");
    console.shows("open:  trial of ada").await;
    console.press("\t");
    console.shows("end interval: trial of ada").await;
    console.press("\r");
    console.shows("marked \"trial of ada\" ends at 00:").await;
    console.press(":mark lights out\r");
    console.shows("marked \"lights out\"").await;

    console.press("2");
    console.selects("ada").await;
    console.press("c");
    console.shows("ada ⊘").await;
    console.press("c");
    console.comes_to("consent again", |screen| !screen.contains("ada ⊘")).await;
    console.press(":subject ada P07\r");
    console.shows("ada is recorded as P07").await;

    console.press("q");
    console.shows("Stop the server and its recording after 00:").await;
    console.press("nr");
    console.shows("Stop recording after 00:").await;
    console.press("y");
    console.shows("not recording").await;

    let archive = Archive::open(&file).expect("a whole file");
    let about = archive.about();
    assert_eq!(about.ending, Ending::Whole);
    assert_eq!([&*about.fields.study, &about.fields.session], ["pilot-2", "04"]);
    assert_eq!(about.fields.condition, "B");
    let people: Vec<&str> = archive.people().iter().map(|person| &*person.subject).collect();
    assert_eq!(people, ["P07"]);
    let markers = archive.markers(&Selection::default()).expect("markers");
    let labels: Vec<&str> = markers.iter().map(|marker| &*marker.label).collect();
    assert_eq!(labels, ["marker 1", "trial of P07", "lights out"]);
    let intervals: Vec<bool> = markers.iter().map(|marker| marker.is_interval).collect();
    assert_eq!(intervals, [false, true, false]);
    assert!(markers[1].end.is_some_and(|end| end > markers[1].time));
    assert!(!folder.path().join("session.db-wal").exists());

    // The same file again is refused, in the form.
    console.press("r");
    console.shows("START").await;
    console.press("\x1b");
    start(&mut console, "\r\r\r\r", &file).await;
    console.shows("exists already").await;
    console.press("\x1bqy");
    assert_eq!(console.end().await, 0);
    console.is_as_before();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_that_ends_by_itself_stays_on_the_screen() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session.db");
    let (mut console, _ada) = with_ada().await;
    start(&mut console, "\r\r\r\r", &file).await;
    console.shows("REC 00:").await;
    std::fs::remove_file(&file).expect("a file");
    console.shows("!! REC ended: ").await;
    console.shows("! not recording").await;
    // Esc goes back from the detail, and only then takes note.
    console.press("2\r");
    console.shows("last messages").await;
    console.press("\x1b");
    console.comes_to("the lists", |screen| !screen.contains("last messages")).await;
    console.shows("!! REC ended: ").await;
    console.press("\x1b");
    console.comes_to("no news", |screen| !screen.contains("REC ended")).await;
    console.shows("! not recording").await;
    console.press("qy");
    assert_eq!(console.end().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_from_the_start_is_shown_and_completed_at_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("session.db");
    let mut console = Terminal::start(&["--record", &file.display().to_string()]);
    console.shows("REC 00:").await;
    // Nobody is there, but there is something to lose.
    console.press("q");
    console.shows("Stop the server and its recording after 00:").await;
    console.press("y");
    assert_eq!(console.end().await, 0);
    console.is_as_before();
    assert_eq!(Archive::open(&file).expect("a whole file").about().ending, Ending::Whole);
}
