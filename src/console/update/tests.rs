//! What keys, clicks and answers do to the state.

mod recording;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::crossterm::event::KeyCode;

use super::{Effect, Event, update};
use crate::console::fixtures::{busy, busy_snapshot, empty, session, user};
use crate::console::input::{Input, Key, MouseKind};
use crate::console::state::{App, Confirm, Overlay, Pane, Screen, Tone};
use crate::console::view::draw;
use crate::model::LogLevel;
use crate::operator::{Command, Done, OperatorError};

fn key(app: &mut App, key: Key) -> Vec<Effect> {
    update(app, Event::Input(Input::Key(key)), Instant::now())
}

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for ch in keys.chars() {
        let pressed = match ch {
            '\n' => Key::of(KeyCode::Enter),
            '\t' => Key::of(KeyCode::Tab),
            '\x1b' => Key::of(KeyCode::Esc),
            ch => Key::char(ch),
        };
        effects.extend(key(app, pressed));
    }
    effects.retain(|effect| !matches!(effect, Effect::Focus(_)));
    effects
}

fn sent(effects: &[Effect]) -> Vec<Command> {
    let command = |effect: &Effect| match effect {
        Effect::Send(_, command) => Some(command.clone()),
        _ => None,
    };
    effects.iter().filter_map(command).collect()
}

fn last_toast(app: &App) -> (Tone, &str) {
    let toast = app.toasts.last().expect("a toast");
    (toast.tone, &toast.text)
}

#[test]
fn a_kick_asks_and_takes_y_only() {
    let mut app = busy();
    assert_eq!(press(&mut app, "2x\n\t q"), []);
    assert!(matches!(app.overlay, Some(Overlay::Confirm(Confirm::Kick { .. }))));
    let kick = Command::KickSession { session: session(1), reason: None };
    assert_eq!(sent(&press(&mut app, "y")), [kick]);
    assert_eq!(app.overlay, None);
}

#[test]
fn a_kick_may_have_a_reason() {
    let mut app = busy();
    let effects = press(&mut app, "2jxrnot nice\ny");
    let reason = Some("not nice".to_owned());
    assert_eq!(sent(&effects), [Command::KickSession { session: session(2), reason }]);
    let mut app = busy();
    assert_eq!(press(&mut app, "2xrno\x1b\x1b"), []);
    assert_eq!(app.overlay, None);
}

#[test]
fn a_user_who_left_meanwhile_is_not_kicked() {
    let mut app = busy();
    press(&mut app, "2x");
    let mut snapshot = busy_snapshot();
    snapshot.users.remove(0);
    // Somebody else has taken the name meanwhile.
    snapshot.users.insert(0, user(99, "ada", "atrium", None));
    update(&mut app, Event::Snapshot(Arc::new(snapshot)), Instant::now());
    assert_eq!(press(&mut app, "y"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "ada has left in the meantime"));
}

#[test]
fn a_kick_hits_the_session_that_was_confirmed() {
    let kick = |session| Command::KickSession { session, reason: None };
    // While the screen is frozen, whoever was confirmed may have left and the name may have a new
    // holder: what was confirmed is sent, and the server knows whether it still exists.
    let mut app = busy();
    press(&mut app, " 2x");
    let mut snapshot = busy_snapshot();
    snapshot.users[0] = user(99, "ada", "atrium", None);
    update(&mut app, Event::Snapshot(Arc::new(snapshot)), Instant::now());
    assert_eq!(sent(&press(&mut app, "y")), [kick(session(1))]);
    // A name that was typed stands for its holder from the question on.
    let mut app = busy();
    assert_eq!(press(&mut app, ":kick ada\n"), []);
    assert_eq!(sent(&press(&mut app, "y")), [kick(session(1))]);
}

#[test]
fn the_selection_follows_the_user_not_the_row() {
    let mut app = busy();
    press(&mut app, "2j");
    assert_eq!(app.selected_user().map(|user| &*user.name), Some("björn"));
    let mut snapshot = busy_snapshot();
    snapshot.users.insert(0, user(77, "aaron", "atrium", None));
    update(&mut app, Event::Snapshot(Arc::new(snapshot)), Instant::now());
    assert_eq!(app.selected_user().map(|user| &*user.name), Some("björn"));
    assert_eq!(app.users.index, 2);
}

#[test]
fn a_room_is_closed_and_lobby_is_not() {
    let mut app = busy();
    let close = Command::CloseRoom { room: "atrium".to_owned() };
    assert_eq!(sent(&press(&mut app, "Xy")), [close]);
    assert_eq!(press(&mut app, "1gX"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "lobby always exists and can't be closed"));
}

