//! Names of users and rooms: which are refused, and which are the same.

use vrlobby::operator::Command;

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::{join, list, login, quoted, say};

/// Names, as JSON, that neither a user nor a room may have.
fn refused_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        " ",
        "   ",
        "\t",
        "\u{a0}",
        "\u{3000}\u{2003}",
        "a\0b",
        "a\nb",
        "a\tb",
        "\u{1b}[31mred",
        "a\u{7f}",
        "a\u{85}",
        "a\u{202e}b",
        "a\u{202d}b",
        "a\u{202a}b",
        "a\u{2066}b",
        "a\u{2067}b",
        "a\u{2069}b",
        "a\u{200b}b",
        "a\u{200c}b",
        "a\u{200d}b",
        "a\u{2060}b",
        "\u{feff}ab",
        "a\u{378}",
        "a\u{fffe}",
        "a\u{10ffff}",
        "a\u{e0080}",
    ]
    .map(quoted)
    .into();
    names.extend([r#""\ud800""#, r#""a\udc00b""#, r#""\ude00\ud83d""#].map(str::to_owned));
    names
}

/// Names that anyone may have.
const FINE: [&str; 12] = [
    "a",
    "Ada Lovelace",
    "O'Neil-Smith_3.14",
    "\"quoted\\\"",
    "<b>&amp;",
    "王小明",
    "Ωμέγα",
    "عمر",
    "नमस्ते",
    "e\u{301}",
    "😀",
    "lobby",
];

#[tokio::test]
async fn a_bad_user_name_is_400() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    for name in refused_names() {
        let text = format!(r#"{{"system":"login","options":{{"user":{name},"pass":""}}}}"#);
        nobody.asks(&text, 400).await;
    }
    nobody.enter("somebody", "").await;
}

#[tokio::test]
async fn a_bad_room_name_is_400() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for name in refused_names() {
        for kind in ["join", "msg", "list"] {
            ada.asks(&format!(r#"{{"room":{name},"type":"{kind}","data":""}}"#), 400).await;
        }
    }
    ada.quiet().await;
}

#[tokio::test]
async fn other_names_are_fine_and_come_out_as_they_are() {
    let hall = Hall::start();
    let mut observer = Client::login(&hall, "observer").await;
    for name in FINE {
        let mut user = Client::login(&hall, name).await;
        assert!(user.listing.iter().any(|entry| entry.user == name), "{name}");
        observer.expect("lobby", name, "join", r#""""#).await;
        if name != "lobby" {
            assert_eq!(user.join(name).await.len(), 1);
            user.send(&say(name, "x")).await;
            user.hears(name, name, "x").await;
        }
        user.wire.close(1000).await;
        observer.expect("lobby", name, "leave", r#""""#).await;
    }
}

#[tokio::test]
async fn a_user_name_has_at_most_64_characters() {
    let hall = Hall::start();
    for character in ["x", "字", "😀"] {
        let mut user = Client::connect(&hall).await;
        user.asks(&login(&character.repeat(65), ""), 400).await;
        user.asks(&login(&character.repeat(64), ""), 202).await;
    }
    // Scalar values are counted, not what they look like.
    let mut user = Client::connect(&hall).await;
    user.asks(&login(&"e\u{301}".repeat(33), ""), 400).await;
    user.asks(&login(&"e\u{301}".repeat(32), ""), 202).await;
}

#[tokio::test]
async fn a_room_name_has_at_most_128_characters() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for character in ["x", "字", "😀"] {
        ada.asks(&join(&character.repeat(129)), 400).await;
        ada.join(&character.repeat(128)).await;
    }
}

#[tokio::test]
async fn user_names_that_look_the_same_are_the_same() {
    let hall = Hall::start();
    for (name, others) in [
        ("Ada", &["ada", "ADA", "\u{ff21}da", "\u{1d400}da"][..]),
        ("straße", &["STRASSE", "strasse", "STRAẞE"]),
        ("Ame\u{301}lie", &["Am\u{e9}lie", "AM\u{c9}LIE"]),
        ("ﬁona", &["fiona", "FIONA"]),
        ("ΣΊΣΥΦΟΣ", &["σίσυφος", "σίσυφοσ"]),
        ("x①", &["x1", "X1"]),
        ("admin", &["admin ", " admin", "admin\u{a0}", "\u{3000}Admin "]),
        ("a b ", &["a b", "a  b", " A\u{3000} B"]),
    ] {
        let mut first = Client::login(&hall, name).await;
        for other in others {
            Client::connect(&hall).await.asks(&login(other, ""), 409).await;
        }
        first.quiet().await;
        first.wire.close(1000).await;
        assert_eq!(first.wire.drained().await, Some(1000));
    }
}

#[tokio::test]
async fn user_names_that_differ_are_different() {
    let hall = Hall::start();
    let mut all = Vec::new();
    for name in ["Ada", "Adam", "Ada1", "Adа", "Ädа", "A da"] {
        all.push(Client::login(&hall, name).await);
    }
    assert_eq!(all.last().expect("somebody").listing.len(), 6);
}

#[tokio::test]
async fn invisible_white_space_does_not_make_another_name() {
    let hall = Hall::start();
    for (name, others) in [
        ("admin", &["admin ", " admin", "\u{3000}admin\u{a0} ", "ADMIN  "][..]),
        (" root\u{3000}", &["root", " root", "Root\u{2003}"]),
        ("a b", &["a  b", "A\u{3000}b", " a \u{2003} B ", "a\u{a0}b"]),
        ("c\u{3000} d", &["c d", "C  D "]),
    ] {
        let mut first = Client::login(&hall, name).await;
        for other in others {
            let mut second = Client::connect(&hall).await;
            second.asks(&login(other, ""), 409).await;
            second.asks(&login(other, "secret"), 409).await;
        }
        // White space in the middle shows: it does not go away.
        let apart = name.trim().replace([' ', '\u{3000}'], "");
        if apart != name.trim() {
            Client::login(&hall, &apart).await;
        }
        first.wire.close(1000).await;
        assert_eq!(first.wire.drained().await, Some(1000));
    }
}

#[tokio::test]
async fn a_name_comes_out_as_it_was_typed() {
    let hall = Hall::start();
    let mut observer = Client::login(&hall, "observer").await;
    for name in [" Ada ", "Grace  Hopper", "\u{3000}\u{ff21}da\u{a0}\u{3000}L", "Bob "] {
        let mut user = Client::login(&hall, name).await;
        assert!(user.listing.iter().any(|entry| entry.user == name), "{:?}", user.listing);
        observer.expect("lobby", name, "join", r#""""#).await;
        user.send(&say("lobby", "x")).await;
        observer.hears("lobby", name, "x").await;
        user.wire.close(1000).await;
        observer.expect("lobby", name, "leave", r#""""#).await;
        assert_eq!(user.wire.drained().await, Some(1000));
    }
}

#[tokio::test]
async fn a_user_who_comes_back_may_type_the_white_space_differently() {
    let hall = Hall::start();
    let mut first = Client::login_with(&hall, "Grace Hopper", "secret").await;
    let again = Client::login_with(&hall, " grace  hopper", "secret").await;
    assert_eq!(again.listing.len(), 1);
    assert_eq!(again.listing[0].user, " grace  hopper");
    assert_eq!(first.wire.drained().await, Some(1008));
}

#[tokio::test]
async fn the_operator_finds_a_user_whatever_the_white_space() {
    let hall = Hall::start();
    let mut ada = Client::login(&hall, " Ada  Lovelace").await;
    let kick = Command::Kick { user: "ada lovelace ".to_owned(), reason: None };
    assert_eq!(hall.execute(kick).await.expect("a kick").users, 1);
    assert_eq!(ada.answer().await.code, 403);
    ada.wire.ends_with(1008).await;
}

#[tokio::test]
async fn room_names_compare_exactly() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for room in ["Room", "room", "room ", "\u{ff32}oom", "Am\u{e9}lie", "Ame\u{301}lie", "Lobby"] {
        assert_eq!(ada.join(room).await.len(), 1, "{room}");
    }
    ada.asks(&list("ROOM"), 401).await;
    let rooms = ada.asks(r#"{"system":"rooms"}"#, 212).await.detail;
    assert_eq!(rooms.keys().len(), 8, "{rooms:?}");
}

#[tokio::test]
async fn nobody_can_log_in_as_the_server() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    for name in ["*server*", "*Server*", "*SERVER*", "\u{ff0a}server\u{ff0a}", " *server* "] {
        nobody.asks(&login(name, ""), 403).await;
        nobody.asks(&login(name, "secret"), 403).await;
    }
    nobody.enter("server", "").await;
}
