//! Each request of the contract, and the order of the answers.

use crate::support::client::Client;
use crate::support::hall::Hall;
use crate::support::json::json;
use crate::support::said::Said;
use crate::support::wire::{Frame, TEXT};
use crate::support::{PING, join, leave, list, login, request, say};

#[tokio::test]
async fn login_is_202_then_the_lobby() {
    let hall = Hall::start();
    let mut ada = Client::connect(&hall).await;
    let answer = ada.asks(&login("ada", "secret"), 202).await;
    assert_eq!(answer.detail, json("{}"));
    let listing = ada.listing_of("lobby").await;
    assert_eq!(listing.len(), 1);
    assert_eq!(listing[0].user, "ada");
    ada.quiet().await;
}

#[tokio::test]
async fn ping_is_220_before_and_after_the_login() {
    let hall = Hall::start();
    let mut ada = Client::connect(&hall).await;
    assert_eq!(ada.asks(PING, 220).await.detail, json("{}"));
    ada.enter("ada", "").await;
    assert_eq!(ada.asks(PING, 220).await.detail, json("{}"));
}

#[tokio::test]
async fn rooms_is_212_with_titles() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let rooms = r#"{"system":"rooms"}"#;
    assert_eq!(ada.asks(rooms, 212).await.detail, json(r#"{"lobby":""}"#));
    bob.join("atrium \"A\"").await;
    let two = json(r#"{"lobby":"","atrium \"A\"":""}"#);
    assert_eq!(ada.asks(rooms, 212).await.detail, two);
    bob.send(&leave("atrium \"A\"")).await;
    bob.quiet().await;
    assert_eq!(ada.asks(rooms, 212).await.detail, json(r#"{"lobby":""}"#));
}

#[tokio::test]
async fn help_is_214_with_a_line_for_each_command() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    let help = ada.asks(r#"{"system":"help"}"#, 214).await.detail;
    for command in ["login", "ping", "rooms", "help"] {
        assert!(help.keys().iter().any(|key| key.contains(command)), "{command} in {help:?}");
    }
    for key in help.keys() {
        let line = help.at(&key).as_text();
        assert!(!line.trim().is_empty() && !line.contains('\n'), "{key}: {line:?}");
    }
}

#[tokio::test]
async fn everything_but_login_and_ping_is_403_before_the_login() {
    let hall = Hall::start();
    let mut nobody = Client::connect(&hall).await;
    for text in [
        r#"{"system":"rooms"}"#,
        r#"{"system":"help"}"#,
        r#"{"system":"nonsense"}"#,
        r#"{"system":5}"#,
        r#"{"system":null}"#,
        r#"{"room":"lobby","type":"join","data":""}"#,
        r#"{"room":"lobby","type":"msg","data":"x"}"#,
        r#"{"room":"lobby","type":"list","data":""}"#,
        r#"{"room":"lobby","type":"transform","data":"x"}"#,
        r#"{"room":"lobby"}"#,
        r#"{"room":7}"#,
        "{}",
    ] {
        nobody.asks(text, 403).await;
    }
    // And nothing happened.
    nobody.enter("nobody", "").await;
    assert_eq!(nobody.listing.len(), 1);
    nobody.quiet().await;
}

#[tokio::test]
async fn an_unknown_command_is_501() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for command in ["logout", "PING", "ping ", "pingx", "\\u0000"] {
        ada.asks(&format!(r#"{{"system":"{command}"}}"#), 501).await;
    }
    ada.quiet().await;
}

#[tokio::test]
async fn system_wins_over_room() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks(r#"{"room":"lobby","type":"msg","data":"x","system":"ping"}"#, 220).await;
    ada.asks(r#"{"system":"nonsense","room":"lobby","type":"msg","data":"x"}"#, 501).await;
    ada.quiet().await;
}

#[tokio::test]
async fn unknown_keys_are_ignored() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks(r#"{"id":7,"system":"ping","more":{"system":"rooms"},"":null}"#, 220).await;
    ada.send(r#"{"to":null,"room":"lobby","type":"msg","data":"x","Type":"y","info":[1,2]}"#).await;
    ada.hears("lobby", "ada", "x").await;
    let mut bob = Client::connect(&hall).await;
    let text = r#"{"system":"login","options":{"user":"bob","pass":"","admin":true},"v":2}"#;
    bob.asks(text, 202).await;
}

#[tokio::test]
async fn white_space_is_fine() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks("\r\n\t { \"system\"\n:\t\"ping\" \r} \n", 220).await;
    ada.send(" { \"room\" : \"lobby\" , \"type\" : \"msg\" , \"data\" : [ 1 , { } , \" \" ] } ")
        .await;
    ada.expect("lobby", "ada", "msg", r#"[1,{}," "]"#).await;
}

#[tokio::test]
async fn escapes_are_fine_in_keys_and_values() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks(r#"{"\u0073ystem":"\u0070ing"}"#, 220).await;
    ada.send(r#"{"r\u006fom":"lo\u0062by","typ\u0065":"\u006dsg","d\u0061ta":"\u00e9"}"#).await;
    ada.hears("lobby", "ada", "é").await;
    let text = r#"{"system":"lo\u0067in","\u006fptions":{"us\u0065r":"b\u006fb","p\u0061ss":""}}"#;
    let mut bob = Client::connect(&hall).await;
    bob.asks(text, 202).await;
    assert_eq!(bob.listing_of("lobby").await.len(), 2);
    ada.expect("lobby", "bob", "join", r#""""#).await;
}

#[tokio::test]
async fn of_duplicate_keys_the_last_wins() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    ada.asks(r#"{"system":"rooms","system":"ping"}"#, 220).await;
    ada.asks(r#"{"system":5,"system":"ping"}"#, 220).await;
    ada.asks(r#"{"system":"ping","system":5}"#, 400).await;
    ada.send(r#"{"room":"x","room":"lobby","type":"list","type":"msg","data":1,"data":"last"}"#)
        .await;
    ada.hears("lobby", "ada", "last").await;
    ada.send(r#"{"room":"lobby","typ\u0065":"list","type":"msg","data":1,"d\u0061ta":"last"}"#)
        .await;
    ada.hears("lobby", "ada", "last").await;
    let mut bob = Client::connect(&hall).await;
    let text = r#"{"system":"login","options":5,"options":{"user":"x","user":"bob","pass":""}}"#;
    bob.asks(text, 202).await;
    assert_eq!(bob.listing_of("lobby").await[1].user, "bob");
}

#[tokio::test]
async fn a_missing_type_means_msg() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    ada.send(r#"{"room":"lobby","data":"hello"}"#).await;
    ada.hears("lobby", "ada", "hello").await;
    bob.hears("lobby", "ada", "hello").await;
}

#[tokio::test]
async fn a_message_goes_to_every_member_the_sender_included() {
    let hall = Hall::start();
    let [mut ada, mut bob, mut carl] = hall.people(["ada", "bob", "carl"]).await;
    ada.send(&say("lobby", "hello")).await;
    let sent = ada.hears("lobby", "ada", "hello").await;
    assert_eq!(bob.hears("lobby", "ada", "hello").await, sent);
    assert_eq!(carl.hears("lobby", "ada", "hello").await, sent);
}

#[tokio::test]
async fn any_other_type_is_sent_on_as_it_is() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    let longest = "字".repeat(64);
    for kind in ["grab", "Msg", "TRANSFORM", "button", " ", "\u{1f600}", "a\"b\\c", &longest] {
        ada.send(&request("lobby", kind, r#"{"n":1}"#)).await;
        for client in [&mut ada, &mut bob] {
            client.expect("lobby", "ada", kind, r#"{"n":1}"#).await;
        }
    }
}

#[tokio::test]
async fn the_data_of_join_leave_and_list_is_any() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    for data in ["null", "5", r#"{"x":[]}"#, r#""text""#] {
        bob.send(&request("lobby", "leave", data)).await;
        ada.expect("lobby", "bob", "leave", r#""""#).await;
        bob.send(&request("lobby", "join", data)).await;
        assert_eq!(bob.listing_of("lobby").await.len(), 2);
        ada.expect("lobby", "bob", "join", r#""""#).await;
        bob.send(&request("lobby", "list", data)).await;
        assert_eq!(bob.listing_of("lobby").await.len(), 2);
    }
}

#[tokio::test]
async fn a_user_who_is_not_a_member_gets_401() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    bob.join("atrium").await;
    for room in ["atrium", "nowhere", "Lobby"] {
        for text in [
            leave(room),
            list(room),
            say(room, "x"),
            request(room, "grab", "1"),
            request(room, "button", "1"),
            request(room, "transform", "{}"),
            format!(r#"{{"room":"{room}","data":0}}"#),
        ] {
            ada.asks(&text, 401).await;
        }
    }
    bob.quiet().await;
}

#[tokio::test]
async fn joining_twice_is_409() {
    let hall = Hall::start();
    let [mut ada, mut bob] = hall.people(["ada", "bob"]).await;
    ada.asks(&join("lobby"), 409).await;
    ada.join("atrium").await;
    ada.asks(&join("atrium"), 409).await;
    bob.quiet().await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let hall = Hall::start();
    let mut ada = Client::connect(&hall).await;
    let mut bytes = Vec::new();
    let mut send = |text: &str| bytes.extend(Frame::new(TEXT, text.as_bytes()).bytes());
    send("not JSON");
    send(r#"{"system":"rooms"}"#);
    send(&login("ada", ""));
    for n in 0..50 {
        send(&say("lobby", &n.to_string()));
        send(PING);
        send("[");
        send(r#"{"room":"lobby","type":"msg"}"#);
        send(&say("elsewhere", "x"));
        send(r#"{"system":"nonsense"}"#);
        send(&request("lobby", "transform", "[]"));
    }
    send(&join("atrium"));
    send(&say("atrium", "there"));
    send(&leave("atrium"));
    send(&say("atrium", "gone"));
    ada.wire.send(&bytes).await;

    for due in [406, 403, 202] {
        assert_eq!(ada.answer().await.code, due);
    }
    ada.listing_of("lobby").await;
    for n in 0..50 {
        ada.hears("lobby", "ada", &n.to_string()).await;
        for due in [220, 406, 400, 401, 501, 406] {
            assert_eq!(ada.answer().await.code, due, "in round {n}");
        }
    }
    ada.listing_of("atrium").await;
    ada.hears("atrium", "ada", "there").await;
    assert_eq!(ada.answer().await.code, 401);
    ada.quiet().await;
}

#[tokio::test]
async fn an_error_tells_the_developer_why() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for (text, code) in [
        ("nonsense", 406),
        (r#"{"room":"lobby"}"#, 400),
        (r#"{"room":"nowhere","data":1}"#, 401),
        (r#"{"room":"lobby","type":"join","data":""}"#, 409),
        (r#"{"system":"nonsense"}"#, 501),
        (r#"{"room":"lobby","type":"transform","data":{"pos":null}}"#, 406),
    ] {
        let reason = ada.asks(text, code).await.detail;
        let reason = reason.get("reason").unwrap_or_else(|| panic!("no reason for {text}"));
        assert!(!reason.as_text().chars().any(char::is_control), "{reason:?}");
    }
}

#[tokio::test]
async fn nothing_that_a_client_sent_comes_back_raw_in_a_reason() {
    let hall = Hall::start();
    let [mut ada] = hall.people(["ada"]).await;
    for text in [
        r#"{"system":"\u001b[2J\u202e"}"#,
        r#"{"room":"\u001b[2J\u202e","data":1}"#,
        "\u{1b}[2J\u{202e}",
        r#"{"\u001b[2J":1}"#,
    ] {
        ada.send(text).await;
        let Said::Answer(answer) = ada.said().await else { panic!("no answer to {text:?}") };
        assert!(answer.code >= 400);
        if let Some(reason) = answer.detail.get("reason") {
            let reason = reason.as_text();
            let bad = |c: char| c.is_control() || c == '\u{202e}';
            assert!(!reason.contains(bad), "{reason:?}");
        }
    }
}