#[test]
fn the_rate_goes_up_and_down_for_all() {
    let mut app = busy();
    let set = |fps| Command::SetFps { room: None, fps: Some(fps) };
    // Without waiting for a snapshot in between.
    assert_eq!(sent(&press(&mut app, "+++-")), [set(45.0), set(60.0), set(72.0), set(60.0)]);
}

#[test]
fn a_rate_is_typed_for_one_room() {
    let mut app = busy();
    press(&mut app, "f");
    key(&mut app, Key::ctrl('u'));
    let room = Some("atrium".to_owned());
    assert_eq!(
        sent(&press(&mut app, "12.5\n")),
        [Command::SetFps { room: room.clone(), fps: Some(12.5) }]
    );
    press(&mut app, "f");
    key(&mut app, Key::ctrl('u'));
    assert_eq!(sent(&press(&mut app, "server\n")), [Command::SetFps { room, fps: None }]);
}

#[test]
fn announces_titles_and_pins() {
    let mut app = busy();
    let room = Some("atrium".to_owned());
    let say = |room, text: &str| Command::Announce { room, text: text.to_owned() };
    assert_eq!(sent(&press(&mut app, "ahello\n")), [say(room, "hello")]);
    assert_eq!(sent(&press(&mut app, "Ahi all\n")), [say(None, "hi all")]);
    assert_eq!(press(&mut app, "a\n"), []);
    assert_eq!(last_toast(&app).0, Tone::Failed);
    let title = Command::SetTitle { room: "atrium".to_owned(), title: "Talk".to_owned() };
    assert_eq!(sent(&press(&mut app, "tTalk\n")), [title]);
    let pin = |pinned| Command::PinRoom { room: "atrium".to_owned(), pinned };
    assert_eq!(sent(&press(&mut app, "p")), [pin(true)]);
}

#[test]
fn the_log_is_filtered_at_once_and_captured_apart() {
    let mut app = busy();
    assert_eq!(press(&mut app, "l"), []);
    assert_eq!(app.log.shown(), LogLevel::Debug);
    assert_eq!(sent(&press(&mut app, "L")), [Command::SetLogLevel { level: LogLevel::Trace }]);
    press(&mut app, "l");
    assert!(last_toast(&app).1.contains("only captured down to debug"));
}

#[test]
fn a_frozen_screen_takes_no_snapshot() {
    let mut app = busy();
    press(&mut app, " ");
    let mut snapshot = busy_snapshot();
    snapshot.users.clear();
    update(&mut app, Event::Snapshot(Arc::new(snapshot.clone())), Instant::now());
    assert_eq!(app.snapshot.users.len(), 6);
    press(&mut app, " ");
    update(&mut app, Event::Snapshot(Arc::new(snapshot)), Instant::now());
    assert_eq!(app.snapshot.users.len(), 0);
}

#[test]
fn quits_at_once_only_when_nobody_is_there() {
    assert_eq!(press(&mut empty(), "q"), [Effect::Exit]);
    let mut app = busy();
    assert_eq!(press(&mut app, "q\n"), []);
    assert_eq!(press(&mut app, "y"), [Effect::Exit]);
    let mut app = busy();
    key(&mut app, Key::ctrl('c'));
    assert_eq!(app.overlay, Some(Overlay::Confirm(Confirm::Quit)));
}

#[test]
fn escape_goes_back_one_level_at_a_time() {
    let mut app = busy();
    press(&mut app, "2/lei\n");
    assert_eq!(app.shown_users().len(), 0);
    press(&mut app, "\x1b");
    assert_eq!(app.shown_users().len(), 5);
    press(&mut app, "z\n");
    assert_eq!((app.screen, app.maximised), (Screen::Detail, true));
    press(&mut app, "\x1b");
    assert_eq!((app.screen, app.maximised), (Screen::Main, true));
    press(&mut app, "\x1b");
    assert!(!app.maximised);
}

#[test]
fn a_filter_works_while_it_is_typed_and_escape_brings_back_what_was() {
    let mut app = busy();
    press(&mut app, "1/ma");
    assert_eq!(app.shown_rooms().len(), 1);
    assert_eq!(app.rooms.selected.as_deref(), Some("main hall"));
    press(&mut app, "\x1b");
    assert_eq!(app.shown_rooms().len(), 4);
}

