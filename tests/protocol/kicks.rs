//! A kick of a session: it hits the session that was confirmed, and no other with the same name.

use vrlobby::model::SessionId;
use vrlobby::operator::{Command, OperatorError};

use crate::support::client::Client;
use crate::support::hall::Hall;

/// The session of a user who is logged in.
async fn session_of(hall: &Hall, user: &str) -> SessionId {
    let is_there = |now: &vrlobby::operator::Snapshot| {
        now.users.iter().find(|known| &*known.name == user).map(|known| known.session)
    };
    let snapshot = hall.seen(user, |now| is_there(now).is_some()).await;
    is_there(&snapshot).expect("just seen")
}

fn kick(session: SessionId, reason: Option<&str>) -> Command {
    Command::KickSession { session, reason: reason.map(str::to_owned) }
}

async fn is_refused(hall: &Hall, session: SessionId) {
    let refused = hall.execute(kick(session, None)).await;
    assert_eq!(refused, Err(OperatorError::NoSuchSession(session)));
}

#[tokio::test]
async fn a_session_is_kicked_as_its_user_would_be() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let session = session_of(&hall, "ada").await;
    let done = hall.execute(kick(session, Some("Please rest."))).await.expect("a kick");
    assert_eq!(done.users, 1);
    assert!(done.message.contains("ada"), "{done:?}");
    let answer = ada.answer().await;
    assert_eq!(answer.code, 403);
    let reason = answer.detail.at("reason").as_text();
    assert!(reason.contains("Please rest."), "{reason:?}");
    ada.wire.ends_with(1008).await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    is_refused(&hall, session).await;
    bob.quiet().await;
}

#[tokio::test]
async fn a_session_that_has_ended_is_not_mistaken_for_a_new_one_with_the_same_name() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let confirmed = session_of(&hall, "ada").await;
    ada.wire.close(1000).await;
    bob.expect("lobby", "ada", "leave", r#""""#).await;
    let mut again = Client::login(&hall, "ada").await;
    bob.expect("lobby", "ada", "join", r#""""#).await;
    is_refused(&hall, confirmed).await;
    again.quiet().await;
    bob.quiet().await;
}

#[tokio::test]
async fn a_session_that_was_taken_over_is_not_mistaken_for_the_new_one() {
    let hall = Hall::start();
    let mut old = Client::login_with(&hall, "ada", "secret").await;
    let confirmed = session_of(&hall, "ada").await;
    let mut new = Client::login_with(&hall, "Ada", "secret").await;
    assert_eq!(old.wire.drained().await, Some(1008));
    is_refused(&hall, confirmed).await;
    new.quiet().await;
    let session = session_of(&hall, "Ada").await;
    assert_ne!(session, confirmed);
    hall.execute(kick(session, None)).await.expect("a kick");
    assert_eq!(new.answer().await.code, 403);
    new.wire.ends_with(1008).await;
}

#[tokio::test]
async fn a_session_that_never_logged_in_can_not_be_kicked() {
    let hall = Hall::start();
    let mut before = Client::connect(&hall).await;
    before.quiet().await;
    let [mut ada] = hall.people(["ada"]).await;
    let mut after = Client::connect(&hall).await;
    after.quiet().await;
    let SessionId(known) = session_of(&hall, "ada").await;
    // Numbers next to a known one in either half, among them those of the other two.
    for number in (0..5).flat_map(|high| (0..5).map(move |low| (high << 32, low))) {
        let near = (known + number.0 + number.1).checked_sub((2 << 32) + 2);
        if let Some(near) = near.filter(|near| *near != known) {
            is_refused(&hall, SessionId(near)).await;
        }
    }
    for client in [&mut before, &mut ada, &mut after] {
        client.quiet().await;
    }
}

#[tokio::test]
async fn a_reason_that_is_too_long_kicks_nobody() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let session = session_of(&hall, "ada").await;
    for length in [0, 501] {
        let refused = hall.execute(kick(session, Some(&"x".repeat(length)))).await;
        assert_eq!(refused, Err(OperatorError::TextLength(length)));
    }
    ada.quiet().await;
}