#[test]
fn says_what_came_of_a_command() {
    let mut app = busy();
    let effects = press(&mut app, "p");
    let [Effect::Send(ticket, _)] = effects[..] else { panic!("{effects:?}") };
    let now = Instant::now();
    update(&mut app, Event::Late(ticket), now);
    assert_eq!(last_toast(&app).0, Tone::Waiting);
    let done = Done { message: "atrium is pinned".to_owned(), users: 5 };
    update(&mut app, Event::Answer(ticket, Ok(done)), now);
    assert_eq!(app.toasts.len(), 1);
    assert_eq!(last_toast(&app), (Tone::Done, "atrium is pinned"));
    update(&mut app, Event::Answer(9, Err(OperatorError::Busy)), now);
    assert_eq!(last_toast(&app).0, Tone::Failed);
    update(&mut app, Event::Clock, now + Duration::from_secs(20));
    assert_eq!(app.toasts, []);
}

#[test]
fn a_wrong_command_stays_to_be_put_right() {
    let mut app = busy();
    assert_eq!(press(&mut app, ":kick nobody\n"), []);
    assert_eq!(last_toast(&app), (Tone::Failed, "there is no user \"nobody\""));
    let Some(Overlay::Command(line)) = &app.overlay else { panic!("{:?}", app.overlay) };
    assert_eq!(line.input.text(), "kick nobody");
}

#[test]
fn commands_are_confirmed_as_keys_are() {
    let mut app = busy();
    assert_eq!(press(&mut app, ":close \"main hall\"\n"), []);
    let close = Command::CloseRoom { room: "main hall".to_owned() };
    assert_eq!(sent(&press(&mut app, "y")), [close]);
}

#[test]
fn what_is_looked_at_is_asked_for() {
    let mut app = busy();
    let effects = key(&mut app, Key::char('2'));
    assert!(
        matches!(&effects[..], [Effect::Focus(focus)] if focus.room.as_deref() == Some("atrium"))
    );
    let effects = key(&mut app, Key::of(KeyCode::Enter));
    assert!(matches!(&effects[..], [Effect::Focus(focus)] if focus.user == Some(session(1))));
    assert_eq!(key(&mut app, Key::char('j')), []);
}

#[test]
fn until_a_room_is_chosen_the_liveliest_is_shown() {
    let mut app = empty();
    assert_eq!(app.rooms.selected.as_deref(), Some("lobby"));
    update(&mut app, Event::Snapshot(Arc::new(busy_snapshot())), Instant::now());
    assert_eq!(app.rooms.selected.as_deref(), Some("atrium"));
    press(&mut app, "1g");
    update(&mut app, Event::Snapshot(Arc::new(busy_snapshot())), Instant::now());
    assert_eq!(app.rooms.selected.as_deref(), Some("lobby"));
}

#[test]
fn chat_of_another_room_is_never_shown() {
    let mut app = busy();
    assert_eq!(app.chat().len(), 4);
    press(&mut app, "1j");
    assert_eq!(app.chat(), []);
}

#[test]
fn a_user_that_left_can_still_be_read_about() {
    let mut app = busy();
    press(&mut app, "2\n");
    let mut snapshot = busy_snapshot();
    snapshot.users.remove(0);
    update(&mut app, Event::Snapshot(Arc::new(snapshot)), Instant::now());
    assert!(app.detail.gone);
    assert_eq!(&*app.detail.row.name, "ada");
    press(&mut app, "x");
    assert_eq!(app.overlay, None);
}

#[test]
fn a_paste_presses_no_keys() {
    let mut app = busy();
    let paste = |text: &str| Event::Input(Input::Paste(text.to_owned()));
    update(&mut app, paste("2xy"), Instant::now());
    assert_eq!((app.pane, app.overlay.clone()), (Pane::Rooms, None));
    press(&mut app, "a");
    update(&mut app, paste("hello\nthere"), Instant::now());
    let say = Command::Announce { room: Some("atrium".to_owned()), text: "hello there".to_owned() };
    assert_eq!(sent(&press(&mut app, "\n")), [say]);
}

#[test]
fn the_mouse_selects_and_scrolls_what_is_under_it() {
    let mut app = busy();
    let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 34)).unwrap();
    let mut drawn = None;
    terminal.draw(|frame| drawn = Some(draw(frame, &app))).unwrap();
    app.set_drawn(drawn.unwrap());
    let mouse = |kind, x, y| Event::Input(Input::Mouse(kind, x, y));
    let now = Instant::now();
    // The third row of the rooms: two lines of top, the border, the headings.
    update(&mut app, mouse(MouseKind::Click, 6, 6), now);
    assert_eq!(app.rooms.selected.as_deref(), Some("main hall"));
    update(&mut app, mouse(MouseKind::WheelUp, 6, 6), now);
    assert_eq!(app.rooms.selected.as_deref(), Some("atrium"));
    update(&mut app, mouse(MouseKind::Click, 80, 5), now);
    assert_eq!(app.pane, Pane::Users);
    update(&mut app, mouse(MouseKind::WheelDown, 10, 25), now);
    assert!(app.map.is_manual());
}
